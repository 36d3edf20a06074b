"""The population allow-list: what is on it, and how it is changed."""

import pytest

from egide.errors import Incorrect
from egide.fhir.definitions import TYPES, search_parameters
from egide.fhir.search import STANDARD
from egide.fhir.search.allowlist import PERSONS, REVEALS


def test_the_list_holds_what_the_documentation_says() -> None:
    assert set(STANDARD.rules("Patient")) == {
        *("identifier", "name", "birthdate", "_tag", "_security", "_profile")
    }
    assert set(STANDARD.rules("Observation")) == {
        *("identifier", "status", "category", "code", "_tag", "_security", "_profile")
    }
    assert {"type", "class", "status"} <= set(STANDARD.rules("Encounter"))
    assert {"clinical-status", "verification-status"} <= set(STANDARD.rules("Condition"))
    assert "vaccine-code" in STANDARD.rules("Immunization")


def test_names_and_birth_dates_are_indexed_of_persons_only() -> None:
    for type_ in TYPES:
        kinds = {rule.kind for rule in STANDARD.rules(type_).values()}
        assert ("name" in kinds) == (type_ in PERSONS)
        assert "birthdate" not in kinds or type_ in PERSONS


def test_no_address_number_or_free_text_is_indexed() -> None:
    for type_ in TYPES:
        for code, rule in STANDARD.rules(type_).items():
            assert search_parameters(type_)[code].type in ("token", "string", "date", "uri")
            assert rule.kind != "token" or code not in ("phone", "email", "telecom", "gender")


def test_a_catalogue_is_not_indexed_by_its_thousand_codes() -> None:
    for type_ in ("CodeSystem", "ValueSet", "Questionnaire"):
        assert "code" not in STANDARD.rules(type_)


def test_the_list_can_be_added_to_and_taken_from() -> None:
    more = STANDARD.adding("Patient", "gender")
    assert "gender" in more.rules("Patient")
    assert "gender" not in STANDARD.rules("Patient")
    assert more.without("Patient", "gender").rules("Patient") == STANDARD.rules("Patient")
    less = STANDARD.without("Observation", "status")
    assert "status" not in less.rules("Observation")
    assert "status" in less.rules("Encounter")
    assert less.adding("Observation", "status").rules("Observation")["status"].kind == "token"


@pytest.mark.parametrize("code", ["nonsense", "address", "death-date", "deceased", "_id", "_query"])
def test_only_what_is_read_as_tokens_can_be_added(code: str) -> None:
    with pytest.raises(Incorrect):
        STANDARD.adding("Patient", code)


def test_a_catalogue_cannot_be_added() -> None:
    with pytest.raises(Incorrect):
        STANDARD.adding("ValueSet", "code")


def test_any_standard_entry_can_come_back() -> None:
    for type_, code in (("Patient", "name"), ("Patient", "birthdate"), ("ValueSet", "url")):
        assert STANDARD.without(type_, code).adding(type_, code) == STANDARD


def test_every_entry_says_what_it_reveals() -> None:
    assert {rule.of for type_ in TYPES for rule in STANDARD.rules(type_).values()} == set(
        REVEALS
    ) - {"added"}
    assert STANDARD.adding("Patient", "gender").rules("Patient")["gender"].reveals


def test_what_is_not_indexed_cannot_be_taken_out() -> None:
    with pytest.raises(Incorrect):
        STANDARD.without("Patient", "gender")
