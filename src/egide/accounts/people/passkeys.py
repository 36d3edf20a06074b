"""Passkeys kept and shown: ceremonies bound to a cookie, each answer good once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from egide.accounts.people.entries import Begun, Limits, Passkey, SignInRefused
from egide.accounts.people.pre_sessions import PreSessions
from egide.accounts.people.relying_party import Registered, RelyingParty, went_on
from egide.accounts.people.sealing import Sealing
from egide.accounts.secrets import digest
from egide.clock import Clock
from egide.db import Connection, Database, queries

CHALLENGE = 32
"""Random bytes a browser signs."""
ANYBODY = 0
"""In place of an account: whoever shows a passkey the browser offered by itself."""

_SQL = queries("egide.accounts.people", "people.sql")
_NOBODY = b"\x00"
"""After a challenge: the login name was unknown, so nothing is a good answer."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A passkey that was shown. `claim` counts its use, in the transaction that relies on it."""

    account: int
    number: int
    counter: int
    at: datetime

    async def claim(self, connection: Connection) -> None:
        """Raises SignInRefused when the same counter was shown elsewhere meanwhile."""
        done = await connection.execute(_SQL["count_use"], self.number, self.counter, self.at)
        if done != "UPDATE 1":
            raise SignInRefused("counter")


class Passkeys:
    """The passkeys of all accounts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealing: Sealing,
        pre_sessions: PreSessions,
        party: RelyingParty,
        limits: Limits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealing = sealing
        self._pre_sessions = pre_sessions
        self._party = party
        self._limits = limits

    async def of(self, account: int) -> tuple[Passkey, ...]:
        """The passkeys of an account, oldest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_SQL["passkeys"], account)
        return tuple(
            Passkey(
                row["number"],
                self._sealing.open("passkey", account, row["sealed"]).decode(),
                row["added"],
                row["used"],
                row["synced"],
            )
            for row in rows
        )

    async def begin_adding(self, account: int, login: str, name: str, value: str) -> Begun:
        """Asks the browser whose cookie is `value` for a new passkey. Raises Unavailable."""
        async with self._database.connection() as connection:
            handle = await connection.fetchval(_SQL["handle"], account)
        have = await self._credentials(account)
        challenge, expires = (
            secrets.token_bytes(CHALLENGE),
            self._clock() + self._limits.pre_session,
        )
        options = self._party.creation(challenge, handle, login, name, have)
        await self._pre_sessions.put(digest(value), "register", account, expires, challenge)
        return Begun(value, options, expires)

    async def answered(self, account: int, key: bytes, response: str) -> Registered:
        """The passkey in a browser's answer to `begin_adding`. Raises SignInRefused."""
        waiting = await self._pre_sessions.take(key, "register", self._clock())
        if waiting is None or waiting.account != account:
            raise SignInRefused("no-challenge")
        return self._party.registered(response, waiting.secret)

    async def begin_showing(
        self, value: str, account: int | None, *, instead: Sequence[bytes] = ()
    ) -> Begun:
        """Asks the browser whose cookie is `value` for a passkey of `account`.

        ANYBODY: for any of ours. None: nothing will be a good answer, and `instead` is asked for,
        so that this looks like the question for a known name. Raises Unavailable.
        """
        among = instead if account is None else await self._credentials(account)
        challenge, expires = (
            secrets.token_bytes(CHALLENGE),
            self._clock() + self._limits.pre_session,
        )
        options = self._party.request(challenge, among)
        secret = challenge + _NOBODY if account is None else challenge
        await self._pre_sessions.put(digest(value), "prove", account or ANYBODY, expires, secret)
        return Begun(value, options, expires)

    async def show(self, key: bytes, response: str) -> Proof:
        """Whose passkey was shown in an answer to `begin_showing`. Raises SignInRefused."""
        now = self._clock()
        waiting = await self._pre_sessions.take(key, "prove", now)
        if waiting is None:
            raise SignInRefused("no-challenge")
        shown = self._party.shown(response)
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["passkey"], shown.credential)
        if row is None or len(waiting.secret) > CHALLENGE:
            raise SignInRefused("unknown")
        account = int(row["account"])
        if waiting.account == ANYBODY:
            right = shown.handle == row["handle"]
        else:
            right = waiting.account == account and shown.handle in (None, row["handle"])
        if not right:
            raise SignInRefused("other-account")
        counter = self._party.counted(shown, waiting.secret, row["public_key"])
        if not went_on(counter, row["counter"]):
            raise SignInRefused("counter")
        if row["disabled"] is not None:
            raise SignInRefused("disabled")
        return Proof(account, row["number"], counter, now)

    async def _credentials(self, account: int) -> list[bytes]:
        if account == ANYBODY:
            return []
        async with self._database.connection() as connection:
            rows = await connection.fetch(_SQL["passkeys"], account)
        return [row["credential"] for row in rows]
