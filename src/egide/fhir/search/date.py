"""Date parameters. https://hl7.org/fhir/R4/search.html#date"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any, NamedTuple

from egide.fhir.search.escape import plain
from egide.fhir.search.expression import Json
from egide.fhir.search.parameter import Context, Parameter, Test
from egide.fhir.search.prefix import HOLDS, Bounds, Prefix, take_prefix
from egide.fhir.search.refusal import wrong
from egide.fhir.search.span import EVER, Span, period, span, timing


class DateValue(NamedTuple):
    """A date searched for, as written (`text`, without prefix) and as the stretch it means."""

    prefix: Prefix
    text: str
    bounds: Bounds[int]


_READ: Mapping[str, Callable[[Any, tzinfo], Span | None]] = MappingProxyType(
    {"date": span, "dateTime": span, "instant": span, "Period": period, "Timing": timing}
)


def parse_date(name: str, text: str, context: Context) -> DateValue:
    """The date in `text`. Raises Incorrect, naming the parameter `name`."""
    prefix, rest = take_prefix(plain(text, name))
    # An unescaped `+` of an offset arrives as a space.
    written = rest.replace(" ", "+") if "T" in rest else rest
    try:
        found = span(written, context.zone)
    except ValueError:
        raise wrong(
            name, "a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss][Z|±hh:mm]"
        ) from None
    return DateValue(prefix, written, _bounds(found, context.now))


def date_test(parameter: Parameter, values: tuple[DateValue, ...], context: Context) -> Test:
    """Does any date of the resource satisfy any of `values`?"""
    zone = context.zone
    sources = tuple((source.read, _READ[source.path.type]) for source in parameter.sources)
    wanted = tuple((HOLDS[value.prefix], value.bounds) for value in values)

    def test(focus: Json, resource: Json) -> bool:
        for read, measure in sources:
            for value in read(focus, resource):
                found = measure(value, zone)
                if found is not None:
                    low, high = found
                    for holds, bounds in wanted:
                        if holds(low, high, bounds):
                            return True
        return False

    return test


def _bounds(found: Span, now: datetime) -> Bounds[int]:
    """Approximately: within a tenth of the time between the date and now."""
    seconds = (now - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    present = int(seconds * 1_000_000)
    gap = max(found.low - present, present - found.high, 0) // 10
    high = found.high
    end = EVER if high >= EVER else high + 1
    return Bounds(found.low, end, found.low, high, found.low - gap, high + gap)
