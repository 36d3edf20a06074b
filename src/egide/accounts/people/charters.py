"""Charters: what people sign before they open records, version by version."""

import re
from datetime import datetime
from typing import NamedTuple

from egide.accounts.events import AccountEvent, Append, recorded
from egide.accounts.people.sessions import Sessions
from egide.clock import Clock
from egide.db import Database, UniqueViolation, queries
from egide.errors import Conflict, Incorrect, NotFound

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")

_SQL = queries("egide.accounts.people", "people.sql")


class Charter(NamedTuple):
    """A version of the charter, and from when on who has not signed it is kept out."""

    version: str
    since: datetime


class Charters:
    """The charters of one installation; reached as `People.charters`."""

    def __init__(
        self, database: Database, clock: Clock, append: Append, sessions: Sessions
    ) -> None:
        self._database = database
        self._clock = clock
        self._append = append
        self._sessions = sessions

    async def published(self) -> list[Charter]:
        """Every version, the oldest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_SQL["charters"])
        return [Charter(row["version"], row["since"]) for row in rows]

    async def find(self, version: str) -> Charter:
        """One version. Raises NotFound."""
        found = [each for each in await self.published() if each.version == version]
        if not found:
            raise NotFound("There is no such version of the charter")
        return found[0]

    async def in_force(self) -> Charter | None:
        """The version that has to be signed at present, if there is one."""
        now = self._clock()
        begun = [each for each in await self.published() if each.since <= now]
        return begun[-1] if begun else None

    async def publish(self, version: str, since: datetime | None = None, *, by: int = 0) -> Charter:
        """A new version, in force from an instant (None: now), until when it can be signed already.

        Raises Incorrect, and Conflict when the version, or one from that very instant, is there.
        """
        if not _VERSION.fullmatch(version):
            raise Incorrect("A version has 1 to 32 letters, digits, dots, hyphens and underscores")
        now = self._clock()
        begins = now if since is None else since
        if begins < now:
            raise Incorrect("A charter is in force from now on, or from later")
        event = AccountEvent("charter-published", now, by=by, charter=version)
        try:
            async with recorded(self._append, event), self._database.transaction() as connection:
                await connection.execute(_SQL["publish_charter"], version, begins)
                await connection.execute(_SQL["notify"], "charters")
        except UniqueViolation:
            raise Conflict("There is such a version, or one from that very instant") from None
        self._sessions.forget()
        return Charter(version, begins)
