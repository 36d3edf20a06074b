"""What every test may ask for: a real PostgreSQL, a fresh database, the shared samples."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from egide.db import Database, prepare
from egide.db.embedded import start

SHARED = Path(os.environ.get("EGIDE_SHARED") or Path(__file__).parents[2] / "shared")
TEMPLATE = "egide_template"


@pytest.fixture(scope="session")
def engine_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An embedded engine for the session, without fsync; its own database stays empty."""
    engine = asyncio.run(start(tmp_path_factory.mktemp("engine"), durable=False))
    yield engine.dsn
    asyncio.run(engine.stop())


@pytest.fixture(scope="session")
def template(engine_dsn: str) -> str:
    """The name of a database with the present schema, to clone."""

    async def make() -> None:
        await _administer(engine_dsn, f"CREATE DATABASE {TEMPLATE}")
        database = await Database.connect(named(engine_dsn, TEMPLATE))
        await prepare(database)
        await database.close()

    asyncio.run(make())
    return TEMPLATE


@pytest.fixture
async def database_dsn(engine_dsn: str, template: str) -> AsyncIterator[str]:
    """The address of a fresh database with the present schema, dropped after the test."""
    name = f"test_{secrets.token_hex(6)}"
    await _administer(engine_dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield named(engine_dsn, name)
    await _administer(engine_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """A fresh database with the present schema, through its own pool."""
    opened = await Database.connect(database_dsn)
    yield opened
    await opened.close()


@pytest.fixture
async def empty_database(engine_dsn: str) -> AsyncIterator[Database]:
    """A fresh database without anything in it."""
    name = f"empty_{secrets.token_hex(6)}"
    await _administer(engine_dsn, f"CREATE DATABASE {name}")
    opened = await Database.connect(named(engine_dsn, name))
    yield opened
    await opened.close()
    await _administer(engine_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of samples shared between projects (EGIDE_SHARED, or beside the checkout)."""
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not here (EGIDE_SHARED)")
    return SHARED


def named(dsn: str, database: str) -> str:
    """The address of another database of the same engine."""
    return dsn.replace("/egide?", f"/{database}?")


async def _administer(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says whether the tests on shared samples could run."""
    there = "found: tests on them ran" if SHARED.is_dir() else "absent: tests on them were skipped"
    terminalreporter.write_line(f"Shared samples {there}.")
