"""Signed notes against the published example of Go's sumdb, and what they refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.ledger.note import (
    COSIGNATURE,
    Note,
    NoteBroken,
    Signature,
    SignerKey,
    VerifierKey,
)

KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = (
    TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
)
OTHER = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33"
    "WWd1RvMc+QQ=\n"
)


def test_the_published_note_is_signed_by_its_key() -> None:
    assert Note.parse(SIGNED).signed_by(VerifierKey.parse(KEY))
    assert str(Note.parse(SIGNED)) == SIGNED
    assert str(VerifierKey.parse(KEY)) == KEY


def test_a_signature_of_an_unknown_key_is_kept_and_proves_nothing() -> None:
    note = Note.parse(SIGNED + OTHER)
    assert note.signed_by(VerifierKey.parse(KEY))
    assert [each.name for each in note.signatures] == ["PeterNeumann", "EnochRoot"]
    assert str(note) == SIGNED + OTHER
    only = Note.parse(TEXT + "\n" + OTHER)
    assert not only.signed_by(VerifierKey.parse(KEY))


def test_a_cosignature_is_checked_with_its_time() -> None:
    witness = SignerKey("witness.example/w1", bytes(range(32)))
    public = witness.verifier.public
    key = VerifierKey.parse(str(VerifierKey("witness.example/w1", public, COSIGNATURE)))
    line = witness.cosign(TEXT, 1_700_000_000)
    assert Note(TEXT, (line,)).signed_by(key)
    later = Signature(line.name, line.key, (1_700_000_001).to_bytes(8, "big") + line.signature[8:])
    with pytest.raises(NoteBroken):
        Note(TEXT, (later,)).signed_by(key)


@given(st.integers(0, len(TEXT) - 2), st.sampled_from("aZ0 é"))
def test_a_changed_note_is_refused(at: int, letter: str) -> None:
    changed = SIGNED[:at] + letter + SIGNED[at + 1 :]
    if changed != SIGNED:
        with pytest.raises(NoteBroken):
            Note.parse(changed).signed_by(VerifierKey.parse(KEY))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        TEXT,
        TEXT + "\n",
        SIGNED[:-1],
        "\x01" + SIGNED,
        SIGNED + "Unexpected line.\n",
        SIGNED.replace("PeterNeumann", "Bad Name"),
        SIGNED.replace("PeterNeumann", "a+b"),
        SIGNED.replace("x08go", "x08g"),
        TEXT + "\n" + "— PeterNeumann x08go/Y=\n" * 101,
        TEXT + "\n— PeterNeumann x08goA==\n",
    ],
)
def test_a_malformed_note_is_refused(raw: str) -> None:
    with pytest.raises(NoteBroken):
        Note.parse(raw)


@given(st.binary(min_size=32, max_size=32), st.text("abc\ndé ", max_size=40))
def test_what_is_signed_reads_back(seed: bytes, text: str) -> None:
    signer = SignerKey("log.example", seed)
    note = Note(text + "\n", (signer.sign(text + "\n"),))
    assert Note.parse(str(note)) == note
    assert note.signed_by(VerifierKey.parse(str(signer.verifier)))


def test_every_part_of_a_key_counts() -> None:
    for start in range(len(KEY)):
        with pytest.raises(NoteBroken):
            VerifierKey.parse(KEY[:start] + chr(ord(KEY[start]) + 1) + KEY[start + 1 :])
        with pytest.raises(NoteBroken):
            VerifierKey.parse(KEY[:start])


def test_a_key_of_another_length_or_kind_is_refused() -> None:
    for key in (
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ):
        with pytest.raises(NoteBroken):
            VerifierKey.parse(key)


def test_a_name_with_a_space_signs_nothing() -> None:
    with pytest.raises(NoteBroken):
        SignerKey("two words", bytes(32))


def test_a_private_key_does_not_show_itself() -> None:
    seed = bytes(range(32))
    assert seed.hex() not in repr(SignerKey("log.example", seed))
