"""Connections to PostgreSQL: a pool, transactions, snapshots, notices.

Ids are columns of type `uuid` and travel as 16 raw `bytes` both ways, in arrays and COPY too.
A connection goes back to the pool without a reset round trip: settings inside a block are
`SET LOCAL`, session-level locks and LISTEN belong on `dedicated()` or `listen()`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import asyncpg.pool

from egide.db.errors import NO_ADDRESS, empty, translate, translated
from egide.db.notices import Notices
from egide.errors import Busy, Incorrect, Unavailable

Connection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
)
"""What a block is given: asyncpg's `execute`, `fetch`, `fetchrow`, `fetchval`, `executemany`,
`copy_records_to_table`, `cursor`, `transaction` (a savepoint)."""

Fetched: TypeAlias = asyncpg.Record
"""A row as it was fetched: values by column name or place."""

SERVER_SETTINGS = {
    "application_name": "egide",
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
    "search_path": "public",
    "client_min_messages": "warning",
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": "60000",
}
"""Every connection's; a generic plan on `terms` costs 775 ms, hence the forced custom plan."""

ACQUIRE_TIMEOUT = 10.0
"""Seconds a block waits for a free connection before Busy."""


if TYPE_CHECKING:  # generic in the stubs only
    _Driver = asyncpg.Connection[asyncpg.Record]
else:
    _Driver = asyncpg.Connection


class _Plain(_Driver):
    """A connection that needs no reset query, since no block leaves state behind."""

    def get_reset_query(self) -> str:
        return ""


def _text_alone(record: logging.LogRecord) -> bool:
    """Keeps the driver's own warnings, without the errors attached, which quote values."""
    record.exc_info = record.exc_text = None
    return True


logging.getLogger("asyncpg.pool").addFilter(_text_alone)


class Database:
    """One database, reached through a pool of connections of the current event loop."""

    def __init__(self, dsn: str, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._dsn = dsn
        self._pool = pool
        self._notices = Notices(self.dedicated)

    @classmethod
    async def connect(cls, dsn: str, *, min_size: int = 1, max_size: int = 10) -> "Database":
        """Opens `min_size` connections now, up to `max_size` when needed.

        Raises Unavailable when no database answers or lets us in, Incorrect for a bad address.
        """
        if not dsn.startswith(("postgresql://", "postgres://")):
            raise Incorrect(NO_ADDRESS)
        with _reaching():
            pool = await asyncpg.create_pool(
                dsn,
                min_size=min_size,
                max_size=max_size,
                max_queries=1_000_000,
                statement_cache_size=512,
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=64 * 1024,
                server_settings=SERVER_SETTINGS,
                connection_class=_Plain,
                init=_raw_ids,
                timeout=ACQUIRE_TIMEOUT,
            )
        return cls(dsn, pool)

    async def close(self) -> None:
        """Waits for running blocks (10 s at most), then closes every connection."""
        await self._notices.close()
        try:
            async with asyncio.timeout(10):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection where each statement commits by itself. Errors: see `translated`."""
        acquired = await self._acquire()
        try:
            with translated():
                yield acquired
        finally:
            await self._pool.release(acquired)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A READ COMMITTED transaction: commits at the end of the block, rolls back on error."""
        acquired = await self._acquire()
        try:
            with translated():
                async with acquired.transaction():
                    yield acquired
        finally:
            await self._pool.release(acquired)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A REPEATABLE READ, READ ONLY transaction: every statement sees the same instant."""
        acquired = await self._acquire()
        try:
            with translated():
                async with acquired.transaction(isolation="repeatable_read", readonly=True):
                    yield acquired
        finally:
            await self._pool.release(acquired)

    async def dedicated(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of its own, outside the pool; the caller closes it.

        Its calls raise the driver's errors: wrap them in `egide.db.errors.translated`.
        """
        with _reaching():
            connection = await asyncpg.connect(
                self._dsn, server_settings=SERVER_SETTINGS, timeout=ACQUIRE_TIMEOUT
            )
            await _raw_ids(connection)
        return connection

    async def listen(self, channel: str, callback: Callable[[str], None]) -> None:
        """Calls `callback(payload)` for each notice on `channel` until `close`.

        Uses one direct connection for all channels and opens it again when it is lost; notices
        may have been missed meanwhile, so each callback is then called once with "".
        """
        await self._notices.listen(channel, callback)

    async def _acquire(self) -> "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]":
        with _reaching():
            return await self._pool.acquire(timeout=ACQUIRE_TIMEOUT)


@contextmanager
def _reaching() -> Iterator[None]:
    """Raises why no connection can be had."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise translate(error) from None
    except TimeoutError as error:
        raise empty(error, Busy("No connection to the database in time")) from None
    except OSError as error:
        name = type(error).__name__
        raise empty(error, Unavailable(f"No database answers ({name})")) from None
    except ValueError as error:
        raise empty(error, Incorrect(NO_ADDRESS)) from None


async def _raw_ids(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
    )
