"""What is sealed opens where it was sealed for, and hashes differ by use."""

import pytest

from egide.accounts.people.sealing import Known, Sealing
from egide.errors import Fault

SEALING = Sealing(b"a" * 32)
KNOWN = Known("ann.example", "Ann", "patient-1", None, (), "hospital-1")


@pytest.mark.parametrize(
    ("sealing", "use", "account"),
    [(SEALING, "totp", 2), (SEALING, "password", 1), (Sealing(b"b" * 32), "totp", 1)],
    ids=["another account", "another use", "another key"],
)
def test_what_was_sealed_for_something_else_does_not_open(
    sealing: Sealing, use: str, account: int
) -> None:
    sealed = SEALING.seal("totp", 1, b"secret")
    assert SEALING.open("totp", 1, sealed) == b"secret"
    with pytest.raises(Fault):
        sealing.open(use, account, sealed)


@pytest.mark.parametrize("cut", [0, 5, 12, 20])
def test_what_was_cut_or_changed_does_not_open(cut: int) -> None:
    sealed = SEALING.seal("totp", 1, b"secret")
    for broken in (sealed[:cut], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(Fault):
            SEALING.open("totp", 1, broken)


def test_equal_texts_are_sealed_differently_and_hashed_equally() -> None:
    assert SEALING.seal("totp", 1, b"x") != SEALING.seal("totp", 1, b"x")
    assert SEALING.hash("login", "ann") == SEALING.hash("login", "ann")
    others = (
        SEALING.hash("attempt", "ann"),
        SEALING.hash("login", "ann", ""),
        SEALING.hash("login", "bob"),
        Sealing(b"b" * 32).hash("login", "ann"),
    )
    assert SEALING.hash("login", "ann") not in others


def test_a_person_comes_back_whole_and_shows_nothing() -> None:
    back = SEALING.open_known(7, SEALING.seal_known(7, KNOWN))
    assert back == KNOWN
    assert (back.bound.patient, back.bound.establishment) == ("patient-1", "hospital-1")
    assert "ann" not in repr(back).lower()


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(Fault):
        Sealing(b"short")
