from collections import Counter

import pytest

from egide.errors import Fault
from egide.fhir.definitions import TYPES, compartment, type_definition
from egide.seal import BESIDE_COMPARTMENT, owner
from egide.seal.owner import CONCERNED, HOUSE, OF_PERSONS, PERSONS

RULES = ({"Patient"}, PERSONS, OF_PERSONS, CONCERNED, HOUSE)


def test_every_type_has_exactly_one_rule() -> None:
    rows = Counter(type for rule in RULES for type in rule)
    assert set(rows) == set(TYPES)
    assert set(rows.values()) == {1}


@pytest.mark.parametrize("type", TYPES)
def test_every_type_has_an_owner_whatever_it_names(type: str) -> None:
    for patients in ((), ("a",), ("b", "a")):
        found = owner(type, "1", patients, persons=("Practitioner/p",))
        assert found.kind in ("patient", "person", "resource", "establishment")
        assert bool(found.holders) == (found.kind != "establishment")


def test_a_patient_has_its_own_key_even_when_it_links_to_others() -> None:
    assert owner("Patient", "1", ("1", "2")) == ("patient", ("1",))
    assert owner("Patient", "1", ()) == ("patient", ("1",))


@pytest.mark.parametrize("type", sorted(PERSONS))
def test_persons_have_their_own_key(type: str) -> None:
    assert owner(type, "9", ("1",)) == ("person", (f"{type}/9",))


def test_a_role_is_under_the_key_of_the_one_person_it_names() -> None:
    role = "PractitionerRole"
    assert owner(role, "9", (), persons=["Practitioner/p"]) == ("person", ("Practitioner/p",))
    assert owner(role, "9", ()) == ("establishment", ())
    assert owner(role, "9", (), persons=["Practitioner/p", "Practitioner/q"]).kind != "person"


@pytest.mark.parametrize("type", sorted(CONCERNED))
def test_a_concerned_type_follows_the_patients_it_names(type: str) -> None:
    assert owner(type, "9", ()) == ("establishment", ())
    assert owner(type, "9", ["1"]) == ("patient", ("1",))
    assert owner(type, "9", ["1", "1"]) == ("patient", ("1",))
    assert owner(type, "9", ["2", "1", "2"]) == ("resource", ("1", "2"))


@pytest.mark.parametrize("type", sorted(HOUSE))
def test_what_the_house_shares_is_never_under_a_patients_key(type: str) -> None:
    assert owner(type, "9", ("1", "2")) == ("establishment", ())


def test_everything_in_the_patient_compartment_is_concerned() -> None:
    members = {type for type, parameters in compartment("Patient").items() if parameters}
    assert members - CONCERNED == {"Patient", "Person"}
    assert set(BESIDE_COMPARTMENT) <= CONCERNED


@pytest.mark.parametrize("type", sorted(BESIDE_COMPARTMENT))
def test_what_names_a_patient_beside_the_compartment_is_a_reference_to_one(type: str) -> None:
    for path in BESIDE_COMPARTMENT[type]:
        *parts, last = path.split(".")
        found = {e.name: e for e in type_definition(".".join([type, *parts])).elements}[last]
        assert found.types == ("Reference",)
        assert "Patient" in (found.targets or ("Patient",))


@pytest.mark.parametrize("type", ["RelatedPerson", "FamilyMemberHistory", "Binary"])
def test_what_is_about_one_patient_is_the_patients(type: str) -> None:
    assert owner(type, "9", ("1",)) == ("patient", ("1",))


def test_an_unknown_type_has_no_owner() -> None:
    for type in ("", "patient", "Resource", "DomainResource", "Nothing"):
        with pytest.raises(Fault):
            owner(type, "1", ("1",))
