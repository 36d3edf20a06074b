"""Showing two factors again in a session, for what is sensitive; the cookie gets a new value."""

from egide.accounts.entries import TooManyAttempts
from egide.accounts.people.attempts import Attempts
from egide.accounts.people.devices import Devices
from egide.accounts.people.entries import (
    Begun,
    Limits,
    Session,
    SignedIn,
    SignInRefused,
    StepUpNeeded,
    Visitor,
    Vouched,
)
from egide.accounts.people.passkeys import Passkeys
from egide.accounts.people.passwords import Passwords
from egide.accounts.people.refusals import Refusals
from egide.accounts.people.sealing import Sealing
from egide.accounts.people.second_factor import SecondFactor
from egide.accounts.people.sessions import Sessions
from egide.accounts.people.sign_in import BY_PASSKEY, BY_PASSWORD
from egide.clock import Clock
from egide.db import Database, queries

_FACTORS = 2

_SQL = queries("egide.accounts.people", "people.sql")


class StepUp:
    """Reached as `People.step_up`. Refusals are those of `SignIn`; the session goes on."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealing: Sealing,
        *,
        attempts: Attempts,
        devices: Devices,
        passkeys: Passkeys,
        passwords: Passwords,
        refusals: Refusals,
        second_factor: SecondFactor,
        sessions: Sessions,
        limits: Limits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealing = sealing
        self._attempts = attempts
        self._devices = devices
        self._passkeys = passkeys
        self._passwords = passwords
        self._refusals = refusals
        self._second_factor = second_factor
        self._sessions = sessions
        self._limits = limits

    def needed(self, session: Session) -> None:
        """Raises StepUpNeeded unless two factors were shown within `Limits.fresh`."""
        if not session.fresh(self._clock(), self._limits.fresh):
            raise StepUpNeeded

    async def begin_passkey(self, session: Session, value: str) -> Begun:
        """Options for `navigator.credentials.get()` among the account's own passkeys."""
        return await self._passkeys.begin_showing(value, session.account)

    async def finish_passkey(self, session: Session, response: str, visitor: Visitor) -> SignedIn:
        """The session under a new cookie value; the old value is dead."""
        try:
            proof = await self._passkeys.show(session.key, response)
            if proof.account != session.account:
                raise SignInRefused("other-account")
            return await self._sessions.renew(
                session, BY_PASSKEY, visitor, proof.claim, at=self._clock()
            )
        except SignInRefused as refused:
            await self._tell(refused.reason, session, visitor)
            raise

    async def password(
        self, session: Session, password: str, code: str, visitor: Visitor
    ) -> SignedIn:
        """The same with password and TOTP code."""
        account = session.account
        try:
            place, _ = await self._devices.place("step-up", str(account), account, visitor)
            await self._attempts.count(place, self._clock())
            async with self._database.connection() as connection:
                row = await connection.fetchrow(_SQL["credentials_of"], account)
            stored = None
            if row is not None and row["password"] is not None:
                stored = self._sealing.open("password", account, row["password"]).decode()
            if not await self._passwords.is_right(password, stored):
                raise SignInRefused("wrong-password")
            shown = await self._second_factor.totp(account, code, visitor, self._clock())
            await self._attempts.forgive(place)
            return await self._sessions.renew(
                session, BY_PASSWORD, visitor, shown.claim, at=self._clock()
            )
        except SignInRefused as refused:
            await self._tell(refused.reason, session, visitor)
            raise
        except TooManyAttempts:
            await self._tell("too-many", session, visitor)
            raise

    async def federated(self, session: Session, vouched: Vouched, visitor: Visitor) -> SignedIn:
        """The same by the word of an identity issuer, which was asked for this very session.

        It is as old as the authentication there. Raises SignInRefused: `other-account`,
        `one-factor`, `too-old`.
        """
        try:
            if vouched.account != session.account:
                raise SignInRefused("other-account")
            if vouched.assurance < _FACTORS:
                raise SignInRefused("one-factor")
            if vouched.at is None or self._clock() - vouched.at >= self._limits.fresh:
                raise SignInRefused("too-old")
            return await self._sessions.renew(session, vouched.means, visitor, at=vouched.at)
        except SignInRefused as refused:
            await self._tell(refused.reason, session, visitor)
            raise

    async def _tell(self, reason: str, session: Session, visitor: Visitor) -> None:
        await self._refusals.tell("sign-in-refused", reason, visitor.address, session.account)
