"""Composite searches: every part must hold on one and the same element."""

from collections.abc import Callable
from typing import Any

import pytest

from egide.errors import Incorrect, Unsupported
from egide.fhir.search import Context, parse

Ask = Callable[[dict[str, Any], str, str], bool]
LOINC = "http://loinc.org"


def component(code: str, value: int) -> dict[str, Any]:
    coding = [{"system": LOINC, "code": code}]
    return {"code": {"coding": coding}, "valueQuantity": {"value": value, "unit": "mmHg"}}


PRESSURE = {
    "resourceType": "Observation",
    **component("85354-9", 1),
    "component": [component("8480-6", 120), component("8462-4", 80)],
}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("component-code-value-quantity", f"{LOINC}|8480-6$gt100", True),
        ("component-code-value-quantity", f"{LOINC}|8462-4$gt100", False),
        ("component-code-value-quantity", "8462-4$gt100,8480-6$gt100", True),
        ("component-code-value-quantity", "8480-6$120||mmHg", True),
        ("component-code-value-quantity", "85354-9$1", False),
        ("code-value-quantity", "85354-9$1", True),
        ("code-value-quantity", "8480-6$120", False),
        ("combo-code-value-quantity", "85354-9$1", True),
        ("combo-code-value-quantity", "8480-6$lt121", True),
        ("combo-code-value-quantity", "85354-9$120", False),
    ],
)
def test_parts_hold_on_one_element(ask: Ask, name: str, value: str, expected: bool) -> None:
    assert ask(PRESSURE, name, value) is expected


def test_parts_of_other_kinds_are_read(ask: Ask) -> None:
    words = {"resourceType": "Observation", "code": {"coding": [{"code": "c"}]}}
    assert ask({**words, "valueString": "Positif"}, "code-value-string", "c$posi")
    assert ask({**words, "valueDateTime": "2020-02"}, "code-value-date", "c$2020")
    assert ask({**words, "valuePeriod": {"start": "2020"}}, "code-value-date", "c$ge2021")
    concept = {"coding": [{"code": "pos"}]}
    assert ask({**words, "valueCodeableConcept": concept}, "code-value-concept", "c$pos")
    assert not ask({**words, "valueCodeableConcept": concept}, "code-value-concept", "c$neg")


def test_a_relation_between_documents_is_found(ask: Ask) -> None:
    related = [{"code": "replaces", "target": {"reference": "DocumentReference/1"}}]
    document = {"resourceType": "DocumentReference", "relatesTo": related}
    assert ask(document, "relationship", "DocumentReference/1$replaces")
    assert not ask(document, "relationship", "DocumentReference/2$replaces")
    assert not ask(document, "relationship", "DocumentReference/1$appends")


def test_a_part_may_look_at_the_resource_the_element_is_in(ask: Ask) -> None:
    sequence = {
        "resourceType": "MolecularSequence",
        "referenceSeq": {"chromosome": {"coding": [{"code": "1"}]}},
        "variant": [{"start": 5, "end": 9}],
    }
    assert ask(sequence, "chromosome-variant-coordinate", "1$ge5$le9")
    assert not ask(sequence, "chromosome-variant-coordinate", "2$ge5$le9")


def test_a_dollar_is_looked_for_when_it_is_escaped(ask: Ask) -> None:
    words = {"resourceType": "Observation", "code": {"coding": [{"code": "a$b"}]}}
    assert ask({**words, "valueString": "x"}, "code-value-string", r"a\$b$x")


@pytest.mark.parametrize("value", ["8480-6", "8480-6$", "8480-6$1$2", "$1", "8480-6$banana"])
def test_what_is_no_composite_is_refused(value: str, paris: Context) -> None:
    with pytest.raises(Incorrect, match=r"^code-value-quantity: "):
        parse("Observation", [("code-value-quantity", value)], paris)


def test_a_composite_takes_no_modifier(paris: Context) -> None:
    with pytest.raises(Unsupported):
        parse("Observation", [("code-value-quantity:missing", "true")], paris)
