"""What is masked says what it is, whose and when, and nothing more."""

import json

import pytest

from egide import fhir
from egide.errors import EgideError
from egide.fhir.masking import masked
from egide.fhir.summary import is_subset

LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
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


def test_chosen_elements_are_shown_bare() -> None:
    body = {
        "resourceType": "Appointment",
        "id": "i",
        "meta": {},
        "status": "booked",
        "serviceCategory": [
            {"text": "secret", "coding": [{"system": "s", "code": "c", "display": "secret"}]},
            {"text": "secret"},
        ],
        "reasonCode": [{"text": "secret"}],
        "start": "2026-05-01T10:00:00Z",
        "_start": {"extension": [{"url": "urn:x", "valueString": "secret"}]},
        "end": "2026-05-01T10:30:00Z",
        "comment": "secret",
        "participant": [
            {
                "actor": {"reference": "Patient/1", "display": "secret"},
                "type": [{"text": "secret"}],
                "status": "accepted",
            },
            {"actor": {"reference": "Practitioner/secret"}, "status": "accepted"},
        ],
    }
    shown = {"end", "serviceCategory", "participant.actor:Patient"}
    out = json.loads(masked("Appointment", json.dumps(body).encode(), shown))
    absent = {"extension": [{"url": f"{ABSENT_REASON}", "valueCode": "masked"}]}
    assert {name: out[name] for name in out if name not in ("resourceType", "id", "meta")} == {
        "status": "booked",
        "serviceCategory": [{"coding": [{"system": "s", "code": "c"}]}],
        "start": "2026-05-01T10:00:00Z",
        "end": "2026-05-01T10:30:00Z",
        "participant": [
            {"actor": {"reference": "Patient/1"}, "_status": absent},
            {"_status": absent},
        ],
    }


def test_a_date_that_is_written_in_words_is_masked() -> None:
    body = b'{"resourceType":"Condition","id":"i","meta":{},"onsetString":"since the secret"}'
    assert b"secret" not in masked("Condition", body, {"onset"})


def test_a_reference_to_what_is_contained_is_not_shown() -> None:
    body = (
        b'{"resourceType":"Observation","id":"i","meta":{},"encounter":{"reference":"#secret"},'
        b'"contained":[{"resourceType":"Encounter","id":"secret"}]}'
    )
    assert b"secret" not in masked("Observation", body, {"encounter"})
