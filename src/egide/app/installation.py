"""An installation, opened: the parts that are built on its engine and its keys."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from egide.accounts import Accounts
from egide.accounts.people import Limits, People
from egide.accounts.people.sealing import Sealing
from egide.app.account_events import appending
from egide.app.place import engine, prepare_at, provider_of
from egide.app.records import open_records
from egide.clock import Clock
from egide.db import Database
from egide.ledger import Ledger
from egide.record import Record
from egide.seal import KeyRing
from egide.settings import Settings


@dataclass(frozen=True, slots=True)
class Installation:
    """The parts of one process: what doors and commands are given."""

    settings: Settings
    database: Database
    ring: KeyRing
    ledger: Ledger
    accounts: Accounts
    people: People
    record: Record
    clock: Clock


@asynccontextmanager
async def open_parts(
    settings: Settings, dsn: str, ring: KeyRing, *, connections: int = 10
) -> AsyncIterator[Installation]:
    """The parts over a prepared database, closed in order at the end."""
    opening = open_records(settings, dsn, ring, connections=connections)
    async with opening as records, AsyncExitStack() as stack:
        database, clock, ledger = records.database, records.clock, records.ledger
        accounts = Accounts(
            database,
            clock,
            appending(ledger),
            ring.derive("accounts"),
            Sealing(ring.derive("people")).open_known,
        )
        await accounts.open()
        people = People(
            database,
            clock,
            appending(ledger),
            ring.derive("people"),
            base_url=settings.base_url,
            limits=Limits(
                idle=timedelta(seconds=settings.session_idle),
                lifetime=timedelta(seconds=settings.session_lifetime),
            ),
        )
        stack.callback(people.close)
        await people.open()
        yield Installation(
            settings, database, ring, ledger, accounts, people, records.record, clock
        )


@asynccontextmanager
async def open_installation(settings: Settings) -> AsyncIterator[Installation]:
    """The installation, for a command: joins the running engine or starts it meanwhile."""
    ring = provider_of(settings).ring()
    async with engine(settings) as dsn:
        await prepare_at(dsn)
        async with open_parts(settings, dsn, ring) as installation:
            yield installation
