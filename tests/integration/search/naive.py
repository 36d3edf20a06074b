"""The same searches, answered naively: every resource looked at, every reference followed.

Independent of the store, its index and its order; the meaning of one clause is taken from
`egide.fhir.search`, whose truth tables are tested elsewhere.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from tests.integration.search.library import CONTEXT, ZONE, Json, Library

from egide.errors import EgideError
from egide.fhir.definitions import search_parameters
from egide.fhir.search import Clause, parameter, parse
from egide.fhir.search.text import normalise
from egide.fhir.units import scale

Allowed = Callable[[str], bool]
Pair = tuple[str, str]


def everything(_: str) -> bool:
    return True


def name_of(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


class Naive:
    """Answers over the library's resources, of which only the `allowed` are there."""

    def __init__(self, library: Library, allowed: Allowed = everything) -> None:
        self.library = library
        self.allowed = allowed
        self._clauses: dict[tuple[str, str, str], Clause | None] = {}

    def of_type(self, type: str) -> Iterable[Json]:
        return (e for e in self.library.by_type.get(type, ()) if self.allowed(name_of(e)))

    def answer(self, type: str, pairs: Sequence[Pair]) -> set[str]:
        """`Type/id` of all that satisfies all of `pairs`, result parameters left out."""
        asked = [pair for pair in pairs if not pair[0].startswith(RESULT)]
        return {
            name_of(each)
            for each in self.of_type(type)
            if all(self.holds(type, each, *pair) is True for pair in asked)
        }

    def holds(self, type: str, resource: Json, name: str, value: str) -> bool | None:
        """None when the question cannot be asked of this type."""
        if name.startswith("_has:"):
            _, source, code, rest = name.split(":", 3)
            here = name_of(resource)
            return any(
                here in self.targets(code, each) and self.holds(source, each, rest, value)
                for each in self.of_type(source)
            )
        if "." in name:
            first, _, rest = name.partition(".")
            code, _, only = first.partition(":")
            for target in self.targets(code, resource):
                of = target.partition("/")[0]
                there = self.library.resources.get(target)
                if there is None or not self.allowed(target) or (only and of != only):
                    continue
                if self.holds(of, there, rest, value):
                    return True
            return False
        clause = self.clause(type, name, value)
        return None if clause is None else clause.matches(resource)

    def clause(self, type: str, name: str, value: str) -> Clause | None:
        key = (type, name, value)
        if key not in self._clauses:
            try:
                (self._clauses[key],) = parse(type, [(name, value)], CONTEXT).clauses
            except EgideError:
                self._clauses[key] = None
        return self._clauses[key]

    def targets(self, code: str | None, resource: Json) -> set[str]:
        """`Type/id` of what one search parameter, or all of them, refer to."""
        type = resource["resourceType"]
        codes = [code] if code else reference_codes(type)
        found = set()
        for each in codes:
            known = parameter(type, each)
            if known is None:
                continue
            for source, value in known.values(resource, resource):
                if source.type == "Reference" and value.get("reference"):
                    found.add(value["reference"])
        return found

    def included(self, matched: set[str], wanted: Sequence[Pair], type: str) -> set[str]:
        """What `_include` and `_revinclude` bring along with `matched`."""
        brought: set[str] = set()
        frontier = set(matched)
        first = True
        while frontier:
            found: set[str] = set()
            for name, value in wanted:
                if first or name.endswith(":iterate"):
                    found |= self._brought(name, value, frontier, type)
            frontier = found - matched - brought
            brought |= frontier
            first = False
        return brought

    def _brought(self, name: str, value: str, frontier: set[str], type: str) -> set[str]:
        star = ":*" if name == "_include:iterate" else f"{type}:*"
        source, code, target = [*(value if value != "*" else star).split(":"), ""][:3]
        only = "" if code == "*" else code
        if name.startswith("_include"):
            found = {
                reference
                for each in frontier
                if not source or each.startswith(f"{source}/")
                for reference in self.targets(only or None, self.library.resources[each])
            }
        else:
            found = {
                name_of(each)
                for each in self.of_type(source)
                if any(
                    reference in frontier and reference.startswith(target)
                    for reference in self.targets(only or None, each)
                )
            }
            target = ""
        return {
            each
            for each in found
            if each in self.library.resources
            and self.allowed(each)
            and each.startswith(f"{target}/" if target else "")
        }

    def sort_key(self, type: str, code: str, resource: Json, *, descending: bool) -> Any:
        """What a resource is sorted by; None when it has no such value."""
        if code == "_id":
            return resource["id"]
        if code == "_lastUpdated":
            return instant(resource["meta"]["lastUpdated"])
        known = parameter(type, code)
        assert known is not None
        values = [
            each
            for source, value in known.values(resource, resource)
            for each in comparable(known.kind, source.type, value)
        ]
        if not values:
            return None
        return max(values) if descending else min(values)


RESULT = ("_count", "_sort", "_total", "_summary", "_elements", "_include", "_revinclude")


@lru_cache
def reference_codes(type: str) -> tuple[str, ...]:
    return tuple(c for c, d in search_parameters(type).items() if d.type == "reference")


def comparable(kind: str, type: str, value: Any) -> list[Any]:
    if kind == "date":
        if type == "Period":
            return [instant(value["start"])] if value.get("start") else [-(10**20)]
        return [instant(value)] if isinstance(value, str) else []
    if kind in ("number", "quantity"):
        return [] if (number := based(value)) is None else [number]
    if kind == "reference" and isinstance(value, str):
        return [value]
    if kind == "reference":
        return [value["reference"]] if value.get("reference") else []
    if kind == "string":
        return [normalise(text) for text in strings(value)]
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, str):
        return [value.casefold()]
    if value.get("coding"):
        return [each["code"].casefold() for each in value["coding"] if each.get("code")]
    said = value.get("code") or value.get("value") or value.get("text")
    return [said.casefold()] if said else []


def based(value: Any) -> Fraction | None:
    """A number, or a quantity in the base units of its own unit, by fractions."""
    if not isinstance(value, dict):
        return Fraction(value)
    if value.get("value") is None:
        return None
    ucum = value.get("system") == "http://unitsofmeasure.org"
    unit = scale(value["code"]) if ucum and value.get("code") else None
    number = Fraction(value["value"])
    return number if unit is None else number * unit.factor + unit.offset


def strings(value: Any) -> list[str]:
    """The texts of a name or an address: everything but titles, use and periods."""
    if isinstance(value, str):
        return [value]
    found = []
    for key, held in value.items():
        if key in ("text", "family", "city", "district", "state", "country", "postalCode"):
            found.append(held)
        elif key in ("given", "line"):
            found += held
    return found


def instant(text: str) -> int:
    """The first microsecond of a date, written without a zone meaning Paris."""
    if len(text) == 4:
        text += "-01"
    if len(text) == 7:
        text += "-01"
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZONE)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def a_day(text: str, by: int) -> str:
    return (date.fromisoformat(text[:10]) + timedelta(days=by)).isoformat()


def in_order(keys: list[tuple[Any, ...]], ways: list[bool], lowest: bool) -> bool:
    """Whether each key comes after the one before; without a value: last, or as the lowest."""
    return all(not _before(after, first, ways, lowest) for first, after in pairwise(keys))


def _before(one: tuple[Any, ...], other: tuple[Any, ...], ways: list[bool], lowest: bool) -> bool:
    for left, right, descending in zip(one, other, ways, strict=True):
        if left == right:
            continue
        if left is None or right is None:
            return (right is None) != (lowest and not descending)
        return bool(left > right) if descending else bool(left < right)
    return False
