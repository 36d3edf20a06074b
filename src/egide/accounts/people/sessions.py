"""Open sessions of people: known by the hash of their cookie, revocable, with limits.

Invariants, tested in tests/integration/accounts/people/test_sessions.py:
- a session opened by somebody else's word is as fresh as the proof was, not as the word;
- each change of assurance gives the cookie a new value, and the old one is dead;
- what ends a session holds on the next request of this process, and of every other one as soon as
  the notice arrives, `REMEMBERED` at the latest;
- a cookie from another kind of browser ends its session;
- a session that ends by itself is in the ledger, once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

from egide.accounts.acting import Behalf, WorkingAs
from egide.accounts.clearance import clearance
from egide.accounts.events import AccountEvent, Append, recorded
from egide.accounts.people.device import kind_of
from egide.accounts.people.devices import Devices
from egide.accounts.people.entries import (
    Limits,
    Session,
    SessionEntry,
    SignedIn,
    SignInRefused,
    Visitor,
)
from egide.accounts.people.sealing import Acting, Sealing
from egide.accounts.remembered import Remembered
from egide.accounts.secrets import COOKIE, digest, new_cookie
from egide.clock import Clock
from egide.db import Connection, Database, Fetched, queries
from egide.errors import NotFound
from egide.ids import internal_number

CHANNEL = "egide_accounts"
REMEMBERED = timedelta(seconds=5)
"""How long a resolved session is believed without asking the database again."""
SEEN_EVERY = timedelta(minutes=1)
"""How often at most it is written that a session was used."""

Claim = Callable[[Connection], Awaitable[None]]
"""Uses up what was shown, in the transaction that opens the session, or raises."""

_SWEPT = 500
"""Sessions filed in one transaction."""

_SQL = queries("egide.accounts.people", "people.sql")


async def _nothing(_: Connection) -> None:
    """Nothing to use up."""


class Sessions:
    """Reached as `People.sessions`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        sealing: Sealing,
        devices: Devices,
        limits: Limits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._append = append
        self._sealing = sealing
        self._devices = devices
        self._limits = limits
        self._remembered: Remembered[Session] = Remembered()

    async def listen(self) -> None:
        """Starts to listen to what other processes end. Raises Unavailable."""
        await self._database.listen(CHANNEL, self._heard)

    async def open(
        self,
        account: int,
        means: Collection[str],
        visitor: Visitor,
        *,
        at: datetime | None = None,
        assurance: int = 2,
        works_as: WorkingAs | None = None,
        claim: Claim = _nothing,
    ) -> SignedIn:
        """A session for an account that has shown `means`: for a federated identity, the door's
        proof; the other ways come from `SignIn` and `Enrolment`. Raises SignInRefused when the
        account is disabled, or there is none, or `works_as` leaves it no role.

        `at` is when they were shown, which for a federated identity may be long ago; while nobody
        says when, the session is good but never fresh.

        `works_as` narrows the session for as long as it lasts, whatever the account's roles become.
        `claim` uses up what was shown in the same transaction, and raises when somebody else did.
        """
        now, value, number = self._clock(), new_cookie(), internal_number()
        shown, kind = tuple(means), kind_of(visitor.agent)
        device = await self._devices.value(visitor.device)
        roles = await self._roles(account)
        acting = None
        if works_as is not None:
            roles = tuple(sorted(works_as.narrows(roles)))
            if not roles:
                raise SignInRefused("no-role")
            acting = self._sealing.seal_acting(account, number, Acting(works_as.establishment))
        event = AccountEvent(
            "session-opened",
            now,
            account=account,
            session=number,
            address=visitor.address,
            roles=roles,
            means=shown,
            expires=now + self._limits.lifetime,
        )
        async with recorded(self._append, event), self._database.transaction() as connection:
            await claim(connection)
            done = await connection.execute(
                _SQL["open_session"],
                digest(value),
                number,
                account,
                kind,
                assurance,
                list(shown),
                now,
                None if at is None else min(at, now),
                now + self._limits.lifetime,
                None if works_as is None else sorted(works_as.roles),
                acting,
            )
            if done != "INSERT 0 1":
                raise SignInRefused("disabled")
            await self._devices.know(connection, account, device, now)
        return SignedIn(value, await self._just(value), device)

    async def renew(
        self,
        session: Session,
        means: Collection[str],
        visitor: Visitor,
        claim: Claim = _nothing,
        *,
        at: datetime,
    ) -> SignedIn:
        """The session under a new cookie value, after `means` were shown again, at `at`."""
        now, value = self._clock(), new_cookie()
        shown = tuple(means)
        device = await self._devices.value(visitor.device)
        event = AccountEvent(
            "session-stepped-up",
            now,
            account=session.account,
            session=session.session,
            address=visitor.address,
            means=shown,
        )
        async with recorded(self._append, event), self._database.transaction() as connection:
            await claim(connection)
            done = await connection.execute(
                _SQL["renew"],
                session.key,
                session.session,
                digest(value),
                2,
                list(shown),
                now,
                min(at, now),
            )
            if done != "UPDATE 1":
                raise SignInRefused("ended")
            await self._devices.know(connection, session.account, device, now)
            await connection.execute(_SQL["notify"], f"session {session.session}")
        self._remembered.forget(session=session.session)
        return SignedIn(value, await self._just(value), device)

    async def act(
        self, session: Session, behalf: Behalf | None, visitor: Visitor, *, reason: str = ""
    ) -> SignedIn:
        """The session from now on acts for somebody, or for its own person again (None).

        It gets a new cookie value, so that no form of a page that named somebody else is taken any
        more. Whoever calls has seen to it that there is a tie. Raises SignInRefused when the
        session has ended, or has another cookie already.
        """
        now, value = self._clock(), new_cookie()
        was = session.behalf if behalf is None else behalf
        event = AccountEvent(
            "acting-ended" if behalf is None else "acting-begun",
            now,
            account=session.account,
            session=session.session,
            address=visitor.address,
            reason=reason,
            behalf="" if was is None else was.patient,
        )
        place = None if session.works_as is None else session.works_as.establishment
        sealed = self._sealing.seal_acting(session.account, session.session, Acting(place, behalf))
        device = await self._devices.value(visitor.device)
        async with recorded(self._append, event), self._database.transaction() as connection:
            done = await connection.execute(
                _SQL["act"], session.key, session.session, digest(value), sealed, now
            )
            if done != "UPDATE 1":
                raise SignInRefused("ended")
            await connection.execute(_SQL["notify"], f"session {session.session}")
        self._remembered.forget(session=session.session)
        return SignedIn(value, await self._just(value), device)

    async def resolve(self, value: str, visitor: Visitor) -> Session | None:
        """The session of a cookie value; None when unknown, ended, revoked, of a disabled
        account, or sent by another kind of browser than opened it (it then ends)."""
        now, key = self._clock(), digest(value)
        session = self._remembered.get(key, now)
        if session is None and COOKIE.fullmatch(value):
            session = await self._look_up(key, now)
        if session is not None and session.device != kind_of(visitor.agent):
            await self._end(session.account, session.session, "other-browser", 0, visitor.address)
            return None
        return session

    async def entries(self, account: int) -> list[SessionEntry]:
        """The open sessions of an account, the one used last first."""
        now = self._clock()
        async with self._database.connection() as connection:
            rows = await connection.fetch(_SQL["sessions"], account, now, now - self._limits.idle)
        return [
            SessionEntry(
                row["session"],
                row["device"],
                row["opened"],
                row["seen"],
                row["authenticated"],
                tuple(row["means"]),
            )
            for row in rows
        ]

    async def sign_out(self, session: Session) -> None:
        """The session ends now."""
        await self._end(session.account, session.session, "signed-out", 0, "")

    async def revoke(self, account: int, session: int, *, by: int = 0) -> None:
        """One session of `account` ends now. Raises NotFound when it is not one of his."""
        if session not in {entry.session for entry in await self.entries(account)}:
            raise NotFound("This account has no such session")
        await self._end(account, session, "revoked", by, "")

    async def end_by_issuer(self, session: int) -> None:
        """The session ends now, since the identity issuer it came from says so; one that has ended
        stays so."""
        async with self._database.connection() as connection:
            account = await connection.fetchval(_SQL["holder"], session)
        if account is not None:
            await self._end(account, session, "ended-by-issuer", 0, "")

    async def revoke_all(self, account: int, *, except_session: int = 0, by: int = 0) -> int:
        """All sessions of `account` end now, but one; returns how many did."""
        number = sum(each.session != except_session for each in await self.entries(account))
        event = AccountEvent(
            "session-ended", self._clock(), account=account, by=by, reason="all", count=number
        )
        async with recorded(self._append, event), self._database.transaction() as connection:
            await self.end_all(connection, account, except_session)
        self.forget(account)
        return number

    async def end_all(self, connection: Connection, account: int, but: int = 0) -> None:
        """Ends the sessions of an account in a transaction; call `forget` after it.

        What waited for an answer in them ends too: it is bound to a cookie nobody resolves.
        """
        await connection.execute(_SQL["end_sessions"], account, but)
        await connection.execute(_SQL["notify"], f"account {account}")

    async def sweep(self) -> None:
        """Files and deletes the sessions that have ended by themselves, unused or at their limit.

        They open nothing from that moment on; the ledger has it at the first sweep after. A row
        goes in the transaction that sees its entry durable: whichever process files it, once.
        """
        swept = _SWEPT
        while swept == _SWEPT:
            now = self._clock()
            async with self._database.transaction() as connection:
                rows = await connection.fetch(
                    _SQL["sweep_sessions"], now, now - self._limits.idle, _SWEPT
                )
                events = [
                    AccountEvent(
                        "session-ended",
                        now,
                        account=row["account"],
                        session=row["session"],
                        reason="lifetime" if row["whole"] else "idle",
                    )
                    for row in rows
                ]
                await asyncio.gather(*map(self._append, events))
            swept = len(rows)

    def forget(self, account: int | None = None) -> None:
        """This process asks again about an account, or about all."""
        self._remembered.forget(account=account)

    async def _end(self, account: int, session: int, reason: str, by: int, address: str) -> None:
        event = AccountEvent(
            "session-ended",
            self._clock(),
            account=account,
            by=by,
            session=session,
            reason=reason,
            address=address,
        )
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(_SQL["end_session"], session, account)
            # Of the whole account: access tokens approved in this session have sessions of their
            # own, and end with it.
            await connection.execute(_SQL["notify"], f"account {account}")
        self._remembered.forget(session=session)

    async def _roles(self, account: int) -> tuple[str, ...]:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["person"], account)
        if row is None or row["disabled"] is not None:
            raise SignInRefused("disabled")
        return tuple(row["roles"])

    async def _just(self, value: str) -> Session:
        """The session just opened or renewed."""
        session = await self._look_up(digest(value), self._clock())
        if session is None:
            raise SignInRefused("ended")
        return session

    async def _look_up(self, key: bytes, now: datetime) -> Session | None:
        generation = self._remembered.generation
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["session"], key)
            if row is None or row["disabled"] is not None:
                return None
            idle_until = row["seen"] + self._limits.idle
            if row["expires"] <= now or idle_until <= now:
                return None
            if now - row["seen"] >= SEEN_EVERY:
                await connection.execute(_SQL["see"], row["session"], now)
        session = self._session(key, row, now)
        until = min(row["expires"], now + min(REMEMBERED, self._limits.idle))
        if session.clearance.until is not None:
            until = min(until, session.clearance.until)
        self._remembered.put(key, session, until, generation)
        return session

    def _session(self, key: bytes, row: Fetched, now: datetime) -> Session:
        known = self._sealing.open_known(row["account"], row["sealed"])
        roles, bound, works_as = frozenset(row["roles"]), known.bound, None
        acting = Acting()
        if row["acting"] is not None:
            acting = self._sealing.open_acting(row["account"], row["session"], row["acting"])
        if row["works_as"] is not None:
            works_as = WorkingAs(frozenset(row["works_as"]), acting.establishment)
            roles, bound = works_as.narrows(roles), works_as.places(bound)
        return Session(
            session=row["session"],
            account=row["account"],
            login=known.login,
            name=known.name,
            roles=roles,
            bound=bound,
            clearance=clearance(row, now),
            assurance=row["assurance"],
            means=tuple(row["means"]),
            opened=row["opened"],
            authenticated=row["authenticated"],
            expires=row["expires"],
            device=row["device"],
            key=key,
            works_as=works_as,
            behalf=acting.behalf,
            held=row["held"],
        )

    def _heard(self, notice: str) -> None:
        """A notice of another process, or "" when some may have been missed."""
        what, _, number = notice.partition(" ")
        if what == "session" and number.isdigit():
            self._remembered.forget(session=int(number))
        elif what == "account" and number.isdigit():
            self._remembered.forget(account=int(number))
        else:
            self._remembered.forget()
