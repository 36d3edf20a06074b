"""Resources in resources: contained, in bundles, in parameters; each by its own type.

https://hl7.org/fhir/R4/references.html#contained and https://hl7.org/fhir/R4/bundle.html
"""

import pytest

PATIENT = {"resourceType": "Patient", "gender": "male"}
BAD = {"resourceType": "Patient", "gender": "banana"}
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "invalid"}],
}


def patient(*contained, fragment="o"):
    return {
        "resourceType": "Patient",
        "contained": list(contained),
        "managingOrganization": {"reference": f"#{fragment}"},
    }


def organization(**elements):
    return {"resourceType": "Organization", "id": "o", "name": "a", **elements}


def bundle(type_, *entries, **elements):
    return {"resourceType": "Bundle", "type": type_, "entry": list(entries), **elements}


def transaction(**entry):
    return bundle("transaction", {"request": {"method": "POST", "url": "Patient"}, **entry})


def parameters(*given):
    return {"resourceType": "Parameters", "parameter": list(given)}


DOCUMENT = {
    "identifier": {"system": "urn:x", "value": "1"},
    "timestamp": "2020-01-01T00:00:00Z",
}

# name: (body, issue code, FHIRPath location)
CASES = {
    "contained: a string": (
        {"resourceType": "Patient", "contained": ["banana"]},
        "structure",
        "Patient.contained[0]",
    ),
    "contained: null": (
        {"resourceType": "Patient", "contained": [None]},
        "structure",
        "Patient.contained[0]",
    ),
    "contained: without type": (patient({"id": "o"}), "required", "Patient.contained[0]"),
    "contained: an unknown type": (
        patient({"resourceType": "Banana", "id": "o"}),
        "not-supported",
        "Patient.contained[0]",
    ),
    "contained: an unknown element": (
        patient(organization(banana=1)),
        "structure",
        "Patient.contained[0].banana",
    ),
    "contained: a bad code": (
        patient(organization(contact=[{"name": {"text": "a", "use": "banana"}}])),
        "code-invalid",
        "Patient.contained[0].contact[0].name.use",
    ),
    "contained: an invariant": (
        patient({"resourceType": "Organization", "id": "o", "active": True}),
        "invariant",
        "Patient.contained[0]",
    ),
    "contained: an empty object": (
        patient(organization(partOf={})),
        "structure",
        "Patient.contained[0].partOf",
    ),
    "contained: without id": (
        patient(
            organization(),
            {"resourceType": "Organization", "name": "a"},
        ),
        "required",
        "Patient.contained[1].id",
    ),
    "contained: with the sign of a fragment in its id": (
        patient(organization(partOf={"reference": "##p"}), organization(id="#p")),
        "value",
        "Patient.contained[1].id",
    ),
    "contained: two of one id": (
        patient(organization(), organization()),
        "invariant",
        "Patient.contained[1].id",
    ),
    "contained: never referred to (dom-3)": (
        patient(organization(), organization(id="p")),
        "invariant",
        "Patient.contained[1]",
    ),
    "contained: contains another (dom-2)": (
        patient(
            organization(
                contained=[organization(id="p")],
                partOf={"reference": "#p"},
            )
        ),
        "invariant",
        "Patient.contained[0].contained",
    ),
    "contained: with a version (dom-4)": (
        patient(organization(meta={"versionId": "1"})),
        "invariant",
        "Patient.contained[0].meta.versionId",
    ),
    "contained: with a time (dom-4)": (
        patient(organization(meta={"lastUpdated": "2020-01-01T00:00:00Z"})),
        "invariant",
        "Patient.contained[0].meta.lastUpdated",
    ),
    "contained: with a label (dom-5)": (
        patient(organization(meta={"security": [{"code": "R"}]})),
        "invariant",
        "Patient.contained[0].meta.security",
    ),
    "contained: a reference to a wrong type": (
        patient(organization(partOf={"reference": "Patient/1"})),
        "value",
        "Patient.contained[0].partOf.reference",
    ),
    "bundle: an unknown element in an entry": (
        transaction(resource=PATIENT, banana=1),
        "structure",
        "Bundle.entry[0].banana",
    ),
    "bundle: an unknown element in an entry's resource": (
        transaction(resource={**PATIENT, "banana": 1}),
        "structure",
        "Bundle.entry[0].resource.banana",
    ),
    "bundle: a bad code in a resource": (
        bundle("collection", {"resource": PATIENT}, {"resource": BAD}),
        "code-invalid",
        "Bundle.entry[1].resource.gender",
    ),
    "bundle: deep in a resource": (
        bundle("collection", {"resource": {**PATIENT, "name": [{"given": ["a", ""]}]}}),
        "value",
        "Bundle.entry[0].resource.name[0].given[1]",
    ),
    "bundle: a resource that is a string": (
        bundle("collection", {"resource": "Patient/1"}),
        "structure",
        "Bundle.entry[0].resource",
    ),
    "bundle: a resource without type": (
        bundle("collection", {"resource": {"gender": "male"}}),
        "required",
        "Bundle.entry[0].resource",
    ),
    "bundle: a resource of an unknown type": (
        bundle("collection", {"resource": {"resourceType": "Banana"}}),
        "not-supported",
        "Bundle.entry[0].resource",
    ),
    "bundle: contained in an entry's resource": (
        bundle("collection", {"resource": patient(organization(banana=1))}),
        "structure",
        "Bundle.entry[0].resource.contained[0].banana",
    ),
    "bundle: a fragment that another entry contains": (
        bundle(
            "collection",
            {"resource": patient(organization())},
            {"resource": {**PATIENT, "managingOrganization": {"reference": "#o"}}},
        ),
        "invariant",
        "Bundle.entry[1].resource.managingOrganization.reference",
    ),
    "bundle: a bundle in a bundle": (
        bundle("collection", {"resource": bundle("collection", {"resource": BAD})}),
        "code-invalid",
        "Bundle.entry[0].resource.entry[0].resource.gender",
    ),
    "bundle: a bad outcome": (
        bundle(
            "batch-response",
            {"response": {"status": "400", "outcome": {**OUTCOME, "issue": [{"code": "invalid"}]}}},
        ),
        "required",
        "Bundle.entry[0].response.outcome.issue[0].severity",
    ),
    "bundle: an empty entry": (bundle("collection", {}), "structure", "Bundle.entry[0]"),
    "bundle: an entry of a fullUrl alone (bdl-5)": (
        bundle("collection", {"fullUrl": "urn:x"}),
        "invariant",
        "Bundle.entry[0]",
    ),
    "bundle: a fullUrl with a space": (
        bundle("collection", {"fullUrl": "urn: x", "resource": PATIENT}),
        "value",
        "Bundle.entry[0].fullUrl",
    ),
    "bundle: a fullUrl of a version (bdl-8)": (
        bundle(
            "collection",
            {"fullUrl": "http://example.org/Patient/1/_history/2", "resource": PATIENT},
        ),
        "invariant",
        "Bundle.entry[0].fullUrl",
    ),
    "bundle: one fullUrl twice (bdl-7)": (
        bundle(
            "collection",
            {"fullUrl": "urn:x", "resource": PATIENT},
            {"fullUrl": "urn:x", "resource": PATIENT},
        ),
        "invariant",
        "Bundle.entry[1].fullUrl",
    ),
    "bundle: a transaction's entry without request (bdl-3)": (
        bundle("transaction", {"resource": PATIENT}),
        "invariant",
        "Bundle.entry[0]",
    ),
    "bundle: a request in a collection (bdl-3)": (
        bundle(
            "collection",
            {"resource": PATIENT, "request": {"method": "PUT", "url": "Patient/1"}},
        ),
        "invariant",
        "Bundle.entry[0]",
    ),
    "bundle: a response's entry without response (bdl-4)": (
        bundle("transaction-response", {"resource": PATIENT}),
        "invariant",
        "Bundle.entry[0]",
    ),
    "bundle: a search's score outside a search (bdl-2)": (
        bundle("collection", {"resource": PATIENT, "search": {"mode": "match"}}),
        "invariant",
        "Bundle.entry[0].search",
    ),
    "bundle: a total outside a search (bdl-1)": (
        bundle("collection", {"resource": PATIENT}, total=1),
        "invariant",
        "Bundle",
    ),
    "bundle: a document without identifier (bdl-9)": (
        bundle(
            "document",
            {
                "resource": {
                    "resourceType": "Composition",
                    "status": "final",
                    "type": {"text": "a"},
                    "date": "2020",
                    "author": [{"display": "a"}],
                    "title": "a",
                }
            },
            timestamp="2020-01-01T00:00:00Z",
        ),
        "invariant",
        "Bundle",
    ),
    "bundle: a document that starts with something else (bdl-11)": (
        bundle("document", {"resource": PATIENT}, **DOCUMENT),
        "invariant",
        "Bundle.entry[0].resource",
    ),
    "bundle: a message that starts with something else (bdl-12)": (
        bundle("message", {"resource": PATIENT}),
        "invariant",
        "Bundle.entry[0].resource",
    ),
    "bundle: a reference that is a search, not in a transaction": (
        bundle(
            "collection",
            {"resource": {**PATIENT, "managingOrganization": {"reference": "Organization?name=a"}}},
        ),
        "value",
        "Bundle.entry[0].resource.managingOrganization.reference",
    ),
    "parameters: a bad resource": (
        parameters({"name": "a", "resource": BAD}),
        "code-invalid",
        "Parameters.parameter[0].resource.gender",
    ),
    "parameters: a bad resource in a part": (
        parameters({"name": "a", "part": [{"name": "b", "resource": BAD}]}),
        "code-invalid",
        "Parameters.parameter[0].part[0].resource.gender",
    ),
    "parameters: a value and a resource (inv-1)": (
        parameters({"name": "a", "valueCode": "a", "resource": PATIENT}),
        "invariant",
        "Parameters.parameter[0]",
    ),
    "parameters: neither value nor resource (inv-1)": (
        parameters({"name": "a"}),
        "invariant",
        "Parameters.parameter[0]",
    ),
    "parameters: a value and parts (inv-1)": (
        parameters({"name": "a", "valueCode": "a", "part": [{"name": "b", "valueCode": "a"}]}),
        "invariant",
        "Parameters.parameter[0]",
    ),
    "parameters: a value of a bad form": (
        parameters({"name": "a", "valueDate": "2020-99-99"}),
        "value",
        "Parameters.parameter[0].value",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_where_and_for_what_it_is(name, refusal):
    body, code, expression = CASES[name]
    assert refusal(body) == [(code, expression)]


ACCEPTED = {
    "contained and referred to": patient(organization()),
    "contained and referred to by a contained resource": patient(
        organization(partOf={"reference": "#p"}), organization(id="p")
    ),
    "contained and referring to its container": {
        "resourceType": "Patient",
        "contained": [
            {
                "resourceType": "Provenance",
                "id": "p",
                "target": [{"reference": "#"}],
                "recorded": "2020-01-01T00:00:00Z",
                "agent": [{"who": {"display": "a"}}],
            },
        ],
    },
    "contained and named by a canonical": {
        "resourceType": "QuestionnaireResponse",
        "contained": [{"resourceType": "Questionnaire", "id": "q", "status": "draft"}],
        "questionnaire": "#q",
        "status": "completed",
    },
    "a history with one fullUrl twice": bundle(
        "history",
        {
            "fullUrl": "http://example.org/Patient/1",
            "resource": PATIENT,
            "request": {"method": "PUT", "url": "Patient/1"},
            "response": {"status": "200"},
        },
        {
            "fullUrl": "http://example.org/Patient/1",
            "request": {"method": "DELETE", "url": "a"},
            "response": {"status": "204", "outcome": OUTCOME},
        },
    ),
    "a transaction with a reference that is a search": transaction(
        resource={**PATIENT, "managingOrganization": {"reference": "Organization?name=a"}}
    ),
    "parameters with a resource in a part": parameters(
        {"name": "a", "part": [{"name": "b", "resource": PATIENT}]}
    ),
    "a bundle in a bundle": bundle("collection", {"resource": bundle("collection")}),
}
ACCEPTED["a bundle in a bundle"]["entry"][0]["resource"].pop("entry")


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_resource_that_follows_the_rules_is_taken(name, accepted):
    accepted(ACCEPTED[name])
