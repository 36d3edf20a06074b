"""Numbers: the precision they are written with, and the standard's own examples."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.errors import Incorrect
from egide.fhir.search import Context, parse
from egide.fhir.search.number import parse_number

Ask = Callable[[dict[str, Any], str, str], bool]


@pytest.mark.parametrize(
    ("text", "low", "end"),
    [
        # https://hl7.org/fhir/R4/search.html#number and #quantity
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1e2", "95", "105"),
        ("5.4", "5.35", "5.45"),
        ("5.40e-3", "0.005395", "0.005405"),
        ("1.00e2", "99.5", "100.5"),
        ("2.0", "1.95", "2.05"),
        ("0", "-0.5", "0.5"),
        ("0.0", "-0.05", "0.05"),
        ("-5", "-5.5", "-4.5"),
        ("-5.4", "-5.45", "-5.35"),
        ("+7", "6.5", "7.5"),
        ("8e-1", "0.795", "0.805"),
        ("12E3", "11500", "12500"),
        ("123456789012345678901234567890.1", None, None),
    ],
)
def test_a_number_stands_for_what_rounds_to_it(text: str, low: str | None, end: str | None) -> None:
    bounds = parse_number("probability", text).bounds
    assert bounds.below == bounds.above == Decimal(text)
    if low and end:
        assert (bounds.low, bounds.end) == (Decimal(low), Decimal(end))
    else:
        assert bounds.end - bounds.low == Decimal("0.1")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-999, max_value=999))
def test_a_number_contains_itself(number: Decimal) -> None:
    bounds = parse_number("probability", str(number)).bounds
    assert bounds.low < number < bounds.end
    assert bounds.near_low <= bounds.low
    assert bounds.near_high < bounds.end or bounds.near_high >= number


@pytest.mark.parametrize(
    ("query", "value", "expected"),
    [
        ("0.8", "0.8", True),
        ("0.8", "0.75", True),
        ("0.8", "0.85", False),
        ("0.8", "0.849", True),
        ("0.80", "0.81", False),
        ("ne0.8", "0.8", False),
        ("ne0.8", "0.84", False),
        ("ne0.8", "0.9", True),
        # Comparing prefixes take the number exactly.
        ("gt0.8", "0.8", False),
        ("gt0.8", "0.80001", True),
        ("lt0.8", "0.8", False),
        ("lt0.8", "0.79999", True),
        ("ge0.8", "0.8", True),
        ("ge0.8", "0.79999", False),
        ("le0.8", "0.8", True),
        ("le0.8", "0.80001", False),
        ("sa0.8", "0.8", False),
        ("sa0.8", "0.9", True),
        ("eb0.8", "0.8", False),
        ("eb0.8", "0.7", True),
        ("ap0.8", "0.72", True),
        ("ap0.8", "0.88", True),
        ("ap0.8", "0.71", False),
        ("ap0", "0.4", True),
        ("gt8e-1", "0.81", True),
        ("0.5,0.8", "0.8", True),
    ],
)
def test_a_decimal_is_found(ask: Ask, query: str, value: str, expected: bool) -> None:
    prediction = [{"probabilityDecimal": Decimal(value)}]
    risk = {"resourceType": "RiskAssessment", "prediction": prediction}
    assert ask(risk, "probability", query) is expected


@pytest.mark.parametrize(
    ("query", "low", "high", "expected"),
    [
        ("gt5", 1, 5, False),
        ("ge5", 1, 5, True),
        ("lt1", 1, 5, False),
        ("le1", 1, 5, True),
        ("sa0", 1, 5, True),
        ("sa1", 1, 5, False),
        ("eb6", 1, 5, True),
        ("3", 1, 5, False),
        ("3", 3, 3, True),
        ("ap3", 1, 5, True),
        ("gt1000", 1, None, True),
        ("lt-1000", None, 5, True),
        ("eq1", 1, None, False),
    ],
)
def test_a_range_is_found(
    ask: Ask, query: str, low: int | None, high: int | None, expected: bool
) -> None:
    ends = {"low": low, "high": high}
    value = {name: {"value": end} for name, end in ends.items() if end is not None}
    risk = {"resourceType": "RiskAssessment", "prediction": [{"probabilityRange": value}]}
    assert ask(risk, "probability", query) is expected


def test_a_whole_number_is_found_by_its_value_only(ask: Ask) -> None:
    sequence = {"resourceType": "MolecularSequence", "variant": [{"start": 7}]}
    assert ask(sequence, "variant-start", "7")
    assert ask(sequence, "variant-start", "7.0")
    assert not ask(sequence, "variant-start", "7.4")
    assert not ask(sequence, "variant-start", "ne7")


@pytest.mark.parametrize(
    "value", ["", "five", "5.", ".5", "1e9999", "0x10", "1_000", "NaN", "Infinity", "5 ", "1" * 65]
)
def test_what_is_no_number_is_refused(value: str, paris: Context) -> None:
    with pytest.raises(Incorrect, match=r"^probability: "):
        parse("RiskAssessment", [("probability", value)], paris)
