"""The types of R4, each in exactly one set."""

from egide.fhir.definitions import TYPES
from egide.gate.types import ADMISSION, ALL, AUDIT, DIRECTORY, KNOWLEDGE, RECORD


def test_every_type_of_r4_is_in_exactly_one_set() -> None:
    sets = [RECORD, DIRECTORY, KNOWLEDGE, AUDIT]
    assert sorted(name for one in sets for name in one) == sorted(TYPES)


def test_all_is_the_types_of_r4_and_nothing_else() -> None:
    assert frozenset(TYPES) == ALL


def test_the_admission_desk_works_on_types_of_the_record() -> None:
    assert ADMISSION < RECORD
