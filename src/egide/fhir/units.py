"""Units of measure: a value in one UCUM unit, told in another. https://ucum.org/ucum

Grammar and official table come from `fhir.ucum`; the arithmetic is here, in exact fractions,
because a search decides on the last digit. What UCUM forbids is not done: arbitrary units
(`[iU]`, `[arb'U]`) are of a kind of their own each, and so are those on a logarithmic or other
special scale (`[pH]`, `B`), temperatures excepted. A molar mass is no unit: `mmol/L` is never
`mg/dL`. And the mole is a unit of its own, as in the SI: UCUM counts it as a number of things, and
a search for less than 5 mmol/L would find every count of cells.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Context as Arithmetic
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from math import lcm
from types import MappingProxyType
from typing import NamedTuple

from lark import Token, Tree

from egide.errors import TooCostly
from egide.fhir.ucum import NotUcum, parsed, prefixes, units

LONGEST = 50
"""Characters of a unit that is read; a longer one is compared as written. Reading takes time that
grows with the cube of this: about a hundredth of a second at most."""

MOST_UNREAD = 200
"""Units one search may meet that were not read before. There are about a hundred in real use."""

_KEPT = 4_096
_LARGEST_EXPONENT = 99
_DIGITS = 256


class Scale(NamedTuple):
    """What a unit is made of (base unit → exponent), and how it counts: base = factor × value +
    offset."""

    dimension: frozenset[tuple[str, int]]
    factor: Fraction
    offset: Fraction = Fraction(0)


ONE = Scale(frozenset(), Fraction(1))

_ABSOLUTE: Mapping[str, Scale] = MappingProxyType(
    {
        "Cel": Scale(frozenset({("K", 1)}), Fraction(1), Fraction("273.15")),
        "[degF]": Scale(frozenset({("K", 1)}), Fraction(5, 9), Fraction("459.67") * 5 / 9),
        "[degRe]": Scale(frozenset({("K", 1)}), Fraction(5, 4), Fraction("273.15")),
    }
)
"""Temperatures with a zero of their own: they have a meaning alone, not inside a product."""


def conversion() -> Callable[[Decimal, str, str], Decimal | None]:
    """A conversion for one search: (value, its unit, the unit wanted) → the value in that unit,
    exact, or to `_DIGITS` where its decimals never end; None when it has none. Raises TooCostly
    beyond `MOST_UNREAD`."""
    read = _reading()

    def convert(value: Decimal, unit: str, wanted: str) -> Decimal | None:
        one, other = read(unit), read(wanted)
        if one is None or other is None or one.dimension != other.dimension:
            return None
        return _told(value, one.factor / other.factor, (one.offset - other.offset) / other.factor)

    return convert


def canonical() -> Callable[[Decimal, str], Decimal | None]:
    """For one search: (value, its unit) → the value in the base units of what it measures, as exact
    as a conversion; None when it has none. Raises TooCostly beyond `MOST_UNREAD`."""
    read = _reading()

    def told(value: Decimal, unit: str) -> Decimal | None:
        found = read(unit)
        return None if found is None else _told(value, found.factor, found.offset)

    return told


def _reading() -> Callable[[str], Scale | None]:
    """`scale`, for one search."""
    unread = 0

    def read(unit: str) -> Scale | None:
        nonlocal unread
        before = scale.cache_info().misses
        found = scale(unit)
        unread += scale.cache_info().misses - before
        if unread > MOST_UNREAD:
            raise TooCostly(
                f"more than {MOST_UNREAD} different units would have to be compared; "
                "narrow the search, or leave the unit out"
            )
        return found

    return read


@lru_cache(_KEPT)
def scale(unit: str) -> Scale | None:
    """The scale of a unit; None for what is no UCUM unit, or none that can be converted."""
    if len(unit) > LONGEST:
        return None
    if unit in _ABSOLUTE:
        return _ABSOLUTE[unit]
    try:
        return _scale(parsed(unit))
    except (NotUcum, _NotConvertible):
        return None


def _told(value: Decimal, factor: Fraction, more: Fraction) -> Decimal:
    """value × factor + more, divided once and last, with room for every digit there is."""
    below = lcm(factor.denominator, more.denominator)
    times, plus = Decimal(int(factor * below)), Decimal(int(more * below))
    _, digits, exponent = value.as_tuple()
    room = len(digits) + abs(int(exponent)) + times.adjusted() + abs(plus.adjusted())
    exact = Arithmetic(prec=_DIGITS + room)
    return exact.divide(exact.add(exact.multiply(value, times), plus), Decimal(below))


class _NotConvertible(Exception):
    """It is well written, and stands for nothing that can be converted."""


def _scale(node: Tree[Token] | Token) -> Scale:
    if isinstance(node, Token):  # an annotation, `{score}`, counts as one
        return ONE
    parts = node.children
    match str(node.data):
        case "main_term" if len(parts) == 2:
            return _power(_scale(parts[1]), -1)
        case "term":
            left, sign, right = parts
            return _times(_scale(left), _power(_scale(right), -1 if sign == "/" else 1))
        case "annotatable":
            return _power(_scale(parts[0]), int(str(parts[1])))
        case "simple_unit":
            return _simple([str(part) for part in parts])
    return _scale(parts[0])


def _simple(parts: list[str]) -> Scale:
    whole = "".join(parts)
    if whole.isdigit():
        return Scale(frozenset(), Fraction(int(whole)))
    if whole in units() or len(parts) == 1:
        return _atom(whole)
    prefix, atom = parts
    return _times(Scale(frozenset(), Fraction(prefixes()[prefix])), _atom(atom))


def _times(one: Scale, other: Scale) -> Scale:
    dimension = Counter(dict(one.dimension))
    dimension.update(dict(other.dimension))
    left = frozenset((name, power) for name, power in dimension.items() if power)
    return Scale(left, one.factor * other.factor)


def _power(of: Scale, exponent: int) -> Scale:
    if abs(exponent) > _LARGEST_EXPONENT or of.factor.numerator.bit_length() > 4_096:
        raise _NotConvertible
    dimension = frozenset((name, power * exponent) for name, power in of.dimension)
    return Scale(dimension, of.factor**exponent)


@cache
def _atom(code: str) -> Scale:
    """The scale of a unit of the table, without a prefix."""
    if code in _ABSOLUTE:
        raise _NotConvertible
    unit = units().get(code)
    if unit is None or code == "mol":  # a base unit
        return Scale(frozenset({(code, 1)}), Fraction(1))
    if unit.special or (unit.arbitrary and unit.of == "1"):
        return Scale(frozenset({(code, 1)}), Fraction(1))
    return _times(Scale(frozenset(), Fraction(unit.factor)), _scale(parsed(unit.of)))
