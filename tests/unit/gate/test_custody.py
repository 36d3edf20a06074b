"""Of which establishment a resource says it is."""

from typing import Any

import pytest

from egide.fhir.definitions import type_definition
from egide.gate.custody import CUSTODY, elsewhere, may_name

HOSPITAL = frozenset({"here", "ward"})
HERE = {"reference": "Organization/here"}
THERE = {"reference": "Organization/there"}


@pytest.mark.parametrize(
    "held",
    [THERE, [THERE], {"display": "Here"}, {"reference": "#here"}, {"identifier": {"value": "here"}},
     {"reference": "https://other/fhir/Organization/here"}, {"reference": "Location/here"}, []],
)  # fmt: skip
def test_what_names_another_or_nobody_that_is_understood_is_elsewhere(held: Any) -> None:
    for type, element in CUSTODY.items():
        assert elsewhere(type, {element: held}, HOSPITAL)


@pytest.mark.parametrize(
    "held",
    [
        HERE,
        [THERE, HERE],
        {"reference": "Organization/ward"},
        {"reference": "Organization/here/_history/1"},
    ],
)
def test_what_names_this_one_is_not_elsewhere(held: Any) -> None:
    for type, element in CUSTODY.items():
        assert not elsewhere(type, {element: held}, HOSPITAL)


def test_what_names_none_goes_with_its_patients() -> None:
    assert not elsewhere("Encounter", {}, HOSPITAL)
    assert not elsewhere("Observation", {"performer": [THERE]}, HOSPITAL)
    assert not elsewhere("Patient", {"managingOrganization": THERE}, HOSPITAL)
    assert not may_name("Patient")


def test_a_document_is_of_whom_its_composition_names() -> None:
    def document(type: str, **more: Any) -> dict[str, Any]:
        return {"entry": [{"resource": {"resourceType": type, **more}}]}

    assert elsewhere("Bundle", document("Composition", custodian=THERE), HOSPITAL)
    assert not elsewhere("Bundle", document("Composition", custodian=HERE), HOSPITAL)
    assert not elsewhere("Bundle", document("Composition"), HOSPITAL)
    assert not elsewhere("Bundle", document("Encounter", serviceProvider=THERE), HOSPITAL)
    for empty in ({}, {"entry": []}, {"entry": [{}]}):
        assert not elsewhere("Bundle", empty, HOSPITAL)


def test_what_is_read_are_elements_of_the_standard_that_name_organizations() -> None:
    for type, element in CUSTODY.items():
        (found,) = (e for e in type_definition(type).elements if e.name == element)
        assert "Organization" in found.targets
