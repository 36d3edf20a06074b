"""An installation, opened: the engine, the keys and the parts built on them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from egide.accounts import Accounts
from egide.accounts.people import Limits, People
from egide.accounts.people.sealing import Sealing
from egide.app.account_events import appending
from egide.app.records import open_records
from egide.clock import Clock
from egide.db import Database, prepare
from egide.db.embedded import start
from egide.db.presence import alone
from egide.errors import Unavailable
from egide.ledger import Ledger
from egide.record import Record
from egide.seal import KeyRing
from egide.seal.providers import FileProvider
from egide.settings import Settings

DEMO_MARK = "demo"
"""The file in the data folder that says: synthetic data, its key may lie here too."""

DEMO_KEY = "demo.key"
"""A demonstration's own key, in its data folder."""


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


def provider_of(settings: Settings) -> FileProvider:
    """The key provider `settings` name. Raises Unavailable, saying what to do."""
    demo = (settings.data / DEMO_MARK).exists()
    path = settings.key_file or (settings.data / DEMO_KEY if demo else None)
    if path is None:
        raise Unavailable(
            "no key file: set EGIDE_KEY_FILE to a path outside the data folder, "
            "then run `egide init`"
        )
    return FileProvider.load(path, data=settings.data, demo=demo)


@asynccontextmanager
async def engine(settings: Settings) -> AsyncIterator[str]:
    """The address of the database: the external one, or the embedded engine, joined or started."""
    if settings.database_url:
        yield settings.database_url
        return
    running = await start(settings.data)
    try:
        yield running.dsn
    finally:
        await running.stop()


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
async def open_alone(settings: Settings) -> AsyncIterator[Database]:
    """The database of an installation that nobody else uses. Raises Conflict when somebody does."""
    async with engine(settings) as dsn, AsyncExitStack() as stack:
        await prepare_at(dsn)
        database = await Database.connect(dsn, max_size=2)
        stack.push_async_callback(database.close)
        await stack.enter_async_context(alone(database))
        yield database


@asynccontextmanager
async def open_installation(settings: Settings) -> AsyncIterator[Installation]:
    """The installation, for a command: joins the running engine or starts it meanwhile."""
    ring = provider_of(settings).ring()
    async with engine(settings) as dsn:
        await prepare_at(dsn)
        async with open_parts(settings, dsn, ring) as installation:
            yield installation


async def prepare_at(dsn: str) -> int:
    """Bring the schema at `dsn` to this code's version."""
    database = await Database.connect(dsn, max_size=1)
    try:
        return await prepare(database)
    finally:
        await database.close()


def is_demo(data: Path) -> bool:
    """Whether `data` is a demonstration: synthetic, with its key inside."""
    return (data / DEMO_MARK).exists()


def figures(data: Path) -> Path:
    """Where the processes of a server leave their figures for `/metrics`."""
    return data / "run" / "figures"
