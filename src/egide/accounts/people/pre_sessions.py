"""What waits for a browser's answer: short-lived, on the server, bound to a cookie's value."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from egide.accounts.people.sealing import Sealing
from egide.db import Connection, Database, Fetched, queries

Kind = Literal["enrolment", "half", "register", "prove", "totp"]
"""A link that was followed; a right password; a passkey to make; one to show; a TOTP secret."""

_SQL = queries("egide.accounts.people", "people.sql")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One of them. `account` 0: not known yet; `secret`: a challenge or a TOTP secret."""

    account: int
    secret: bytes = field(repr=False)
    expires: datetime


class PreSessions:
    """At most one of a kind for a cookie; `key` is the digest of its value."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing

    async def put(
        self, key: bytes, kind: Kind, account: int, expires: datetime, secret: bytes = b""
    ) -> None:
        """Replaces what waited before."""
        sealed = self._sealing.seal(kind, account, secret) if secret else None
        async with self._database.connection() as connection:
            await connection.execute(_SQL["wait"], key, kind, account or None, sealed, expires)

    async def look(self, key: bytes, kind: Kind, now: datetime) -> Waiting | None:
        """What waits; None when there is nothing or no more."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["waiting"], key, kind, now)
        return None if row is None else self._waiting(kind, row)

    async def take(self, key: bytes, kind: Kind, now: datetime) -> Waiting | None:
        """What waited and waits no more, whoever comes next; None as above."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["take"], key, kind)
        return None if row is None or row["expires"] <= now else self._waiting(kind, row)

    async def use(self, connection: Connection, key: bytes, kind: Kind, now: datetime) -> bool:
        """Whether it waited, which it does no more once the transaction ends."""
        row = await connection.fetchrow(_SQL["take"], key, kind)
        return row is not None and row["expires"] > now

    def _waiting(self, kind: Kind, row: Fetched) -> Waiting:
        account = row["account"] or 0
        sealed = row["sealed"]
        secret = b"" if sealed is None else self._sealing.open(kind, account, sealed)
        return Waiting(account, secret, row["expires"])
