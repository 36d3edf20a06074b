"""Codes outside a required code list. https://hl7.org/fhir/R4/terminologies.html#required"""

import pytest

CODE = {"text": "code"}
SUBJECT = {"display": "someone"}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def observation(**elements):
    return {"resourceType": "Observation", "status": "final", "code": CODE, **elements}


def condition(**elements):
    return {"resourceType": "Condition", "subject": SUBJECT, **elements}


# name: (body, FHIRPath location)
CASES = {
    "gender: banana": (patient(gender="banana"), "Patient.gender"),
    "gender in upper case": (patient(gender="Male"), "Patient.gender"),
    "gender by one letter": (patient(gender="M"), "Patient.gender"),
    "a gender with a space": (patient(gender="male "), "Patient.gender"),
    "a gender's display": (
        patient(contact=[{"name": {"text": "a"}, "gender": "homme"}]),
        "Patient.contact[0].gender",
    ),
    "the use of a name": (patient(name=[{"text": "a", "use": "birth"}]), "Patient.name[0].use"),
    "the use of an address": (
        patient(address=[{"text": "a", "use": "house"}]),
        "Patient.address[0].use",
    ),
    "the type of an address": (
        patient(address=[{"text": "a", "type": "post"}]),
        "Patient.address[0].type",
    ),
    "the use of an identifier": (
        patient(identifier=[{"value": "a", "use": "x"}]),
        "Patient.identifier[0].use",
    ),
    "the system of a contact point": (
        patient(telecom=[{"system": "mobile", "value": "a"}]),
        "Patient.telecom[0].system",
    ),
    "the use of a contact point": (patient(telecom=[{"use": "cell"}]), "Patient.telecom[0].use"),
    "the type of a link": (patient(link=[{"other": SUBJECT, "type": "x"}]), "Patient.link[0].type"),
    "the status of a narrative": (
        patient(text={"status": "x", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'}),
        "Patient.text.status",
    ),
    "the status of an observation": (observation(status="done"), "Observation.status"),
    "the comparator of a quantity": (
        observation(valueQuantity={"value": 1, "comparator": "~"}),
        "Observation.value.comparator",
    ),
    "the unit of a timing": (
        observation(effectiveTiming={"repeat": {"period": 1, "periodUnit": "days"}}),
        "Observation.effective.repeat.periodUnit",
    ),
    "a weekday": (
        observation(effectiveTiming={"repeat": {"dayOfWeek": ["mon", "lundi"]}}),
        "Observation.effective.repeat.dayOfWeek[1]",
    ),
    "the status of an encounter": (
        {
            "resourceType": "Encounter",
            "status": "arrived-late",
            "class": {"code": "AMB"},
        },
        "Encounter.status",
    ),
    "the intent of a request": (
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "wish",
            "subject": SUBJECT,
        },
        "ServiceRequest.intent",
    ),
    "the priority of a request": (
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "priority": "high",
            "subject": SUBJECT,
        },
        "ServiceRequest.priority",
    ),
    "the status of a medication request": (
        {
            "resourceType": "MedicationRequest",
            "status": "new",
            "intent": "order",
            "medicationCodeableConcept": CODE,
            "subject": SUBJECT,
        },
        "MedicationRequest.status",
    ),
    "one of an array of codes": (
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": coded(ALLERGY, "active"),
            "category": ["food", "pollen"],
            "patient": SUBJECT,
        },
        "AllergyIntolerance.category[1]",
    ),
    "the type of a group": (
        {"resourceType": "Group", "type": "people", "actual": True},
        "Group.type",
    ),
    "the type of a bundle": ({"resourceType": "Bundle", "type": "zip"}, "Bundle.type"),
    "the method of an entry's request": (
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"request": {"method": "FETCH", "url": "Patient/1"}}],
        },
        "Bundle.entry[0].request.method",
    ),
    "a resource type": (
        {
            "resourceType": "CompartmentDefinition",
            "url": "u",
            "name": "a",
            "status": "draft",
            "code": "Patient",
            "search": True,
            "resource": [{"code": "Banana"}],
        },
        "CompartmentDefinition.resource[0].code",
    ),
    "a version of FHIR": (
        {
            "resourceType": "ImplementationGuide",
            "url": "u",
            "name": "A",
            "status": "draft",
            "packageId": "a",
            "fhirVersion": ["9.9.9"],
        },
        "ImplementationGuide.fhirVersion[0]",
    ),
    "the severity of an issue": (
        {"resourceType": "OperationOutcome", "issue": [{"severity": "bad", "code": "invalid"}]},
        "OperationOutcome.issue[0].severity",
    ),
    "a media type": (
        {"resourceType": "Binary", "contentType": "banana", "data": "QUJD"},
        "Binary.contentType",
    ),
    "a media type of an attachment": (
        patient(photo=[{"contentType": "an image", "data": "QUJD"}]),
        "Patient.photo[0].contentType",
    ),
    "a currency": (
        {
            "resourceType": "Invoice",
            "status": "issued",
            "totalNet": {"value": 5, "currency": "euros"},
        },
        "Invoice.totalNet.currency",
    ),
    "a currency in lower case": (
        {
            "resourceType": "Invoice",
            "status": "issued",
            "totalNet": {"value": 5, "currency": "eur"},
        },
        "Invoice.totalNet.currency",
    ),
    "the code of a concept": (
        condition(clinicalStatus=coded(CLINICAL, "banana")),
        "Condition.clinicalStatus",
    ),
    "the system of a concept": (
        condition(clinicalStatus=coded("http://example.org/other", "active")),
        "Condition.clinicalStatus",
    ),
    "a concept without system": (
        condition(clinicalStatus={"coding": [{"code": "active"}]}),
        "Condition.clinicalStatus",
    ),
    "a concept of text alone": (
        condition(clinicalStatus={"text": "active"}),
        "Condition.clinicalStatus",
    ),
    "the verification of a condition": (
        condition(verificationStatus=coded(CLINICAL, "confirmed")),
        "Condition.verificationStatus",
    ),
    "the clinical status of an allergy": (
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": coded(CLINICAL, "active"),
            "patient": SUBJECT,
        },
        "AllergyIntolerance.clinicalStatus",
    ),
    "the severity of an adverse event": (
        {
            "resourceType": "AdverseEvent",
            "actuality": "actual",
            "subject": SUBJECT,
            "severity": {"text": "bad"},
        },
        "AdverseEvent.severity",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_where_it_is(name, refusal):
    body, expression = CASES[name]
    assert refusal(body) == [("code-invalid", expression)]
