"""What the federation keeps in the database: keyed hashes, and values sealed with AES-256-GCM.

Invariant: no claim, state or subject is stored in the clear (test_nothing_of_a_login_is_readable).
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egide.errors import Fault


class Sealing:
    """Keyed hashes and sealed values under one key; a value opens only where it was sealed for."""

    __slots__ = ("_cipher", "_hashing")

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes, `KeyRing.derive("federation")`."""
        self._cipher = AESGCM(_derived(key, b"seal"))
        self._hashing = _derived(key, b"hash")

    def hashed(self, what: str, *parts: bytes) -> bytes:
        """32 bytes for `parts`, another value for each `what`; the lengths are hashed too."""
        digest = hashlib.blake2b(key=self._hashing, digest_size=32, person=what.encode())
        for part in parts:
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()

    def seal(self, plain: bytes, place: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, plain, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Raises Fault when it was not sealed for `place` under this key."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], place)
        except InvalidTag:
            raise Fault("A log-in that was begun does not open") from None


def _derived(key: bytes, what: bytes) -> bytes:
    return hashlib.blake2b(key=key, digest_size=32, person=what).digest()
