"""A pool of connections that costs little: taking one and giving it back awaits nothing.

The driver's own pool makes a task, two timers and a proxy each time, about 30 µs, half of what a
read by id takes otherwise. A connection comes back ready for the next block: one that was left
inside a transaction, or lost, is dropped (a query that was cancelled is waited for by the driver).

Invariants (tests/integration/db/test_pool.py)
- There are never more than `most` connections
  (test_there_are_never_more_connections_than_allowed).
- Whoever waits is served in order, and one who gives up loses no connection
  (test_one_who_gives_up_waiting_loses_no_connection).
- A connection left inside a transaction serves nobody else
  (test_a_connection_left_inside_a_transaction_is_dropped).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from egide.db.errors import DRIVER_ERRORS
from egide.errors import Busy, Unavailable

IDLE = 300.0
"""Seconds after which a connection nobody uses is closed, as long as others are left."""


if TYPE_CHECKING:  # generic in the stubs only
    Raw: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Raw = asyncpg.Connection


class Pool:
    """Connections of one event loop, opened when needed, the last one used first."""

    def __init__(self, connect: Callable[[], Awaitable[Raw]], most: int) -> None:
        self._connect = connect
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._idle: deque[tuple[Raw, float]] = deque()
        self._used: set[Raw] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[Raw | None]] = deque()
        self._closed = False
        self._none_used = asyncio.Event()
        self._none_used.set()

    async def open(self, few: int) -> None:
        """Have `few` connections at hand. Raises what connecting raises."""
        taken = [await self.take(10.0) for _ in range(few)]
        for connection in taken:
            self.give_back(connection)

    def idle(self) -> Raw | None:
        """A connection nobody uses, one's own until it is given back; None: see `take`."""
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                self._used.add(connection)
                return connection
        return None

    async def take(self, patience: float) -> Raw:
        """A connection of one's own until it is given back.

        Raises Busy after `patience` seconds, Unavailable once the pool is closed, and what
        connecting raises.
        """
        return self.idle() or await self._wait(patience)

    def give_back(self, connection: Raw) -> None:
        """The connection is free for the next one."""
        self._used.discard(connection)
        if self._closed or connection.is_closed() or connection.is_in_transaction():
            connection.terminate()
            self._wake(None)
        elif not self._wake(connection):
            now = self._loop.time()
            self._idle.append((connection, now))
            oldest, since = self._idle[0]
            if now - since > IDLE and oldest is not connection:
                self._idle.popleft()
                oldest.terminate()
        if not self._used:
            self._none_used.set()

    async def close(self, patience: float) -> None:
        """Wait for those in use, `patience` seconds at most, then close all."""
        self._closed = True
        while self._wake(None):
            pass
        if self._used:
            self._none_used.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._none_used.wait()
            except TimeoutError:
                for connection in list(self._used):
                    connection.terminate()
        while self._idle:
            connection, _ = self._idle.pop()
            try:
                async with asyncio.timeout(patience):
                    await connection.close()
            except (*DRIVER_ERRORS, OSError, TimeoutError):
                connection.terminate()

    async def _wait(self, patience: float) -> Raw:
        deadline = self._loop.time() + patience
        while True:
            if self._closed:
                raise Unavailable("The connection to the database is closed")
            if len(self._used) + len(self._idle) + self._opening < self._most:
                return await self._another()
            future: asyncio.Future[Raw | None] = self._loop.create_future()
            self._waiting.append(future)
            try:
                async with asyncio.timeout_at(deadline):
                    connection = await future
            except TimeoutError:
                self._return(future)
                raise Busy("No connection to the database in time") from None
            except BaseException:
                self._return(future)
                raise
            if connection is not None:
                return connection

    async def _another(self) -> Raw:
        self._opening += 1
        try:
            connection = await self._connect()
        except BaseException:
            self._opening -= 1
            self._wake(None)
            raise
        self._opening -= 1
        self._used.add(connection)
        return connection

    def _wake(self, connection: Raw | None) -> bool:
        """Hand over a connection, or the right to open one, to who waits longest."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                if connection is not None:
                    self._used.add(connection)
                future.set_result(connection)
                return True
        return False

    def _return(self, future: "asyncio.Future[Raw | None]") -> None:
        """Pass on what was handed to one who no longer waits."""
        if future in self._waiting:
            self._waiting.remove(future)
        elif future.done() and not future.cancelled():
            connection = future.result()
            if connection is None:
                self._wake(None)
            else:
                self.give_back(connection)
