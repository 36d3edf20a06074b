"""Checkpoints: written as the standard's example, read back, refused when they are another's."""

import base64
import uuid

import pytest

from egide.ledger.checkpoint import Checkpoint, origin, read, signer, verified
from egide.ledger.note import Note, NoteBroken, SignerKey
from egide.seal import KeyRing

ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q"
    "1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_the_example_of_the_standard_reads_as_it_says() -> None:
    found = read(Note.parse(EXAMPLE))
    assert found == Checkpoint("example.com/behind-the-sofa", 20852163, ROOT)
    assert EXAMPLE.startswith(found.text())


def test_a_signed_checkpoint_reads_back() -> None:
    ring = KeyRing.generate(uuid.UUID(int=7))
    key = signer(ring)
    made = Checkpoint(origin(ring), 12, ROOT)
    witness = SignerKey("witness.example", bytes(32))
    note = made.sign(key)
    seen = Note(note.text, (*note.signatures, witness.cosign(note.text, 1)))
    assert verified(Note.parse(str(seen)), key.verifier) == made
    assert len(Note.parse(str(seen)).signatures) == 2


def test_a_checkpoint_of_another_log_is_refused() -> None:
    ring, other = KeyRing.generate(), KeyRing.generate()
    note = Checkpoint(origin(other), 12, ROOT).sign(signer(other))
    with pytest.raises(NoteBroken, match="another log"):
        verified(note, signer(ring).verifier)
    forged = Checkpoint(origin(ring), 12, ROOT).sign(signer(other, origin(ring)))
    with pytest.raises(NoteBroken, match="no signature"):
        verified(forged, signer(ring).verifier)


@pytest.mark.parametrize(
    "text",
    [
        "log\n12\n",
        "log\n012\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=x\n",
        "log\ntwelve\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log\n12\nCsUYapGGPo4dkMgIAUqo\n",
        "\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteBroken):
        read(Note(text, ()))


def test_two_establishments_sign_with_two_keys() -> None:
    first, second = KeyRing.generate(), KeyRing.generate()
    assert signer(first).verifier.public != signer(second).verifier.public
    assert origin(first) != origin(second)
    assert str(signer(first).verifier) == str(signer(first).verifier)
