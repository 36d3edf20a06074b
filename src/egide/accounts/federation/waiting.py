"""Log-ins on their way: known by a keyed hash, sealed, ten minutes, of one browser, used once.

Invariants: a state works once (test_a_state_works_once), and only in the browser it was made for
(test_a_state_of_another_browser_is_refused).
"""

import hmac
import secrets
from datetime import timedelta
from typing import TypeVar

import msgspec

from egide.accounts.federation.identity import Identity
from egide.accounts.federation.refusal import FederationRefused
from egide.accounts.federation.sealing import Sealing
from egide.clock import Clock
from egide.db import Database, queries
from egide.errors import Incorrect

LIFETIME = timedelta(minutes=10)
LEAST_BROWSER = 16
"""Bytes a browser is known by, at least: a random value in a cookie of its own."""
_MOST_HANDLE = 100
_MARK = "egf_"
"""What a handle begins with: never what an address keeps for itself."""

_SQL = queries("egide.accounts.federation", "federation.sql")


class Begins(msgspec.Struct, frozen=True):
    """A log-in sent to an issuer at `at` (seconds since 1970).

    `session` is the number of the session somebody shows again in that it is still he; 0: the
    log-in is to open one.
    """

    issuer: str
    nonce: str
    verifier: str
    return_to: str
    browser: bytes
    at: int
    session: int = 0

    def __repr__(self) -> str:
        return f"Begins({self.issuer})"


class Verified(msgspec.Struct, frozen=True):
    """An identity verified, which waits for a choice or for an account."""

    identity: Identity
    browser: bytes


_Waiting = TypeVar("_Waiting", Begins, Verified)


class Waiting:
    """What waits, in the database: any process can go on with it."""

    def __init__(self, database: Database, clock: Clock, sealing: Sealing) -> None:
        self._database = database
        self._clock = clock
        self._sealing = sealing

    def browser(self, value: bytes) -> bytes:
        """What a browser is remembered by. Raises Incorrect for a value that can be guessed."""
        if len(value) < LEAST_BROWSER:
            raise Incorrect(f"A browser is known by at least {LEAST_BROWSER} bytes")
        return self._sealing.hashed("browser", value)

    async def put(self, waiting: Begins | Verified) -> str:
        """Keeps `waiting`; the handle that finds it: `egf_` and 256 random bits in base64url."""
        handle = f"{_MARK}{secrets.token_urlsafe(32)}"
        place = self._place(handle, type(waiting))
        sealed = self._sealing.seal(msgspec.msgpack.encode(waiting), place)
        async with self._database.connection() as connection:
            await connection.execute(_SQL["put"], place, self._clock() + LIFETIME, sealed)
        return handle

    async def take(self, handle: str, browser: bytes, kind: type[_Waiting]) -> _Waiting:
        """What waits under `handle`, which is spent whatever comes.

        Raises FederationRefused: `unknown-login` when there is none, `other-browser`.
        """
        return await self._found("take", handle, browser, kind)

    async def look(self, handle: str, browser: bytes, kind: type[_Waiting]) -> _Waiting:
        """As `take`, and it stays."""
        return await self._found("look", handle, browser, kind)

    async def sweep(self) -> None:
        """Deletes what nobody came back to."""
        async with self._database.connection() as connection:
            await connection.execute(_SQL["sweep_logins"], self._clock())

    async def _found(
        self, statement: str, handle: str, browser: bytes, kind: type[_Waiting]
    ) -> _Waiting:
        known = self.browser(browser)
        if not handle or len(handle) > _MOST_HANDLE or not handle.isascii():
            raise FederationRefused("unknown-login")
        place = self._place(handle, kind)
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL[statement], place)
        if row is None or row["expires"] <= self._clock():
            raise FederationRefused("unknown-login")
        found = msgspec.msgpack.decode(self._sealing.open(row["sealed"], place), type=kind)
        if not hmac.compare_digest(found.browser, known):
            raise FederationRefused("other-browser")
        return found

    def _place(self, handle: str, kind: type[Begins] | type[Verified]) -> bytes:
        return self._sealing.hashed(kind.__name__.lower(), handle.encode())
