import base64
import copy
import pickle
import traceback
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.errors import Fault
from egide.seal import BlindIndex, DataKey, KeyRing, SealBroken
from egide.seal.keyring import WRAPPED, KeyMissing

ESTABLISHMENT = uuid.UUID("00000000-0000-4000-8000-000000000001")
SECRET = bytes(range(32))
EPOCHS = {1: bytes(range(32, 64)), 2: bytes(range(64, 96))}
KEY = bytes(range(96, 128))


def ring(**changes: Any) -> KeyRing:
    given: dict[str, Any] = {
        "establishment": ESTABLISHMENT,
        "secret": SECRET,
        "epochs": EPOCHS,
        "epoch": 2,
    }
    return KeyRing(**given | changes)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**63 - 1))
def test_a_wrapped_key_is_unwrapped(key: bytes, number: int) -> None:
    wrapped = ring().wrap(key, number)
    assert len(wrapped) == WRAPPED
    assert key not in wrapped
    assert ring().unwrap(wrapped, number, 2) == key


def test_a_wrapped_key_opens_only_for_its_number_and_epoch() -> None:
    wrapped = ring().wrap(KEY, 7)
    with pytest.raises(SealBroken):
        ring().unwrap(wrapped, 8, 2)
    with pytest.raises(SealBroken):
        ring().unwrap(wrapped, 7, 1)
    same_key_for_both = ring(epochs={1: EPOCHS[2], 2: EPOCHS[2]})
    with pytest.raises(SealBroken):
        same_key_for_both.unwrap(wrapped, 7, 1)


def test_a_wrapped_key_with_a_changed_byte_is_refused() -> None:
    wrapped = ring().wrap(KEY, 7)
    for place in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            ring().unwrap(bytes(changed), 7, 2)
    with pytest.raises(SealBroken):
        ring().unwrap(wrapped[:-1], 7, 2)


def test_during_a_rewrap_both_epochs_unwrap_and_the_new_one_wraps() -> None:
    before = ring(epoch=1)
    old = before.wrap(KEY, 7)
    during = ring()
    assert during.epochs == (1, 2)
    new = during.wrap(during.unwrap(old, 7, 1), 7)
    after = ring(epochs={2: EPOCHS[2]})
    assert after.unwrap(new, 7, 2) == KEY


def test_when_an_epoch_key_is_gone_what_it_wrapped_never_opens() -> None:
    old = ring(epoch=1).wrap(KEY, 7)
    with pytest.raises(KeyMissing, match="epoch 1"):
        ring(epochs={2: EPOCHS[2]}).unwrap(old, 7, 1)


def test_a_ring_passes_through_a_pipe_whole() -> None:
    made = ring()
    received = KeyRing.from_bytes(made.to_bytes())
    assert received.establishment == ESTABLISHMENT
    assert (received.epoch, received.epochs) == (2, (1, 2))
    assert received.unwrap(made.wrap(KEY, 7), 7, 2) == KEY
    assert received.derive("cursor") == made.derive("cursor")
    assert received.blind.ident("Patient", "1") == made.blind.ident("Patient", "1")
    assert received.blind.term("Patient", "name", "a") == made.blind.term("Patient", "name", "a")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw + b"\0",
        lambda raw: raw.replace(SECRET, SECRET[:-1]),
        lambda raw: raw[:1] + b"\2" + raw[2:],
        lambda raw: raw[:-1] + b"\3",
    ],
)
def test_bytes_that_are_not_a_ring_are_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Fault, match=r"not a key ring|epoch of a key ring"):
        KeyRing.from_bytes(spoil(ring().to_bytes()))


def test_a_ring_without_its_current_epoch_or_with_a_short_secret_is_refused() -> None:
    for changes in (
        {"epoch": 3},
        {"epochs": {}},
        {"epochs": {0: KEY}, "epoch": 0},
        {"epochs": {2: KEY[1:]}},
        {"secret": b""},
    ):
        with pytest.raises(Fault):
            ring(**changes)
    for wrong in (b"", KEY[1:], KEY * 2):
        with pytest.raises(Fault):
            ring().wrap(wrong, 7)
        with pytest.raises(Fault):
            DataKey(wrong)


def test_each_purpose_and_establishment_has_a_key_of_its_own() -> None:
    other = ring(establishment=uuid.UUID(int=5))
    keys = [r.derive(p) for r in (ring(), other) for p in ("cursor", "ledger-mac", "cursor2")]
    assert len(set(keys)) == 6
    assert all(len(key) == 32 for key in keys)
    assert SECRET not in keys
    assert ring().derive("cursor") == ring().derive("cursor")


def test_a_generated_ring_is_like_no_other() -> None:
    assert KeyRing.generate().derive("cursor") != KeyRing.generate(ESTABLISHMENT).derive("cursor")
    assert KeyRing.generate(ESTABLISHMENT).establishment == ESTABLISHMENT


def texts(thing: object) -> list[str]:
    found = [repr(thing), str(thing), f"{thing}", repr(thing.__reduce__.__self__)]
    for spoil in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(Fault) as caught:
            spoil(thing)
        found += traceback.format_exception(caught.value)
    return found


def test_no_text_made_from_a_key_shows_it() -> None:
    made = ring()
    found = [*texts(made), *texts(made.blind), *texts(DataKey(KEY))]
    for attempt in (
        lambda: made.unwrap(bytes(WRAPPED), 7, 2),
        lambda: made.unwrap(bytes(WRAPPED), 7, 9),
        lambda: DataKey(KEY).open(bytes(100), b""),
        lambda: made.wrap(KEY + KEY, 7),
        lambda: DataKey(KEY + KEY),
        lambda: KeyRing.from_bytes(made.to_bytes() + b"\0"),
        lambda: ring(epoch=9),
    ):
        with pytest.raises(Fault) as caught:
            attempt()
        found += traceback.format_exception(caught.value)
        found.append(repr(caught.value.args) + repr(caught.value.__context__))
    text = "\n".join(found)
    index_key = made.derive("blind-index")
    for secret in (SECRET, *EPOCHS.values(), KEY, index_key):
        for shown in (
            secret.hex(),
            repr(secret)[2:-1],
            base64.b64encode(secret).decode(),
            str(list(secret))[1:-1],
        ):
            assert shown not in text
            assert shown[:12] not in text


def test_an_index_key_alone_makes_an_index() -> None:
    assert BlindIndex(KEY).term("Patient", "name", "a") == BlindIndex(KEY).term(
        "Patient", "name", "a"
    )
