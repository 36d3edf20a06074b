"""The library's database: read by most tests, cloned by those that write."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from tests.conftest import SHARED, named
from tests.integration.reaching import reaches
from tests.integration.search import library as made
from tests.integration.search.library import CLINICIAN, Library, fixed

from egide.db import Database
from egide.ledger import Ledger
from egide.record import Record
from egide.seal import KeyRing

LIBRARY = "egide_library"


async def administer(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def library(engine_dsn: str, template: str) -> Iterator[Library]:
    """Everything loaded, and the same beside it parsed."""
    folder = SHARED / "data" / "synthea"
    asyncio.run(
        administer(engine_dsn, f"CREATE DATABASE {LIBRARY} TEMPLATE {template} STRATEGY FILE_COPY")
    )
    library = Library(named(engine_dsn, LIBRARY), KeyRing.generate())
    asyncio.run(made.load(library, folder if folder.is_dir() else None))
    yield library


@pytest.fixture
def origin(library: Library) -> str:
    """What `database` is a clone of."""
    return LIBRARY


@asynccontextmanager
async def cloned(engine_dsn: str, origin: str = LIBRARY) -> AsyncIterator[Database]:
    """A clone, dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    statement = f"CREATE DATABASE {name} TEMPLATE {origin} STRATEGY FILE_COPY"
    await administer(engine_dsn, statement)
    opened = await Database.connect(named(engine_dsn, name))
    try:
        yield opened
    finally:
        await opened.close()
        await administer(engine_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(engine_dsn: str, origin: str) -> AsyncIterator[Database]:
    """A clone, for one test."""
    async with cloned(engine_dsn, origin) as opened:
        yield opened


@pytest.fixture
def ring(library: Library) -> KeyRing:
    return library.ring


@pytest.fixture
async def record(database: Database, ring: KeyRing, ledger: Ledger) -> Record:
    """The one door, over the clone, at a moment that stands still."""
    door = Record(database, ring, ledger, clock=fixed, zone=made.ZONE)
    await door.start()
    return door


@pytest.fixture
async def reach(database: Database, ring: KeyRing) -> AsyncIterator[object]:
    """Gives the clinician reach of patients, by key number."""

    async def give(*numbers: int) -> None:
        async with database.connection() as connection:
            await reaches(connection, ring, CLINICIAN.account, *numbers)

    yield give
