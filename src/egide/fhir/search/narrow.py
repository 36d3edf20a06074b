"""What a clause lets the store look for before it opens anything.

Each function gives a *necessary* condition: whatever the clause matches has one of the terms,
refers to one of the targets, has its day within the days. None: the clause narrows nothing. What
is found is then opened and checked against the whole question (`matches`).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from egide.fhir.search.allowlist import (
    NAMES,
    PERSONS,
    PREFIX_LENGTHS,
    STANDARD,
    WITHHELD,
    AllowList,
    Rule,
    Term,
)
from egide.fhir.search.clause import Clause, CompositeValue
from egide.fhir.search.date import DateValue
from egide.fhir.search.main_date import MAIN_DATES
from egide.fhir.search.parameter import Parameter
from egide.fhir.search.query import Query
from egide.fhir.search.reference import ReferenceValue
from egide.fhir.search.span import EVER
from egide.fhir.search.text import normalise
from egide.fhir.search.token import TokenValue, TypedIdentifier, form


def terms_for(clause: Clause, allowed: AllowList = STANDARD) -> list[Term] | None:
    """The terms of which whatever matches `clause` has at least one, without repetition; None
    when terms do not narrow it. An empty list never comes out."""
    if clause.modifier == "missing":
        return None
    rules = allowed.rules(clause.parameter.type)
    code = clause.parameter.code
    if clause.parameter.kind == "composite":
        return _composite_terms(clause, rules)
    if clause.parameter.type in PERSONS and code in NAMES:
        rule = rules.get(NAMES[code])
    else:
        rule = rules.get(code)
    if rule is None:
        return None
    found = _terms(clause, rule)
    return None if found is None else _with_withheld(rule, found)


def _terms(clause: Clause, rule: Rule) -> list[Term] | None:
    match rule.kind:
        case "token":
            return _token_terms(clause.parameter, clause.modifier, clause.values)
        case "name":
            return _name_terms(rule, clause)
        case "birthdate":
            return _date_terms(rule, clause.values)
    if clause.modifier is not None:
        return None
    return [(rule.parameter, value.partition("|")[0]) for value in clause.values]


def _with_withheld(rule: Rule, found: list[Term]) -> list[Term]:
    return list(dict.fromkeys([*found, WITHHELD] if rule.sensitive else found))


def _token_terms(
    parameter: Parameter, modifier: str | None, values: Iterable[Any]
) -> list[Term] | None:
    found: list[Term] = []
    for value in values:
        if modifier == "of-type" and isinstance(value, TypedIdentifier):
            found.append((parameter.code, value.value))
        elif modifier is None and isinstance(value, TokenValue) and value.code is not None:
            found += [(parameter.code, form(t, value.code)) for t in sorted(parameter.types())]
        else:
            return None
    return found


def _name_terms(rule: Rule, clause: Clause) -> list[Term] | None:
    if clause.modifier not in (None, "exact"):
        return None
    found: list[Term] = []
    for value in clause.values:
        text = normalise(value)
        lengths = [length for length in PREFIX_LENGTHS if length <= len(text)]
        if not lengths:
            return None
        found.append((rule.parameter, text[: lengths[-1]]))
    return found


def _date_terms(rule: Rule, values: Iterable[DateValue]) -> list[Term] | None:
    found: list[Term] = []
    for value in values:
        if value.prefix != "eq" or len(value.text) not in (4, 7, 10):
            return None
        found.append((rule.parameter, value.text))
    return found


def _composite_terms(clause: Clause, rules: Any) -> list[Term] | None:
    """By the first component that is indexed, when the focus is the resource itself."""
    focuses = clause.parameter.focuses
    if len(focuses) != 1 or not focuses[0].at_resource:
        return None
    for position, component in enumerate(focuses[0].components):
        rule = rules.get(component.code)
        if rule is not None and rule.kind == "token":
            parts = [
                value.parts[position]
                for value in clause.values
                if isinstance(value, CompositeValue)
            ]
            found = _token_terms(component, None, parts)
            if found is not None:
                return _with_withheld(rule, found)
    return None


def targets_for(clause: Clause) -> list[str] | None:
    """The `Type/id` of which whatever matches `clause` refers to at least one, along
    `edge(type, parameter)`; those to the row's only patient are told by its patient key alone.
    None when references do not narrow it."""
    parameter = clause.parameter
    if parameter.kind != "reference" or clause.modifier in ("missing", "identifier", "below"):
        return None
    if parameter.types() != {"Reference"}:
        return None
    found: list[str] = []
    for value in clause.values:
        if not isinstance(value, ReferenceValue) or value.id is None:
            return None
        types = (value.type,) if value.type else parameter.targets
        if not types:
            return None
        found += [f"{type_}/{value.id}" for type_ in types]
    return list(dict.fromkeys(found))


def ids_for(clause: Clause) -> list[str] | None:
    """The ids of which whatever matches `clause` has one: of `_id`. None for any other clause."""
    if clause.parameter.code != "_id" or clause.modifier is not None:
        return None
    if any(value.code is None for value in clause.values):
        return None
    return list(dict.fromkeys(value.code for value in clause.values))


class Days(NamedTuple):
    """Bounds of rows that may match: `day` from `first` to `last`, and `until` (if the row has
    one) not before `until`. None: no bound."""

    first: date | None
    last: date | None
    until: date | None


_SLACK = timedelta(days=2)
"""A day is kept as written, in its own zone; two zones differ by 26 hours at most."""


def days_for(query: Query) -> Days:
    """The bounds that the clauses on the type's main date set, all together."""
    main = MAIN_DATES.get(query.type)
    first = last = until = None
    for clause in query.clauses:
        if main is None or clause.parameter.code != main.parameter or clause.modifier:
            continue
        found = [_days_of(value) for value in clause.values]
        first = _later(first, _weakest([days.first for days in found], min))
        last = _earlier(last, _weakest([days.last for days in found], max))
        until = _later(until, _weakest([days.until for days in found], min))
    return Days(first, last, until)


def _days_of(value: DateValue) -> Days:
    bounds = value.bounds
    low, high = _day(bounds.below, -_SLACK), _day(bounds.above, _SLACK)
    match value.prefix:
        case "eq":
            return Days(low, high, low)
        case "gt" | "ge":
            return Days(None, None, low)
        case "lt" | "le" | "eb":
            return Days(None, high, None)
        case "sa":
            return Days(low, None, low)
        case "ap":
            return Days(None, _day(bounds.near_high, _SLACK), _day(bounds.near_low, -_SLACK))
    return Days(None, None, None)


def _day(micros: int, slack: timedelta) -> date | None:
    """The day of an instant, widened; None when it is out of the calendar."""
    if abs(micros) >= EVER:
        return None
    try:
        return date(1970, 1, 1) + timedelta(days=micros // 86_400_000_000) + slack
    except OverflowError:
        return None


def _weakest(days: list[date | None], pick: Any) -> date | None:
    """The bound that all alternatives keep; none if one of them has none."""
    known = [day for day in days if day is not None]
    return pick(known) if days and len(known) == len(days) else None


def _later(one: date | None, other: date | None) -> date | None:
    return max(one, other) if one and other else one or other


def _earlier(one: date | None, other: date | None) -> date | None:
    return min(one, other) if one and other else one or other
