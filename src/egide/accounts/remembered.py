"""Who was resolved a moment ago, by the digest of what he showed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar


class _OfSession(Protocol):
    """Whatever belongs to a session of an account."""

    @property
    def session(self) -> int: ...
    @property
    def account(self) -> int: ...


Who = TypeVar("Who", bound=_OfSession)


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Who]):
    who: Who
    until: datetime


class Remembered(Generic[Who]):
    """At most `most` of them, each until an instant.

    Invariant: what is forgotten does not come back from a query begun before; hence `generation`
    (test_remembered.py).
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._entries: dict[bytes, _Entry[Who]] = {}
        self.generation = 0

    def get(self, key: bytes, now: datetime) -> Who | None:
        entry = self._entries.get(key)
        if entry is None or now >= entry.until:
            return None
        return entry.who

    def put(self, key: bytes, who: Who, until: datetime, generation: int) -> None:
        """Remembers, unless something was forgotten since `generation` was read."""
        if generation != self.generation:
            return
        self._entries.pop(key, None)
        while len(self._entries) >= self._most:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = _Entry(who, until)

    def forget(self, *, session: int | None = None, account: int | None = None) -> None:
        """Forgets one session, one account, or, with neither, everything."""
        self.generation += 1
        if session is None and account is None:
            self._entries.clear()
            return
        self._entries = {
            key: entry
            for key, entry in self._entries.items()
            if entry.who.session != session and entry.who.account != account
        }
