"""Cursors: where a page ended, sealed, because the query in it may hold names and dates.

A cursor is bound to the account it was made for: another's is refused like a forged one. What is
long is compressed. A link that would still be longer than an address may be is not made: the search
is refused, for a page without its link would look like the last.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egide.errors import Incorrect, TooCostly
from egide.record.compartments import Compartment
from egide.record.spot import Spot

LONGEST = 15 * 1024
"""Characters of a cursor; with what stands before it, an address takes 16 KiB."""

_LARGEST = 256 * 1024
"""Bytes a cursor may hold before it is compressed."""

_PLAIN, _PACKED = b"\x00", b"\x01"
_SHORT = 200
"""Bytes that are not worth compressing."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A search of a type (None: of several) and the spot to go on from, `within` a compartment or
    not."""

    type: str | None
    query: tuple[tuple[str, str], ...]
    spot: Spot
    within: Compartment | None = None


Where = TypeVar("Where", bound=msgspec.Struct)


class CursorSeal:
    """Writes and reads cursors under one key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def write(
        self,
        account: int,
        type: str | None,
        query: Sequence[tuple[str, str]],
        spot: Spot,
        within: Compartment | None = None,
    ) -> str:
        """The cursor of a search, url-safe, for this account only."""
        return self.seal(account, Cursor(type, tuple(query), spot, within))

    def read(self, account: int, text: str) -> Cursor:
        """What `write` wrote. Incorrect when it is not ours, not this account's or was touched."""
        return self.open(account, text, Cursor)

    def seal(self, account: int, where: msgspec.Struct) -> str:
        """Any place, url-safe, for this account only. Raises TooCostly for what is too long."""
        nonce = os.urandom(12)
        sealed = self._cipher.encrypt(nonce, _packed(where), _bound_to(account, type(where)))
        text = urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()
        if len(text) > LONGEST:
            raise _too_long()
        return text

    def open(self, account: int, text: str, kind: type[Where]) -> Where:
        """What `seal` was given, if it was of this kind and for this account. Raises Incorrect."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = self._cipher.decrypt(raw[:12], raw[12:], _bound_to(account, kind))
            return msgspec.msgpack.decode(_unpacked(plain), type=kind)
        except (ValueError, InvalidTag, msgspec.DecodeError, zstandard.ZstdError):
            raise Incorrect("the page link is not one of ours; start again") from None


def _packed(where: msgspec.Struct) -> bytes:
    plain = msgspec.msgpack.encode(where)
    if len(plain) <= _SHORT:
        return _PLAIN + plain
    if len(plain) > _LARGEST:
        raise _too_long()
    return _PACKED + zstandard.ZstdCompressor(9).compress(plain)


def _unpacked(sealed: bytes) -> bytes:
    if sealed[:1] == _PLAIN:
        return sealed[1:]
    return zstandard.ZstdDecompressor().decompress(sealed[1:], max_output_size=_LARGEST)


def _too_long() -> TooCostly:
    return TooCostly(
        "there are more matches than one page holds, and the link to the next would be longer than "
        "an address may be; give fewer or shorter values at once, or ask for more with _count"
    )


def _bound_to(account: int, kind: type[msgspec.Struct]) -> bytes:
    name = f"egide/1/{kind.__module__}.{kind.__qualname__}"
    return name.encode() + account.to_bytes(8, "big")
