"""SQL in named files, one line of purpose each."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from egide.errors import Fault

_HEADING = re.compile(r"^-- (?P<name>[a-z][a-z0-9_]*): (?P<purpose>\S.*)$")


@cache
def queries(package: str, file: str) -> Mapping[str, str]:
    """The statements of `file` in `package`, by name.

    A statement starts with a heading `-- name: what it is for`, on the first line or after an
    empty one, and ends before the next heading. Whole-line comments are left out of what is
    sent. Raises Fault for a statement without a heading, an empty one, or a name used twice.
    """
    found: dict[str, list[str]] = {}
    name: str | None = None
    previous = ""
    for line in files(package).joinpath(file).read_text("utf-8").splitlines():
        heading = _HEADING.match(line) if not previous.strip() else None
        if heading:
            name = heading["name"]
            if name in found:
                raise Fault(f"{file} has two statements named {name}")
            found[name] = []
        elif line.strip() and not line.lstrip().startswith("--"):
            if name is None:
                raise Fault(f"{file} has a statement without a name")
            found[name].append(line.rstrip())
        previous = line
    for empty in (each for each, lines in found.items() if not lines):
        raise Fault(f"{file} names {empty} and has no statement for it")
    return MappingProxyType({each: "\n".join(lines).rstrip(";") for each, lines in found.items()})
