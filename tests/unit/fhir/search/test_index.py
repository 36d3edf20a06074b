"""What a row carries: references, patients, terms, days."""

from datetime import date
from typing import Any

import pytest

from egide.fhir.definitions import compartment
from egide.fhir.inline_labels import URL
from egide.fhir.search import STANDARD, WITHHELD, Indexer, index
from egide.fhir.search.edge import KEYED_APART
from egide.seal.owner import CONCERNED

Json = dict[str, Any]


def observed(**more: Any) -> Json:
    return {"resourceType": "Observation", "id": "o", **more}


def test_an_observation_is_indexed() -> None:
    found = index(
        "Observation",
        observed(
            meta={"tag": [{"system": "urn:t", "code": "Urgent"}], "profile": ["http://p|1.0"]},
            status="final",
            category=[{"coding": [{"code": "laboratory"}]}],
            code={"coding": [{"system": "http://loinc.org", "code": "718-7"}, {"code": "HB"}]},
            subject={"reference": "Patient/1"},
            encounter={"reference": "Encounter/2"},
            performer=[{"reference": "Practitioner/3"}, {"display": "somebody"}],
            effectiveDateTime="2024-05-06T10:00:00+02:00",
            valueQuantity={"value": 12},
        ),
    )
    assert found.references == [("encounter", "Encounter/2"), ("performer", "Practitioner/3")]
    assert found.about == [("subject", "Patient/1")]
    assert found.patients == {"1"}
    assert sorted(found.terms) == [
        ("_profile", "http://p"),
        ("_tag", "urgent"),
        ("category", "laboratory"),
        ("code", "718-7"),
        ("code", "hb"),
        ("status", "final"),
    ]
    assert (found.day, found.until) == (date(2024, 5, 6), date(2024, 5, 6))


def test_a_patient_is_indexed() -> None:
    found = index(
        "Patient",
        {
            "resourceType": "Patient",
            "id": "1",
            "identifier": [{"system": "urn:ipp", "value": "aB1"}, {"system": "urn:ipp"}],
            "name": [{"family": "D'Arc", "given": ["Jo", None], "prefix": ["Mme"]}],
            "birthDate": "1970-03",
            "gender": "female",
            "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}],
            "deceasedDateTime": "2020",
        },
    )
    assert found.patients == {"1"}
    assert found.references == [("link", "Patient/2")]
    assert (found.about, found.day, found.until) == ([], None, None)
    assert sorted(found.terms) == [
        ("birthdate", "1970"),
        ("birthdate", "1970-03"),
        ("identifier", "aB1"),
        ("name", "ar"),
        ("name", "arc"),
        ("name", "da"),
        ("name", "dar"),
        ("name", "darc"),
        ("name", "jo"),
    ]


def test_references_to_the_only_patient_are_kept_apart() -> None:
    resource = observed(
        subject={"reference": "Patient/1"},
        performer=[{"reference": "Patient/1"}],
        focus=[{"reference": "Patient/1"}, {"reference": "Patient/2"}],
    )
    found = index("Observation", resource)
    assert found.patients == {"1"}
    assert sorted(found.about) == [
        ("focus", "Patient/1"),
        ("performer", "Patient/1"),
        ("subject", "Patient/1"),
    ]
    assert found.references == [("focus", "Patient/2")]


def test_a_person_has_a_key_of_its_own_so_its_only_patient_is_kept() -> None:
    found = index("Person", {"id": "p", "link": [{"target": {"reference": "Patient/1"}}]})
    assert found.patients == {"1"}
    assert (found.about, found.references) == ([], [("link", "Patient/1")])


def test_every_other_type_of_the_compartment_is_under_its_patients_keys() -> None:
    assert set(compartment("Patient")) - CONCERNED == KEYED_APART


def test_with_several_patients_every_reference_is_kept() -> None:
    resource = observed(subject={"reference": "Patient/1"}, performer=[{"reference": "Patient/2"}])
    found = index("Observation", resource)
    assert found.patients == {"1", "2"}
    assert found.about == []
    assert sorted(found.references) == [("performer", "Patient/2"), ("subject", "Patient/1")]


def test_a_patient_who_is_only_mentioned_does_not_own_the_resource() -> None:
    found = index("Observation", observed(focus=[{"reference": "Patient/1"}]))
    assert found.patients == set()
    assert found.references == [("focus", "Patient/1")]


@pytest.mark.parametrize(
    ("type_", "resource", "patients"),
    [
        ("Appointment", {"participant": [{"actor": {"reference": "Patient/1"}}]}, {"1"}),
        (
            "Group",
            {"member": [{"entity": {"reference": f"Patient/{n}"}} for n in "12"]},
            {"1", "2"},
        ),
        ("Provenance", {"target": [{"reference": "Patient/1"}]}, {"1"}),
        ("Coverage", {"beneficiary": {"reference": "Patient/1"}}, {"1"}),
        ("Practitioner", {}, set()),
        ("Encounter", {"subject": {"reference": "Group/1"}}, set()),
        ("Composition", {"attester": [{"party": {"reference": "Patient/1"}}]}, {"1"}),
        ("AuditEvent", {"agent": [{"who": {"reference": "Patient/1"}}]}, {"1"}),
    ],
)
def test_the_compartment_is_told_by_its_own_parameters(
    type_: str, resource: Json, patients: set[str]
) -> None:
    assert index(type_, {"resourceType": type_, "id": "x", **resource}).patients == patients


