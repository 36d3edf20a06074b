"""What people approved for applications, and the codes and refresh tokens that came of it.

Invariants, with their tests in tests/integration/smart/test_code.py and
tests/integration/smart/test_refresh.py:
- a code and a refresh token are good once, in whichever process they come;
- one that comes a second time ends the approval and everything issued from it;
- what ends with the person's session is not renewed after it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egide.accounts.acting import Behalf, WorkingAs
from egide.accounts.events import AccountEvent, Append, recorded
from egide.accounts.secrets import digest, new_code, new_refresh_token
from egide.actor import Actor
from egide.clock import Clock
from egide.db import Database, queries
from egide.errors import Fault, NotFound, Unauthenticated
from egide.ids import internal_number

_SQL = queries("egide.accounts", "approvals.sql")

CODE_LIFETIME = timedelta(seconds=60)

Lasting = Literal["brief", "online", "offline"]
"""How long it can be renewed: not at all; while the person's session lasts; without him."""


class CodeRefused(Unauthenticated):
    """The code or refresh token is unknown, expired, used, or not this application's."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Whose record, and whom the person stood for when he approved; ids of resources.

    What he may do is decided from whom he stands for at each request, not from here; but where his
    session was narrowed to an exercise situation, `works_as` are all the roles it leaves him, and
    `establishment` is the situation's.

    `launched` and `encounter` are what the application was launched with, `banner` whether it has
    to show whose record it is, `authenticated` when the person proved himself (seconds since
    1970; None: nobody says), `means` by what (https://www.rfc-editor.org/rfc/rfc8176).
    """

    launched: str | None = None
    encounter: str | None = None
    patient: str | None = None
    practitioner: str | None = None
    relative: str | None = None
    establishment: str | None = None
    behalf: str | None = None
    banner: bool = True
    authenticated: int | None = None
    means: tuple[str, ...] = ()
    works_as: tuple[str, ...] | None = None

    @property
    def situation(self) -> WorkingAs | None:
        """What the person's session was narrowed to."""
        if self.works_as is None:
            return None
        return WorkingAs(frozenset(self.works_as), self.establishment)

    @property
    def shown(self) -> datetime | None:
        """When the person proved himself."""
        at = self.authenticated
        return None if at is None else datetime.fromtimestamp(at, UTC)

    @property
    def on_behalf(self) -> Behalf | None:
        """For whom the person acted."""
        if self.behalf is None or self.relative is None:
            return None
        return Behalf(self.relative, self.behalf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person approved for an application. `account` and `roles` are the person's."""

    account: int
    application: int
    client_id: str
    session: int
    scope: str
    assurance: int
    lasting: Lasting
    context: Context
    expires: datetime
    roles: tuple[str, ...] = ()
    number: int = field(default_factory=internal_number)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A code that was good, and is no more; what it has to match is the door's to check."""

    approval: Approval
    redirect_uri: str
    challenge: str
    nonce: str | None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A refresh token that was good, and what replaces it."""

    approval: Approval
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Given:
    """A line of the list of applications somebody let in; `number` names the approval in forms,
    `behalf` is for whom he acted then."""

    number: int
    application: str
    client_id: str
    scope: str
    lasting: Lasting
    made: datetime
    expires: datetime
    behalf: Behalf | None = None


class Contexts:
    """Seals and opens what must not be read in the database; bound to the row it belongs to."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes for the accounts."""
        self._cipher = AESGCM(key)

    def seal(self, context: object, row: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, msgspec.json.encode(context), row)

    def open(self, sealed: bytes, row: bytes) -> Context:
        """Raises Fault when it was not sealed for this row under this key."""
        try:
            body = self._cipher.decrypt(sealed[:12], sealed[12:], row)
        except InvalidTag:
            raise Fault("What was approved does not open") from None
        return msgspec.json.decode(body, type=Context)


class Approvals:
    """The approvals of one installation; reached as `Accounts.approvals`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        contexts: Contexts,
        forget: Callable[[int], None],
    ) -> None:
        """`forget` is told the account whose access tokens have just ended."""
        self._database = database
        self._clock = clock
        self._append = append
        self._contexts = contexts
        self._forget = forget

    async def approve(
        self, approval: Approval, *, redirect_uri: str, challenge: str, nonce: str | None
    ) -> str:
        """The code the application exchanges for an access token, within a minute."""
        now = self._clock()
        code = new_code()
        event = AccountEvent(
            "application-approved",
            now,
            account=approval.account,
            session=approval.session,
            client=approval.client_id,
            scope=approval.scope,
            expires=approval.expires,
        )
        sealed = self._contexts.seal(approval.context, row_of(approval.number))
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(
                _SQL["add_approval"],
                approval.number,
                approval.account,
                approval.application,
                approval.session,
                approval.scope,
                approval.assurance,
                approval.lasting,
                sealed,
                now,
                approval.expires,
            )
            await connection.execute(
                _SQL["add_code"],
                digest(code),
                approval.number,
                redirect_uri,
                challenge,
                nonce,
                now + CODE_LIFETIME,
            )
        return code

    async def deny(self, actor: Actor, client_id: str) -> None:
        """A person said no to an application."""
        await self._append(
            AccountEvent(
                "application-denied",
                self._clock(),
                outcome="refused",
                account=actor.account,
                session=actor.session,
                client=client_id,
            )
        )

    async def redeem(self, code: str) -> Redeemed:
        """What `code` stands for; from now on it is used. Raises CodeRefused.

        A used one ends its approval: whoever came second, or first, had no right to it.
        """
        now, hash = self._clock(), digest(code)
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["redeem"], hash, now)
            used = None if row is not None else await connection.fetchval(_SQL["used_code"], hash)
        if used is not None:
            await self.end(used, reason="replayed-code")
        if row is None or row["expires"] <= now:
            raise CodeRefused("The code is unknown, expired or used")
        return Redeemed(
            self._approval(row, now), row["redirect_uri"], row["challenge"], row["nonce"]
        )

    async def refresh_token(self, approval: Approval) -> str:
        """The first refresh token of an approval that lasts."""
        refresh_token = new_refresh_token()
        async with self._database.connection() as connection:
            await connection.execute(
                _SQL["add_refresh_token"], digest(refresh_token), approval.number, self._clock()
            )
        return refresh_token

    async def refresh(self, refresh_token: str, application: int) -> Refreshed:
        """What a refresh token of `application` (its account) stands for, and the next one.

        Raises CodeRefused. A used one, or one in the hands of another application, ends its
        approval: it was stolen.
        """
        now = self._clock()
        old, new = digest(refresh_token), new_refresh_token()
        reason = ""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_SQL["hold_refresh_token"], old)
            if row is None:
                raise CodeRefused("The refresh token is unknown, expired or used")
            if row["used"] is not None:
                reason = "replayed-refresh-token"
            elif row["application"] != application:
                reason = "refresh-token-of-another"
            elif row["over"]:
                reason = "session-over"
            else:
                approval = self._approval(row, now)
                await connection.execute(_SQL["use_refresh_token"], old, now)
                await connection.execute(
                    _SQL["add_refresh_token"], digest(new), approval.number, now
                )
        if reason:
            await self.end(row["number"], reason=reason)
            raise CodeRefused("The refresh token is unknown, expired or used")
        return Refreshed(approval, new)

    async def of_refresh_token(self, refresh_token: str) -> Approval | None:
        """The approval behind a refresh token that is still good; it stays so."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["refresh_token"], digest(refresh_token))
        if row is None or row["used"] is not None or not self._good(row, self._clock()):
            return None
        return self._opened(row)

    async def holder(self, refresh_token: str) -> str:
        """The client id of the application a refresh token was given to, used or not; "": none."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["holder"], digest(refresh_token))
        return "" if row is None else str(row["client_id"])

    async def of_access_token(self, access_token: str) -> Approval | None:
        """The approval behind an access token that acts for a person, ended or not."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["of_access_token"], digest(access_token))
        return None if row is None else self._opened(row)

    async def given(self, account: int) -> list[Given]:
        """The applications a person lets in at present, the latest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_SQL["given"], account, self._clock())
        return [
            Given(
                row["number"],
                row["label"],
                row["client_id"],
                row["scope"],
                row["lasting"],
                row["made"],
                row["expires"],
                self._contexts.open(row["context"], row_of(row["number"])).on_behalf,
            )
            for row in rows
        ]

    async def take_back(self, account: int, number: int, *, by: int = 0) -> None:
        """A person takes back what he approved; all of it ends now. Raises NotFound."""
        if number not in {each.number for each in await self.given(account)}:
            raise NotFound("This account approved no such thing")
        await self.end(number, reason="taken-back", by=by)

    async def end(self, number: int, *, reason: str = "", by: int = 0) -> None:
        """Everything issued from the approval ends now; one that has ended stays so."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["approval"], number)
        if row is None or row["ended"] is not None:
            return
        now = self._clock()
        event = AccountEvent(
            "approval-ended",
            now,
            account=row["account"],
            by=by,
            session=row["session"],
            client=row["client_id"],
            reason=reason,
        )
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(_SQL["end_approval"], number, now)
            await connection.execute(_SQL["notify"], f"account {row['account']}")
        self._forget(row["account"])

    async def sweep(self) -> None:
        """Deletes approvals, and what came of them, a day after their end."""
        before = self._clock() - timedelta(days=1)
        async with self._database.connection() as connection:
            await connection.execute(_SQL["sweep_codes"], before)
            await connection.execute(_SQL["sweep_approvals"], before)

    def _approval(self, row: Any, now: datetime) -> Approval:
        if not self._good(row, now):
            raise CodeRefused("What was approved has ended")
        return self._opened(row)

    def _good(self, row: Any, now: datetime) -> bool:
        """Whether neither the approval, nor an account or the session it needs, has ended."""
        return (
            row["ended"] is None
            and not row["over"]
            and row["disabled"] is None
            and row["application_disabled"] is None
            and row["approval_expires"] > now
        )

    def _opened(self, row: Any) -> Approval:
        context = self._contexts.open(row["context"], row_of(row["number"]))
        roles = tuple(row["roles"])
        if context.situation is not None:
            roles = tuple(sorted(context.situation.narrows(roles)))
        return Approval(
            account=row["account"],
            application=row["application"],
            client_id=row["client_id"],
            session=row["session"],
            scope=row["scope"],
            assurance=row["assurance"],
            lasting=row["lasting"],
            context=context,
            expires=row["approval_expires"],
            roles=roles,
            number=row["number"],
        )


def row_of(number: int) -> bytes:
    """What an approval's context is bound to."""
    return b"approval" + number.to_bytes(8, "big")
