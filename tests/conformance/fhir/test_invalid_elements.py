"""Elements that are unknown, of the wrong JSON form, too many, too few or empty.

https://hl7.org/fhir/R4/json.html and the cardinalities of each type.
"""

import pytest

CODE = {"text": "code"}
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'
REFERENCE = {"display": "someone"}
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": CODE}
EXTENSION = {"url": "http://example.org/x", "valueCode": "x"}


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def observation(**elements):
    return {**OBSERVATION, **elements}


def without(body, name):
    return {key: value for key, value in body.items() if key != name}


# name: (body, issue code, FHIRPath location)
UNKNOWN = {
    "at the top": (patient(banana=1), "structure", "Patient.banana"),
    "a misspelt one": (patient(birthdate="2000"), "structure", "Patient.birthdate"),
    "of another resource": (patient(status="final"), "structure", "Patient.status"),
    "of R5": (
        patient(name=[{"text": "a"}], versionAlgorithm="x"),
        "structure",
        "Patient.versionAlgorithm",
    ),
    "in a data type": (patient(name=[{"nickname": "a"}]), "structure", "Patient.name[0].nickname"),
    "in a backbone element": (
        patient(contact=[{"name": {"text": "a"}, "age": 5}]),
        "structure",
        "Patient.contact[0].age",
    ),
    "in meta": (patient(meta={"version": "1"}), "structure", "Patient.meta.version"),
    "in a narrative": (
        patient(text={"status": "empty", "div": DIV, "html": "a"}),
        "structure",
        "Patient.text.html",
    ),
    "in an extension": (
        patient(extension=[{"url": "u", "valueCode": "a", "use": "x"}]),
        "structure",
        "Patient.extension[0].use",
    ),
    "comments of an early version": (patient(fhir_comments=["a"]), "structure", "Patient"),
    "a name that is not a plain word": (patient(**{"Jane Doe": True}), "structure", "Patient"),
    "a name of underscores": (patient(__proto__={}), "structure", "Patient"),
    "an empty name": (patient(**{"": 1}), "structure", "Patient"),
    "a choice without its type": (
        observation(value="a"),
        "structure",
        "Observation.value",
    ),
    "a choice with the brackets": (
        observation(**{"value[x]": "a"}),
        "structure",
        "Observation",
    ),
    "a choice of a type not listed": (
        observation(valueDecimal=1.5),
        "structure",
        "Observation.valueDecimal",
    ),
    "a choice in the wrong case": (
        observation(valuestring="a"),
        "structure",
        "Observation.valuestring",
    ),
    "an extension on a complex element": (
        patient(_name={"extension": [EXTENSION]}),
        "structure",
        "Patient.name",
    ),
    "an extension on the resource's id": (
        patient(_id={"extension": [EXTENSION]}),
        "structure",
        "Patient.id",
    ),
    "an extension on an extension's url": (
        patient(extension=[{**EXTENSION, "_url": {"extension": [EXTENSION]}}]),
        "structure",
        "Patient.extension[0].url",
    ),
    "an extension on resourceType": (
        patient(_resourceType={"extension": [EXTENSION]}),
        "structure",
        "Patient.resourceType",
    ),
    "a comparator where only a simple quantity may be": (
        {
            "resourceType": "Specimen",
            "collection": {"quantity": {"value": 1, "comparator": "<"}},
        },
        "structure",
        "Specimen.collection.quantity.comparator",
    ),
    "modifierExtension on a data type": (
        patient(name=[{"text": "a", "modifierExtension": [EXTENSION]}]),
        "structure",
        "Patient.name[0].modifierExtension",
    ),
    "a narrative on a resource that has none": (
        {"resourceType": "Binary", "contentType": "text/plain", "text": {"status": "empty"}},
        "structure",
        "Binary.text",
    ),
    "contained in a resource that has none": (
        {"resourceType": "Parameters", "contained": []},
        "structure",
        "Parameters.contained",
    ),
}

