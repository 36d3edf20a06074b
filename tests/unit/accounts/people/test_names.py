"""Login names have one spelling; names shown keep theirs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.accounts.people.names import checked_login, checked_name, plain_login
from egide.errors import Incorrect


@pytest.mark.parametrize(
    "login", ["", " ", "a", "a b", "12345", "٣٤٥", "a\x00b", "a\nb", "a" * 101]
)
def test_what_is_no_login_name_is_refused(login: str) -> None:
    with pytest.raises(Incorrect):
        checked_login(login)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x7f", "n" * 101])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Incorrect):
        checked_name(name)


@pytest.mark.parametrize("login", ["Ann.Example", " ann.example ", "ＡＮＮ.example", "ANN.EXAMPLE"])
def test_spellings_of_one_login_name_are_one(login: str) -> None:
    assert checked_login(login) == "ann.example"


def test_a_name_is_shown_as_it_was_given() -> None:
    assert checked_name(" Élodie d’Arc-Œuvre ") == "Élodie d’Arc-Œuvre"
    assert checked_name("E\u0301lodie") == "Élodie"


@given(st.text(max_size=80))
def test_a_plain_login_name_is_plain_already(login: str) -> None:
    plain = plain_login(login)
    assert plain_login(plain) == plain
    assert plain_login(login.upper().lower()) == plain_login(login.upper())
