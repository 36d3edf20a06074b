"""Order: what an opened resource is sorted by. https://hl7.org/fhir/R4/search.html#sort

A value that a resource has several of counts by the one that comes first in the order; a resource
without any comes last, whichever way. A period counts by its start, a quantity with a UCUM unit by
what it comes to in base units, so that 900 mg stand before 1 g; what has no such unit counts by its
number.
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import Any, TypeAlias

from egide.fhir.search.parameter import Context, Parameter, Source
from egide.fhir.search.quantity import UCUM
from egide.fhir.search.span import Span, period, span, timing
from egide.fhir.search.string import texts
from egide.fhir.search.text import normalise

SortValue: TypeAlias = int | Decimal | str
"""Microseconds for dates, a number for numbers and quantities, normalised text for the rest."""

_DATES: Mapping[str, Callable[[Any, tzinfo], Span | None]] = {
    "date": span,
    "dateTime": span,
    "instant": span,
    "Period": period,
    "Timing": timing,
}


def sort_value(
    parameter: Parameter, resource: Mapping[str, Any], context: Context, *, descending: bool
) -> SortValue | None:
    """What `resource` is sorted by under `parameter`; None when it has no such value."""
    found = [
        value
        for source, raw in parameter.values(resource, resource)
        for value in _comparable(parameter, source, raw, context)
    ]
    if not found:
        return None
    first: SortValue = max(found) if descending else min(found)
    return first


def _comparable(parameter: Parameter, source: Source, raw: Any, context: Context) -> list[Any]:
    kind = parameter.kind
    if kind == "date":
        stretch = _DATES[source.type](raw, context.zone)
        return [] if stretch is None else [stretch.low]
    if kind in ("number", "quantity"):
        return _numbers(raw, context)
    if kind == "string":
        return [normalise(text) for text in texts(source.path, raw)]
    if kind == "reference":
        reference = raw.get("reference") if isinstance(raw, dict) else raw
        return [reference] if reference else []
    return _texts(raw)


def _numbers(raw: Any, context: Context) -> list[Decimal]:
    """A number; of a quantity, in base units where it has any."""
    if not isinstance(raw, dict):
        return [Decimal(raw)]
    if raw.get("value") is None:
        return []
    number = Decimal(raw["value"])
    if context.canonical is None or raw.get("system") != UCUM or "code" not in raw:
        return [number]
    found = context.canonical(number, raw["code"])
    return [number if found is None else found]


def _texts(raw: Any) -> list[str]:
    """The codes of a token, or the plain text."""
    if isinstance(raw, str):
        return [raw.casefold()]
    if isinstance(raw, bool):
        return ["true" if raw else "false"]
    if not isinstance(raw, dict):
        return []
    codings = raw.get("coding", ())
    if codings:
        return [str(coding["code"]).casefold() for coding in codings if "code" in coding]
    code = raw.get("code") or raw.get("value") or raw.get("text")
    return [str(code).casefold()] if code else []
