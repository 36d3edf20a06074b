"""The second factor after a password: a TOTP code or a recovery code, each good once."""

from dataclasses import dataclass
from datetime import datetime

from egide.accounts.people.attempts import (
    LONGEST_WAIT,
    LONGEST_WAIT_FOR_CODES,
    Attempts,
)
from egide.accounts.people.devices import Devices
from egide.accounts.people.entries import SignInRefused, Visitor
from egide.accounts.people.recovery import plain_code
from egide.accounts.people.sealing import Sealing
from egide.accounts.people.time_codes import step_of
from egide.db import Connection, Database, queries

_SQL = queries("egide.accounts.people", "people.sql")


@dataclass(frozen=True, slots=True)
class StepShown:
    """A right TOTP code; `claim` uses its step up."""

    account: int
    step: int

    async def claim(self, connection: Connection) -> None:
        """Raises SignInRefused when a code of this step, or a later one, was used."""
        if await connection.execute(_SQL["use_step"], self.account, self.step) != "UPDATE 1":
            raise SignInRefused("replayed")


@dataclass(frozen=True, slots=True)
class CodeShown:
    """A right recovery code; `claim` uses it up."""

    account: int
    hash: bytes

    async def claim(self, connection: Connection) -> None:
        """Raises SignInRefused when it was used meanwhile."""
        if await connection.execute(_SQL["use_code"], self.hash, self.account) != "DELETE 1":
            raise SignInRefused("replayed")


class SecondFactor:
    """Looks at codes; the account's password was right already."""

    def __init__(
        self, database: Database, sealing: Sealing, attempts: Attempts, devices: Devices
    ) -> None:
        self._database = database
        self._sealing = sealing
        self._attempts = attempts
        self._devices = devices

    async def totp(self, account: int, code: str, visitor: Visitor, now: datetime) -> StepShown:
        """Raises SignInRefused for a wrong or used code, TooManyAttempts.

        Wrong codes from browsers the account does not know are counted together, wherever they
        come from: whoever gives them has the password. They slow no browser it knows.
        """
        key, known = await self._devices.place("code", str(account), account, visitor)
        if not known:
            key = self._sealing.hash("attempt", "code", str(account))
        longest = LONGEST_WAIT if known else LONGEST_WAIT_FOR_CODES
        await self._attempts.count(key, now, longest)
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["credentials_of"], account)
        if row is None or row["disabled"] is not None or row["totp"] is None:
            raise SignInRefused("disabled")
        secret = self._sealing.open("totp", account, row["totp"]).decode()
        step = step_of(secret, code, now)
        if step is None:
            raise SignInRefused("wrong-code")
        if step <= row["step"]:
            raise SignInRefused("replayed")
        await self._attempts.forgive(key)
        return StepShown(account, step)

    async def recovery_code(self, account: int, code: str) -> CodeShown:
        """Raises SignInRefused for a wrong or used code; these cannot be guessed."""
        plain = plain_code(code)
        hashed = self._sealing.hash("recovery-code", str(account), plain or "")
        async with self._database.connection() as connection:
            right = await connection.fetchval(_SQL["has_code"], hashed, account)
        if plain is None or not right:
            raise SignInRefused("wrong-recovery-code")
        return CodeShown(account, hashed)
