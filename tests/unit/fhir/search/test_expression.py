"""Every standard search parameter's expression compiles, and reads what it says."""

from typing import Any

import pytest

from egide.errors import Unsupported
from egide.fhir.definitions import TYPES, search_parameters
from egide.fhir.search.expression import compile_expression, reader
from egide.fhir.search.parameter import READABLE, parameter

WITHOUT_EXPRESSION = {"_content", "_filter", "_query", "_text"}
ALL = [(type_, code) for type_ in TYPES for code in search_parameters(type_)]


def read(expression: str, resource: dict[str, Any]) -> list[Any]:
    """What `expression` finds in `resource`, path by path."""
    paths = compile_expression(expression, resource["resourceType"])
    return [value for path in paths for value in reader(path)(resource, resource)]


def test_every_standard_search_parameter_compiles() -> None:
    assert len(ALL) > 2_000
    failed = []
    for type_, code in ALL:
        found = parameter(type_, code)
        assert found is not None
        if found.kind == "composite":
            readable = all(c.sources for focus in found.focuses for c in focus.components)
        elif found.kind == "special" or code in WITHOUT_EXPRESSION:
            readable = True
        else:
            readable = bool(found.sources)
        if not readable:
            failed.append(f"{type_}.{code}")
    assert failed == []


def test_only_the_four_parameters_without_an_expression_read_nothing() -> None:
    empty = {code for type_, code in ALL if not search_parameters(type_)[code].expression}
    assert empty == WITHOUT_EXPRESSION


def test_sources_are_only_of_types_their_kind_is_compared_with() -> None:
    for type_, code in ALL:
        found = parameter(type_, code)
        assert found is not None
        assert found.types() <= READABLE.get(found.kind, frozenset())


@pytest.mark.parametrize(
    ("expression", "resource", "expected"),
    [
        ("Patient.name.family", {"name": [{"family": "A"}, {"family": "B"}]}, ["A", "B"]),
        ("Patient.name.given", {"name": [{"given": ["A", None, "B"]}]}, ["A", "B"]),
        ("Patient.active", {"active": False}, [False]),
        ("Patient.birthDate", {"_birthDate": {"extension": []}}, []),
        ("Patient.telecom.where(system='phone')", {"telecom": [{"system": "fax"}]}, []),
        (
            "Patient.telecom.where(system='phone')",
            {"telecom": [{"system": "phone", "value": "1"}]},
            [{"system": "phone", "value": "1"}],
        ),
        ("(Patient.deceased as dateTime)", {"deceasedBoolean": True}, []),
        ("(Patient.deceased as dateTime)", {"deceasedDateTime": "2020"}, ["2020"]),
        ("Patient.deceased.exists() and Patient.deceased != false", {}, [False]),
        (
            "Patient.deceased.exists() and Patient.deceased != false",
            {"deceasedBoolean": False},
            [False],
        ),
        (
            "Patient.deceased.exists() and Patient.deceased != false",
            {"deceasedDateTime": "2020"},
            [True],
        ),
        ("Patient.extension('urn:x')", {"extension": [{"url": "urn:y", "valueCode": "a"}]}, []),
        (
            "Patient.extension('urn:x')",
            {"extension": [{"url": "urn:x", "valueCode": "a"}]},
            ["a"],
        ),
    ],
)
def test_an_expression_reads_a_patient(
    expression: str, resource: dict[str, Any], expected: list[Any]
) -> None:
    assert read(expression, {"resourceType": "Patient", **resource}) == expected


def test_a_choice_is_read_under_each_of_its_types() -> None:
    for key in ("effectiveDateTime", "effectivePeriod", "effectiveTiming", "effectiveInstant"):
        assert read("Observation.effective", {"resourceType": "Observation", key: 1}) == [1]


def test_a_cast_reads_one_type_of_a_choice() -> None:
    observation = {"resourceType": "Observation", "valueQuantity": {"value": 1}}
    assert read("(Observation.value as Quantity)", observation) == [{"value": 1}]
    assert read("Observation.value.as(Quantity)", observation) == [{"value": 1}]
    assert read("Observation.value.ofType(string)", observation) == []


def test_a_cast_to_a_misspelt_type_is_taken_for_what_it_means() -> None:
    (path,) = compile_expression("value.as(DateTime)", "Observation")
    assert path.type == "dateTime"


def test_a_member_of_a_cast_is_read() -> None:
    observation = {"resourceType": "Observation", "valueCodeableConcept": {"text": "blue"}}
    assert read("(Observation.value as CodeableConcept).text", observation) == ["blue"]


@pytest.mark.parametrize(
    ("reference", "kept"),
    [
        ({"reference": "Patient/1"}, True),
        ({"reference": "Patient/1/_history/2"}, True),
        ({"reference": "https://elsewhere.example/Patient/1"}, True),
        ({"reference": "Group/1"}, False),
        ({"reference": "#inside"}, True),
        ({"reference": "#nowhere"}, False),
        ({"reference": "urn:uuid:7c0f7c3e-0000-4000-8000-000000000000"}, False),
        ({"type": "Patient", "identifier": {"value": "1"}}, True),
        ({"display": "somebody"}, False),
    ],
)
def test_resolve_is_patient_keeps_references_to_patients(
    reference: dict[str, Any], kept: bool
) -> None:
    resource = {
        "resourceType": "Observation",
        "contained": [{"resourceType": "Patient", "id": "inside"}],
        "subject": reference,
    }
    found = read("Observation.subject.where(resolve() is Patient)", resource)
    assert found == ([reference] if kept else [])


def test_the_first_entry_of_a_bundle_is_read() -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"id": "1"}}, {"resource": {}}]}
    assert read("Bundle.entry[0].resource", bundle) == [{"id": "1"}]


def test_an_item_with_an_extension_is_read() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject"
    expression = f"QuestionnaireResponse.item.where(hasExtension('{url}')).answer.value"
    subject = {"extension": [{"url": url}], "answer": [{"valueReference": {"reference": "a"}}]}
    response = {"resourceType": "QuestionnaireResponse", "item": [{"linkId": "1"}, subject]}
    assert read(f"{expression}.ofType(Reference)", response) == [{"reference": "a"}]


@pytest.mark.parametrize(
    "expression",
    [
        "Patient.nonsense",
        "Patient.name.first()",
        "Patient.name + 1",
        "Patient.name.",
        "(Patient.id",
    ],
)
def test_what_is_not_in_the_subset_is_refused_by_name(expression: str) -> None:
    with pytest.raises(Unsupported) as refused:
        compile_expression(expression, "Patient")
    assert expression in refused.value.message
