"""What is kept of people that only the installation's keys read or compute.

Sealed: AES-256-GCM, bound to its use and its account. Hashed: BLAKE2b under a key. Both keys come
from the one `People` is given.
"""

import os
from hashlib import blake2b

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egide.accounts.acting import Behalf, Bound
from egide.errors import Fault


class Known(msgspec.Struct, frozen=True, array_like=True):
    """The sealed part of a person."""

    login: str
    name: str
    patient: str | None = None
    practitioner: str | None = None
    relatives: tuple[str, ...] = ()
    establishment: str | None = None

    @property
    def bound(self) -> Bound:
        return Bound(self.patient, self.practitioner, self.relatives, self.establishment)

    def __repr__(self) -> str:
        return "Known(sealed)"


class Acting(msgspec.Struct, frozen=True, array_like=True):
    """The sealed part of a session: where it works, and for whom it acts at the moment."""

    establishment: str | None = None
    behalf: Behalf | None = None

    def __repr__(self) -> str:
        return "Acting(sealed)"


_encode = msgspec.msgpack.Encoder().encode
_decode_known = msgspec.msgpack.Decoder(Known).decode
_decode_acting = msgspec.msgpack.Decoder(Acting).decode


class Sealing:
    """Seals, opens and hashes under keys derived from one of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise Fault("the key of people's accounts is 32 bytes")
        self._cipher = AESGCM(_derived(key, b"seal"))
        self._hash_key = _derived(key, b"hash")

    def seal(self, use: str, account: int, plain: bytes) -> bytes:
        """`plain`, which opens for the same use and account only."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, plain, _associated(use, account))

    def open(self, use: str, account: int, sealed: bytes) -> bytes:
        """What `seal` was given. Raises Fault when it was sealed for something else."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], _associated(use, account))
        except (InvalidTag, ValueError):
            raise Fault("Something sealed of a person's account does not open") from None

    def hash(self, use: str, *parts: str) -> bytes:
        """32 bytes that stand for `parts` in one use, and tell nothing without the key."""
        text = "\x00".join((use, *parts)).encode("utf-8", "surrogatepass")
        return blake2b(text, key=self._hash_key, digest_size=32).digest()

    def seal_known(self, account: int, known: Known) -> bytes:
        return self.seal("person", account, _encode(known))

    def open_known(self, account: int, sealed: bytes) -> Known:
        return _decode_known(self.open("person", account, sealed))

    def seal_acting(self, account: int, session: int, acting: Acting) -> bytes:
        return self.seal(f"session {session}", account, _encode(acting))

    def open_acting(self, account: int, session: int, sealed: bytes) -> Acting:
        return _decode_acting(self.open(f"session {session}", account, sealed))


def _derived(key: bytes, use: bytes) -> bytes:
    return blake2b(b"egide/1/people/" + use, key=key, digest_size=32).digest()


def _associated(use: str, account: int) -> bytes:
    return f"egide/1/people/{use}/".encode() + account.to_bytes(8, "big")
