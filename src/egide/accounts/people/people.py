"""The people of one installation: who they are, how they enrol, sign in, and stay signed in."""

from datetime import timedelta

from egide.accounts.events import Append
from egide.accounts.people.attempts import Attempts
from egide.accounts.people.charters import Charters
from egide.accounts.people.devices import Devices
from egide.accounts.people.directory import Directory
from egide.accounts.people.enrolment import Enrolment
from egide.accounts.people.entries import Limits
from egide.accounts.people.own_means import OwnMeans
from egide.accounts.people.passkeys import Passkeys
from egide.accounts.people.passwords import Passwords
from egide.accounts.people.pre_sessions import PreSessions
from egide.accounts.people.refusals import Refusals
from egide.accounts.people.relying_party import RelyingParty
from egide.accounts.people.sealing import Sealing
from egide.accounts.people.second_factor import SecondFactor
from egide.accounts.people.sessions import Sessions
from egide.accounts.people.sign_in import SignIn
from egide.accounts.people.step_up import StepUp
from egide.clock import Clock
from egide.db import Database, queries

DEVICE_REMEMBERED = timedelta(days=400)
"""How long an account knows a browser it has not seen; browsers keep no cookie longer."""

_SQL = queries("egide.accounts.people", "people.sql")


class People:
    """One instance a process; its parts are what doors and commands call.

    `directory`: invite, list, train, disable (operators); `charters`: what people sign;
    `enrolment`: follow a link; `means`: set up passkeys, password, TOTP, recovery codes;
    `sign_in`, `step_up`; `sessions`: resolve, list, revoke, sign out.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        key: bytes,
        *,
        base_url: str | None,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        """`key`: 32 bytes, `KeyRing.derive("people")`; `base_url`: the public address, which
        passkeys are bound to (None, or an address without a name: no passkeys)."""
        self._database = database
        self._clock = clock
        self._limits = limits
        sealing = Sealing(key)
        self._passwords = Passwords()
        self._refusals = Refusals(clock, append)
        attempts, devices = Attempts(database), Devices(database, sealing)
        pre_sessions = PreSessions(database, sealing)
        passkeys = Passkeys(database, clock, sealing, pre_sessions, RelyingParty(base_url), limits)
        second_factor = SecondFactor(database, sealing, attempts, devices)
        self.sessions = Sessions(database, clock, append, sealing, devices, limits)
        self.charters = Charters(database, clock, append, self.sessions)
        self.directory = Directory(
            database, clock, append, sealing, self.sessions, self.charters, limits
        )
        self.means = OwnMeans(
            database,
            clock,
            append,
            sealing,
            passkeys=passkeys,
            passwords=self._passwords,
            pre_sessions=pre_sessions,
            sessions=self.sessions,
            limits=limits,
        )
        self.enrolment = Enrolment(
            database,
            clock,
            append,
            directory=self.directory,
            means=self.means,
            pre_sessions=pre_sessions,
            refusals=self._refusals,
            sessions=self.sessions,
            limits=limits,
        )
        self.sign_in = SignIn(
            database,
            clock,
            append,
            sealing,
            attempts=attempts,
            devices=devices,
            passkeys=passkeys,
            passwords=self._passwords,
            pre_sessions=pre_sessions,
            refusals=self._refusals,
            second_factor=second_factor,
            sessions=self.sessions,
            limits=limits,
        )
        self.step_up = StepUp(
            database,
            clock,
            sealing,
            attempts=attempts,
            devices=devices,
            passkeys=passkeys,
            passwords=self._passwords,
            refusals=self._refusals,
            second_factor=second_factor,
            sessions=self.sessions,
            limits=limits,
        )

    async def open(self) -> None:
        """Starts to listen to what other processes end. Raises Unavailable."""
        await self.sessions.listen()

    def close(self) -> None:
        """Ends the threads passwords are hashed in."""
        self._passwords.close()

    async def sweep(self) -> None:
        """Deletes what has ended, and writes refusals not yet written."""
        await self._refusals.settle()
        await self.sessions.sweep()
        now = self._clock()
        async with self._database.connection() as connection:
            await connection.execute(_SQL["sweep_pre_sessions"], now)
            await connection.execute(_SQL["sweep_links"], now - timedelta(days=30))
            await connection.execute(_SQL["sweep_attempts"], now - timedelta(days=1))
            await connection.execute(_SQL["sweep_devices"], now - DEVICE_REMEMBERED)
