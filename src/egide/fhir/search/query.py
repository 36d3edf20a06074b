"""A search as it was asked: its clauses, joins and wishes about the answer.

https://hl7.org/fhir/R4/search.html. `parse` either understands the whole question or refuses it
by name; only `lenient` leaves out what this server does not know, and then `ignored` says what.
A malformed value and a modifier that does not apply are refused either way.

Joins (chains, `_has`, includes) are parsed and checked here and answered by the store; until it
does, `parse` refuses what `supports` does not name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NamedTuple, TypeVar, get_args

from egide.errors import TooCostly
from egide.fhir.definitions import search_parameters, type_definition
from egide.fhir.search.clause import Clause, make_clause
from egide.fhir.search.escape import split
from egide.fhir.search.join import Chain, Has, Include, Joins, parse_include
from egide.fhir.search.main_date import MAIN_DATES
from egide.fhir.search.parameter import Context, parameter
from egide.fhir.search.refusal import (
    UnknownParameter,
    UnsupportedParameter,
    sayable,
    unknown,
    unsupported,
    wrong,
)
from egide.fhir.search.words import TEXTUAL, words_clause
from egide.ids import RESOURCE_ID

Feature = Literal["chain", "has", "include", "list", "sort"]
Total = Literal["none", "estimate", "accurate"]
Summary = Literal["true", "text", "data", "count", "false"]

MOST_VALUES = 1_000
"""Alternatives in one search, all clauses together; more is `too-costly`."""

MOST_TEXTUAL = 8
"""Clauses on words, each of which reads every opened resource once more."""

_LINK = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?::[A-Za-z]+)?\.")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?::[A-Za-z0-9_-]+)?")
_TOTALS: tuple[Total, ...] = get_args(Total)
_SUMMARIES: tuple[Summary, ...] = get_args(Summary)
Choice = TypeVar("Choice", bound=str)
_DOOR = frozenset({"_format", "_pretty"})
_UNSUPPORTED = frozenset(
    {"_contained", "_containedType", "_filter", "_query", "_type"}
    | {"_score", "_graph", "_at", "_since"}
)


class Sort(NamedTuple):
    """One key of the order. `key`: `day`, `updated` and `id` are columns of the row; `value` is
    read from the opened resource."""

    parameter: str
    key: Literal["day", "updated", "id", "value"]
    descending: bool


class Ignored(NamedTuple):
    """A parameter that was left out, as the client named it, and why, in words for him."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Query:
    """A search of one type. All `clauses`, `chains` and `has` must hold.

    `lists`: ids of Lists, of each tuple one of which must have it as a member. `count`: matches
    wanted in a page, None if not said; 0 asks for the total only. `elements`: empty for all.
    `understood`: the pairs that were taken, in order, for the self link.
    """

    type: str
    clauses: tuple[Clause, ...] = ()
    chains: tuple[Chain, ...] = ()
    has: tuple[Has, ...] = ()
    lists: tuple[tuple[str, ...], ...] = ()
    includes: tuple[Include, ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int | None = None
    total: Total | None = None
    summary: Summary | None = None
    elements: tuple[str, ...] = ()
    understood: tuple[tuple[str, str], ...] = ()
    ignored: tuple[Ignored, ...] = ()


def parse(
    type_: str,
    pairs: Iterable[tuple[str, str]],
    context: Context,
    *,
    lenient: bool = False,
    blanks: bool = False,
    supports: frozenset[Feature] = frozenset(),
) -> Query:
    """The query that `pairs` (names and values, percent-decoded, in order) ask of `type_`.

    Raises Incorrect for what R4 does not define or a value that is malformed, Unsupported for what
    R4 defines and this server does not do, TooCostly beyond `MOST_VALUES`. Messages name the
    parameter and never its value. `blanks`: parameters without a value are left out and told in
    `ignored`, as R4 says; never so where a criterion decides what is written or who sees what, for
    without it more would match.
    """
    reading = _Reading(type_, context, supports)
    ignored: list[Ignored] = []
    understood: list[tuple[str, str]] = []
    for name, value in pairs:
        if blanks and not value:
            reading.spend(value)
            ignored.append(blank(name))
            continue
        try:
            reading.take(name, value)
        except (UnknownParameter, UnsupportedParameter) as refused:
            if not lenient:
                raise
            ignored.append(Ignored(name, refused.message))
        else:
            understood.append((name, value))
    return reading.query(tuple(understood), tuple(ignored))


def blank(name: str) -> Ignored:
    """A parameter without a value: no error, and no condition.

    https://hl7.org/fhir/R4/search.html#errors
    """
    return Ignored(name, f"{sayable(name)}: has no value and was left out")


def matches(query: Query, resource: Mapping[str, object]) -> bool:
    """Does an opened resource satisfy every clause? Chains and `_has` are the store's to join."""
    return all(clause.test(resource, resource) for clause in query.clauses)


class _Reading:
    """A query being read."""

    def __init__(self, type_: str, context: Context, supports: frozenset[Feature]) -> None:
        self.type = type_
        self.context = context
        self.supports = supports
        self.joins = Joins(self._clause)
        self.clauses: list[Clause] = []
        self.chains: list[Chain] = []
        self.has: list[Has] = []
        self.lists: list[tuple[str, ...]] = []
        self.includes: list[Include] = []
        self.sort: tuple[Sort, ...] = ()
        self.result: dict[str, str] = {}
        self.values = self.textual = 0

    def spend(self, value: str) -> None:
        """Counts the alternatives of one pair. Raises TooCostly."""
        self.values += value.count(",") + 1
        if self.values > MOST_VALUES:
            raise TooCostly(f"a search may ask for {MOST_VALUES} values in all; ask in parts")

    def take(self, name: str, value: str) -> None:
        """Reads one pair."""
        if not value:
            raise wrong(name, "has no value")
        self.spend(value)
        base = name.partition(":")[0]
        if name in _DOOR or (name, value) == ("_contained", "false"):
            return
        if name == "_sort":
            self.sort = self._sort(value)
        elif name in _RESULT:
            if name in self.result:
                raise wrong(name, "was given twice")
            self.result[name] = value
        elif base in ("_include", "_revinclude"):
            self._wants("include", name)
            self.includes.append(parse_include(name, value, self.type))
        elif base == "_has":
            self._wants("has", name)
            self.has.append(self.joins.has(self.type, name, value))
        elif name == "_list":
            self._wants("list", name)
            self.lists.append(tuple(_list(each) for each in value.split(",")))
        elif "." in name and _LINK.match(name):
            self._wants("chain", name)
            self.chains.append(self.joins.chain(self.type, name, value))
        else:
            self.clauses.append(self._clause(self.type, name, name, value))

    def query(self, understood: tuple[tuple[str, str], ...], ignored: tuple[Ignored, ...]) -> Query:
        """What was read."""
        return Query(
            type=self.type,
            clauses=tuple(self.clauses),
            chains=tuple(self.chains),
            has=tuple(self.has),
            lists=tuple(self.lists),
            includes=tuple(self.includes),
            sort=self.sort,
            count=_count(self.result.get("_count")),
            total=_one_of("_total", self.result.get("_total"), _TOTALS),
            summary=_one_of("_summary", self.result.get("_summary"), _SUMMARIES),
            elements=_elements(self.type, self.result.get("_elements")),
            understood=understood,
            ignored=ignored,
        )

    def _clause(self, type_: str, code: str, name: str, value: str) -> Clause:
        """The clause of a (possibly joined) type; `name` is the whole name, for messages."""
        bare, _, modifier = code.partition(":")
        if bare in _UNSUPPORTED:
            raise unsupported(name, f"searching by {bare} is not supported")
        if bare == "_list":
            raise unsupported(name, "_list says what is searched, not what it is joined to")
        known = parameter(type_, bare) if _NAME.fullmatch(code) else None
        if known is None and modifier and parameter(type_, bare):
            raise wrong(name, f"{bare} takes one modifier, as in {bare}:missing")
        if known is None:
            raise _no_such(type_, bare, name)
        if bare in TEXTUAL:
            self.textual += 1
            if self.textual > MOST_TEXTUAL:
                raise TooCostly(f"a search may look for words {MOST_TEXTUAL} times at once")
            return words_clause(known, name, modifier or None, value)
        return make_clause(known, name, modifier or None, value, self.context)

    def _wants(self, feature: Feature, name: str) -> None:
        if feature not in self.supports:
            what = {"chain": "chains are", "include": "includes are"}.get(feature, f"_{feature} is")
            raise unsupported(name, f"{sayable(name)}: {what} not supported")

    def _sort(self, text: str) -> tuple[Sort, ...]:
        """The keys so far and those of `text`: given again, `_sort` goes on with its keys."""
        keys = (*self.sort, *_sorts(self.type, text))
        simple = len(keys) == 1 or (len(keys) == 2 and keys[1].key == "id")
        if "sort" not in self.supports and not (simple and keys[0].key != "value"):
            known = MAIN_DATES.get(self.type)
            names = ["_lastUpdated", "_id", *filter(None, [known.parameter if known else None])]
            why = f"_sort: {self.type} is sorted by {', '.join(names)} only, one at a time"
            raise unsupported("_sort", why)
        return keys


_RESULT = frozenset({"_count", "_total", "_summary", "_elements"})


def _no_such(type_: str, code: str, name: str) -> UnknownParameter:
    """The refusal of a parameter that does not exist, with what may have been meant."""
    close = get_close_matches(code, search_parameters(type_), n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    said = sayable(code)
    what = f"search parameter {said}" if said == code else "such search parameter"
    return unknown(name, f"{type_} has no {what}{hint}")


def _sorts(type_: str, text: str) -> Iterable[Sort]:
    main = MAIN_DATES.get(type_)
    for item in text.split(","):
        code = item.removeprefix("-")
        descending = item.startswith("-")
        if code == "_id":
            yield Sort(code, "id", descending)
        elif code == "_lastUpdated":
            yield Sort(code, "updated", descending)
        elif main and main.parameter == code:
            yield Sort(code, "day", descending)
        else:
            known = parameter(type_, code)
            if known is None:
                raise _no_such(type_, code, "_sort")
            if not known.sources or known.kind == "special":
                raise unsupported("_sort", f"_sort: sorting by {code} is not supported")
            yield Sort(code, "value", descending)


def _list(text: str) -> str:
    """The id of one List."""
    id = text.removeprefix("List/")
    if text.startswith("$"):
        why = "_list: the functional lists are not supported; name a List by its id"
        raise unsupported("_list", why)
    if not RESOURCE_ID.match(id):
        raise wrong("_list", "takes ids of Lists")
    return id


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise wrong("_count", "must be a whole number")
    return int(text)


def _one_of(name: str, text: str | None, choices: Sequence[Choice]) -> Choice | None:
    if text is None:
        return None
    for choice in choices:
        if choice == text:
            return choice
    raise wrong(name, f"must be one of {', '.join(choices)}")


def _elements(type_: str, text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    known = {element.name for element in type_definition(type_).elements}
    names = tuple(split(text, ","))
    if any(name not in known for name in names):
        raise wrong("_elements", f"names something that is no element of {type_}")
    return names