FORM = {
    "an object for an array of objects": (
        patient(name={"text": "a"}),
        "structure",
        "Patient.name",
    ),
    "an array for an object": (
        patient(maritalStatus=[{"text": "a"}]),
        "structure",
        "Patient.maritalStatus",
    ),
    "a string for an object": (patient(maritalStatus="M"), "structure", "Patient.maritalStatus"),
    "a string in an array of objects": (patient(name=["a"]), "structure", "Patient.name[0]"),
    "an array in an array": (patient(name=[[{"text": "a"}]]), "structure", "Patient.name[0]"),
    "a number for an object": (
        patient(managingOrganization=5),
        "structure",
        "Patient.managingOrganization",
    ),
    "a string for an array of strings": (
        patient(name=[{"given": "a"}]),
        "structure",
        "Patient.name[0].given",
    ),
    "an array for a string": (
        patient(name=[{"family": ["a"]}]),
        "structure",
        "Patient.name[0].family",
    ),
    "an object for a string": (
        patient(name=[{"family": {"value": "a"}}]),
        "structure",
        "Patient.name[0].family",
    ),
    "an array in an array of strings": (
        patient(name=[{"given": [["a"]]}]),
        "structure",
        "Patient.name[0].given[0]",
    ),
    "an object in an array of strings": (
        patient(name=[{"given": ["a", {"value": "b"}]}]),
        "structure",
        "Patient.name[0].given[1]",
    ),
    "a number in an array of strings": (
        patient(name=[{"given": ["a", 5]}]),
        "structure",
        "Patient.name[0].given[1]",
    ),
    "null for a primitive": (patient(gender=None), "structure", "Patient.gender"),
    "null for an object": (patient(maritalStatus=None), "structure", "Patient.maritalStatus"),
    "null for an array": (patient(name=None), "structure", "Patient.name"),
    "null for a choice": (observation(valueString=None), "structure", "Observation.value"),
    "null in an array of objects": (
        patient(name=[{"text": "a"}, None]),
        "structure",
        "Patient.name[1]",
    ),
    "null in an array of primitives": (
        patient(name=[{"given": ["a", None]}]),
        "structure",
        "Patient.name[0].given[1]",
    ),
    "null for the extension of a primitive": (
        patient(birthDate="2000", _birthDate=None),
        "structure",
        "Patient.birthDate",
    ),
    "an empty string": (patient(name=[{"family": ""}]), "value", "Patient.name[0].family"),
    "an empty string in an array": (
        patient(name=[{"given": ["a", ""]}]),
        "value",
        "Patient.name[0].given[1]",
    ),
    "an empty array": (patient(name=[]), "structure", "Patient.name"),
    "an empty array of primitives": (
        patient(name=[{"given": []}]),
        "structure",
        "Patient.name[0].given",
    ),
    "an empty array of contained resources": (
        patient(contained=[]),
        "structure",
        "Patient.contained",
    ),
    "an empty object": (patient(maritalStatus={}), "structure", "Patient.maritalStatus"),
    "an empty object in an array": (
        patient(name=[{"text": "a"}, {}]),
        "structure",
        "Patient.name[1]",
    ),
    "an empty object deep inside": (
        patient(maritalStatus={"coding": [{}]}),
        "structure",
        "Patient.maritalStatus.coding[0]",
    ),
    "an empty object beside a string that looks like one": (
        patient(name=[{"text": "{}"}, {}]),
        "structure",
        "Patient.name[1]",
    ),
    "an empty extension of a primitive": (
        patient(birthDate="2000", _birthDate={}),
        "structure",
        "Patient.birthDate",
    ),
    "an element with an id alone": (
        patient(maritalStatus={"id": "a"}),
        "invariant",
        "Patient.maritalStatus",
    ),
    "an element with an id alone in an array": (
        patient(name=[{"id": "a"}]),
        "invariant",
        "Patient.name[0]",
    ),
    "a primitive with an id and no value": (
        patient(_birthDate={"id": "a"}),
        "invariant",
        "Patient.birthDate",
    ),
    "a text with its extensions as an array": (
        patient(_birthDate=[{"extension": [EXTENSION]}]),
        "structure",
        "Patient.birthDate",
    ),
    "an unknown element in the extension of a primitive": (
        patient(birthDate="2000", _birthDate={"value": "x"}),
        "structure",
        "Patient.birthDate.value",
    ),
    "garbage for the extension of a primitive": (
        patient(birthDate="2000", _birthDate="banana"),
        "structure",
        "Patient.birthDate",
    ),
    "a bad extension of a primitive": (
        patient(_birthDate={"extension": [{"url": "u", "valueDate": "2020-99-99"}]}),
        "value",
        "Patient.birthDate.extension[0].value",
    ),
    "extensions of more primitives than there are": (
        patient(name=[{"given": ["a"], "_given": [None, {"extension": [EXTENSION]}]}]),
        "structure",
        "Patient.name[0].given",
    ),
    "an object for the extensions of an array of primitives": (
        patient(name=[{"given": ["a"], "_given": {"extension": [EXTENSION]}}]),
        "structure",
        "Patient.name[0].given",
    ),
    "neither value nor extension at one place": (
        patient(name=[{"given": ["a", None], "_given": [{"extension": [EXTENSION]}, None]}]),
        "structure",
        "Patient.name[0].given[1]",
    ),
    "an empty array of extensions of primitives": (
        patient(name=[{"given": ["a"], "_given": []}]),
        "structure",
        "Patient.name[0].given",
    ),
    "an empty object among extensions of primitives": (
        patient(name=[{"given": ["a", "b"], "_given": [None, {}]}]),
        "structure",
        "Patient.name[0].given[1]",
    ),
}

