"""References that are not well formed, or to a type their element does not allow.

https://hl7.org/fhir/R4/references.html
"""

import pytest


def observation(**elements):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "code"},
        **elements,
    }


def subject(**reference):
    return observation(subject=reference)


PATIENT = "Observation.subject.reference"

# name: (body, issue code, FHIRPath location)
CASES = {
    "a relative reference to a wrong type": (subject(reference="Practitioner/1"), "value", PATIENT),
    "a reference to a version of a wrong type": (
        subject(reference="Practitioner/1/_history/2"),
        "value",
        PATIENT,
    ),
    "an absolute reference to a wrong type": (
        subject(reference="https://example.org/fhir/Practitioner/1"),
        "value",
        PATIENT,
    ),
    "an unknown type": (subject(reference="Banana/1"), "value", PATIENT),
    "an abstract type": (subject(reference="DomainResource/1"), "value", PATIENT),
    "a type in lower case": (subject(reference="patient/1"), "value", PATIENT),
    "an id alone": (subject(reference="1"), "value", PATIENT),
    "a type alone": (subject(reference="Patient"), "value", PATIENT),
    "a type and a slash": (subject(reference="Patient/"), "value", PATIENT),
    "an id that is not one": (subject(reference="Patient/a_b"), "value", PATIENT),
    "a slash too many": (subject(reference="/Patient/1"), "value", PATIENT),
    "a space": (subject(reference="Patient/1 "), "value", PATIENT),
    "a space in a URL": (subject(reference="https://example.org/a b"), "value", PATIENT),
    "nothing in it": (subject(reference=""), "value", PATIENT),
    "a number": (subject(reference=5), "structure", PATIENT),
    "a version without number": (subject(reference="Patient/1/_history"), "value", PATIENT),
    "a search outside a transaction": (
        subject(reference="Patient?identifier=a|b"),
        "value",
        PATIENT,
    ),
    "a search for a wrong type": (
        subject(reference="Practitioner?identifier=a|b"),
        "value",
        PATIENT,
    ),
    "the same in an array": (
        observation(performer=[{"display": "a"}, {"reference": "Location/1"}]),
        "value",
        "Observation.performer[1].reference",
    ),
    "in a backbone element": (
        {
            "resourceType": "Patient",
            "link": [{"other": {"reference": "Group/1"}, "type": "refer"}],
        },
        "value",
        "Patient.link[0].other.reference",
    ),
    "in a data type": (
        {
            "resourceType": "Patient",
            "identifier": [{"value": "a", "assigner": {"reference": "Patient/1"}}],
        },
        "value",
        "Patient.identifier[0].assigner.reference",
    ),
    "in a choice": (
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "medicationReference": {"reference": "Substance/1"},
            "subject": {"display": "a"},
        },
        "value",
        "MedicationRequest.medication.reference",
    ),
    "an unknown type in an extension, where any known may be": (
        {
            "resourceType": "Patient",
            "extension": [{"url": "u", "valueReference": {"reference": "Banana/1"}}],
        },
        "value",
        "Patient.extension[0].value.reference",
    ),
    "Reference.type of a wrong type": (
        subject(type="Practitioner", display="a"),
        "value",
        "Observation.subject.type",
    ),
    "Reference.type that is no type": (
        subject(type="Person's name", display="a"),
        "value",
        "Observation.subject.type",
    ),
    "Reference.type other than the reference's": (
        subject(reference="Patient/1", type="Group"),
        "value",
        "Observation.subject.type",
    ),
    "a fragment without contained resource": (
        subject(reference="#p"),
        "invariant",
        PATIENT,
    ),
    "a fragment of nothing, outside": (subject(reference="#"), "invariant", PATIENT),
    "a fragment with another id than the contained resource": (
        observation(
            contained=[{"resourceType": "Patient", "id": "p"}],
            subject={"reference": "#p"},
            focus=[{"reference": "#q"}],
        ),
        "invariant",
        "Observation.focus[0].reference",
    ),
    "an empty reference": (observation(subject={}), "structure", "Observation.subject"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_where_and_for_what_it_is(name, refusal):
    body, code, expression = CASES[name]
    found = refusal(body)
    assert (code, expression) in found
    assert {place for _, place in found} <= {expression, "Observation.subject.type"}


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Patient/1"},
        {"reference": "Patient/a-b.C/_history/3"},
        {"reference": "https://example.org/fhir/Group/1"},
        {"reference": "http://example.org/anything/else"},
        {"reference": "https://example.org/Banana/1"},
        {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
        {"reference": "urn:oid:1.2.3"},
        {"reference": "Patient/1", "type": "Patient"},
        {"type": "Patient", "identifier": {"value": "a"}},
        {"type": "http://example.org/LogicalModel", "display": "a"},
        {"identifier": {"value": "a"}},
        {"display": "a"},
    ],
)
def test_a_well_formed_reference_is_taken(reference, accepted):
    accepted(subject(**reference))


def test_a_search_is_taken_where_a_transaction_allows_it(accepted):
    accepted(subject(reference="Patient?identifier=a|b"), conditional=True)
