"""Signed notes: a text, and lines of signature under it.

C2SP signed-note: https://c2sp.org/signed-note; cosignatures of witnesses are one of its signature
types: https://c2sp.org/tlog-cosignature. Keys are written as Go's `sumdb/note` writes them:
`name+hexid+base64(type ‖ public key)`.

Invariants (tests/unit/ledger/test_note.py)
- A note with a changed character is refused (test_a_changed_note_is_refused).
- A signature of a key we do not know is kept and proves nothing
  (test_a_signature_of_an_unknown_key_is_kept_and_proves_nothing).
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

ED25519 = 0x01
"""The type of an Ed25519 signature over the text."""

COSIGNATURE = 0x04
"""The type of a witness's Ed25519 signature over a timestamp and the text."""

LONGEST = 100_000
MOST_SIGNATURES = 100

_DASH = "\u2014 "


class NoteBroken(ValueError):
    """A note is malformed, or no key we trust signed it."""


class Signature(NamedTuple):
    """One signature line: the key's name and id, and the signature's bytes."""

    name: str
    key: bytes
    signature: bytes

    def line(self) -> str:
        """The line as it stands in a note."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name. `kind` is ED25519 or COSIGNATURE, `public` 32 bytes."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        text = self.name.encode() + b"\n" + bytes((self.kind,)) + self.public
        return hashlib.sha256(text).digest()[:4]

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """The key that `str` wrote. Raises NoteBroken."""
        name, _, rest = text.partition("+")
        id, _, encoded = rest.partition("+")
        raw = _base64(encoded)
        if len(raw) == 33 and raw[0] in (ED25519, COSIGNATURE) and _name(name):
            key = cls(name, raw[1:], raw[0])
            if id == key.id.hex():
                return key
        raise NoteBroken("not a verifier key")

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes((self.kind,)) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether `signature` is this key's over `text`."""
        signed = text.encode()
        if self.kind == COSIGNATURE:
            time = int.from_bytes(signature[:8], "big")
            signed = f"cosignature/v1\ntime {time}\n".encode() + signed
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except InvalidSignature:
            return False
        return True


class SignerKey:
    """A private Ed25519 key under a name, from its 32-byte seed."""

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        if not _name(name):
            raise NoteBroken("a key's name has no space and no plus sign")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """The signature line for `text`, which ends with a newline."""
        key = self.verifier
        return Signature(key.name, key.id, self._private.sign(text.encode()))

    def cosign(self, text: str, time: int) -> Signature:
        """A witness's signature line for `text` at `time` (POSIX seconds)."""
        key = VerifierKey(self.verifier.name, self.verifier.public, COSIGNATURE)
        signed = f"cosignature/v1\ntime {time}\n{text}".encode()
        return Signature(key.name, key.id, time.to_bytes(8, "big") + self._private.sign(signed))

    def __repr__(self) -> str:
        return f"SignerKey({self.verifier.name!r}, …)"


@dataclass(frozen=True, slots=True)
class Note:
    """A text ending with a newline, and every signature it carries, checked or not."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(each.line() for each in self.signatures)}"

    @classmethod
    def parse(cls, raw: str) -> "Note":
        """The note written as `raw`; its signatures are not checked. Raises NoteBroken."""
        if len(raw) > LONGEST or any(each < " " and each != "\n" for each in raw):
            raise NoteBroken("a note is too long or has control characters")
        text, separator, below = raw.rpartition("\n\n")
        lines = below.split("\n")
        if not separator or not below or lines.pop() or len(lines) > MOST_SIGNATURES:
            raise NoteBroken("a note is a text, an empty line and signatures")
        return cls(text + "\n", tuple(_signature(line) for line in lines))

    def signed_by(self, key: VerifierKey) -> bool:
        """Whether `key` signed this text. Raises NoteBroken when a signature of its is wrong."""
        its = [each for each in self.signatures if (each.name, each.key) == (key.name, key.id)]
        if not all(key.verifies(self.text, each.signature) for each in its):
            raise NoteBroken(f"a signature of {key.name} does not verify")
        return bool(its)


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    raw = _base64(encoded)
    if not line.startswith(_DASH) or not _name(name) or len(raw) < 5:
        raise NoteBroken("a line under a note is no signature")
    return Signature(name, raw[:4], raw[4:])


def _name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(each.isspace() for each in name)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
