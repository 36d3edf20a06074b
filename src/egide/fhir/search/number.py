"""Number parameters, and how precise a number is taken to be.

https://hl7.org/fhir/R4/search.html#number: without a comparing prefix a number stands for all that
round to it: `5.4` is [5.35, 5.45), `100` is [99.5, 100.5). A lone digit with an exponent is read
to two digits, because the standard's own table says that `1e2` is [95, 105).
"""

import re
from decimal import Context as Arithmetic
from decimal import Decimal
from typing import Any, NamedTuple

from egide.fhir.search.escape import plain
from egide.fhir.search.expression import Json
from egide.fhir.search.parameter import Parameter, Test
from egide.fhir.search.prefix import HOLDS, Bounds, Prefix, take_prefix
from egide.fhir.search.refusal import wrong

INFINITE = Decimal("Infinity")

_NUMBER = re.compile(r"[+-]?(?P<digits>[0-9]+(?:\.[0-9]+)?)(?:[eE](?P<power>[+-]?[0-9]{1,3}))?")
_LONGEST = 64
_EXACT = Arithmetic(prec=4 * _LONGEST)
_TENTH = Decimal("0.1")


class NumberValue(NamedTuple):
    """A number searched for, as the stretch it means."""

    prefix: Prefix
    number: Decimal
    bounds: Bounds[Decimal]


class Interval(NamedTuple):
    """From `low` to `high`, both included; infinite where open."""

    low: Decimal
    high: Decimal


def parse_number(name: str, text: str) -> NumberValue:
    """The number in `text`. Raises Incorrect, naming the parameter `name`."""
    prefix, rest = take_prefix(plain(text, name))
    found = _NUMBER.fullmatch(rest)
    if not found or len(rest) > _LONGEST:
        raise wrong(name, "a number is written as 5, 5.40 or 5.4e-3")
    number = Decimal(rest)
    return NumberValue(prefix, number, _bounds(number, _unit(found, number)))


def number_test(parameter: Parameter, values: tuple[NumberValue, ...]) -> Test:
    """Does any number of the resource satisfy any of `values`?"""
    wanted = tuple((HOLDS[value.prefix], value.bounds) for value in values)

    def test(focus: Json, resource: Json) -> bool:
        for _, value in parameter.values(focus, resource):
            found = interval(value)
            if found is not None:
                low, high = found
                if any(holds(low, high, bounds) for holds, bounds in wanted):
                    return True
        return False

    return test


def interval(value: Any) -> Interval | None:
    """The interval of a number, or of a Range; an absent end of a Range is open."""
    if isinstance(value, dict):
        low, high = (value.get(end, {}).get("value") for end in ("low", "high"))
        if low is None and high is None:
            return None
        return Interval(
            -INFINITE if low is None else Decimal(low), INFINITE if high is None else Decimal(high)
        )
    number = Decimal(value)
    return Interval(number, number)


def just_below(number: Decimal) -> Decimal:
    """The nearest smaller number: what `< number` goes up to."""
    return number.next_minus(_EXACT)


def just_above(number: Decimal) -> Decimal:
    """The nearest larger number: what `> number` starts from."""
    return number.next_plus(_EXACT)


def _unit(found: re.Match[str], number: Decimal) -> Decimal:
    """The weight of the last digit that counts."""
    power = int(number.as_tuple().exponent)
    digits = found["digits"].replace(".", "").lstrip("0")
    if found["power"] is not None and len(digits) == 1:
        power -= 1
    return Decimal((0, (1,), power))


def _bounds(number: Decimal, unit: Decimal) -> Bounds[Decimal]:
    half = _EXACT.divide(unit, Decimal(2))
    low, end = _EXACT.subtract(number, half), _EXACT.add(number, half)
    tenth = _EXACT.multiply(abs(number), _TENTH)
    near_low = min(low, _EXACT.subtract(number, tenth))
    near_high = max(just_below(end), _EXACT.add(number, tenth))
    return Bounds(low, end, number, number, near_low, near_high)
