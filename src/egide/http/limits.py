"""How much one request may bring: sizes in bytes, times in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a door takes before it says 413, 414, 431 or 408."""

    body: int = 64 * 1024 * 1024
    """The largest body, as sent and once decompressed."""
    body_seconds: float = 120.0
    """A body not complete by then is given up."""
    discard: int = 256 * 1024 * 1024
    """How much of a refused body is still read and thrown away, so that its sender, busy sending,
    sees the answer instead of a broken connection; with more announced, the answer comes at once.
    """
    discard_seconds: float = 20.0
    target: int = 16 * 1024
    """Path and query together."""
    headers: int = 64 * 1024
    """Names and values together."""
    fields: int = 1000
    """Parameters of one query or form."""
    members: int = 1000
    """Members of one gzip stream."""
