"""Presence: which processes use the data, told by the database itself.

Every process that writes holds a shared lock; what must be alone (a new epoch, restored keys) takes
it exclusively, wherever the others run. The server frees a lock when its connection ends, however
it ends.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from egide.db.database import Database
from egide.db.errors import translated
from egide.errors import Conflict, Unavailable

_LOCK = int.from_bytes(b"egpresnt", "big")


@asynccontextmanager
async def present(database: Database) -> AsyncIterator[None]:
    """Be one of those who use the data. Raises Unavailable while somebody must be alone."""
    async with _held(database, "select pg_try_advisory_lock_shared($1)") as taken:
        if not taken:
            raise Unavailable("the keys are being changed; try again when that is done")
        yield


@asynccontextmanager
async def alone(database: Database) -> AsyncIterator[None]:
    """Be the only one. Raises Conflict while anybody else uses the data."""
    async with _held(database, "select pg_try_advisory_lock($1)") as taken:
        if not taken:
            raise Conflict("this needs everything else stopped: a server or an import is running")
        yield


@asynccontextmanager
async def _held(database: Database, statement: str) -> AsyncIterator[bool]:
    connection = await database.dedicated()
    try:
        with translated():
            taken = bool(await connection.fetchval(statement, _LOCK))
        yield taken
    finally:
        await connection.close()
