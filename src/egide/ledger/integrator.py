"""The one integrator: gives entries their leaf in the tree, and signs the tree each second.

It takes every committed entry the tree does not have, whatever the order of commits: it knows the
intervals of each writer's numbers that are still missing and looks there, so a slow transaction
delays its own entry and no other. What it knows is stored with the leaves, in one transaction, on
the connection that holds its lock: another process goes on where it stopped, and a copy of the
database in another cluster does too.

Invariants (tests/integration/ledger/test_integrator.py)
- Each entry has one leaf (test_each_entry_has_one_leaf_under_a_storm,
  test_an_early_number_that_commits_late_has_one_leaf).
- There is one integrator (test_a_second_integrator_waits_and_takes_over).
- It signs nothing on a tree that is not the one last signed
  (test_nothing_is_signed_on_an_altered_tree).
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from egide.clock import Clock, system_clock
from egide.db import Database, queries
from egide.db.errors import translated
from egide.ledger.checkpoint import signer
from egide.ledger.growth import Growth, TreeAltered, stored_tree
from egide.ledger.locks import INTEGRATOR, LOCKS
from egide.seal import KeyRing

_SQL = queries("egide.ledger", "sql/integrate.sql")
_log = logging.getLogger(__name__)


class Integrator:
    """Runs in every process that serves; one of them leads, the others wait to.

    `leading`: whether it is this one. Then `size` is the tree's and `waiting` the number of entries
    the last pass left for the next.
    """

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        clock: Clock = system_clock,
        *,
        interval: float = 1.0,
        chunk: int = 8192,
        origin: str | None = None,
    ) -> None:
        """`interval`: seconds between passes; `chunk`: entries a pass takes at most; `origin`: the
        name of the log, else the establishment's."""
        self.leading = False
        self.size = 0
        self.waiting = 0
        self._passed: datetime | None = None
        """When the last pass ended; None while another process leads."""
        self._late = 0.0
        self._database = database
        self._clock = clock
        self._key = signer(ring, origin)
        self._interval = interval
        self._chunk = chunk

    @property
    def lag(self) -> float:
        """Seconds the oldest entry of the last pass had waited, and for which none was done since.

        0 while another leads. It grows when passes fail, and when nothing more may be signed.
        """
        if self._passed is None:
            return 0.0
        since = (self._clock() - self._passed).total_seconds()
        return self._late + (since if since > 2 * self._interval else 0.0)

    async def run(self) -> None:
        """Integrates until cancelled. Raises TreeAltered when nothing more may be signed."""
        while True:
            try:
                async with self._leading() as growth:
                    while True:
                        if await self._pass(growth) < self._chunk:
                            await asyncio.sleep(self._interval)
            except TreeAltered as error:
                _log.error("the integrator signs nothing more: %s", error.message)
                raise
            except Exception as error:
                # Whatever it was, starting again from what is stored is right.
                _log.warning("the integrator starts again after %s", type(error).__name__)
            await asyncio.sleep(self._interval)

    async def catch_up(self) -> int:
        """Integrates what is there now, then lets another lead; how many entries.

        Waits while another leads. Raises Unavailable, TreeAltered.
        """
        async with self._leading() as growth:
            total = count = await self._pass(growth)
            while count == self._chunk:
                count = await self._pass(growth)
                total += count
        return total

    async def _pass(self, growth: Growth) -> int:
        count = await growth.take(self._chunk)
        self.size = growth.tree.size
        self.waiting = await growth.waiting() if count == self._chunk else 0
        self._passed = now = self._clock()
        oldest = growth.oldest or now
        self._late = max((now - oldest).total_seconds(), 0.0)
        return count

    @asynccontextmanager
    async def _leading(self) -> AsyncIterator[Growth]:
        connection = await self._database.dedicated()
        try:
            with translated():
                # Tried, not waited for: a waiting statement would hold back vacuum.
                while not await connection.fetchval(_SQL["lead"], LOCKS, INTEGRATOR):
                    self._passed = None
                    await asyncio.sleep(self._interval)
                self._passed = self._passed or self._clock()
                tree = await stored_tree(connection, self._key.verifier)
                self.leading = True
                yield Growth(connection, self._key, self._clock, tree)
        finally:
            self.leading = False
            with suppress(OSError, TimeoutError):
                await connection.close(timeout=2)
