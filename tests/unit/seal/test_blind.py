import hashlib
import uuid

from hypothesis import given
from hypothesis import strategies as st

from egide.seal import BlindIndex, KeyRing

INDEX = BlindIndex(bytes(range(32)))
VALUES = [f"value {n}" for n in range(300)]


@given(st.text(max_size=40), st.text("abc", max_size=3), st.text(max_size=40))
def test_terms_are_signed_64_bit_numbers_the_same_each_time(
    type: str, parameter: str, value: str
) -> None:
    term = INDEX.term(type, parameter, value)
    assert -(2**63) <= term < 2**63
    assert term == BlindIndex(bytes(range(32))).term(type, parameter, value)


def test_a_value_has_another_term_in_each_type_and_parameter() -> None:
    names = [("Patient", "name"), ("Patient", "family"), ("Practitioner", "name"), ("Pat", "ient")]
    terms = {INDEX.term(type, parameter, value) for type, parameter in names for value in VALUES}
    assert len(terms) == len(names) * len(VALUES)


def test_both_signs_occur() -> None:
    terms = [INDEX.term("Patient", "name", value) for value in VALUES]
    assert 100 < sum(term < 0 for term in terms) < 200


def test_two_installations_share_no_term() -> None:
    one, two = KeyRing.generate().blind, KeyRing.generate().blind
    for value in VALUES:
        assert one.term("Patient", "name", value) != two.term("Patient", "name", value)
        assert one.ident("Patient", value) != two.ident("Patient", value)


def test_two_establishments_under_one_secret_share_no_term() -> None:
    secret, epochs = bytes(32), {1: bytes(32)}
    one, two = (KeyRing(uuid.UUID(int=n), secret, epochs, 1).blind for n in (1, 2))
    assert one.term("Patient", "name", "a") != two.term("Patient", "name", "a")
    assert one.ident("Patient", "a") != two.ident("Patient", "a")


def test_idents_are_16_bytes_told_apart_by_type() -> None:
    assert len(INDEX.ident("Patient", "1")) == 16
    assert INDEX.ident("Patient", "1") == INDEX.ident("Patient", "1")
    assert INDEX.ident("Patient", "1") != INDEX.ident("Practitioner", "1")
    assert INDEX.ident("Patient", "1") != INDEX.ident("Patient", "11")


def test_no_unkeyed_hash_of_a_value_is_its_term_or_ident() -> None:
    term = INDEX.term("Patient", "name", "durand").to_bytes(8, "big", signed=True)
    ident = INDEX.ident("Patient", "1")
    for name in hashlib.algorithms_available:
        for value in (b"durand", b"1", b"Patient/1"):
            digest = hashlib.new(name, value)
            raw = digest.digest(64) if digest.digest_size == 0 else digest.digest()  # type: ignore[call-arg]
            assert term not in raw
            assert ident not in raw


def test_text_that_is_not_unicode_is_hashed_and_shown_in_no_error() -> None:
    assert INDEX.term("Patient", "name", "\ud800") != INDEX.term("Patient", "name", "?")
    assert len(INDEX.ident("Patient", "\ud800")) == 16
