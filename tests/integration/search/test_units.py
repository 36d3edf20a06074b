"""Quantities in other units: found by what they measure, as worked out here by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest
from tests.integration.search.asking import ask
from tests.integration.search.library import SYSTEM, Library

from egide.errors import TooCostly
from egide.record import Record

UCUM = "http://unitsofmeasure.org"
F = Fraction
BASES: dict[str, tuple[str, Fraction, Fraction]] = {
    "g": ("mass", F(1), F(0)),
    "mg": ("mass", F(1, 1000), F(0)),
    "ug": ("mass", F(1, 10**6), F(0)),
    "K": ("heat", F(1), F(0)),
    "Cel": ("heat", F(1), F("273.15")),
    "[degF]": ("heat", F(5, 9), F("459.67") * 5 / 9),
    "10*3/uL": ("count", F(10**12), F(0)),
    "10*9/L": ("count", F(10**12), F(0)),
    "/mm3": ("count", F(10**9), F(0)),
    "/L": ("count", F(1000), F(0)),
    "mm[Hg]": ("pressure", F("133.322"), F(0)),
    "kPa": ("pressure", F(1000), F(0)),
    "{score}": ("number", F(1), F(0)),
    "{points}": ("number", F(1), F(0)),
    "1": ("number", F(1), F(0)),
    "%": ("number", F(1, 100), F(0)),
    "[iU]/L": ("activity", F(1), F(0)),
    "mg/dL": ("concentration", F(1, 100), F(0)),
    "g/L": ("concentration", F(1), F(0)),
}
"""Unit → what it measures, its factor and its zero."""

COMPARE = {
    "gt": lambda value, wanted: value > wanted,
    "lt": lambda value, wanted: value < wanted,
    "ge": lambda value, wanted: value >= wanted,
    "le": lambda value, wanted: value <= wanted,
}


def base(value: str | Decimal, unit: str) -> Fraction:
    _, factor, zero = BASES[unit]
    return F(value) * factor + zero


def expected(library: Library, prefix: str, number: str, unit: str) -> set[str]:
    """By fractions over every quantity there is."""
    found = set()
    half = F(1, 2) * F(10) ** int(Decimal(number).as_tuple().exponent)
    for each in library.by_type["Observation"]:
        said = each.get("valueQuantity") or {}
        code = said.get("code")
        if code not in BASES or BASES[code][0] != BASES[unit][0] or said.get("system") != UCUM:
            continue
        value = base(said["value"], code)
        if prefix:
            yes = COMPARE[prefix](value, base(number, unit))
        else:
            _, factor, zero = BASES[unit]
            low, end = (F(number) - half, F(number) + half)
            yes = low * factor + zero <= value < end * factor + zero
        if yes:
            found.add(f"Observation/{each['id']}")
    return found


ASKED = [("5400", "mg"), ("5.4", "g"), ("5.40", "g"), ("98.6", "[degF]"), ("37", "Cel"),
         ("37.0", "Cel"), ("-40", "[degF]"), ("310.15", "K"), ("4.5", "10*3/uL"), ("4500", "/mm3"),
         ("101.3", "kPa"), ("760", "mm[Hg]"), ("3", "{score}"), ("300", "%"), ("3", "1"),
         ("0", "[iU]/L"), ("0.9", "g/L"), ("90", "mg/dL")]  # fmt: skip


@pytest.mark.parametrize("prefix", ["", *COMPARE])
async def test_a_quantity_is_found_in_whatever_unit_it_was_written(
    record: Record, library: Library, prefix: str
) -> None:
    for number, unit in ASKED:
        for form in ("||",) if prefix else (f"|{UCUM}|", "||"):
            query = f"{prefix}{number}{form}{unit}"
            pairs = [("value-quantity", query), ("_count", "1000")]
            found = await ask(record, SYSTEM, "Observation", pairs)
            want = expected(library, prefix, number, unit)
            judged = {each for each in found if _quantity(library, each).get("code") in BASES}
            assert judged == want, query
            assert found or prefix


async def test_quantities_are_sorted_by_what_they_come_to(record: Record, library: Library) -> None:
    """Not by the number: 5400 mg and 5.4 g are the same, and 5399.6 mg is less."""
    alike = {each for each in (library.resources) if each.startswith("Observation/measured-")}
    for dimension in ("mass", "heat", "count", "pressure"):
        some = [
            each.partition("/")[2]
            for each in sorted(alike)
            if BASES.get(str(_quantity(library, each)["code"]), ("", 0, 0))[0] == dimension
        ]
        assert len(some) > 1
        for descending in (False, True):
            for count in ("1", "3", "50"):
                sort = f"{'-' * descending}value-quantity"
                pairs = [("_id", ",".join(some)), ("_sort", sort), ("_count", count)]
                found = await ask(record, SYSTEM, "Observation", pairs)
                said = [_quantity(library, each) for each in found]
                values = [base(str(each["value"]), str(each["code"])) for each in said]
                assert len(found) == len(set(found)) == len(some)
                assert values == sorted(values, reverse=descending)


def _quantity(library: Library, name: str) -> dict[str, object]:
    found: dict[str, object] = library.resources[name].get("valueQuantity", {})
    return found


async def test_a_molar_mass_is_not_guessed(record: Record, library: Library) -> None:
    found = await ask(record, SYSTEM, "Observation", [("value-quantity", f"ge0|{UCUM}|mmol/L")])
    codes = {str(_quantity(library, each)["code"]) for each in found}
    assert "mmol/L" in codes
    assert {code for code in codes if "mol" not in code} == set()


async def test_a_hostile_unit_costs_little(record: Record, library: Library) -> None:
    for unit in ("(" * 24 + "cd" + ")" * 24, "10*9999999999", "m." * 5_000 + "m", "{(}" * 16):
        assert await ask(record, SYSTEM, "Observation", [("value-quantity", f"1||{unit}")]) == []
    units = ",".join(f"1||{{never-{number}}}" for number in range(500))
    with pytest.raises(TooCostly):
        await ask(record, SYSTEM, "Observation", [("value-quantity", units)])
