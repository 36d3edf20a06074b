"""What is masked says what it is, whose and when, and nothing more."""

import json

import pytest

from egide import fhir
from egide.errors import EgideError
from egide.fhir.masking import masked
from egide.fhir.summary import is_subset

LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
BODIES = {
    "Observation": {
        "status": "final",
        "code": {"text": "secret"},
        "subject": {"reference": "Patient/1", "display": "secret"},
        "performer": [{"reference": "Practitioner/secret"}],
        "effectiveDateTime": "2024-05-01",
        "valueString": "secret",
        "note": [{"text": "secret"}],
        "contained": [{"resourceType": "Patient", "id": "secret"}],
    },
    "Appointment": {
        "status": "booked",
        "description": "secret",
        "participant": [{"actor": {"reference": "Patient/secret"}, "status": "accepted"}],
    },
    "DocumentReference": {
        "status": "current",
        "subject": {"reference": "Patient/1"},
        "content": [{"attachment": {"title": "secret"}}],
    },
    "Patient": {"name": [{"family": "secret"}], "birthDate": "2000-01-01"},
    "MedicationRequest": {
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "secret"},
        "subject": {"reference": "Patient/1"},
    },
    "Consent": {
        "status": "active",
        "scope": {"text": "secret"},
        "category": [{"text": "secret"}],
        "patient": {"reference": "Patient/1"},
    },
}


@pytest.mark.parametrize("type", BODIES)
def test_nothing_of_the_content_stays_and_the_part_says_so(type: str) -> None:
    meta = {
        "versionId": "3",
        "security": [LABEL, {"system": "urn:x", "code": "secret"}],
        "tag": [{"system": "urn:x", "code": "secret"}],
    }
    body = json.dumps({"resourceType": type, "id": "i", "meta": meta, **BODIES[type]},
                      separators=(",", ":")).encode()  # fmt: skip
    out = masked(type, body)
    assert b"secret" not in out
    assert is_subset(out)
    read = json.loads(out)
    assert (read["resourceType"], read["id"], read["meta"]["versionId"]) == (type, "i", "3")
    assert read["meta"]["security"] == [LABEL]
    assert read.get("status") == BODIES[type].get("status")
    if "subject" in BODIES[type]:
        assert read["subject"] == {"reference": "Patient/1"}


@pytest.mark.parametrize("type", ["Observation", "DocumentReference", "MedicationRequest"])
def test_what_stays_is_a_resource_still(type: str) -> None:
    body = json.dumps({"resourceType": type, "id": "i", "meta": {}, **BODIES[type]}).encode()
    try:
        fhir.decode(masked(type, body), type=type)
    except EgideError as error:
        pytest.fail(str(error.issues))


def test_a_deletion_stays_empty() -> None:
    assert masked("Observation", b"") == b""
