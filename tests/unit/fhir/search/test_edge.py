"""Edges: one for each place a reference is kept, found by every parameter that reads it."""

import pytest

from egide.fhir.definitions import TYPES, compartment, search_parameters
from egide.fhir.search import Edge, edge, parameter, patient_edges


@pytest.mark.parametrize(
    ("type_", "code", "expected"),
    [
        ("Observation", "subject", Edge("subject", None)),
        ("Observation", "patient", Edge("subject", "Patient")),
        ("Encounter", "practitioner", Edge("participant", "Practitioner")),
        ("Encounter", "participant", Edge("participant", None)),
        ("Claim", "patient", Edge("patient", None)),
        ("Appointment", "location", Edge("actor", "Location")),
        ("Person", "relatedperson", Edge("link", "RelatedPerson")),
    ],
)
def test_a_parameter_is_found_along_its_edge(type_: str, code: str, expected: Edge) -> None:
    assert edge(type_, code) == expected


def test_every_reference_parameter_has_an_edge() -> None:
    for type_ in TYPES:
        for code, definition in search_parameters(type_).items():
            found = parameter(type_, code)
            assert found is not None
            if definition.type == "reference" and "Reference" in found.types():
                kept = edge(type_, code)
                assert edge(type_, kept.parameter).parameter == kept.parameter


def test_what_is_no_reference_has_no_edge() -> None:
    with pytest.raises(KeyError):
        edge("Observation", "code")


def test_the_edges_of_a_compartment_are_those_of_its_parameters() -> None:
    assert patient_edges("Observation") == {"subject", "performer"}
    assert patient_edges("Claim") == {"patient", "payee"}
    assert patient_edges("Practitioner") == frozenset()
    for type_, codes in compartment("Patient").items():
        named = [code for code in codes if not code.startswith("{")]
        assert len(patient_edges(type_)) <= len(named)
        assert patient_edges(type_) or not named
