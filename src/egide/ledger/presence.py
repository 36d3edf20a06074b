"""A writer's own connection, and the lock on it that shows the writer alive.

A connection outside the pool costs the lane no wait and no round trip; the server frees the lock
when it ends, so a verification tells a writer that runs from one that was killed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from egide.db import Connection, Database, queries
from egide.db.errors import translated
from egide.ledger.locks import LOCKS

_SQL = queries("egide.ledger", "sql/write.sql")


class Presence:
    """The connection of writer `writer`, opened again when it was lost."""

    def __init__(self, database: Database, writer: int) -> None:
        self._database = database
        self._writer = writer
        self._connection: Connection | None = None
        self._held = False
        self._using = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """The connection, for one statement at a time. Raises Unavailable and what it raises.

        A connection on which a statement failed is not used again: its state is not known.
        """
        async with self._using:
            connection = await self._opened()
            try:
                with translated():
                    yield connection
            except BaseException:
                self._connection = None
                connection.terminate()
                raise

    async def hold(self) -> None:
        """Takes the lock, unless this connection has it already. Raises Unavailable."""
        if self._held and self._connection is not None and not self._connection.is_closed():
            return
        async with self.connection() as connection:
            # Tried, not waited for: a lost connection's lock may live on for a while.
            self._held = await connection.fetchval(_SQL["hold"], LOCKS, self._writer)
            await connection.execute(_SQL["resume"], self._writer)

    async def close(self) -> None:
        """Lets the connection and the lock go."""
        if self._connection is not None:
            with contextlib.suppress(OSError, TimeoutError):
                await self._connection.close(timeout=2)

    async def _opened(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._held = False
            self._connection = await self._database.dedicated()
        return self._connection
