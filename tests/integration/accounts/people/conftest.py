"""People over a real database, with a clock one can turn and a list in place of the ledger."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from tests.integration.accounts.people.authenticator import ORIGIN, Authenticator

import egide.db
from egide.accounts import AccountEvent
from egide.accounts.people import Bound, Enrolling, Limits, People, SignedIn, Visitor
from egide.db import Database

KEY = b"p" * 32
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
HOME = Visitor("192.0.2.1", FIREFOX)
STRANGER = Visitor("198.51.100.7", CHROME)
PASSWORD = "quince-ladder-49-umbrella"
LOGIN = "zephyrine.quillfeather"
NAME = "Zéphyrine Quillfeather"
_SCHEMA = Path(egide.db.__file__).parent / "schema" / "41_people.sql"
TABLES = ("account", *re.findall(r"create table (\w+)", _SCHEMA.read_text("utf-8")))


@dataclass
class World:
    """One process: its people, its clock, and the events it appended."""

    database: Database
    limits: Limits = Limits()  # noqa: RUF009
    base_url: str | None = ORIGIN
    now: datetime = datetime(2026, 3, 1, 8, tzinfo=UTC)
    events: list[AccountEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people = People(
            self.database,
            lambda: self.now,
            self.append,
            KEY,
            base_url=self.base_url,
            limits=self.limits,
        )

    async def append(self, event: AccountEvent) -> None:
        self.events.append(event)

    def later(self, **more: float) -> None:
        self.now += timedelta(**more)

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(event.kind, event.outcome) for event in self.events]

    @property
    def reasons(self) -> list[str]:
        return [event.reason for event in self.events if event.outcome == "refused"]

    async def following(
        self, login: str = LOGIN, visitor: Visitor = HOME, **more: object
    ) -> Enrolling:
        """Somebody invited who has followed his link."""
        named = {"name": NAME, "roles": ["clinician"], **more}
        invitation = await self.people.directory.invite(login, **named)  # type: ignore[arg-type]
        return await self.people.enrolment.begin(invitation.token, visitor)

    async def with_passkey(
        self,
        login: str = LOGIN,
        device: Authenticator | None = None,
        visitor: Visitor = HOME,
        **more: object,
    ) -> tuple[SignedIn, Authenticator]:
        """Somebody enrolled with a passkey, and signed in."""
        device = device or Authenticator()
        enrolling = await self.following(login, visitor, **more)
        begun = await self.people.means.begin_passkey(enrolling, enrolling.value)
        await self.people.means.finish_passkey(enrolling, device.create(begun), "Telephone")
        return await self.people.enrolment.complete(enrolling.value, visitor), device

    async def with_password(
        self, login: str = LOGIN, visitor: Visitor = HOME, **more: object
    ) -> tuple[SignedIn, str]:
        """Somebody enrolled with a password and TOTP, signed in, and his TOTP secret."""
        enrolling = await self.following(login, visitor, **more)
        await self.people.means.set_password(enrolling, PASSWORD)
        new = await self.people.means.begin_totp(enrolling)
        await self.people.means.finish_totp(enrolling, self.code(new.secret))
        self.later(seconds=30)
        return await self.people.enrolment.complete(enrolling.value, visitor), new.secret

    def code(self, secret: str, steps: int = 0) -> str:
        return pyotp.TOTP(secret).at(self.now, counter_offset=steps)

    async def passkey_sign_in(self, device: Authenticator, visitor: Visitor = HOME) -> SignedIn:
        begun = await self.people.sign_in.begin_passkey()
        return await self.people.sign_in.finish_passkey(begun.value, device.get(begun), visitor)

    async def password_sign_in(
        self, secret: str, visitor: Visitor = HOME, login: str = LOGIN
    ) -> SignedIn:
        half = await self.people.sign_in.password(login, PASSWORD, visitor)
        return await self.people.sign_in.code(half.value, self.code(secret), visitor)

    async def stored(self) -> bytes:
        """Every row of every table of people's accounts, as text."""
        lines = []
        async with self.database.connection() as connection:
            for table in TABLES:
                rows = await connection.fetch(f"select t::text as line from {table} t")
                lines += [f"{table}: {row['line']}" for row in rows]
        return "\n".join(lines).encode()


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    made = World(database)
    yield made
    made.people.close()


@pytest.fixture
async def other(database: Database) -> AsyncIterator[World]:
    """Another process over the same database."""
    made = World(database)
    yield made
    made.people.close()


BOUND = Bound(patient="synthetic-patient-1", establishment="synthetic-hospital")
