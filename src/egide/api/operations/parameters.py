"""Parameters: what operations are given and give back. https://hl7.org/fhir/R4/parameters.html"""

from collections.abc import Mapping
from typing import Any

import msgspec

from egide import fhir
from egide.api.operations.definitions import Operation
from egide.api.rest.call import Call
from egide.errors import Incorrect, Issue

_NUMBERS = 2**63
_DIGITS = len(str(_NUMBERS))


async def given(call: Call, operation: Operation) -> dict[str, Any]:
    """The parameters an operation was given in the body, by name.

    Raises Invalid, Incorrect for what is missing, unknown or given twice.
    """
    wanted = {each.name: each for each in operation.given}
    body = fhir.parse(fhir.decode(await call.body(), type="Parameters").content)
    found: dict[str, Any] = {}
    for place, each in enumerate(body.get("parameter", ())):
        name = each["name"]
        where = f"Parameters.parameter[{place}]"
        if name not in wanted or name in found:
            raise _wrong(f"takes {', '.join(wanted)}, each once", where)
        element = wanted[name].element
        if element not in each:
            raise _wrong(f"{name} is given as {element}", where)
        found[name] = each[element]
    missing = [each.name for each in operation.given if each.required and each.name not in found]
    if missing:
        raise _wrong(f"needs {', '.join(missing)}", "Parameters.parameter")
    return found


async def as_query(call: Call, taken: Mapping[str, str]) -> list[tuple[str, str]]:
    """The parameters in the body, as a query would have them; an empty body has none.

    `taken`: name → the element its value is in. Raises Invalid, Incorrect.
    """
    raw = await call.request.body()
    if not raw:
        return []
    body = fhir.parse(fhir.decode(await call.body(), type="Parameters").content)
    found: list[tuple[str, str]] = []
    for place, each in enumerate(body.get("parameter", ())):
        name, where = each["name"], f"Parameters.parameter[{place}]"
        if name not in taken:
            raise _wrong(f"takes {', '.join(taken)}", where)
        if taken[name] not in each:
            raise _wrong(f"{name} is given as {taken[name]}", where)
        found.append((name, str(each[taken[name]])))
    return found


def number(found: Mapping[str, Any], name: str) -> int:
    """A number of ours, such as an account's, which travels as text. Raises Incorrect."""
    text = found[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS and int(text) < _NUMBERS):
        raise _wrong(f"{name} is a number as this server gives it", "Parameters.parameter")
    return int(text)


def parameters(*each: Mapping[str, Any]) -> bytes:
    """A Parameters resource in JSON."""
    return msgspec.json.encode({"resourceType": "Parameters", "parameter": list(each)})


def _wrong(words: str, where: str) -> Incorrect:
    return Incorrect(words, issues=[Issue("value", words, where)])