REQUIRED = {
    "a status": (without(OBSERVATION, "status"), "required", "Observation.status"),
    "a code": (without(OBSERVATION, "code"), "required", "Observation.code"),
    "a reference": (
        {
            "resourceType": "Condition",
            "clinicalStatus": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                        "code": "active",
                    }
                ]
            },
        },
        "required",
        "Condition.subject",
    ),
    "a choice": (
        {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": CODE,
            "patient": REFERENCE,
        },
        "required",
        "Immunization.occurrence",
    ),
    "an array": (
        {"resourceType": "Linkage"} | {"active": True},
        "required",
        "Linkage.item",
    ),
    "a primitive in a backbone element": (
        {
            "resourceType": "Questionnaire",
            "status": "draft",
            "item": [{"type": "string"}],
        },
        "required",
        "Questionnaire.item[0].linkId",
    ),
    "a complex element in a backbone element": (
        patient(link=[{"type": "refer"}]),
        "required",
        "Patient.link[0].other",
    ),
    "an element deep inside": (
        observation(component=[{"valueString": "a"}]),
        "required",
        "Observation.component[0].code",
    ),
    "the url of an extension": (
        patient(extension=[{"valueCode": "a"}]),
        "required",
        "Patient.extension[0].url",
    ),
    "the status of a narrative": (
        patient(text={"div": DIV}),
        "required",
        "Patient.text.status",
    ),
    "the div of a narrative": (patient(text={"status": "empty"}), "required", "Patient.text.div"),
    "the text of an annotation": (
        observation(note=[{"authorString": "a"}]),
        "required",
        "Observation.note[0].text",
    ),
    "the parts of sampled data": (
        observation(valueSampledData={"origin": {"value": 0}, "period": 10}),
        "required",
        "Observation.value.dimensions",
    ),
    "the content type of a Binary": (
        {"resourceType": "Binary", "data": "QUJD"},
        "required",
        "Binary.contentType",
    ),
    "the type of a Bundle": ({"resourceType": "Bundle"}, "required", "Bundle.type"),
    "the name of a parameter": (
        {"resourceType": "Parameters", "parameter": [{"valueCode": "a"}]},
        "required",
        "Parameters.parameter[0].name",
    ),
}

CHOICE = {
    "two primitive types": (
        patient(deceasedBoolean=True, deceasedDateTime="2020"),
        "structure",
        "Patient.deceased",
    ),
    "two complex types": (
        observation(valueQuantity={"value": 1}, valueCodeableConcept=CODE),
        "structure",
        "Observation.value",
    ),
    "a primitive and a complex type": (
        observation(effectiveDateTime="2020", effectivePeriod={"start": "2020"}),
        "structure",
        "Observation.effective",
    ),
    "three types": (
        observation(valueString="a", valueInteger=1, valueBoolean=True),
        "structure",
        "Observation.value",
    ),
    "two types in an extension": (
        patient(extension=[{"url": "u", "valueCode": "a", "valueString": "b"}]),
        "structure",
        "Patient.extension[0].value",
    ),
    "two types in a parameter": (
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "a", "valueCode": "a", "valueString": "b"}],
        },
        "structure",
        "Parameters.parameter[0].value",
    ),
    "a value of one type and the extension of another": (
        observation(valueString="a", _valueInteger={"extension": [EXTENSION]}),
        "structure",
        "Observation.value",
    ),
    "the extensions of two types": (
        patient(
            _deceasedBoolean={"extension": [EXTENSION]},
            _deceasedDateTime={"extension": [EXTENSION]},
        ),
        "structure",
        "Patient.deceased",
    ),
}

CASES = {
    f"{group}: {name}": row
    for group, table in {
        "unknown": UNKNOWN,
        "form": FORM,
        "missing": REQUIRED,
        "choice": CHOICE,
    }.items()
    for name, row in table.items()
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_where_and_for_what_it_is(name, refusal):
    body, code, expression = CASES[name]
    assert (code, expression) in refusal(body)


def test_every_row_of_the_table_finds_nothing_else(refusal):
    more = {"missing: an array"}  # the same fault breaks an invariant
    for name, (body, code, expression) in CASES.items():
        if name not in more:
            assert refusal(body) == [(code, expression)], name


def test_all_that_is_wrong_is_found_at_once(refusal):
    body = patient(gender="banana", birthDate="2020-99-99", banana=1, name=[{"given": [""]}])
    assert refusal(body) == [
        ("structure", "Patient.banana"),
        ("value", "Patient.name[0].given[0]"),
        ("code-invalid", "Patient.gender"),
        ("value", "Patient.birthDate"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        patient(birthDate="2000", _birthDate={"extension": [EXTENSION]}),
        patient(birthDate="2000", _birthDate={"id": "a"}),
        patient(_birthDate={"extension": [EXTENSION]}),
        patient(name=[{"given": ["a", "b"], "_given": [None, {"extension": [EXTENSION]}]}]),
        patient(name=[{"given": ["a", None], "_given": [None, {"extension": [EXTENSION]}]}]),
        patient(name=[{"given": [None, "a"], "_given": [{"extension": [EXTENSION]}]}]),
        patient(name=[{"_given": [{"extension": [EXTENSION]}]}]),
        observation(_valueString={"extension": [EXTENSION]}),
        {**without(OBSERVATION, "status"), "_status": {"extension": [EXTENSION]}},
        observation(valueString="{} [] null _x"),
        patient(name=[{"id": "a", "text": "b"}]),
    ],
)
def test_extensions_of_primitives_and_harmless_strings_are_taken(body, accepted):
    accepted(body)
