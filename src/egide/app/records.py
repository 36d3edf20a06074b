"""The records of an installation, opened: database, ledger and the one door, and no accounts.

What a process has that works on records and that nobody logs in to.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from egide.clock import Clock, system_clock
from egide.db import Database
from egide.db.presence import present
from egide.ledger import Ledger
from egide.record import Record
from egide.seal import KeyRing
from egide.settings import Settings


@dataclass(frozen=True, slots=True)
class Records:
    """The parts every process has."""

    database: Database
    ledger: Ledger
    record: Record
    clock: Clock


@asynccontextmanager
async def open_records(
    settings: Settings, dsn: str, ring: KeyRing, *, connections: int = 10
) -> AsyncIterator[Records]:
    """The parts over a prepared database, closed in order at the end."""
    clock = system_clock
    async with AsyncExitStack() as stack:
        database = await Database.connect(dsn, max_size=connections)
        stack.push_async_callback(database.close)
        await stack.enter_async_context(present(database))
        ledger = Ledger(database, ring, clock)
        record = Record(
            database,
            ring,
            ledger,
            clock=clock,
            zone=settings.zone,
            base_url=settings.base_url,
            care_grace=settings.care_grace,
            oracle_limit=settings.oracle_limit,
            oracle_limit_application=settings.oracle_limit_application,
            opening=settings.opening,
        )
        await record.start()  # first of all: it says when the key file is not the one
        await ledger.open()
        stack.push_async_callback(ledger.close)
        yield Records(database, ledger, record, clock)


def spare_the_collector() -> None:
    """Leave what start-up made out of garbage collection, and look for cycles less often.

    Requests and parts make hardly any cycles; looking at every 700 new objects costs about a
    tenth of an import.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
