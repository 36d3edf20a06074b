"""Connections to PostgreSQL: a pool, transactions, snapshots, notices.

Ids are columns of type `uuid` and travel as 16 raw `bytes` both ways, in arrays and COPY too.
A connection goes back to the pool without a reset round trip: settings inside a block are
`SET LOCAL`, session-level locks and LISTEN belong on `dedicated()` or `listen()`.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from types import TracebackType
from typing import TypeAlias

import asyncpg
from asyncpg.transaction import Transaction

from egide.db.errors import (
    DRIVER_ERRORS,
    NO_ADDRESS,
    DriverError,
    empty,
    translate,
    translated,
)
from egide.db.notices import Notices
from egide.db.pool import Pool, Raw
from egide.errors import Busy, Incorrect, Unavailable

Connection: TypeAlias = Raw
"""What a block is given: asyncpg's `execute`, `fetch`, `fetchrow`, `fetchval`, `executemany`,
`copy_records_to_table`, `cursor`, `transaction` (a savepoint)."""

Fetched: TypeAlias = asyncpg.Record
"""A row as it was fetched: values by column name or place."""

SERVER_SETTINGS = {
    "application_name": "egide",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "search_path": "public",
    "client_min_messages": "warning",
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": "60000",
}
"""Every connection's. Planning once a connection halves what a statement by key costs the engine
(80 to 37 µs); a statement whose best plan depends on its values says so: see `custom_plans`."""

ACQUIRE_TIMEOUT = 10.0
"""Seconds a block waits for a free connection before Busy."""


@asynccontextmanager
async def custom_plans(connection: Connection) -> AsyncIterator[None]:
    """Statements in here are planned for the very values they are given.

    For conditions that may hold for one row or for half of them, such as an inverted index's: a
    generic plan of such a search costs 4.4 ms where its own costs 0.3.
    """
    with translated():
        await connection.execute("set plan_cache_mode = force_custom_plan")
    try:
        yield
    finally:
        # In a transaction that failed it cannot be reset, and need not: it ends with it.
        with suppress(asyncpg.InFailedSQLTransactionError):
            await connection.execute("reset plan_cache_mode")


class _Block:
    """A connection for the length of a block, in a transaction or not."""

    __slots__ = ("_begin", "_connection", "_pool", "_transaction")

    def __init__(self, pool: Pool, begin: Callable[[Connection], Transaction] | None) -> None:
        self._pool = pool
        self._begin = begin
        self._transaction: Transaction | None = None
        self._connection: Connection | None = None

    async def __aenter__(self) -> Connection:
        connection = self._pool.idle()
        if connection is None:
            with _reaching():
                connection = await self._pool.take(ACQUIRE_TIMEOUT)
        self._connection = connection
        if self._begin is not None:
            self._transaction = self._begin(connection)
            try:
                await self._transaction.start()
            except BaseException as error:
                self._pool.give_back(connection)
                _raise_ours(error)
                raise
        return connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._connection is not None
        try:
            if self._transaction is not None:
                await self._transaction.__aexit__(kind, error, trace)
        except BaseException as failure:
            _raise_ours(failure)
            raise
        finally:
            self._pool.give_back(self._connection)
        _raise_ours(error)


def _raise_ours(error: BaseException | None) -> None:
    """Raise what a driver's error is called here; nothing for another."""
    if isinstance(error, DriverError):
        raise translate(error) from None


def _read_write(connection: Connection) -> Transaction:
    return connection.transaction()


def _read_only(connection: Connection) -> Transaction:
    return connection.transaction(isolation="repeatable_read", readonly=True)


class Database:
    """One database, reached through a pool of connections of the current event loop."""

    def __init__(self, dsn: str, pool: Pool) -> None:
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
        pool = Pool(lambda: _connected(dsn), max_size)
        with _reaching():
            await pool.open(min_size)
        return cls(dsn, pool)

    async def close(self) -> None:
        """Waits for running blocks (10 s at most), then closes every connection."""
        await self._notices.close()
        await self._pool.close(10.0)

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """A connection where each statement commits by itself. Errors: see `translated`."""
        return _Block(self._pool, None)

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A READ COMMITTED transaction: commits at the end of the block, rolls back on error."""
        return _Block(self._pool, _read_write)

    def snapshot(self) -> AbstractAsyncContextManager[Connection]:
        """A REPEATABLE READ, READ ONLY transaction: every statement sees the same instant."""
        return _Block(self._pool, _read_only)

    async def dedicated(self) -> Connection:
        """A connection of its own, outside the pool; the caller closes it.

        Its calls raise the driver's errors: wrap them in `egide.db.errors.translated`.
        """
        with _reaching():
            return await _connected(self._dsn)

    async def listen(self, channel: str, callback: Callable[[str], None]) -> None:
        """Calls `callback(payload)` for each notice on `channel` until `close`.

        Uses one direct connection for all channels and opens it again when it is lost; notices
        may have been missed meanwhile, so each callback is then called once with "".
        """
        await self._notices.listen(channel, callback)


@contextmanager
def _reaching() -> Iterator[None]:
    """Raises why no connection can be had."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translate(error) from None
    except TimeoutError as error:
        raise empty(error, Busy("No connection to the database in time")) from None
    except OSError as error:
        name = type(error).__name__
        raise empty(error, Unavailable(f"No database answers ({name})")) from None
    except ValueError as error:
        raise empty(error, Incorrect(NO_ADDRESS)) from None


async def _connected(dsn: str) -> Connection:
    connection = await asyncpg.connect(
        dsn,
        statement_cache_size=512,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=64 * 1024,
        server_settings=SERVER_SETTINGS,
        timeout=ACQUIRE_TIMEOUT,
    )
    await _raw_ids(connection)
    return connection


async def _raw_ids(connection: Connection) -> None:
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
    )
