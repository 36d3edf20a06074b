"""The key ring: all the secrets a process needs, as a provider gave them.

Three levels: the provider keeps a root secret; *epoch keys* wrap the data keys of patients, persons
and resources; data keys seal bodies. The ring holds the epoch keys and one secret derived from the
root, from which every other purpose's key is derived (HKDF, RFC 5869). It never holds the root.

Invariants: a data key opens only under the number and the epoch it was wrapped for
(test_a_wrapped_key_opens_only_for_its_number_and_epoch); no text made from a ring shows a key
(test_no_text_made_from_a_key_shows_it).
"""

import os
import uuid
from collections.abc import Mapping
from typing import NoReturn, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from egide.errors import Fault
from egide.seal.blind import BlindIndex
from egide.seal.envelope import SealBroken

WRAPPED = 12 + 32 + 16
"""Bytes of a wrapped data key: nonce, ciphertext, tag."""


class KeyMissing(SealBroken):
    """The epoch key that wrapped this data key is not here: destroyed, or not given to us."""


class KeyRing:
    """One establishment's secrets in one process.

    `establishment` is public. `epoch` is the number of the epoch that wraps new data keys;
    `epochs` are the numbers of all that still unwrap, several while a re-wrap is going on.
    """

    __slots__ = ("_ciphers", "_keys", "_secret", "blind", "epoch", "establishment")

    def __init__(
        self, establishment: uuid.UUID, secret: bytes, epochs: Mapping[int, bytes], epoch: int
    ) -> None:
        """`secret` and each epoch key are 32 bytes, `epoch` is one of `epochs`, else Fault."""
        if len(secret) != 32 or any(len(key) != 32 for key in epochs.values()):
            raise Fault("the secrets of a key ring are 32 bytes each")
        if epoch not in epochs or any(not 0 < number < 1 << 31 for number in epochs):
            raise Fault("the current epoch of a key ring is one of its epochs")
        self.establishment = establishment
        self.epoch = epoch
        self._secret = secret
        self._keys = dict(epochs)
        self._ciphers = {number: AESGCM(key) for number, key in epochs.items()}
        self.blind = BlindIndex(self.derive("blind-index"))

    @classmethod
    def generate(cls, establishment: uuid.UUID | None = None) -> Self:
        """A ring of new random secrets that no provider keeps: what it seals dies with it."""
        return cls(establishment or uuid.uuid4(), os.urandom(32), {1: os.urandom(32)}, 1)

    @property
    def epochs(self) -> tuple[int, ...]:
        """The numbers of the epochs this ring unwraps, oldest first."""
        return tuple(sorted(self._keys))

    def wrap(self, data_key: bytes, number: int) -> bytes:
        """`data_key` (32 bytes) under the current epoch, for the key row `number`: 60 bytes."""
        if len(data_key) != 32:
            raise Fault("a data key is 32 bytes")
        nonce = os.urandom(12)
        associated = _associated(number, self.epoch)
        return nonce + self._ciphers[self.epoch].encrypt(nonce, data_key, associated)

    def unwrap(self, wrapped: bytes, number: int, epoch: int) -> bytes:
        """The data key `wrap` was given. Raises KeyMissing or SealBroken."""
        cipher = self._ciphers.get(epoch)
        if cipher is None:
            raise KeyMissing(f"the key of epoch {epoch} is not in the key ring")
        if len(wrapped) != WRAPPED:
            raise SealBroken("a wrapped key is not 60 bytes")
        try:
            return cipher.decrypt(wrapped[:12], wrapped[12:], _associated(number, epoch))
        except InvalidTag:
            raise SealBroken(
                "a wrapped key did not open: it is of another row or epoch, or it was changed"
            ) from None

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key of `purpose`: the same for this establishment for ever, told to nobody.

        Purposes in use: `blind-index`, `ledger-mac`, `ledger-checkpoint`, `ledger-body`, `cursor`,
        `accounts`, `people`, `access-token`, `federation`, `web`.
        """
        return derive(self._secret, self.establishment, purpose)

    def to_bytes(self) -> bytes:
        """The ring as *secret* bytes, for a pipe to a worker process and nothing else."""
        return msgspec.msgpack.encode(
            (1, self.establishment.bytes, self._secret, self._keys, self.epoch)
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """The ring whose `to_bytes` is `raw`. Raises Fault."""
        try:
            version, establishment, secret, epochs, epoch = msgspec.msgpack.decode(
                raw, type=tuple[int, bytes, bytes, dict[int, bytes], int]
            )
            if version == 1:
                return cls(uuid.UUID(bytes=establishment), secret, epochs, epoch)
        except (msgspec.DecodeError, ValueError):
            pass
        raise Fault("these bytes are not a key ring")

    def __repr__(self) -> str:
        return f"KeyRing(establishment={self.establishment}, epochs={self.epochs})"

    def __reduce__(self) -> NoReturn:
        raise Fault("a key ring is not pickled or copied: hand its to_bytes over a pipe")


def derive(secret: bytes, establishment: uuid.UUID, purpose: str) -> bytes:
    """The 32-byte key of `purpose` under `secret`, by HKDF-SHA-256."""
    info = b"egide/1/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=32, salt=establishment.bytes, info=info).derive(secret)


def _associated(number: int, epoch: int) -> bytes:
    return b"egide/1/wrap" + number.to_bytes(8, "big", signed=True) + epoch.to_bytes(4, "big")
