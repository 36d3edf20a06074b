"""Which key numbers new patients of one's own establishment have in what is written."""

from datetime import UTC, datetime

from egide.record.admitting import numbers_of
from egide.seal import Owner
from egide.store import STRANGER, Draft, Prepared

MINE, OTHER, PERSON = b"m" * 16, b"o" * 16, b"p" * 16
ADMITTED = frozenset({MINE})


def written(keys: dict[bytes, int], owner: Owner | None = None) -> Prepared:
    draft = Draft("Appointment", "x", None)
    found = Prepared(draft, b"x" * 16, 1, datetime(2026, 1, 1, tzinfo=UTC), b"")
    found.keys, found.owner = keys, owner
    return found


def test_a_stranger_beside_a_new_patient_makes_neither_one_s_own() -> None:
    assert numbers_of(written({MINE: STRANGER, OTHER: STRANGER}), ADMITTED) == frozenset()
    assert numbers_of(written({OTHER: STRANGER}), ADMITTED) == frozenset()
    assert numbers_of(written({OTHER: 5}), ADMITTED) == frozenset()


def test_a_new_patient_is_one_s_own_before_and_after_he_has_a_key() -> None:
    assert numbers_of(written({MINE: STRANGER}), ADMITTED) == {STRANGER}
    assert numbers_of(written({MINE: 7, OTHER: 5}), ADMITTED) == {7}


def test_a_person_is_no_patient() -> None:
    owner = Owner("person", ("Person/x",))
    assert numbers_of(written({PERSON: STRANGER, MINE: STRANGER}, owner), ADMITTED) == {STRANGER}
    assert numbers_of(written({PERSON: STRANGER, OTHER: STRANGER}, owner), ADMITTED) == frozenset()


def test_what_takes_its_key_from_a_context_is_that_one_s() -> None:
    image = written({})
    image.context = written({MINE: STRANGER})
    assert numbers_of(image, ADMITTED) == {STRANGER}
    image.context = written({OTHER: STRANGER})
    assert numbers_of(image, ADMITTED) == frozenset()
