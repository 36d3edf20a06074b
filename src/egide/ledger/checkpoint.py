"""Checkpoints: the size and root of the log's tree at one moment, signed.

C2SP tlog-checkpoint: https://c2sp.org/tlog-checkpoint. Lines of witnesses under a checkpoint are
kept with it.

Invariant: what is read back is what was signed, and anything else is refused
(test_a_signed_checkpoint_reads_back, test_a_checkpoint_of_another_log_is_refused).
"""

import base64
from dataclasses import dataclass

from egide.ledger.merkle import HASH
from egide.ledger.note import Note, NoteBroken, SignerKey, VerifierKey
from egide.seal import KeyRing


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of the log `origin`: its size in leaves and its root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, key: SignerKey) -> Note:
        """The checkpoint as a note with the log's signature."""
        text = self.text()
        return Note(text, (key.sign(text),))


def read(note: Note) -> Checkpoint:
    """What `note` says, whoever signed it. Raises NoteBroken when it is no checkpoint."""
    origin, _, rest = note.text.partition("\n")
    size, _, rest = rest.partition("\n")
    encoded = rest.partition("\n")[0]
    try:
        found = Checkpoint(origin, int(size), base64.b64decode(encoded, validate=True))
    except ValueError:
        raise NoteBroken("a checkpoint is an origin, a size and a root") from None
    if not origin or len(found.root) != HASH or not note.text.startswith(found.text()):
        raise NoteBroken("a checkpoint is an origin, a size and a root")
    return found


def verified(note: Note, key: VerifierKey) -> Checkpoint:
    """The checkpoint of the log whose key is `key`. Raises NoteBroken."""
    found = read(note)
    if found.origin != key.name:
        raise NoteBroken("a checkpoint is of another log")
    if not note.signed_by(key):
        raise NoteBroken("a checkpoint has no signature of its log")
    return found


def origin(ring: KeyRing) -> str:
    """The name of this establishment's log, unless it was given another."""
    return f"egide/{ring.establishment}"


def signer(ring: KeyRing, name: str | None = None) -> SignerKey:
    """The key this establishment's checkpoints are signed with; `name` is the log's origin.

    Its `verifier`, as text, is what an auditor is given.
    """
    return SignerKey(name or origin(ring), ring.derive("ledger-checkpoint"))
