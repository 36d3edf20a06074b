"""Codes: TOTP by the RFC's own vectors, and recovery codes however they are typed."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.accounts.people.recovery import COUNT, new_codes, plain_code
from egide.accounts.people.time_codes import new_secret, step_of

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(second: int, code: str) -> None:
    now = datetime.fromtimestamp(second, UTC)
    assert step_of(SECRET, code[-6:], now) == second // 30
    assert step_of(SECRET, f"{code[2:5]} {code[5:]}", now) == second // 30


@pytest.mark.parametrize("code", ["", "000000", "28708", "9428708", "²87082", "٢٨٧٠٨٢", "28708a"])
def test_what_is_no_code_of_now_is_refused(code: str) -> None:
    assert step_of(SECRET, code, datetime.fromtimestamp(59, UTC)) is None


def test_a_code_two_steps_away_is_refused() -> None:
    assert step_of(SECRET, "287082", datetime.fromtimestamp(59 + 30, UTC)) == 1
    assert step_of(SECRET, "287082", datetime.fromtimestamp(59 + 60, UTC)) is None


def test_a_secret_has_160_bits_and_an_address_authenticators_read() -> None:
    new = new_secret("ann.example")
    assert len(base64.b32decode(new.secret)) == 20
    assert new.uri.startswith("otpauth://totp/")
    assert new.secret in new.uri
    assert new.secret not in repr(new)


def test_recovery_codes_are_ten_and_none_twice() -> None:
    codes = new_codes() + new_codes()
    assert len(set(codes)) == 2 * COUNT
    for code in codes:
        plain = plain_code(code)
        assert plain is not None
        assert len(plain) == 16


def test_letters_that_look_like_digits_are_read_as_them() -> None:
    assert plain_code("oOiI-lL00-1111-ABCD") == plain_code("0011-1100-1111-ABCD")


@given(st.text(max_size=100))
def test_whatever_is_typed_is_a_code_in_its_one_spelling_or_none(text: str) -> None:
    plain = plain_code(text)
    assert plain is None or plain_code(plain) == plain
