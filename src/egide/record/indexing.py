"""What is indexed across patients: the list changed, and the rows that follow it.

A pass goes over the rows of a type in stretches. A stretch is read and indexed in a snapshot, then
sealed again in a transaction of its own, with its entry in the ledger and the place it has come
to: stopped at any moment, a pass goes on where it was.

Invariants
- Killed and run again, it leaves every row with the terms of the list, and the ledger agrees with
  every row (tests/integration/record/test_indexing.py).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

from egide.actor import Actor
from egide.db import Connection, Database
from egide.errors import Busy, Conflict
from egide.record.interaction import Interaction, interaction
from egide.record.parts import Parts
from egide.store import population
from egide.store.population import GRACE, Entry, Pass, State

STRETCH = 500
"""Rows sealed again in one transaction."""

_LOCK = 0x65676964_65696478
"""Advisory lock of whoever re-indexes: "egideidx"."""
_ATTEMPTS = 20
_PAUSE = 1.0


class Indexing(NamedTuple):
    """What the establishment changed, and the passes still to do."""

    entries: list[Entry]
    passes: list[Pass]


async def index_state(database: Database) -> Indexing:
    """How the list is, and how far rows follow it."""
    async with database.snapshot() as connection:
        return Indexing(await population.entries(connection), await population.passes(connection))


async def index_rows_left(database: Database) -> int | None:
    """About how many rows passes have still to look at; None when there is no pass."""
    async with database.connection() as connection:
        if not await population.pending(connection):
            return None
        found = await population.passes(connection)
    return sum(max(each.total - each.seen, 0) for each in found)


async def change(here: Interaction, type: str, code: str, *, wanted: bool) -> State:
    """Put an entry on the list or take it off; its new state. Raises Incorrect, Busy."""
    here.note(parameter=f"{type}:{code}")
    step = population.allow if wanted else population.disallow
    state: State
    for attempt in range(_ATTEMPTS):
        try:
            async with here.parts.database.transaction() as connection:
                state = await step(connection, type, code)
                await here.log_rows(connection, [])
            break
        except Busy:
            if attempt == _ATTEMPTS - 1:
                raise
            await asyncio.sleep(_PAUSE)
    here.committed()
    return state


async def reindex(
    parts: Parts,
    actor: Actor,
    purpose: str,
    *,
    stretch: int = STRETCH,
    grace: timedelta = GRACE,
    rest: float = 0.0,
) -> AsyncIterator[Pass]:
    """Do every pass there is, telling after each stretch how far it has come.

    `rest`: seconds to pause for each second of work, so that requests come first. Raises Conflict
    when somebody re-indexes already, Forbidden.
    """
    lock = await parts.database.dedicated()
    try:
        if not await lock.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            raise Conflict("somebody re-indexes already; `egide index status` tells how far")
        while todo := (await index_state(parts.database)).passes:
            worked = False
            for each in todo:
                began = time.monotonic()
                while place := await _stretch(parts, actor, purpose, each.type, stretch, grace):
                    worked = True
                    yield place._replace(total=each.total)
                    await asyncio.sleep(rest * (time.monotonic() - began))
                    began = time.monotonic()
            if not worked:
                await asyncio.sleep(min(_PAUSE, grace.total_seconds()))
    finally:
        await lock.close()


async def _stretch(
    parts: Parts, actor: Actor, purpose: str, type: str, size: int, grace: timedelta
) -> Pass | None:
    """The next stretch of a pass; None when it can only wait."""
    try:
        async with parts.database.transaction() as connection:
            await population.strip_due(connection, type, grace)
    except Busy:
        return None
    async with parts.database.snapshot() as connection:
        here = await population.place(connection, type)
        if here is None:
            return None
        lists = await population.read(connection)
        found = None
        if await population.has_work(connection, type):
            found = await parts.reindexer.look(connection, here, lists, size)
    if found is None:
        async with parts.database.transaction() as connection:
            return here if await population.finish(connection, here) else None
    place = found.place
    if found.resealed:
        async with interaction(parts, actor, purpose, "index", type) as doing:
            async with parts.database.transaction() as connection:
                marks = await parts.reindexer.write(connection, found.resealed)
                place = place._replace(changed=here.changed + len(marks))
                await _advance(connection, here, place)
                await doing.log_rows(connection, marks)
            doing.committed()
    else:
        async with parts.database.transaction() as connection:
            await _advance(connection, here, place)
    if found.last:
        async with parts.database.transaction() as connection:
            await population.finish(connection, place)
    return place


async def _advance(connection: Connection, here: Pass, place: Pass) -> None:
    if not await population.advance(connection, here, place):
        raise Conflict("the list was changed while a stretch was sealed; run it again")
