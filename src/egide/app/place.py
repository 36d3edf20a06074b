"""Where an installation is: its data folder, its key file, its engine. No part is built here."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from egide.db import Database, prepare
from egide.db.embedded import start
from egide.db.presence import alone
from egide.errors import Unavailable
from egide.seal.providers import FileProvider
from egide.settings import Settings

DEMO_MARK = "demo"
"""The file in the data folder that says: synthetic data, its key may lie here too."""

DEMO_KEY = "demo.key"
"""A demonstration's own key, in its data folder."""


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
async def open_alone(settings: Settings) -> AsyncIterator[Database]:
    """The database of an installation that nobody else uses. Raises Conflict when somebody does."""
    async with engine(settings) as dsn, AsyncExitStack() as stack:
        await prepare_at(dsn)
        database = await Database.connect(dsn, max_size=2)
        stack.push_async_callback(database.close)
        await stack.enter_async_context(alone(database))
        yield database


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
