"""Quantity parameters: a number with its unit. https://hl7.org/fhir/R4/search.html#quantity

`5.4|http://unitsofmeasure.org|mg` asks for that system and code, `5.4||mg` for a code or a
human-readable unit `mg`, `5.4` for any unit. What has a UCUM code is told in the unit asked for, if
the context brings a conversion and one can be made of the other; it is then compared with the
number asked for, as precise as that is. All other units are compared as written.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from egide.fhir.search.escape import plain, split
from egide.fhir.search.expression import Json
from egide.fhir.search.number import (
    INFINITE,
    Interval,
    NumberValue,
    just_above,
    just_below,
    parse_number,
)
from egide.fhir.search.parameter import Context, Convert, Parameter, Test
from egide.fhir.search.prefix import HOLDS
from egide.fhir.search.refusal import wrong

UCUM = "http://unitsofmeasure.org"
CURRENCY = "urn:iso:std:iso:4217"


class QuantityValue(NamedTuple):
    """A quantity searched for; `system` and `code` are empty where any will do."""

    number: NumberValue
    system: str
    code: str


class Measure(NamedTuple):
    """What a resource says: an interval and its unit."""

    interval: Interval
    system: str | None
    code: str | None
    unit: str | None


def parse_quantity(name: str, text: str) -> QuantityValue:
    """The quantity in `text`. Raises Incorrect, naming the parameter `name`."""
    parts = split(text, "|")
    if len(parts) not in (1, 3):
        raise wrong(name, "a quantity is number, number|system|code or number||code")
    system, code = (plain(part, name) for part in parts[1:]) if len(parts) == 3 else ("", "")
    return QuantityValue(parse_number(name, parts[0]), system, code)


def quantity_test(
    parameter: Parameter, values: tuple[QuantityValue, ...], context: Context
) -> Test:
    """Does any quantity of the resource satisfy any of `values`?"""

    def test(focus: Json, resource: Json) -> bool:
        for source, value in parameter.values(focus, resource):
            measure = measured(source.path.type, value)
            if measure and any(_holds(wanted, measure, context.convert) for wanted in values):
                return True
        return False

    return test


def measured(type_: str, value: Mapping[str, Any]) -> Measure | None:
    """The interval and unit of a Quantity (or a kin of it), Money, Range or SampledData."""
    if type_ == "Money":
        return _measure(value, CURRENCY, value.get("currency"))
    if type_ == "Range":
        return _range(value)
    if type_ == "SampledData":
        return _sampled(value)
    return _measure(value, value.get("system"), value.get("code"))


def _measure(value: Mapping[str, Any], system: str | None, code: str | None) -> Measure | None:
    if value.get("value") is None:
        return None
    number = Decimal(value["value"])
    low = high = number
    match value.get("comparator"):
        case "<":
            low, high = -INFINITE, just_below(number)
        case "<=":
            low = -INFINITE
        case ">":
            low, high = just_above(number), INFINITE
        case ">=":
            high = INFINITE
    return Measure(Interval(low, high), system, code, value.get("unit"))


def _range(value: Mapping[str, Any]) -> Measure | None:
    low, high = value.get("low") or {}, value.get("high") or {}
    if low.get("value") is None and high.get("value") is None:
        return None
    first = -INFINITE if low.get("value") is None else Decimal(low["value"])
    last = INFINITE if high.get("value") is None else Decimal(high["value"])
    said = low or high
    return Measure(Interval(first, last), said.get("system"), said.get("code"), said.get("unit"))


def _sampled(value: Mapping[str, Any]) -> Measure | None:
    """From the smallest to the largest sample; `E`, `U` and `L` are no numbers."""
    origin = value.get("origin") or {}
    samples = [Decimal(s) for s in value.get("data", "").split() if s not in ("E", "U", "L")]
    if origin.get("value") is None or not samples:
        return None
    factor, zero = Decimal(value.get("factor", 1)), Decimal(origin["value"])
    ends = sorted((zero + min(samples) * factor, zero + max(samples) * factor))
    said = (origin.get("system"), origin.get("code"), origin.get("unit"))
    return Measure(Interval(ends[0], ends[1]), *said)


def _holds(wanted: QuantityValue, measure: Measure, convert: Convert | None) -> bool:
    interval = _in_unit(wanted, measure, convert)
    if interval is None:
        return False
    return HOLDS[wanted.number.prefix](interval.low, interval.high, wanted.number.bounds)


def _in_unit(wanted: QuantityValue, measure: Measure, convert: Convert | None) -> Interval | None:
    """The measure in the unit wanted, None if it is another."""
    if wanted.system and measure.system != wanted.system:
        return None
    if not wanted.code or wanted.code == measure.code:
        return measure.interval
    if not wanted.system and wanted.code == measure.unit:
        return measure.interval
    if convert is None or measure.system != UCUM or measure.code is None:
        return None
    low, high = (
        end if abs(end) == INFINITE else convert(end, measure.code, wanted.code)
        for end in measure.interval
    )
    return None if low is None or high is None else Interval(low, high)
