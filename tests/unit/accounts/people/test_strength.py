"""Passwords: what is refused, and what is taken."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.accounts.people import LONGEST_PASSWORD, SHORTEST_PASSWORD, WeakPassword
from egide.accounts.people.strength import checked_password, normal


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password1234!",
        "passwordpassword",
        "123456789012",
        "qwertyuiop12",
        "aaaaaaaaaaaaaaaa",
        "iloveyou12345",
        "P@ssw0rd2024",
    ],
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    assert len(password) >= SHORTEST_PASSWORD
    with pytest.raises(WeakPassword) as caught:
        checked_password(password, "login", "Name")
    assert caught.value.reason == "common"


@pytest.mark.parametrize(
    "password",
    ["marguerite.lathrop", "MargueriteLathrop", "lathrop-marguerite", "Marguerite.Lathrop1"],
)
def test_what_is_made_of_the_names_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword) as caught:
        checked_password(password, "marguerite.lathrop", "Marguerite Lathrop")
    assert caught.value.reason == "names"


@pytest.mark.parametrize("length", [0, 1, SHORTEST_PASSWORD - 1])
def test_what_is_too_short_is_refused(length: int) -> None:
    with pytest.raises(WeakPassword, match=str(SHORTEST_PASSWORD)) as caught:
        checked_password("kV8#zQ2!wL5$"[:length], "login", "Name")
    assert caught.value.reason == "short"


@pytest.mark.parametrize("length", [LONGEST_PASSWORD + 1, 100_000])
def test_what_is_too_long_is_refused(length: int) -> None:
    with pytest.raises(WeakPassword, match=str(LONGEST_PASSWORD)) as caught:
        checked_password("kV8#zQ2!wL5$" * length, "login", "Name")
    assert caught.value.reason == "long"


@pytest.mark.parametrize(
    "password",
    ["quince-ladder-49-umbrella", "sable horloge tiroir lune", "kV8#zQ2!wL5$", "éclair-tonnerre-8"],
)
def test_long_and_unlikely_is_taken_without_rules_on_characters(password: str) -> None:
    assert checked_password(password, "login", "Name") == password


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_no_password_breaks_the_check_and_no_refusal_repeats_it(password: str) -> None:
    try:
        taken = checked_password(password, "login.name", "Name Shown")
    except WeakPassword as error:
        assert len(password) < 4 or password not in error.message
    else:
        assert taken == unicodedata.normalize("NFC", password)


@given(st.text(max_size=300))
def test_both_spellings_of_an_accent_are_one_password(password: str) -> None:
    assert normal(unicodedata.normalize("NFD", password)[:200]) == normal(
        unicodedata.normalize("NFC", unicodedata.normalize("NFD", password)[:200])
    )
