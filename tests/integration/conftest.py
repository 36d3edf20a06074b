"""The parts over a fresh database: a key ring, a ledger, the one door."""

from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest

from egide.actor import Actor
from egide.clock import system_clock
from egide.db import Database
from egide.ledger import Ledger
from egide.record import Record
from egide.seal import KeyRing


@pytest.fixture
def ring() -> KeyRing:
    """Secrets of an installation that exists for one test."""
    return KeyRing.generate()


@pytest.fixture
async def ledger(database: Database, ring: KeyRing) -> AsyncIterator[Ledger]:
    """An open ledger."""
    opened = Ledger(database, ring, system_clock)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def record(database: Database, ring: KeyRing, ledger: Ledger) -> Record:
    """The one door, over the fresh database."""
    door = Record(database, ring, ledger, clock=system_clock, zone=ZoneInfo("Europe/Paris"))
    await door.start()
    return door


@pytest.fixture
def system() -> Actor:
    """A trusted application."""
    return Actor(101, "test-system", frozenset({"system"}), 1001)


@pytest.fixture
def clinician() -> Actor:
    """A care professional who reaches nobody yet."""
    return Actor(102, "test-clinician", frozenset({"clinician"}), 1002, assurance=2)
