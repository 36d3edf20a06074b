"""The labels of a resource are its own and those of all it holds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.fhir.inline_labels import URL
from egide.gate.labels import HIDDEN_FROM_PATIENT, NORMAL, RESTRICTED, VERY_RESTRICTED
from egide.record.labels import labels_of

LABELS = [NORMAL, RESTRICTED, VERY_RESTRICTED, HIDDEN_FROM_PATIENT]
Body = dict[str, Any]


def coding(label: str) -> Body:
    system, _, code = label.rpartition("|")
    return {"system": system, "code": code}


def read(resource: Body) -> frozenset[str]:
    return labels_of(json.dumps(resource, separators=(",", ":")).encode())


def secret(label: str = VERY_RESTRICTED) -> Body:
    return {"resourceType": "Observation", "meta": {"security": [coding(label)]}}


@pytest.mark.parametrize(
    ("system", "code", "label"),
    [
        ("urn:oid:2.16.840.1.113883.5.25", "V", VERY_RESTRICTED),
        ("http://hl7.org/fhir/v3/Confidentiality", "R", RESTRICTED),
        ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "v", VERY_RESTRICTED),
        ("", "V", VERY_RESTRICTED),
        (
            "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR"
            "/TRE-A07-StatutVisibiliteDocument",
            "INVISIBLE_PATIENT",
            HIDDEN_FROM_PATIENT,
        ),
        ("urn:oid:1.2.250.1.213.1.1.4.13", "invisible_patient", HIDDEN_FROM_PATIENT),
        ("", "INVISIBLE_PATIENT", HIDDEN_FROM_PATIENT),
    ],
)
def test_a_label_closes_whatever_its_system_is_called(system: str, code: str, label: str) -> None:
    written = {"code": code} | ({"system": system} if system else {})
    assert read({"resourceType": "Observation", "meta": {"security": [written]}}) == {label}
    document = {"resourceType": "DocumentReference", "securityLabel": [{"coding": [written]}]}
    assert read(document) == {label}


def test_a_label_of_another_system_stays_what_it_is() -> None:
    coded = {"system": "urn:other", "code": "V"}
    assert read({"resourceType": "Observation", "meta": {"security": [coded]}}) == {"urn:other|V"}


HOLDERS: dict[str, Body] = {
    "an entry of a Bundle": {"resourceType": "Bundle", "entry": [{"resource": secret()}]},
    "the second entry": {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "Patient"}}, {"resource": secret()}],
    },
    "an entry of a Bundle in a Bundle": {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "Bundle", "entry": [{"resource": secret()}]}}],
    },
    "the answer of a Bundle": {
        "resourceType": "Bundle",
        "entry": [{"response": {"status": "200", "outcome": secret()}}],
    },
    "a contained resource": {"resourceType": "Observation", "contained": [secret()]},
    "what an entry contains": {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "Observation", "contained": [secret()]}}],
    },
    "a parameter": {
        "resourceType": "Parameters",
        "parameter": [{"name": "a", "resource": secret()}],
    },
    "a part of a parameter": {
        "resourceType": "Parameters",
        "parameter": [{"name": "a", "part": [{"name": "b", "resource": secret()}]}],
    },
    "a Composition": {"resourceType": "Composition", "confidentiality": "V"},
    "the Composition of a document": {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "Composition", "confidentiality": "V"}}],
    },
    "the document a Bundle points to": {
        "resourceType": "Bundle",
        "entry": [
            {
                "resource": {
                    "resourceType": "DocumentReference",
                    "securityLabel": [{"coding": [coding(VERY_RESTRICTED)]}],
                }
            }
        ],
    },
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_what_is_held_closes_what_holds_it(holder: Body) -> None:
    assert read(holder) == {VERY_RESTRICTED}
    own = holder | {"meta": {"security": [coding(NORMAL)]}}
    assert read(own) == {NORMAL, VERY_RESTRICTED}


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Consent", "provision": {"securityLabel": [coding(VERY_RESTRICTED)]}},
        {"resourceType": "Observation", "valueString": '"security":[{"code":"V"}],"contained":[{'},
        {"resourceType": "List", "entry": [{"item": {"reference": "Observation/1"}}]},
        {"resourceType": "AuditEvent", "entity": [{"securityLabel": [coding(VERY_RESTRICTED)]}]},
    ],
)
def test_what_speaks_of_labels_is_not_labelled_by_it(resource: Body) -> None:
    assert read(resource) == frozenset()


def inline(label: str) -> Body:
    """An extension that labels the element it is in."""
    return {"extension": [{"url": URL, "valueCoding": coding(label)}]}


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Observation", "valueQuantity": {"value": 5, **inline(RESTRICTED)}},
        {"resourceType": "Patient", "gender": "male", "_gender": inline(RESTRICTED)},
        {"resourceType": "Patient", "name": [{"family": "a"}, {"given": ["b"], "_given": [None,
         inline(RESTRICTED)]}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient",
         "_active": inline(RESTRICTED)}}]},
    ],
)  # fmt: skip
def test_a_label_at_an_element_closes_the_whole(resource: Body) -> None:
    own = resource | {"meta": {"security": [coding(NORMAL)]}}
    assert (read(resource), read(own)) == ({RESTRICTED}, {NORMAL, RESTRICTED})


def leaf(labels: list[str]) -> Body:
    return {"resourceType": "Observation", "meta": {"security": [coding(each) for each in labels]}}


trees = st.recursive(
    st.lists(st.sampled_from(LABELS), max_size=2).map(leaf),
    lambda inner: st.one_of(
        st.tuples(inner, st.lists(inner, min_size=1, max_size=2)).map(
            lambda pair: pair[0] | {"contained": pair[1]}
        ),
        st.lists(inner, max_size=3).map(
            lambda held: {"resourceType": "Bundle", "entry": [{"resource": one} for one in held]}
        ),
    ),
    max_leaves=8,
)


@given(trees)
def test_no_part_has_a_label_the_whole_has_not(tree: Body) -> None:
    def parts(one: Body) -> list[Body]:
        held = [*one.get("contained", ()), *(each["resource"] for each in one.get("entry", ()))]
        return [one, *(inner for each in held for inner in parts(each))]

    own = [each["code"] for one in parts(tree) for each in one.get("meta", {}).get("security", ())]
    assert {label.rpartition("|")[2] for label in read(tree)} == set(own)
    assert all(read(one) <= read(tree) for one in parts(tree))
