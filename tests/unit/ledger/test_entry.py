"""Bodies of entries: what is written reads back, small."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.actor import PURPOSES
from egide.gate import ROLES
from egide.ledger.entry import decode_body, encode_body
from egide.seal import DataKey, SealBroken

facts = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
TAKEN = {"ids", "purpose"}
words = st.sampled_from(["query", "count", "patients", "reasons", "rows", "client"]) | st.text()
ids = st.uuids().map(str) | st.uuids().map(lambda each: str(each).upper()) | st.text()


@given(
    st.integers(0, 65_534),
    st.lists(st.integers(1, 2**63 - 1)),
    st.dictionaries(words.filter(lambda word: word not in TAKEN), facts, max_size=5),
    st.lists(ids, max_size=4),
    st.sampled_from(sorted(PURPOSES)) | st.text(),
)
def test_a_body_reads_back_as_it_was_written(
    lag: int, patients: list[int], body: dict[str, Any], named: list[str], purpose: str
) -> None:
    body = {**body, "ids": named, "purpose": purpose}
    found = decode_body(encode_body(lag, patients, body))
    assert found.lag == lag
    assert found.patients == tuple(patients)
    assert found.facts == body


def test_a_lag_too_long_to_say_is_not_said() -> None:
    assert decode_body(encode_body(65_534, (), {})).lag == 65_534
    assert decode_body(encode_body(65_535, (), {})).lag is None
    assert decode_body(encode_body(10**9, (), {})).lag is None


@pytest.mark.parametrize("purpose", sorted(PURPOSES))
def test_the_body_of_a_read_takes_one_step_of_padding(purpose: str) -> None:
    plain = encode_body(0, (), {"purpose": purpose, "ids": [str(uuid.uuid4())]})
    assert len(plain) == 25
    assert len(DataKey(bytes(32)).seal(plain, b"", dictionary=0)) == 14 + 32 + 16


def test_an_id_that_only_looks_like_a_uuid_stays_as_it_is() -> None:
    odd = ["0123456789abcdef0123456789abcdef----", "0123456-789ab-cdef-0123-456789abcdef"]
    assert decode_body(encode_body(0, (), {"ids": odd})).facts["ids"] == odd


@pytest.mark.parametrize(
    "plain", [b"", b"\0\0", b"\0\0\x81\xcc\xff\x00", b"\0\0\x81\x00\x7f", b"\0\0\xc1"]
)
def test_bytes_that_are_no_body_are_refused(plain: bytes) -> None:
    with pytest.raises(SealBroken):
        decode_body(plain)


@pytest.mark.parametrize("role", [*ROLES, "a-role-of-later"])
def test_a_role_reads_back_and_those_there_are_take_two_bytes(role: str) -> None:
    plain = encode_body(0, (), {"role": role})
    assert decode_body(plain).facts == {"role": role}
    assert (len(plain) == 2 + 1 + 2) == (role in ROLES)
