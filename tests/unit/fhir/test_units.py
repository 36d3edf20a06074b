"""UCUM units: the official examples, another implementation, exactness, hostile strings."""

import csv
import importlib.resources
from collections.abc import Iterator
from decimal import Decimal

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ucumvert import UcumToPintTransformer, get_ucum_parser, parse_ucum

from egide.errors import TooCostly
from egide.fhir.units import LONGEST, MOST_UNREAD, Scale, conversion, scale

FILES = importlib.resources.files("ucumvert")
APART = ("[iU]", "[IU]", "U]", "[pH]", "mol", "osm", "eq", "kat", "U/", "rad", "deg", "sr", "cd")
"""What pint has no dimension for, or one of its own: amounts, angles, arbitrary units."""
DIFFERS = {"[in_i'H2O]", "[LPF]", "{#}/[LPF]", "/[LPF]"}
"""What pint defines otherwise than the official table."""


def examples() -> Iterator[str]:
    """The units the standard's own list of examples has."""
    text = (FILES / "vendor" / "ucum_examples.tsv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        yield row["UCUM_CODE"]


def test_every_official_example_is_read() -> None:
    units = list(examples())
    assert len(units) > 800
    # An old name of the unit that the table does not have.
    assert [unit for unit in units if scale(unit) is None] == ["Torr"]


def test_factors_are_those_of_another_implementation() -> None:
    registry = pint.UnitRegistry()
    registry.load_definitions(FILES / "pint_ucum_defs.txt")
    parser, transformer = get_ucum_parser(), UcumToPintTransformer(ureg=registry)
    compared, wrong = 0, []
    by_kind: dict[tuple[object, object], tuple[str, float, float]] = {}
    for unit in examples():
        ours = scale(unit)
        if ours is None or ours.offset or unit in DIFFERS or any(part in unit for part in APART):
            continue
        try:
            theirs = transformer.transform(parse_ucum(unit, parser)).to_base_units()
        except Exception:
            continue
        kind = (ours.dimension, str(theirs.units))
        mine, other = float(ours.factor), float(theirs.magnitude)
        if kind not in by_kind:
            by_kind[kind] = (unit, mine, other)
            continue
        first, mine_first, other_first = by_kind[kind]
        compared += 1
        if mine / mine_first != pytest.approx(other / other_first, rel=1e-4):
            wrong.append((unit, first, mine / mine_first, other / other_first))
    assert not wrong, wrong
    assert compared > 300


def told(value: str, unit: str, wanted: str) -> Decimal | None:
    return conversion()(Decimal(value), unit, wanted)


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "expected"),
    [
        ("98.6", "[degF]", "Cel", "37"),
        ("1", "wk", "h", "168"),
        ("1", "m[H2O]", "cm[H2O]", "100"),
        ("30", "dB", "B", "3"),
        ("1", "[lb_av]", "g", "453.59237"),
        ("0.1", "mg", "g", "0.0001"),
        ("1e-300", "mg", "g", "1e-303"),
        ("123456789.12345678912345678912", "mg", "kg", "123.45678912345678912345678912"),
        ("1", "mL/min/{1.73_m2}", "L/h", "0.06"),
        ("7.4", "[pH]", "[pH]", "7.4"),
    ],
)  # fmt: skip
def test_conversions_are_exact(value: str, unit: str, wanted: str, expected: str) -> None:
    assert told(value, unit, wanted) == Decimal(expected)


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [
        ("mmol/L", "mg/dL"),
        ("mmol/L", "10*9/L"),
        ("[pH]", "mol/L"),
        ("[iU]", "1"),
        ("[iU]", "[arb'U]"),
        ("Cel/min", "K/min"),
        ("/Cel", "/K"),
        ("cd", "d"),
        ("mg", "MG"),
        ("mg", ""),
        ("", ""),
        ("mg", "nonsense"),
        ("10*999", "1"),
        ("m" + "0" * 60, "m"),
    ],
)
def test_what_is_not_commensurable_is_not_converted(unit: str, wanted: str) -> None:
    assert told("1", unit, wanted) is None


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12),
    st.sampled_from([("mg", "kg"), ("Cel", "[degF]"), ("mm[Hg]", "kPa"), ("10*3/uL", "/L")]),
)
def test_there_and_back_is_the_same(value: Decimal, units: tuple[str, str]) -> None:
    convert = conversion()
    there = convert(value, *units)
    assert there is not None
    back = convert(there, units[1], units[0])
    assert back is not None
    assert abs(back - value) <= abs(value) * Decimal("1e-20")


@given(st.text(alphabet="mgLd10*/.(){}[]%'^+-é\x00\u202e", max_size=80))
def test_nothing_breaks_what_reads_a_unit(unit: str) -> None:
    found = scale(unit)
    assert found is None or isinstance(found, Scale)
    assert len(unit) <= LONGEST or found is None


def test_powers_are_bounded() -> None:
    for unit in ("10*9999999999", "((10*99)99)99", "(((Ym99)99)99)99", "10*99.10*99.10*99.10*99"):
        found = scale(unit)
        assert found is None or found.factor.numerator.bit_length() < 100_000


def test_a_search_that_meets_too_many_units_is_refused() -> None:
    convert = conversion()
    with pytest.raises(TooCostly):
        for number in range(MOST_UNREAD + 2):
            convert(Decimal(1), f"{{never read {number}}}".replace(" ", "_"), "mg")
    assert conversion()(Decimal(1), "g", "mg") == 1000
