"""Accounts over a real database, with a clock one can turn and a list in place of the ledger."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from egide.accounts import AccountEvent, Accounts
from egide.db import Database

KEY = b"k" * 32


@dataclass
class World:
    """One process: its accounts, its clock, and the events it appended."""

    database: Database
    now: datetime = datetime(2026, 3, 1, 8, tzinfo=UTC)
    events: list[AccountEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.database, lambda: self.now, self.append, KEY)

    async def append(self, event: AccountEvent) -> None:
        self.events.append(event)

    def later(self, **more: float) -> None:
        self.now += timedelta(**more)

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(event.kind, event.outcome) for event in self.events]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)
