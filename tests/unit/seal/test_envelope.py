import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.seal import DataKey, SealBroken
from egide.seal.dictionary import manifest
from egide.seal.envelope import FORMAT, MAX_BODY, OVERHEAD, STEP, head, pad, unpad

NONE_AND_EACH = (0, *manifest().dictionaries)


def body(seed: int) -> bytes:
    draw = random.Random(seed)
    value = f"{draw.uniform(3, 12):.2f}"
    return (
        b'{"resourceType":"Observation","id":"%032x","status":"final","valueQuantity":{"value":%s,'
        b'"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}}'
    ) % (draw.getrandbits(128), value.encode())


@given(st.binary(max_size=3000), st.binary(max_size=80), st.sampled_from(NONE_AND_EACH))
def test_what_opens_is_what_was_sealed(plain: bytes, associated: bytes, dictionary: int) -> None:
    key = DataKey(DataKey.generate())
    sealed = key.seal(plain, associated, dictionary=dictionary)
    assert sealed[:2] == bytes((FORMAT, dictionary))
    assert key.open(sealed, associated) == plain


def test_a_body_of_several_megabytes_is_sealed_and_opened() -> None:
    key = DataKey(DataKey.generate())
    plain = random.Random(1).randbytes(3_000_000) + b"a" * 5_000_000
    for dictionary in NONE_AND_EACH:
        sealed = key.seal(plain, b"", dictionary=dictionary)
        assert len(sealed) < 3_010_000
        assert key.open(sealed, b"") == plain


@pytest.mark.parametrize("dictionary", NONE_AND_EACH)
def test_a_changed_byte_anywhere_is_refused(dictionary: int) -> None:
    key = DataKey(DataKey.generate())
    sealed = key.seal(body(1), b"row", dictionary=dictionary)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1 << place % 8
        with pytest.raises(SealBroken):
            key.open(bytes(changed), b"row")


def test_a_shortened_or_lengthened_envelope_is_refused() -> None:
    key = DataKey(DataKey.generate())
    sealed = key.seal(body(1), b"row")
    for size in range(len(sealed)):
        with pytest.raises(SealBroken):
            key.open(sealed[:size], b"row")
    with pytest.raises(SealBroken):
        key.open(sealed + b"\0", b"row")


def test_a_body_moved_to_another_row_does_not_open() -> None:
    key = DataKey(DataKey.generate())
    sealed = key.seal(body(1), b"row 1")
    for other in (b"row 2", b"", b"row 1\0", b"row 1" + sealed[:2]):
        with pytest.raises(SealBroken):
            key.open(sealed, other)


def test_a_body_does_not_open_under_another_key() -> None:
    sealed = DataKey(DataKey.generate()).seal(body(1), b"row")
    with pytest.raises(SealBroken):
        DataKey(DataKey.generate()).open(sealed, b"row")


def test_sealing_twice_gives_two_envelopes() -> None:
    key = DataKey(DataKey.generate())
    assert key.seal(body(1), b"row") != key.seal(body(1), b"row")


@given(st.binary(max_size=200))
def test_lengths_come_in_steps_of_32_bytes(frame: bytes) -> None:
    padded = pad(frame)
    assert len(padded) % STEP == 0
    assert 1 <= len(padded) - len(frame) <= STEP
    assert unpad(padded) == frame
    sealed = DataKey(DataKey.generate()).seal(frame, b"")
    assert (len(sealed) - OVERHEAD) % STEP == 0


@pytest.mark.parametrize("padded", [b"", b"\1", bytes(32), b"\0" * 31 + b"\x21", b"\1" * 33])
def test_a_padding_we_never_make_is_refused(padded: bytes) -> None:
    with pytest.raises(SealBroken):
        unpad(padded)


def forged(key: DataKey, frame: bytes) -> bytes:
    start, nonce = head(0), bytes(12)
    return start + nonce + key._cipher.encrypt(nonce, pad(frame), start)


def test_a_frame_that_claims_too_much_is_refused() -> None:
    key = DataKey(DataKey.generate())
    single_segment_eight_byte_size = 0xE0
    for size in (MAX_BODY + 1, 1 << 40, (1 << 64) - 3):
        frame = bytes((single_segment_eight_byte_size,)) + size.to_bytes(8, "little") + b"\1\0\0"
        with pytest.raises(SealBroken, match="larger than any we seal"):
            key.open(forged(key, frame), b"")


@pytest.mark.parametrize("frame", [b"", b"\x20", b"\x20\x05\x01\0\0", b"\0" * 40, b"\xff" * 9])
def test_a_frame_that_is_not_one_is_refused(frame: bytes) -> None:
    key = DataKey(DataKey.generate())
    with pytest.raises(SealBroken):
        key.open(forged(key, frame), b"")


def test_an_unknown_dictionary_is_refused() -> None:
    key = DataKey(DataKey.generate())
    with pytest.raises(SealBroken, match="no dictionary 255"):
        key.seal(b"{}", b"", dictionary=255)


def test_sealed_bodies_do_not_compress() -> None:
    key = DataKey(DataKey.generate())
    sealed = b"".join(key.seal(body(seed), b"row")[2:] for seed in range(500))
    assert len(zlib.compress(b"".join(body(seed) for seed in range(500)), 9)) < 500 * 60
    assert len(zlib.compress(sealed, 9)) >= 0.99 * len(sealed)


def test_installations_and_keys_share_no_run_of_16_sealed_bytes() -> None:
    seen: set[bytes] = set()
    for _ in range(2):
        key = DataKey(DataKey.generate())
        runs = set()
        for seed in range(50):
            sealed = key.seal(body(seed), b"row")
            runs |= {sealed[place : place + 16] for place in range(len(sealed) - 15)}
        assert not seen & runs
        seen |= runs