@pytest.mark.parametrize(
    ("reference", "kept"),
    [
        ("Encounter/2", True),
        ("Encounter/2/_history/3", True),
        ("https://chu.example/fhir/Encounter/2", True),
        ("https://other.example/fhir/Encounter/2", False),
        ("#inside", False),
        ("urn:uuid:7c0f7c3e-0000-4000-8000-000000000000", False),
        ("Encounter?identifier=1", False),
        ("Nonsense/2", False),
    ],
)
def test_only_references_to_this_server_are_kept(reference: str, kept: bool) -> None:
    indexer = Indexer(bases=frozenset({"https://chu.example/fhir/"}))
    found = indexer.index("Observation", observed(encounter={"reference": reference}))
    assert found.references == ([("encounter", "Encounter/2")] if kept else [])


def test_a_reference_is_kept_once_for_all_parameters_that_read_it() -> None:
    participant = [{"individual": {"reference": "Practitioner/1"}}] * 2
    encounter = {"resourceType": "Encounter", "id": "e", "participant": participant}
    assert index("Encounter", encounter).references == [("participant", "Practitioner/1")]


@pytest.mark.parametrize(
    "labels",
    [
        {"meta": {"security": [{"system": _SYSTEM, "code": code}]}}
        for _SYSTEM, code in (
            ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R"),
            ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "HIV"),
            ("urn:oid:1.2.250.1.213.1.1.4.13", "MASQUE_PS"),
        )
    ],
)
def test_codes_under_a_sensitivity_label_get_no_term(labels: Json) -> None:
    labels["meta"]["tag"] = [{"code": "t"}]
    resource = observed(status="final", code={"coding": [{"code": "c"}]}, **labels)
    assert index("Observation", resource).terms == [("status", "final"), WITHHELD]


def test_what_holds_something_sensitive_gets_no_term_of_its_codes() -> None:
    confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    secret = observed(meta={"security": [{"system": confidentiality, "code": "R"}]})
    resource = observed(status="final", code={"coding": [{"code": "c"}]}, contained=[secret])
    assert index("Observation", resource).terms == [("status", "final"), WITHHELD]
    document = {"resourceType": "Bundle", "id": "b", "entry": [{"resource": resource}]}
    assert WITHHELD in index("Bundle", document).terms


def test_a_document_s_own_labels_count() -> None:
    confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    coding = {"coding": [{"code": "c"}]}
    label = {"coding": [{"system": confidentiality, "code": "V"}]}
    document = {"resourceType": "DocumentReference", "type": coding, "securityLabel": [label]}
    composition = {"resourceType": "Composition", "type": coding, "confidentiality": "R"}
    assert index("DocumentReference", document).terms == [WITHHELD]
    assert index("Composition", composition).terms == [WITHHELD]


def test_an_ordinary_label_withholds_nothing() -> None:
    confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    meta = {"security": [{"system": confidentiality, "code": "N"}]}
    found = index("Observation", observed(meta=meta, code={"coding": [{"code": "c"}]}))
    assert sorted(found.terms) == [("_security", "n"), ("code", "c")]


def test_nothing_is_indexed_of_what_is_not_there() -> None:
    found = index("Observation", observed())
    assert (found.references, found.about, found.terms) == ([], [], [])
    assert (found.patients, found.day) == (set(), None)


def test_an_establishment_s_own_list_is_kept_to() -> None:
    allowed = STANDARD.adding("Patient", "gender").without("Patient", "birthdate")
    patient = {"resourceType": "Patient", "id": "1", "gender": "male", "birthDate": "1970"}
    assert Indexer(allowed=allowed).index("Patient", patient).terms == [("gender", "male")]


def test_every_type_can_be_indexed(examples: list[Json]) -> None:
    types = set()
    for resource in examples:
        found = index(resource["resourceType"], {"id": "x", **resource})
        assert len(found.terms) <= 120
        assert all(isinstance(code, str) and isinstance(value, str) for code, value in found.terms)
        types.add(resource["resourceType"])
    assert len(types) > 50


def test_records_stay_within_the_budget_of_terms(synthetic: list[Json]) -> None:
    counts = sorted(len(index(r["resourceType"], r).terms) for r in synthetic)
    assert sum(counts) / len(counts) <= 12
    assert counts[int(len(counts) * 0.99)] <= 120


def test_synthea_stays_within_the_budget_of_terms(synthea: list[Json]) -> None:
    counts = sorted(len(index(r["resourceType"], r).terms) for r in synthea)
    assert sum(counts) / len(counts) <= 12
    assert counts[int(len(counts) * 0.99)] <= 120


def test_a_sensitive_label_at_an_element_withholds_codes_too() -> None:
    sensitive = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}
    resource = {
        "resourceType": "Observation",
        "meta": {"security": [{"code": "PROCESSINLINELABEL"}]},
        "status": "final",
        "code": {
            "extension": [{"url": URL, "valueCoding": sensitive}],
            "coding": [{"system": "http://loinc.org", "code": "1-1"}],
        },
    }
    assert index("Observation", resource).terms == [("status", "final"), WITHHELD]
    resource["meta"] = {}
    assert WITHHELD not in index("Observation", resource).terms, "the mark is what is asked for"
