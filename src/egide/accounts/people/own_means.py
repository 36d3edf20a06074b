"""One's own means to sign in: passkeys, password, TOTP, recovery codes, set up and taken away.

Invariants, tested in tests/integration/accounts/people/test_means.py: a session without a fresh
proof changes nothing; an account that had means enough keeps means enough.
"""

from egide.accounts.events import AccountEvent, Append, Kind, recorded
from egide.accounts.people.entries import (
    Begun,
    Enrolling,
    Holder,
    Limits,
    LinkRefused,
    Means,
    NewTotp,
    Passkey,
    SignInRefused,
    StepUpNeeded,
)
from egide.accounts.people.names import checked_name
from egide.accounts.people.passkeys import Passkeys
from egide.accounts.people.passwords import Passwords
from egide.accounts.people.pre_sessions import PreSessions
from egide.accounts.people.recovery import new_codes, plain_code
from egide.accounts.people.sealing import Sealing
from egide.accounts.people.sessions import Sessions
from egide.accounts.people.time_codes import new_secret, step_of
from egide.clock import Clock
from egide.db import Connection, Database, UniqueViolation, queries
from egide.errors import Conflict, NotFound
from egide.ids import internal_number

MOST_PASSKEYS = 20
_SQL = queries("egide.accounts.people", "people.sql")


