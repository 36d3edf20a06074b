"""Encryption to recipients: bytes go in as they come, an age file comes out.

https://age-encryption.org/v1: a random file key wrapped for each recipient (X25519), the content
sealed by ChaCha20-Poly1305 in pieces of 64 KiB. Whoever holds one of the identities opens it with
any implementation: `age -d -i identity.txt`.
"""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedIOBase

import pyrage
from pyrage import x25519

from egide.errors import Incorrect, Unavailable

Recipient = x25519.Recipient


def recipient(text: str) -> Recipient:
    """The public key `text`, as `age-keygen` prints it (`age1…`). Raises Incorrect."""
    if text.strip().upper().startswith("AGE-SECRET-KEY-"):
        raise Incorrect("this is a secret key; a recipient is its public key, age1…")
    try:
        return x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise Incorrect("a recipient is an age public key for X25519: age1…") from None


class Encrypting:
    """A file for writing whose bytes reach `target` encrypted. Blocks: not for the event loop.

    What is written is in the target only after `close`.
    """

    def __init__(self, target: BufferedIOBase, recipients: Sequence[Recipient]) -> None:
        read, write = os.pipe()
        self._in = os.fdopen(write, "wb")
        self._failed: BaseException | None = None
        self._thread = threading.Thread(
            target=self._encrypt, args=(os.fdopen(read, "rb"), target, recipients), daemon=True
        )
        self._thread.start()

    def write(self, plain: bytes) -> None:
        """Hand bytes over. Raises Unavailable when the target takes no more."""
        try:
            self._in.write(plain)
        except BrokenPipeError:
            self.close()

    def close(self) -> None:
        """Encrypt what is left and end. Raises Unavailable when the target took not all."""
        with suppress(BrokenPipeError):
            self._in.close()
        self._thread.join()
        if self._failed is not None:
            raise Unavailable(f"the export cannot be written ({type(self._failed).__name__})")

    def _encrypt(
        self, source: BufferedIOBase, target: BufferedIOBase, recipients: Sequence[Recipient]
    ) -> None:
        with source:
            try:
                pyrage.encrypt_io(source, target, recipients)
            except (OSError, pyrage.EncryptError) as error:
                self._failed = error
