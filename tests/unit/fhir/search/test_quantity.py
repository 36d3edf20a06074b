"""Quantities: units as written, comparators, ranges, money, samples, and a conversion's place."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from egide.errors import Incorrect
from egide.fhir.search import Context, matches, parse
from egide.fhir.units import conversion

Ask = Callable[[dict[str, Any], str, str], bool]
UCUM = "http://unitsofmeasure.org"


def measured(value: str, **more: Any) -> dict[str, Any]:
    quantity = {"value": Decimal(value), "unit": "mg", "system": UCUM, "code": "mg", **more}
    return {"resourceType": "Observation", "valueQuantity": quantity}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("5.4", True),
        ("5.4||mg", True),
        ("5.4||milligram", False),
        (f"5.4|{UCUM}|mg", True),
        (f"5.4|{UCUM}|MG", False),
        (f"5.4|{UCUM}|", True),
        (f"5.4|{UCUM}|g", False),
        ("5.4|http://elsewhere.example|mg", False),
        (f"5.40e-3|{UCUM}|g", False),
        (f"le5.4|{UCUM}|mg", True),
        (f"lt5.4|{UCUM}|mg", False),
        (f"ap5.0|{UCUM}|mg", True),
        ("5.3", False),
        ("5", True),
        ("ne5.4||mg", False),
        ("ne5.4||g", False),
        (f"1|{UCUM}|g,5.4|{UCUM}|mg", True),
    ],
)
def test_a_quantity_is_found(ask: Ask, query: str, expected: bool) -> None:
    assert ask(measured("5.4"), "value-quantity", query) is expected


def test_a_human_unit_is_found_without_a_system(ask: Ask) -> None:
    spoken = {"value": Decimal("5.4"), "unit": "cups"}
    assert ask(
        {"resourceType": "Observation", "valueQuantity": spoken}, "value-quantity", "5.4||cups"
    )


@pytest.mark.parametrize(
    ("comparator", "query", "expected"),
    [
        ("<", "lt5", True),
        ("<", "ge5", False),
        ("<", "ge4.9", True),
        ("<=", "ge5", True),
        ("<", "gt4.999", True),
        ("<", "eq5", False),
        (">", "gt1000", True),
        (">", "le5", False),
        (">=", "le5", True),
        (">", "sa5", True),
        (">=", "sa5", False),
        ("<", "eb5", True),
        ("<=", "eb5", False),
    ],
)
def test_a_comparator_opens_the_quantity(
    ask: Ask, comparator: str, query: str, expected: bool
) -> None:
    assert ask(measured("5", comparator=comparator), "value-quantity", query) is expected


def test_money_is_found_by_its_currency(ask: Ask) -> None:
    money = {"value": Decimal("12.50"), "currency": "EUR"}
    invoice = {"resourceType": "Invoice", "totalGross": money}
    assert ask(invoice, "totalgross", "12.5|urn:iso:std:iso:4217|EUR")
    assert not ask(invoice, "totalgross", "12.5||USD")


def test_a_range_of_quantities_is_found(ask: Ask) -> None:
    ends = {"low": {"value": 5, "code": "kg", "system": UCUM}, "high": {"value": 9}}
    context = [{"code": {"code": "weight"}, "valueRange": ends}]
    measure = {"resourceType": "Measure", "useContext": context}
    assert ask(measure, "context-quantity", f"gt8|{UCUM}|kg")
    assert not ask(measure, "context-quantity", f"gt9|{UCUM}|kg")


def test_samples_are_found_from_the_smallest_to_the_largest(ask: Ask) -> None:
    sampled = {"origin": {"value": 10, "unit": "mV"}, "factor": 2, "data": "E 1 3 U -1"}
    wave = {"resourceType": "Observation", "valueSampledData": sampled}
    assert ask(wave, "value-quantity", "ge16||mV")
    assert not ask(wave, "value-quantity", "gt16||mV")
    assert ask(wave, "value-quantity", "le8||mV")


def test_a_quantity_without_a_value_is_not_found(ask: Ask) -> None:
    silent = {"resourceType": "Observation", "valueQuantity": {"unit": "mg"}}
    assert not ask(silent, "value-quantity", "ne5")


def test_a_conversion_is_used_where_there_is_one(paris: Context) -> None:
    factors = {("mg", "g"): Decimal("0.001")}

    def convert(value: Decimal, unit: str, wanted: str) -> Decimal | None:
        factor = factors.get((unit, wanted))
        return None if factor is None else value * factor

    context = replace(paris, convert=convert)

    def asked(query: str) -> bool:
        wanted = parse("Observation", [("value-quantity", query)], context)
        return matches(wanted, measured("5.4"))

    assert asked(f"5.40e-3|{UCUM}|g")
    assert not asked(f"5.40e-3|{UCUM}|kg")
    assert asked("5.40e-3||g")


UNITS = [
    ("5.4", "g", f"5400|{UCUM}|mg", True),
    ("5.4", "g", "5400||mg", True),
    ("5.4005", "g", "5400||mg", False),
    ("5.4004", "g", "5400||mg", True),
    ("5.3995", "g", "5400||mg", True),
    ("5.3994", "g", "5400||mg", False),
    ("5.4", "g", "gt5400||mg", False),
    ("5.4", "g", "ge5400||mg", True),
    ("5.4", "g", "ne5400||mg", False),
    ("5.4", "g", "sa5.39e3||mg", True),
    ("5.4", "mmol/L", "ge0||mg/dL", False),
    ("5.4", "mmol/L", "ne1||mg/dL", False),
    ("37", "Cel", f"98.6|{UCUM}|[degF]", True),
    ("98.6", "[degF]", f"le37|{UCUM}|Cel", True),
    ("98.6", "[degF]", f"lt37|{UCUM}|Cel", False),
    ("-40", "[degF]", f"-40|{UCUM}|Cel", True),
    ("0", "Cel", f"273.15|{UCUM}|K", True),
    ("4", "{score}", f"4|{UCUM}|1", True),
    ("4", "{score}", f"4|{UCUM}|{{points}}", True),
    ("5", "%", f"0.050|{UCUM}|1", True),
    ("4.5", "10*3/uL", f"4.5|{UCUM}|10*9/L", True),
    ("760", "mm[Hg]", f"101.3|{UCUM}|kPa", True),
    ("1", "[iU]/L", f"1|{UCUM}|/L", False),
    ("1", "[iU]/mL", f"1|{UCUM}|k[IU]/L", True),
    ("1", "[in_i]", "lt2.54||cm", False),
    ("5.4", "nonsense", "ge0||mg", False),
    ("5.4", "mg", "ge0||nonsense", False),
    ("-0.0", "g", "0||mg", True),
    ("0", "kg", "0||mg", True),
    ("1e-3", "kg", "1||g", True),
    ("-5", "g", "lt-4999||mg", True),
]


@pytest.mark.parametrize(("value", "code", "query", "expected"), UNITS)
def test_units_are_converted(
    paris: Context, value: str, code: str, query: str, expected: bool
) -> None:
    context = replace(paris, convert=conversion())
    wanted = parse("Observation", [("value-quantity", query)], context)
    assert matches(wanted, measured(value, code=code, unit="as written")) is expected


def test_an_open_end_stays_open_in_another_unit(paris: Context) -> None:
    context = replace(paris, convert=conversion())

    def asked(query: str) -> bool:
        wanted = parse("Observation", [("value-quantity", query)], context)
        return matches(wanted, measured("5", comparator="<", code="g", unit="g"))

    assert asked("lt5000||mg")
    assert not asked("ge5000||mg")
    assert asked("ge4999.9||mg")


def test_what_is_of_another_system_is_never_converted(paris: Context) -> None:
    context = replace(paris, convert=conversion())
    wanted = parse("Observation", [("value-quantity", "5400||mg")], context)
    assert not matches(wanted, measured("5.4", code="g", system="http://elsewhere.example"))


@pytest.mark.parametrize("value", ["mg", "5|mg", f"5|{UCUM}|mg|more", "|http://x|mg"])
def test_what_is_no_quantity_is_refused(value: str, paris: Context) -> None:
    with pytest.raises(Incorrect, match=r"^value-quantity: "):
        parse("Observation", [("value-quantity", value)], paris)
