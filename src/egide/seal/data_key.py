"""The key one patient's (or resource's, or person's) bodies are sealed with.

AES-256-GCM, NIST SP 800-38D: https://doi.org/10.6028/NIST.SP.800-38D. Nonces are random, so one key
seals at most 2³² bodies.

Invariants: what opens is what was sealed, under the same associated data and no other
(test_a_body_moved_to_another_row_does_not_open); no text made from a key shows it
(test_no_text_made_from_a_key_shows_it).
"""

import os
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egide.errors import Fault
from egide.seal.dictionary import compress, decompress
from egide.seal.envelope import FORMAT, OVERHEAD, SealBroken, head, pad, unpad


class DataKey:
    """A 32-byte AES-256-GCM key, ready to use; cheap to make (1 µs) and safe to share."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise Fault("a data key is 32 bytes")
        self._cipher = AESGCM(key)

    @staticmethod
    def generate() -> bytes:
        """32 new random bytes, to be wrapped by the key ring and given to DataKey."""
        return os.urandom(32)

    def seal(self, plain: bytes, associated: bytes, *, dictionary: int = 0) -> bytes:
        """`plain` compressed, padded and encrypted; it opens only with the same `associated`.

        `dictionary` is from `dictionary_for(type)`, 0 for none.
        """
        start = head(dictionary)
        nonce = os.urandom(12)
        frame = pad(compress(plain, dictionary))
        return start + nonce + self._cipher.encrypt(nonce, frame, associated + start)

    def open(self, sealed: bytes, associated: bytes) -> bytes:
        """What was sealed. Raises SealBroken, which says nothing about the content."""
        if len(sealed) <= OVERHEAD:
            raise SealBroken("a sealed body is shorter than any we seal")
        if sealed[0] != FORMAT:
            raise SealBroken("a sealed body is of a format this version does not know")
        try:
            padded = self._cipher.decrypt(sealed[2:14], sealed[14:], associated + sealed[:2])
        except InvalidTag:
            raise SealBroken(
                "a sealed body did not open: its key or its row is another, or it was changed"
            ) from None
        return decompress(unpad(padded), sealed[1])

    def __repr__(self) -> str:
        return "DataKey(…)"

    def __reduce__(self) -> NoReturn:
        raise Fault("a data key is not pickled or copied: wrap it")
