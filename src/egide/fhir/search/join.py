"""Joins: chains, reverse chains and includes, parsed and checked; the store answers them.

https://hl7.org/fhir/R4/search.html#chaining, #has, #include. Each join says which edges it
follows (see `edge`): a chain `subject:Patient.name` goes from the resource along the edge of
`subject` to Patients that satisfy the clause on `name`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from egide.errors import EgideError, TooCostly
from egide.fhir.search.clause import Clause
from egide.fhir.search.edge import Edge, edge
from egide.fhir.search.literal import RESOURCE_TYPES
from egide.fhir.search.parameter import Parameter, parameter
from egide.fhir.search.refusal import sayable, unknown, unsupported, wrong

DEEPEST = 64
"""Links of one chain. What following them costs is bounded by the budget of the search; this only
keeps the stack of the interpreter from its end."""

WIDEST = 64
"""Clauses that one chain may come to, over the types its links may lead to."""

_MOST_TRIED = 1_024
"""Types that are tried, at all links together, for whether the rest of a chain goes on there."""

MakeClause = Callable[[str, str, str, str], Clause]
"""(type, parameter and modifier, whole name, value) → the clause."""

_LINK = re.compile(r"(?P<code>[A-Za-z_][A-Za-z0-9_-]*)(?::(?P<type>[A-Za-z]+))?")
_INCLUDE = re.compile(
    r"(?P<source>[A-Za-z]+):(?P<code>[A-Za-z_*][A-Za-z0-9_-]*)(?::(?P<target>[A-Za-z]+))?"
)


@dataclass(frozen=True, slots=True)
class Chain:
    """Some reference along `edge` leads to a resource of one of the types of `by_type` that
    satisfies what is given for that type."""

    name: str
    edge: Edge
    by_type: tuple[tuple[str, "Condition"], ...]


@dataclass(frozen=True, slots=True)
class Has:
    """Some resource of `type` refers here along `edge` and satisfies `condition`."""

    name: str
    type: str
    edge: Edge
    condition: "Condition"


Condition = Clause | Chain | Has


class Include(NamedTuple):
    """`_include`, or `_revinclude` when `reverse`. `source` is None for any type, `edge` for `*`,
    `target` for any type; `iterate`: from included resources too."""

    source: str | None
    edge: Edge | None
    target: str | None
    iterate: bool
    reverse: bool


class Joins:
    """Reads chains and `_has`; `make` makes the clause at the end of them."""

    def __init__(self, make: MakeClause) -> None:
        self.make = make

    def chain(self, type_: str, name: str, value: str) -> Chain:
        """`link.link.parameter=value`, from `type_`."""
        return _Join(self.make, name, value).chain(type_, name)

    def has(self, type_: str, name: str, value: str) -> Has:
        """`_has:Type:reference:parameter=value`, to `type_`."""
        return _Join(self.make, name, value).has(type_, name)


class _Join:
    """One join being read: it remembers how deep and how wide it has become."""

    def __init__(self, make: MakeClause, name: str, value: str) -> None:
        self.make = make
        self.name = name
        self.value = value
        self.made = self.tried = 0

    def condition(self, type_: str, rest: str, depth: int) -> Condition:
        self.tried += 1
        if depth > DEEPEST:
            raise TooCostly(f"a chain may have {DEEPEST} links")
        if self.tried > _MOST_TRIED:
            raise _too_wide()
        if rest.startswith("_has:"):
            return self.has(type_, rest, depth)
        if "." in rest:
            return self.chain(type_, rest, depth)
        self.made += 1
        if self.made > WIDEST:
            raise _too_wide()
        return self.make(type_, rest, self.name, self.value)

    def chain(self, type_: str, name: str, depth: int = 1) -> Chain:
        first, _, rest = name.partition(".")
        link = _LINK.fullmatch(first)
        if not link or not rest:
            raise wrong(self.name, "is written parameter.parameter or parameter:Type.parameter")
        along = _reference(type_, link["code"], self.name)
        found, refused = [], None
        for target in _targets(along, link["type"]):
            try:
                found.append((target, self.condition(target, rest, depth + 1)))
            except TooCostly:
                raise
            except EgideError as error:
                refused = refused or error
        if not found:
            raise refused or wrong(link["code"], "leads to no type")
        return Chain(name, edge(type_, link["code"]), tuple(found))

    def has(self, type_: str, name: str, depth: int = 1) -> Has:
        parts = name.split(":", 3)
        if len(parts) != 4 or not all(parts):
            raise wrong(self.name, "is written _has:Type:reference:parameter")
        _, source, code, rest = parts
        if source not in RESOURCE_TYPES:
            raise wrong(self.name, "names something that is no resource type")
        along = _reference(source, code, self.name)
        if along.targets and type_ not in along.targets:
            raise wrong(self.name, f"{code} of {source} never refers to a {type_}")
        return Has(name, source, edge(source, code), self.condition(source, rest, depth + 1))


def parse_include(name: str, value: str, type_: str) -> Include:
    """One `_include` or `_revinclude`. Raises Incorrect or Unsupported, naming it."""
    base, _, modifier = name.partition(":")
    if modifier not in ("", "iterate", "recurse"):
        raise wrong(name, "takes the modifier iterate only")
    reverse, iterate = base == "_revinclude", modifier != ""
    if value == "*":
        if reverse:
            raise unsupported(name, f"{base}: name the type; * alone is not supported")
        return Include(None if iterate else type_, None, None, iterate, reverse)
    found = _INCLUDE.fullmatch(value)
    if not found:
        raise wrong(name, "is written Type:parameter or Type:parameter:Type")
    source, code, target = found.groups()
    if source not in RESOURCE_TYPES or (target and target not in RESOURCE_TYPES):
        raise wrong(name, "names something that is no resource type")
    if not (reverse or iterate) and source != type_:
        why = f"{source} is not what is searched; {base}:iterate goes on from what was included"
        raise wrong(name, why)
    if code == "*":
        return Include(source, None, target, iterate, reverse)
    along = _reference(source, code, name)
    if target and along.targets and target not in along.targets:
        raise wrong(name, f"{code} of {source} never refers to a {target}")
    if reverse and not iterate and along.targets and type_ not in along.targets:
        raise wrong(name, f"{code} of {source} never refers to a {type_}")
    return Include(source, edge(source, code), target, iterate, reverse)


def _too_wide() -> TooCostly:
    return TooCostly("a chain leads to too many types; name them, as in subject:Patient")


def _reference(type_: str, code: str, name: str) -> Parameter:
    known = parameter(type_, code)
    if known is None:
        raise unknown(name, f"{type_} has no search parameter {sayable(code)} to join on")
    if known.kind != "reference":
        raise wrong(name, f"{code} is not a reference of {type_}")
    if "Reference" not in known.types():
        why = f"{sayable(name)}: {code} of {type_} names its target by address, not by reference; "
        raise unsupported(name, why + "joining on it is not supported")
    return known


def _targets(along: Parameter, named: str | None) -> tuple[str, ...]:
    """The types a link may lead to."""
    if named is not None:
        if named not in RESOURCE_TYPES:
            raise wrong(along.code, "names something that is no resource type")
        if along.targets and named not in along.targets:
            raise wrong(along.code, f"never refers to a {named}")
        return (named,)
    if not along.targets:
        raise wrong(along.code, f"may refer to anything; say which, as {along.code}:Patient")
    only = edge(along.type, along.code).target
    return (only,) if only else along.targets
