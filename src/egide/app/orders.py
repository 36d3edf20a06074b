"""What the supervisor tells a worker, and hears of it, over the socket that is between them."""

from typing import Any

import msgspec

GRACE = 20.0
"""Seconds running requests may take after a stop was asked for."""

HEAD = 4
"""Bytes of length before each document."""


class Orders(msgspec.Struct, frozen=True, array_like=True):
    """What a worker is told: where, with what; `settings` as an environment would say them."""

    dsn: str
    ring: bytes
    host: str
    port: int
    number: int
    settings: dict[str, str]
    connections: int

    def __repr__(self) -> str:
        return f"Orders(worker {self.number})"


class Born(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The nursery's word: this process is the worker."""

    pid: int


class Unable(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The worker's word: why it cannot answer requests, as an error of ours."""

    category: str
    message: str


class Ended(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The nursery's word: the worker has ended; `code` as `os.waitstatus_to_exitcode` says it."""

    code: int


News = Born | Unable | Ended


def framed(document: Any) -> bytes:
    """A document with its length before it."""
    encoded = msgspec.msgpack.encode(document)
    return len(encoded).to_bytes(HEAD, "big") + encoded
