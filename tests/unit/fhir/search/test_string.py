"""String searches: beginnings, whole texts, parts; names and addresses word by word."""

from collections.abc import Callable
from typing import Any

import pytest

from egide.errors import Incorrect, Unsupported
from egide.fhir.search import Context, parse

Ask = Callable[[dict[str, Any], str, str], bool]

PATIENT = {
    "resourceType": "Patient",
    "name": [
        {"family": "Carreno Quiñones", "given": ["Ève", None], "prefix": ["Dr"]},
        {"text": "Severine d'Almeida"},
    ],
    "address": [{"line": ["12 rue de la Paix"], "city": "Saint-Denis", "postalCode": "93200"}],
}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("given", "eve", True),
        ("given", "EV", True),
        ("given", "ve", False),
        ("family", "carreno", True),
        ("family", "quinones", True),
        ("family", "Carreno-Quinones", True),
        ("family", "arreno", False),
        ("family", "x,quin", True),
        ("given:contains", "ve", True),
        ("family:contains", "NOQUI", True),
        ("given:exact", "Ève", True),
        ("given:exact", "E\u0300ve", True),
        ("given:exact", "ève", False),
        ("given:exact", "Eve", False),
        ("given:exact", "È", False),
        ("name", "eve", True),
        ("name", "severine", True),
        ("name", "dalmeida", True),
        ("name", "almeida", True),
        ("name", "dr", False),
        ("name", "official", False),
        ("address", "paix", True),
        ("address", "saint denis", True),
        ("address-city", "DENIS", True),
        ("address-postalcode", "932", True),
        ("address-country", "fr", False),
        ("phonetic", "Kareno", False),
        ("phonetic", "Careno", True),
        ("phonetic", "Kinones", False),
    ],
)
def test_a_patient_is_found_by_text(ask: Ask, name: str, value: str, expected: bool) -> None:
    assert ask(PATIENT, name, value) is expected


def test_the_text_of_anything_but_a_name_is_found_from_its_beginning(ask: Ask) -> None:
    place = {"resourceType": "Organization", "name": "CHU de Caen"}
    assert ask(place, "name", "chu de")
    assert not ask(place, "name", "caen")
    assert ask(place, "name:contains", "caen")


def test_a_comma_is_looked_for_when_it_is_escaped(ask: Ask) -> None:
    place = {"resourceType": "Organization", "name": "Caen, CHU"}
    assert ask(place, "name:exact", r"Caen\, CHU")
    assert not ask(place, "name:exact", "Caen, CHU")


def test_signs_alone_do_not_find_everything(ask: Ask) -> None:
    assert not ask(PATIENT, "name", "+++")
    assert not ask(PATIENT, "family", "-")


def test_a_text_that_is_only_marks_is_refused(paris: Context) -> None:
    with pytest.raises(Incorrect, match=r"^name: "):
        parse("Patient", [("name", "\u0301")], paris)


def test_a_modifier_of_another_kind_is_refused(paris: Context) -> None:
    with pytest.raises(Unsupported, match="text"):
        parse("Patient", [("name:text", "eve")], paris)
