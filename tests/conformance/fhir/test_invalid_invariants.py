"""Invariants of the standard, each broken once.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

import pytest

CODE = {"text": "a"}
WHO = {"display": "a"}
UCUM = "http://unitsofmeasure.org"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/{}"


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def extension(**elements):
    return patient(extension=[{"url": "u", **elements}])


def observation(**elements):
    return {"resourceType": "Observation", "status": "final", "code": CODE, **elements}


def timing(**repeat):
    return observation(effectiveTiming={"repeat": repeat})


def coded(system, code):
    return {"coding": [{"system": VERIFICATION.format(system), "code": code}]}


def condition(**elements):
    return {"resourceType": "Condition", "subject": WHO, **elements}


def questionnaire(**item):
    return {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [{"linkId": "1", "type": "string", **item}],
    }


def consent(**elements):
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": CODE,
        "category": [CODE],
        "policyRule": CODE,
        **elements,
    }


def list_(**elements):
    return {"resourceType": "List", "status": "current", "mode": "working", **elements}


ITEM = "Questionnaire.item[0]"
REPEAT = "Observation.effective.repeat"

# key of the invariant, and what breaks it: (body, FHIRPath location)
CASES = {
    "ext-1 neither value nor extensions": (extension(), "Patient.extension[0]"),
    "ext-1 both": (
        extension(valueCode="a", extension=[{"url": "v", "valueCode": "b"}]),
        "Patient.extension[0]",
    ),
    "ext-1 in an extension": (
        extension(extension=[{"url": "v"}]),
        "Patient.extension[0].extension[0]",
    ),
    "ext-1 an id is neither": (extension(id="a"), "Patient.extension[0]"),
    "ext-1 on a primitive": (
        patient(_birthDate={"extension": [{"url": "u"}]}),
        "Patient.birthDate.extension[0]",
    ),
    "per-1 days": (
        patient(name=[{"text": "a", "period": {"start": "2020-02-01", "end": "2020-01-31"}}]),
        "Patient.name[0].period",
    ),
    "per-1 years": (
        patient(name=[{"text": "a", "period": {"start": "2021", "end": "2020"}}]),
        "Patient.name[0].period",
    ),
    "per-1 different precisions": (
        patient(name=[{"text": "a", "period": {"start": "2021-03", "end": "2020"}}]),
        "Patient.name[0].period",
    ),
    "per-1 different zones": (
        observation(
            effectivePeriod={
                "start": "2020-01-01T23:00:00-10:00",
                "end": "2020-01-02T00:00:00Z",
            }
        ),
        "Observation.effective",
    ),
    "per-1 fractions": (
        observation(
            effectivePeriod={
                "start": "2020-01-01T00:00:00.25Z",
                "end": "2020-01-01T00:00:00.125Z",
            }
        ),
        "Observation.effective",
    ),
    "rng-2": (
        observation(valueRange={"low": {"value": 2}, "high": {"value": 1.5}}),
        "Observation.value",
    ),
    "rat-1 without denominator": (
        observation(valueRatio={"numerator": {"value": 1}}),
        "Observation.value",
    ),
    "rat-1 without numerator": (
        observation(valueRatio={"denominator": {"value": 1}}),
        "Observation.value",
    ),
    "qty-3": (observation(valueQuantity={"value": 1, "code": "mg"}), "Observation.value"),
    "cpt-2": (patient(telecom=[{"value": "0123456789"}]), "Patient.telecom[0]"),
    "att-1": (patient(photo=[{"data": "QUJD"}]), "Patient.photo[0]"),
    "age-1 without code": (condition(onsetAge={"value": 5}), "Condition.onset"),
    "age-1 another system": (
        condition(onsetAge={"value": 5, "code": "a", "system": "urn:x"}),
        "Condition.onset",
    ),
    "age-1 zero": (
        condition(onsetAge={"value": 0, "code": "a", "system": UCUM}),
        "Condition.onset",
    ),
    "drt-1 another system": (
        timing(boundsDuration={"value": 1, "code": "d", "system": "urn:x"}),
        f"{REPEAT}.bounds",
    ),
    "drt-1 without value": (
        timing(boundsDuration={"code": "d", "system": UCUM}),
        f"{REPEAT}.bounds",
    ),
    "dis-1": (
        extension(valueDistance={"value": 5}),
        "Patient.extension[0].value",
    ),
    "cnt-3 a fraction": (
        extension(valueCount={"value": 1.5, "code": "1", "system": UCUM}),
        "Patient.extension[0].value",
    ),
    "cnt-3 another code": (
        extension(valueCount={"value": 1, "code": "kg", "system": UCUM}),
        "Patient.extension[0].value",
    ),
    "tim-1": (timing(duration=1), REPEAT),
    "tim-2": (timing(period=1), REPEAT),
    "tim-4": (timing(duration=-1, durationUnit="d"), f"{REPEAT}.duration"),
    "tim-5": (timing(period=-0.5, periodUnit="d"), f"{REPEAT}.period"),
    "tim-6": (timing(periodMax=1), REPEAT),
    "tim-7": (timing(durationMax=1), REPEAT),
    "tim-8": (timing(countMax=1), REPEAT),
    "tim-9 without when": (timing(offset=5), REPEAT),
    "tim-9 with a meal": (timing(offset=5, when=["C"]), REPEAT),
    "tim-10": (timing(timeOfDay=["10:00:00"], when=["MORN"]), REPEAT),
    "pat-1": (patient(contact=[{"gender": "male"}]), "Patient.contact[0]"),
    "obs-3": (
        observation(referenceRange=[{"age": {"low": {"value": 1}}}]),
        "Observation.referenceRange[0]",
    ),
    "obs-6": (observation(valueString="a", dataAbsentReason=CODE), "Observation"),
    "obs-7": (
        {
            **observation(valueInteger=1),
            "code": {"coding": [{"system": "urn:x", "code": "a"}]},
            "component": [
                {"code": {"coding": [{"system": "urn:x", "code": "b"}]}},
                {"code": {"coding": [{"system": "urn:x", "code": "a"}]}},
            ],
        },
        "Observation.component[1].code",
    ),
    "con-1": (condition(stage=[{"type": CODE}]), "Condition.stage[0]"),
    "con-2": (
        condition(evidence=[{"extension": [{"url": "u", "valueCode": "a"}]}]),
        "Condition.evidence[0]",
    ),
    "con-4 without status": (condition(abatementDateTime="2020"), "Condition"),
    "con-4 an active status": (
        condition(
            abatementString="a",
            clinicalStatus=coded("condition-clinical", "active"),
        ),
        "Condition",
    ),
    "con-5": (
        condition(
            clinicalStatus=coded("condition-clinical", "active"),
            verificationStatus=coded("condition-ver-status", "entered-in-error"),
        ),
        "Condition",
    ),
    "ait-1": ({"resourceType": "AllergyIntolerance", "patient": WHO}, "AllergyIntolerance"),
    "ait-2": (
        {
            "resourceType": "AllergyIntolerance",
            "patient": WHO,
            "clinicalStatus": coded("allergyintolerance-clinical", "active"),
            "verificationStatus": coded("allergyintolerance-verification", "entered-in-error"),
        },
        "AllergyIntolerance",
    ),
    "org-1": ({"resourceType": "Organization", "active": True}, "Organization"),
    "org-2": (
        {
            "resourceType": "Organization",
            "name": "a",
            "address": [{"text": "a"}, {"text": "b", "use": "home"}],
        },
        "Organization.address[1]",
    ),
    "org-3": (
        {
            "resourceType": "Organization",
            "name": "a",
            "telecom": [{"system": "phone", "value": "1", "use": "home"}],
        },
        "Organization.telecom[0]",
    ),
    "app-1": (
        {
            "resourceType": "Appointment",
            "status": "proposed",
            "participant": [{"status": "accepted"}],
        },
        "Appointment.participant[0]",
    ),
    "app-2": (
        {
            "resourceType": "Appointment",
            "status": "proposed",
            "start": "2020-01-01T10:00:00Z",
            "participant": [{"actor": WHO, "status": "accepted"}],
        },
        "Appointment",
    ),
    "app-3": (
        {
            "resourceType": "Appointment",
            "status": "booked",
            "participant": [{"actor": WHO, "status": "accepted"}],
        },
        "Appointment",
    ),
    "apr-1": (
        {
            "resourceType": "AppointmentResponse",
            "appointment": WHO,
            "participantStatus": "accepted",
        },
        "AppointmentResponse",
    ),
    "cmp-1": (
        {
            "resourceType": "Composition",
            "status": "final",
            "type": CODE,
            "date": "2020",
            "author": [WHO],
            "title": "a",
            "section": [{"title": "a"}],
        },
        "Composition.section[0]",
    ),
    "cpl-3": (
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "subject": WHO,
            "activity": [{"reference": WHO, "detail": {"status": "completed"}}],
        },
        "CarePlan.activity[0]",
    ),
    "fhs-1": (
        {
            "resourceType": "FamilyMemberHistory",
            "status": "completed",
            "patient": WHO,
            "relationship": CODE,
            "ageString": "a",
            "bornString": "b",
        },
        "FamilyMemberHistory",
    ),
    "fhs-2": (
        {
            "resourceType": "FamilyMemberHistory",
            "status": "completed",
            "patient": WHO,
            "relationship": CODE,
            "estimatedAge": True,
        },
        "FamilyMemberHistory",
    ),
    "gol-1": (
        {
            "resourceType": "Goal",
            "lifecycleStatus": "active",
            "description": CODE,
            "subject": WHO,
            "target": [{"detailString": "a"}],
        },
        "Goal.target[0]",
    ),
    "grp-1": (
        {
            "resourceType": "Group",
            "type": "person",
            "actual": False,
            "member": [{"entity": WHO}],
        },
        "Group",
    ),
    "imm-1": (
        {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": CODE,
            "patient": WHO,
            "occurrenceString": "a",
            "education": [{"publicationDate": "2020"}],
        },
        "Immunization.education[0]",
    ),
    "lnk-1": (
        {"resourceType": "Linkage", "item": [{"type": "source", "resource": WHO}]},
        "Linkage",
    ),
    "lst-1": (list_(emptyReason=CODE, entry=[{"item": WHO}]), "List"),
    "mad-1": (
        {
            "resourceType": "MedicationAdministration",
            "status": "completed",
            "medicationCodeableConcept": CODE,
            "subject": WHO,
            "effectiveDateTime": "2020",
            "dosage": {"text": "a"},
        },
        "MedicationAdministration.dosage",
    ),
    "mdd-1": (
        {
            "resourceType": "MedicationDispense",
            "status": "completed",
            "medicationCodeableConcept": CODE,
            "whenPrepared": "2020-02-01",
            "whenHandedOver": "2020-01-01",
        },
        "MedicationDispense.whenHandedOver",
    ),
    "ppc-1": (
        {key: value for key, value in consent().items() if key != "policyRule"},
        "Consent",
    ),
    "prr-1": (
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "subject": WHO,
            "orderDetail": [CODE],
        },
        "ServiceRequest",
    ),
    "qrs-1": (
        {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "item": [
                {
                    "linkId": "1",
                    "answer": [{"valueString": "a"}],
                    "item": [{"linkId": "2"}],
                }
            ],
        },
        "QuestionnaireResponse.item[0]",
    ),
    "que-2": (
        {
            "resourceType": "Questionnaire",
            "status": "draft",
            "item": [
                {"linkId": "1", "type": "group", "item": [{"linkId": "2", "type": "string"}]},
                {"linkId": "2", "type": "string"},
            ],
        },
        "Questionnaire.item[0].item[0].linkId",
    ),
    "que-3": (questionnaire(type="display", code=[{"code": "a"}]), ITEM),
    "que-4": (
        questionnaire(
            type="choice",
            answerOption=[{"valueString": "a"}],
            answerValueSet="urn:x",
        ),
        ITEM,
    ),
    "que-5": (questionnaire(type="boolean", answerOption=[{"valueString": "a"}]), ITEM),
    "que-6": (questionnaire(type="display", required=True), ITEM),
    "que-7": (
        questionnaire(
            enableWhen=[{"question": "2", "operator": "exists", "answerString": "a"}],
        ),
        f"{ITEM}.enableWhen[0]",
    ),
    "que-8": (questionnaire(type="group", initial=[{"valueString": "a"}]), ITEM),
    "que-9": (questionnaire(type="display", readOnly=True), ITEM),
    "que-10": (questionnaire(type="date", maxLength=5), ITEM),
    "que-11": (
        questionnaire(
            type="choice",
            answerOption=[{"valueString": "a"}],
            initial=[{"valueString": "a"}],
        ),
        ITEM,
    ),
    "que-13": (questionnaire(initial=[{"valueString": "a"}, {"valueString": "b"}]), ITEM),
    "rqg-1": (
        {
            "resourceType": "RequestGroup",
            "status": "active",
            "intent": "plan",
            "action": [{"title": "a"}],
        },
        "RequestGroup.action[0]",
    ),
    "inv-1": (
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "authoredOn": "2020-02-01",
            "lastModified": "2020-01-01",
        },
        "Task.lastModified",
    ),
    "sev-1": (
        {
            "resourceType": "AuditEvent",
            "type": {"code": "a"},
            "recorded": "2020-01-01T00:00:00Z",
            "agent": [{"requestor": True}],
            "source": {"observer": WHO},
            "entity": [{"name": "a", "query": "QUJD"}],
        },
        "AuditEvent.entity[0]",
    ),
    "vsd-1": (
        {
            "resourceType": "ValueSet",
            "status": "draft",
            "compose": {"include": [{"version": "1"}]},
        },
        "ValueSet.compose.include[0]",
    ),
    "vsd-3": (
        {
            "resourceType": "ValueSet",
            "status": "draft",
            "compose": {
                "include": [
                    {
                        "system": "urn:x",
                        "concept": [{"code": "a"}],
                        "filter": [{"property": "a", "op": "=", "value": "a"}],
                    }
                ]
            },
        },
        "ValueSet.compose.include[0]",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_where_it_is(name, refusal):
    body, expression = CASES[name]
    assert refusal(body) == [("invariant", expression)]


@pytest.mark.parametrize(
    "body",
    [
        extension(valueCode="a"),
        extension(id="a", valueCode="a"),
        extension(extension=[{"url": "v", "valueCode": "a"}]),
        observation(effectivePeriod={"start": "2020", "end": "2020-01"}),
        observation(effectivePeriod={"start": "2020-01-01", "end": "2020-01-01"}),
        observation(
            effectivePeriod={"start": "2020-01-02T00:00:00+10:00", "end": "2020-01-01T15:00:00Z"}
        ),
        observation(valueRange={"low": {"value": 1}, "high": {"value": 1}}),
        observation(valueQuantity={"value": 1, "unit": "mg"}),
        timing(offset=5, when=["AC"]),
        timing(duration=0, durationUnit="d"),
        condition(abatementString="a", clinicalStatus=coded("condition-clinical", "resolved")),
        questionnaire(type="choice", answerOption=[{"valueString": "a"}]),
    ],
)
def test_what_an_invariant_allows_is_taken(body, accepted):
    accepted(body)
