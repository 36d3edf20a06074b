"""A search of several types at once: by the parameters that all of them have.

https://hl7.org/fhir/R4/search.html#sections (§3.1.1, search all types). Each type gets the query it
would have alone; orders and parts are checked for all of them together.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from egide.errors import EgideError, TooCostly
from egide.fhir.definitions import type_definition
from egide.fhir.search.escape import split
from egide.fhir.search.literal import RESOURCE_TYPES
from egide.fhir.search.parameter import Context, parameter
from egide.fhir.search.query import Feature, Ignored, Query, Sort, blank, parse
from egide.fhir.search.refusal import (
    UnknownParameter,
    UnsupportedParameter,
    unsupported,
    wrong,
)

MOST_WORK = 20_000
"""Alternatives asked for, times types they are asked of."""

Pairs = Sequence[tuple[str, str]]
_INCLUDES = ("_include", "_revinclude")


@dataclass(frozen=True, slots=True)
class Several:
    """`whole` says what the answer is to be like; `each` asks one type. Its type is empty."""

    whole: Query
    each: tuple[Query, ...]


def parse_several(
    pairs: Sequence[tuple[str, str]],
    every: Collection[str],
    context: Context,
    *,
    lenient: bool = False,
    blanks: bool = False,
    supports: frozenset[Feature] = frozenset(),
) -> Several:
    """The search `pairs` ask of the types in `_type`, or of `every` type.

    Raises what `parse` does, and Incorrect for what one of the types does not have.
    """
    given = [pair for pair in pairs if pair[1] or not blanks]
    left_out = tuple(blank(name) for name, value in pairs if blanks and not value)
    types = _types([value for name, value in given if name == "_type"], every)
    if sum(value.count(",") + 1 for _, value in pairs) * len(types) > MOST_WORK:
        raise TooCostly("a search of many types may ask for few values; name the types in _type")
    asked, ignored = _shared(given, types, context, lenient, supports)
    elements = [value for name, value in asked if name == "_elements"]
    plain = [pair for pair in asked if pair[0] != "_elements"]
    each = tuple(_one(type, plain, context, supports) for type in types)
    first = each[0]
    whole = replace(
        first,
        type="",
        clauses=(),
        chains=(),
        has=(),
        lists=(),
        includes=tuple(dict.fromkeys(one for query in each for one in query.includes)),
        sort=_sort(first.sort, types),
        elements=_elements(elements, types),
        understood=tuple(pair for pair in given if pair[0] == "_type" or pair in asked),
        ignored=(*left_out, *ignored),
    )
    return Several(whole, each)


def _types(named: Sequence[str], every: Collection[str]) -> tuple[str, ...]:
    """The types in `_type`; all of `every` when there is none."""
    if not named:
        if not every:
            raise wrong("_type", "there is no type you may search")
        return tuple(sorted(every))
    if len(named) > 1:
        raise wrong("_type", "was given twice")
    types = tuple(dict.fromkeys(split(named[0], ",")))
    if not RESOURCE_TYPES.issuperset(types):
        raise wrong("_type", "names something that is no resource type")
    return types


def _shared(
    given: Pairs,
    types: Sequence[str],
    context: Context,
    lenient: bool,
    supports: frozenset[Feature],
) -> tuple[list[tuple[str, str]], tuple[Ignored, ...]]:
    """The pairs every type understands, and what was left out."""
    asked, ignored = [], []
    for name, value in given:
        if name == "_type":
            continue
        try:
            _check(name, value, types, context, supports)
        except (UnknownParameter, UnsupportedParameter) as refused:
            if not lenient:
                raise
            ignored.append(Ignored(name, refused.message))
        else:
            asked.append((name, value))
    return asked, tuple(ignored)


def _check(
    name: str, value: str, types: Sequence[str], context: Context, supports: frozenset[Feature]
) -> None:
    """Refuses a pair that not all types take; of an include it is enough that one does."""
    if name == "_elements":
        return
    refused: EgideError | None = None
    for type in types:
        try:
            parse(type, [(name, value)], context, supports=supports)
        except EgideError as error:
            if not name.startswith(_INCLUDES):
                raise
            if not isinstance(refused, UnknownParameter | UnsupportedParameter):
                refused = error
        else:
            if name.startswith(_INCLUDES):
                return
    if refused is not None:
        raise refused


def _one(type: str, pairs: Pairs, context: Context, supports: frozenset[Feature]) -> Query:
    """The query of one type, without the includes it does not take."""
    taken = []
    for pair in pairs:
        if pair[0].startswith(_INCLUDES):
            try:
                parse(type, [pair], context, supports=supports)
            except EgideError:
                continue
        taken.append(pair)
    return parse(type, taken, context, supports=supports)


def _sort(keys: Sequence[Sort], types: Sequence[str]) -> tuple[Sort, ...]:
    """The order for all types: what is a column for one type's rows is a value among several."""
    found = []
    for key in keys:
        if key.key in ("id", "updated"):
            found.append(key)
            continue
        kinds = {known.kind for type in types if (known := parameter(type, key.parameter))}
        if len(kinds) > 1:
            raise unsupported("_sort", f"_sort: {key.parameter} is of another kind for each type")
        found.append(key._replace(key="value"))
    return tuple(found)


def _elements(values: Sequence[str], types: Sequence[str]) -> tuple[str, ...]:
    """Names of elements that some of the types have."""
    if len(values) > 1:
        raise wrong("_elements", "was given twice")
    names = tuple(split(values[0], ",")) if values else ()
    known = {element.name for type in types for element in type_definition(type).elements}
    if any(name not in known for name in names):
        raise wrong("_elements", "names something that is no element of these types")
    return names
