"""What every test may ask for: a real PostgreSQL, a fresh database, the shared samples."""

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from egide.db import Database, prepare
from egide.db.embedded import start
from egide.db.locks import Lock

# No deadline: machines are noisy. The same examples on every run of CI; elsewhere new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

SHARED = Path(os.environ.get("EGIDE_SHARED") or Path(__file__).parents[2] / "shared")
TEMPLATE = "egide_template"
MEMORY = Path("/dev/shm")
PREFIX = "egide-tests-"
SAMPLES = frozenset(
    f"tests/acceptance/test_{name}.py" for name in ("at_rest", "records_in", "search")
)
"""Files that share installations with all samples, which take a minute to fill."""


@pytest.fixture(scope="session")
def fast_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Path]:
    """A folder in memory where there is room for one: a clone takes 9 ms there, 200 on a disk."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < 2**30:
        yield tmp_path_factory.mktemp("engine")
        return
    for left in MEMORY.glob(f"{PREFIX}*") if worker_id in ("master", "gw0") else ():
        if time.time() - left.stat().st_mtime > 60:
            _sweep(left)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def engine_dsn(fast_folder: Path) -> Iterator[str]:
    """An embedded engine for the session, without fsync; its own database stays empty."""
    engine = asyncio.run(start(fast_folder / "data", durable=False))
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
    await _administer(engine_dsn, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
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


def _sweep(folder: Path) -> None:
    """Ends and removes what a killed test session left, unless it is still at work."""
    try:
        users = Lock(folder / "data" / "run" / "users.lock")
    except OSError:
        return
    free = users.take(wait=False)
    users.release()
    if free:

        async def end() -> None:
            await (await start(folder / "data", durable=False)).stop()

        asyncio.run(end())
        shutil.rmtree(folder, ignore_errors=True)  # another session may be at it too


async def _administer(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


class ByFile(LoadScopeScheduling):
    """Tests of a file run in one process, in order: they share what the file makes."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "samples" if path in SAMPLES else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Long files stand first, as the folders are named, so that processes end together."""
    config.option.loadscopereorder = False
    return ByFile(config, log)  # type: ignore[arg-type]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says whether the tests on shared samples could run."""
    there = "found: tests on them ran" if SHARED.is_dir() else "absent: tests on them were skipped"
    terminalreporter.write_line(f"Shared samples {there}.")
