"""The terms of a row: the leading one apart, none lost, none twice."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from egide.fhir.search import WITHHELD, Indexer, Term, index, leading
from egide.fhir.search.allowlist import STANDARD
from egide.seal.blind import BlindIndex
from egide.store.blinding import blinded

BLIND = BlindIndex(bytes(32))
SENSITIVE = {
    "security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    ]
}


def observation(*codes: str, **more: Any) -> dict[str, Any]:
    coding = [{"system": "http://loinc.org", "code": code} for code in codes]
    return {
        "resourceType": "Observation",
        "id": "a",
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": coding},
        **more,
    }


def test_the_first_coding_of_the_code_leads() -> None:
    terms = index("Observation", observation("a", "b")).terms
    assert leading("Observation", terms) == ("code", "a")
    lead, others = blinded(BLIND, "Observation", terms)
    assert lead == BLIND.term("Observation", "code", "a")
    assert BLIND.term("Observation", "code", "b") in others
    assert lead not in others


def test_each_type_is_led_by_what_says_what_it_is_about() -> None:
    coded = {"coding": [{"code": "x"}]}
    encounter = {"resourceType": "Encounter", "id": "a", "type": [coded], "class": {"code": "AMB"}}
    assert leading("Encounter", index("Encounter", encounter).terms) == ("type", "x")
    immunization = {"resourceType": "Immunization", "id": "a", "vaccineCode": coded}
    assert leading("Immunization", index("Immunization", immunization).terms) == (
        "vaccine-code",
        "x",
    )


def test_a_resource_without_code_has_no_lead() -> None:
    terms = index("Observation", observation()).terms
    assert blinded(BLIND, "Observation", terms).lead is None
    assert blinded(BLIND, "Patient", [("identifier", "1")]).lead is None


def test_under_a_label_the_lead_says_that_codes_are_withheld() -> None:
    terms = index("Observation", observation("a", meta=SENSITIVE)).terms
    lead, others = blinded(BLIND, "Observation", terms)
    withheld = BLIND.term("Observation", *WITHHELD)
    assert lead == withheld
    assert withheld in others, "searches by another code look there"
    assert BLIND.term("Observation", "code", "a") not in others


def test_a_code_taken_off_the_list_does_not_lead() -> None:
    without = Indexer(allowed=STANDARD.without("Observation", "code"))
    terms = without.index("Observation", observation("a")).terms
    assert leading("Observation", terms) is None


@given(some.lists(some.tuples(some.sampled_from(["code", "status"]), some.text()), unique=True))
def test_no_term_is_lost_and_none_is_there_twice(terms: list[Term]) -> None:
    lead, others = blinded(BLIND, "Observation", terms)
    kept = others if lead is None else [lead, *others]
    assert sorted(kept) == sorted(BLIND.term("Observation", *term) for term in terms)
    assert others == sorted(others)