class OwnMeans:
    """Reached as `People.means`.

    Every change by a session raises StepUpNeeded unless two factors were shown a moment ago, and
    every change by a link that serves no more raises LinkRefused.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        sealing: Sealing,
        *,
        passkeys: Passkeys,
        passwords: Passwords,
        pre_sessions: PreSessions,
        sessions: Sessions,
        limits: Limits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._append = append
        self._sealing = sealing
        self._passkeys = passkeys
        self._passwords = passwords
        self._pre_sessions = pre_sessions
        self._sessions = sessions
        self._limits = limits

    async def of(self, account: int) -> Means:
        """What an account can sign in with."""
        passkeys = await self._passkeys.of(account)
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["means"], account)
        if row is None:
            return Means(passkeys)
        return Means(passkeys, row["password"], row["totp"], row["codes"])

    async def begin_passkey(self, holder: Holder, value: str) -> Begun:
        """Options for `navigator.credentials.create()`; `value` is the holder's cookie, given back.

        Raises Unavailable when the installation has no address passkeys can be bound to.
        """
        self._fresh(holder)
        return await self._passkeys.begin_adding(holder.account, holder.login, holder.name, value)

    async def finish_passkey(self, holder: Holder, response: str, name: str) -> Passkey:
        """Adds the passkey of a browser's answer (JSON), under a name its owner gives it.

        Raises SignInRefused when the answer is not one to the holder's last `begin_passkey`,
        Incorrect for the name, Conflict when it is there already or the account has 20.
        """
        self._fresh(holder)
        shown, account, now = checked_name(name), holder.account, self._clock()
        if len(await self._passkeys.of(account)) >= MOST_PASSKEYS:
            raise Conflict(f"An account has at most {MOST_PASSKEYS} passkeys")
        new = await self._passkeys.answered(account, holder.key, response)
        number = internal_number()
        sealed = self._sealing.seal("passkey", account, shown.encode())
        try:
            async with (
                recorded(self._append, self._event("passkey-added", holder)),
                self._database.transaction() as connection,
            ):
                await self._alive(connection, holder)
                await connection.execute(
                    _SQL["add_passkey"],
                    number,
                    new.credential,
                    account,
                    new.public_key,
                    new.counter,
                    new.synced,
                    sealed,
                    now,
                )
        except UniqueViolation:
            raise Conflict("This passkey is there already") from None
        return Passkey(number, shown, now, None, new.synced)

    async def remove_passkey(self, holder: Holder, number: int) -> None:
        """Takes a passkey away and ends the other sessions.

        Raises NotFound, Conflict when nothing enough would be left.
        """
        self._fresh(holder)
        means = await self.of(holder.account)
        if number not in {each.number for each in means.passkeys}:
            raise NotFound("This account has no such passkey")
        if len(means.passkeys) == 1 and not (means.password and means.totp):
            raise Conflict("This is the only way left to sign in")
        async with (
            recorded(self._append, self._event("passkey-removed", holder)),
            self._database.transaction() as connection,
        ):
            await self._alive(connection, holder)
            await connection.execute(_SQL["remove_passkey"], holder.account, number)
            await self._still_enough(connection, holder.account)
            await self._sessions.end_all(connection, holder.account, _own(holder))
        self._sessions.forget(holder.account)

    async def set_password(self, holder: Holder, password: str) -> None:
        """Sets or changes the password; it opens nothing without TOTP.

        Ends every other session of the account. Raises WeakPassword, saying why: too short (12
        characters), too long (256), common, or made of the names.
        """
        self._fresh(holder)
        account = holder.account
        hashed = await self._passwords.hash(password, holder.login, holder.name)
        sealed = self._sealing.seal("password", account, hashed.encode())
        async with (
            recorded(self._append, self._event("password-set", holder)),
            self._database.transaction() as connection,
        ):
            await self._alive(connection, holder)
            await connection.execute(_SQL["set_password"], account, sealed, self._clock())
            await self._sessions.end_all(connection, account, _own(holder))
        self._sessions.forget(account)

    async def begin_totp(self, holder: Holder) -> NewTotp:
        """A new secret to put in an authenticator; nothing changes until a code proves it."""
        self._fresh(holder)
        new, now = new_secret(holder.login), self._clock()
        lasting = self._limits.pre_session
        await self._pre_sessions.put(
            holder.key, "totp", holder.account, now + lasting, new.secret.encode()
        )
        return new

    async def finish_totp(self, holder: Holder, code: str) -> None:
        """Takes the secret in use. Raises SignInRefused when the code is not one of it.

        A wrong code may be tried again until the secret is given up, after a few minutes.
        """
        self._fresh(holder)
        now, account = self._clock(), holder.account
        waiting = await self._pre_sessions.look(holder.key, "totp", now)
        if waiting is None or waiting.account != account:
            raise SignInRefused("no-secret")
        step = step_of(waiting.secret.decode(), code, now)
        if step is None:
            raise SignInRefused("wrong-code")
        sealed = self._sealing.seal("totp", account, waiting.secret)
        async with (
            recorded(self._append, self._event("totp-set", holder)),
            self._database.transaction() as connection,
        ):
            await self._alive(connection, holder)
            if not await self._pre_sessions.use(connection, holder.key, "totp", now):
                raise SignInRefused("no-secret")
            await connection.execute(_SQL["set_totp"], account, sealed, step, now)
            await self._sessions.end_all(connection, account, _own(holder))
        self._sessions.forget(account)

    async def remove_password(self, holder: Holder) -> None:
        """Takes password, TOTP and recovery codes away together, and ends the other sessions.

        Raises Conflict when no passkey would be left.
        """
        self._fresh(holder)
        account = holder.account
        if not await self._passkeys.of(account):
            raise Conflict("This is the only way left to sign in")
        async with (
            recorded(self._append, self._event("password-removed", holder)),
            self._database.transaction() as connection,
        ):
            await self._alive(connection, holder)
            for statement in ("forget_password", "forget_totp", "forget_codes"):
                await connection.execute(_SQL[statement], account)
            await self._still_enough(connection, account)
            await self._sessions.end_all(connection, account, _own(holder))
        self._sessions.forget(account)

    async def new_recovery_codes(self, holder: Holder) -> tuple[str, ...]:
        """Ten codes, told here only, each good once in place of a TOTP code; old ones are dead."""
        self._fresh(holder)
        account, codes = holder.account, new_codes()
        hashes = [
            self._sealing.hash("recovery-code", str(account), plain_code(code) or "")
            for code in codes
        ]
        async with (
            recorded(self._append, self._event("recovery-codes-made", holder)),
            self._database.transaction() as connection,
        ):
            await self._alive(connection, holder)
            await connection.execute(_SQL["forget_codes"], account)
            await connection.execute(_SQL["add_codes"], hashes, account)
        return codes

    def _fresh(self, holder: Holder) -> None:
        if not isinstance(holder, Enrolling) and not holder.fresh(
            self._clock(), self._limits.fresh
        ):
            raise StepUpNeeded

    async def _alive(self, connection: Connection, holder: Holder) -> None:
        """Holds the account, and its link or session, until the transaction ends."""
        await connection.execute(_SQL["hold"], holder.account)
        enrolling = isinstance(holder, Enrolling)
        statement = "enrolling_alive" if enrolling else "session_alive"
        account = await connection.fetchval(_SQL[statement], holder.key, self._clock())
        if account != holder.account:
            raise LinkRefused if enrolling else SignInRefused("ended")

    async def _still_enough(self, connection: Connection, account: int) -> None:
        row = await connection.fetchrow(_SQL["person"], account)
        if row is None or not row["enrolled"]:
            raise Conflict("This is the only way left to sign in")

    def _event(self, kind: Kind, holder: Holder) -> AccountEvent:
        return AccountEvent(kind, self._clock(), account=holder.account, session=_own(holder))


def _own(holder: Holder) -> int:
    """The session a holder acts in; 0 before there is one."""
    return 0 if isinstance(holder, Enrolling) else holder.session
