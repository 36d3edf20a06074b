"""Signing in: a passkey, or a password and then a code; never one factor alone.

Invariants, tested in tests/integration/accounts/people/test_sign_in.py: a right password opens
nothing; an unknown login name, a disabled account and a wrong password are answered alike, after
the same work.
"""

from egide.accounts.entries import TooManyAttempts
from egide.accounts.events import AccountEvent, Append, recorded
from egide.accounts.people.attempts import Attempts
from egide.accounts.people.devices import Devices
from egide.accounts.people.entries import (
    Begun,
    HalfSignedIn,
    Limits,
    SignedIn,
    SignInRefused,
    Visitor,
)
from egide.accounts.people.names import plain_login
from egide.accounts.people.passkeys import ANYBODY, Passkeys
from egide.accounts.people.passwords import Passwords
from egide.accounts.people.pre_sessions import PreSessions, Waiting
from egide.accounts.people.refusals import Refusals
from egide.accounts.people.sealing import Sealing
from egide.accounts.people.second_factor import CodeShown, SecondFactor, StepShown
from egide.accounts.people.sessions import Sessions
from egide.accounts.secrets import digest, new_cookie
from egide.clock import Clock
from egide.db import Connection, Database, queries

BY_PASSKEY = ("pop", "user", "mfa")
BY_PASSWORD = ("pwd", "otp", "mfa")
"""https://www.rfc-editor.org/rfc/rfc8176#section-2"""

_SQL = queries("egide.accounts.people", "people.sql")


class SignIn:
    """Reached as `People.sign_in`.

    Every refusal is SignInRefused with one wording, or TooManyAttempts with `retry_after`, which
    a device the account knows never meets for what strangers did.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        sealing: Sealing,
        *,
        attempts: Attempts,
        devices: Devices,
        passkeys: Passkeys,
        passwords: Passwords,
        pre_sessions: PreSessions,
        refusals: Refusals,
        second_factor: SecondFactor,
        sessions: Sessions,
        limits: Limits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._append = append
        self._sealing = sealing
        self._attempts = attempts
        self._devices = devices
        self._passkeys = passkeys
        self._passwords = passwords
        self._pre_sessions = pre_sessions
        self._refusals = refusals
        self._second_factor = second_factor
        self._sessions = sessions
        self._limits = limits

    async def begin_passkey(self, login: str = "") -> Begun:
        """Options for `navigator.credentials.get()`, bound to a new pre-session.

        Without a login name the browser offers the passkeys it has. An unknown name is answered
        like a known one. Raises Unavailable when passkeys cannot be.
        """
        if not login:
            return await self._passkeys.begin_showing(new_cookie(), ANYBODY)
        hashed = self._sealing.hash("login", plain_login(login))
        async with self._database.connection() as connection:
            account = await connection.fetchval(_SQL["account_of"], hashed)
        if account is not None and await self._passkeys.of(account):
            return await self._passkeys.begin_showing(new_cookie(), account)
        made_up = self._sealing.hash("no-passkey", plain_login(login))
        return await self._passkeys.begin_showing(new_cookie(), None, instead=[made_up])

    async def finish_passkey(self, value: str, response: str, visitor: Visitor) -> SignedIn:
        """A session for a browser's answer (JSON) to `begin_passkey`; `value` is its cookie."""
        try:
            proof = await self._passkeys.show(digest(value), response)
            return await self._sessions.open(
                proof.account, BY_PASSKEY, visitor, at=self._clock(), claim=proof.claim
            )
        except SignInRefused as refused:
            await self._refusals.tell("sign-in-refused", refused.reason, visitor.address)
            raise

    async def password(self, login: str, password: str, visitor: Visitor) -> HalfSignedIn:
        """A pre-session for the right password of an account that has TOTP. Opens nothing."""
        now = self._clock()
        hashed = self._sealing.hash("login", plain_login(login))
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["credentials"], hashed)
        account = 0 if row is None else int(row["account"])
        place, _ = await self._devices.place("password", hashed.hex(), account, visitor)
        try:
            await self._attempts.count(place, now)
        except TooManyAttempts:
            await self._refusals.tell("sign-in-refused", "too-many", visitor.address, account)
            raise
        stored = None
        if row is not None and row["password"] is not None:
            stored = self._sealing.open("password", account, row["password"]).decode()
        right = await self._passwords.is_right(password, stored)
        if row is None or not right or row["disabled"] is not None or row["totp"] is None:
            await self._refusals.tell(
                "sign-in-refused", _reason(row is not None, right), visitor.address, account
            )
            raise SignInRefused("password")
        await self._attempts.forgive(place)
        value, expires = new_cookie(), now + self._limits.pre_session
        event = AccountEvent("password-accepted", now, account=account, address=visitor.address)
        async with recorded(self._append, event):
            await self._pre_sessions.put(digest(value), "half", account, expires)
        return HalfSignedIn(value, expires)

    async def code(self, value: str, code: str, visitor: Visitor) -> SignedIn:
        """A session for the TOTP code that completes a password; `value` is its pre-session."""
        half = await self._half(value, visitor)
        try:
            shown = await self._second_factor.totp(half.account, code, visitor, self._clock())
        except (SignInRefused, TooManyAttempts) as refused:
            await self._tell(refused, half.account, visitor)
            raise
        return await self._complete(value, shown, visitor)

    async def recovery_code(self, value: str, code: str, visitor: Visitor) -> SignedIn:
        """The same with a recovery code, which is used up."""
        half = await self._half(value, visitor)
        try:
            shown = await self._second_factor.recovery_code(half.account, code)
        except SignInRefused as refused:
            await self._tell(refused, half.account, visitor)
            raise
        return await self._complete(value, shown, visitor)

    async def _half(self, value: str, visitor: Visitor) -> Waiting:
        half = await self._pre_sessions.look(digest(value), "half", self._clock())
        if half is None:
            await self._refusals.tell("sign-in-refused", "no-password", visitor.address)
            raise SignInRefused("no-password")
        return half

    async def _complete(
        self, value: str, shown: StepShown | CodeShown, visitor: Visitor
    ) -> SignedIn:
        now = self._clock()

        async def claim(connection: Connection) -> None:
            if not await self._pre_sessions.use(connection, digest(value), "half", now):
                raise SignInRefused("no-password")
            await shown.claim(connection)

        try:
            return await self._sessions.open(
                shown.account, BY_PASSWORD, visitor, at=self._clock(), claim=claim
            )
        except SignInRefused as refused:
            await self._tell(refused, shown.account, visitor)
            raise

    async def _tell(
        self, refused: SignInRefused | TooManyAttempts, account: int, visitor: Visitor
    ) -> None:
        reason = refused.reason if isinstance(refused, SignInRefused) else "too-many"
        await self._refusals.tell("sign-in-refused", reason, visitor.address, account)


def _reason(known: bool, right: bool) -> str:
    """Why a password was refused, for the ledger."""
    if not known:
        return "unknown"
    return "disabled" if right else "wrong-password"
