"""What the supervisor tells a worker, over the pipe that starts it."""

import msgspec

GRACE = 20.0
"""Seconds running requests may take after a stop was asked for."""


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
