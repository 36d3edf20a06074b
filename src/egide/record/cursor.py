"""Cursors: where a page ended, sealed, because the query in it may hold names and dates.

A cursor is bound to the account it was made for: another's is refused like a forged one.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egide.errors import Incorrect
from egide.record.spot import Spot


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A search of a type (None: of several) and the spot to go on from."""

    type: str | None
    query: tuple[tuple[str, str], ...]
    spot: Spot


Where = TypeVar("Where", bound=msgspec.Struct)


class CursorSeal:
    """Writes and reads cursors under one key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def write(
        self, account: int, type: str | None, query: Sequence[tuple[str, str]], spot: Spot
    ) -> str:
        """The cursor of a search, url-safe, for this account only."""
        return self.seal(account, Cursor(type, tuple(query), spot))

    def read(self, account: int, text: str) -> Cursor:
        """What `write` wrote. Incorrect when it is not ours, not this account's or was touched."""
        return self.open(account, text, Cursor)

    def seal(self, account: int, where: msgspec.Struct) -> str:
        """Any place, url-safe, for this account only."""
        nonce = os.urandom(12)
        bound = _bound_to(account, type(where))
        sealed = self._cipher.encrypt(nonce, msgspec.msgpack.encode(where), bound)
        return urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def open(self, account: int, text: str, kind: type[Where]) -> Where:
        """What `seal` was given, if it was of this kind and for this account. Raises Incorrect."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = self._cipher.decrypt(raw[:12], raw[12:], _bound_to(account, kind))
            return msgspec.msgpack.decode(plain, type=kind)
        except (ValueError, InvalidTag, msgspec.DecodeError):
            raise Incorrect("the page link is not one of ours; start again") from None


def _bound_to(account: int, kind: type[msgspec.Struct]) -> bytes:
    name = f"egide/1/{kind.__module__}.{kind.__qualname__}"
    return name.encode() + account.to_bytes(8, "big")
