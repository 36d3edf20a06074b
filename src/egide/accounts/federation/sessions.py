"""Sessions an issuer vouched for, opened by its word or shown again there: what ends both.

OpenID Connect RP-Initiated Logout 1.0: https://openid.net/specs/openid-connect-rpinitiated-1_0.html,
Back-Channel Logout 1.0: https://openid.net/specs/openid-connect-backchannel-1_0.html.
"""

from datetime import datetime

from egide.accounts.federation.identity import Identity
from egide.accounts.federation.sealing import Sealing
from egide.clock import Clock
from egide.db import Database, queries

_SQL = queries("egide.accounts.federation", "federation.sql")


class Sessions:
    """The id tokens of running sessions, sealed, each for its session only."""

    def __init__(self, database: Database, clock: Clock, sealing: Sealing) -> None:
        self._database = database
        self._clock = clock
        self._sealing = sealing

    async def remember(self, session: int, identity: Identity, until: datetime) -> None:
        sealed = self._sealing.seal(identity.id_token.encode(), _place(session))
        sid = self._sid(identity.issuer, identity.sid) if identity.sid else b""
        async with self._database.connection() as connection:
            await connection.execute(
                _SQL["remember"],
                session,
                identity.issuer,
                identity.subject,
                sid,
                self._clock(),
                until,
                sealed,
            )

    async def forget(self, session: int) -> list[tuple[str, str]]:
        """Names and id tokens of the issuers that vouched for `session`, kept no more: the last
        one first, none for a session of no issuer."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_SQL["forget"], session)
        rows = sorted(rows, key=lambda row: row["vouched"], reverse=True)
        return [
            (row["issuer"], self._sealing.open(row["sealed"], _place(session)).decode())
            for row in rows
        ]

    async def named(self, issuer: str, subject: bytes | None, sid: str) -> tuple[int, ...]:
        """The sessions of `sid`, or without one all of `subject`."""
        async with self._database.connection() as connection:
            if sid:
                named = self._sid(issuer, sid)
                rows = await connection.fetch(_SQL["of_sid"], issuer, named, subject)
            else:
                rows = await connection.fetch(_SQL["of_subject"], issuer, subject)
        return tuple(row["session"] for row in rows)

    async def taken(self, issuer: str, jti: str) -> bool:
        """Whether a logout token of `issuer` has ended all it names before."""
        async with self._database.connection() as connection:
            return bool(await connection.fetchval(_SQL["ended"], self._jti(issuer, jti)))

    async def take(self, issuer: str, jti: str, until: datetime) -> None:
        """Remembers a logout token until it is too old."""
        async with self._database.connection() as connection:
            await connection.execute(_SQL["end"], self._jti(issuer, jti), until)

    def _jti(self, issuer: str, jti: str) -> bytes:
        return self._sealing.hashed("jti", issuer.encode(), jti.encode("utf-8", "surrogatepass"))

    def _sid(self, issuer: str, sid: str) -> bytes:
        return self._sealing.hashed("sid", issuer.encode(), sid.encode("utf-8", "surrogatepass"))

    async def sweep(self) -> None:
        """Deletes what was remembered of sessions that are over, and of logout tokens too old."""
        async with self._database.connection() as connection:
            await connection.execute(_SQL["sweep_logouts"], self._clock())
            await connection.execute(_SQL["sweep_sessions"], self._clock())


def _place(session: int) -> bytes:
    return b"federation-session" + session.to_bytes(8, "big")
