"""History of a type and of the whole system: every version, newest first, permitted by itself.

https://hl7.org/fhir/R4/http.html#history. A page looks at `MOST` versions at most: where few of
them are within reach it is short, and its link goes on.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

import msgspec

from egide import fhir
from egide.db import Connection, queries
from egide.errors import Incorrect
from egide.fhir.definitions import number
from egide.record.emission import Emitted, emit
from egide.record.interaction import Interaction
from egide.record.timeframe import LAST, Timeframe, timeframe
from egide.record.versions import Version, versions
from egide.store import Instant, Row, Stretch, horizon, keys_of, successors
from egide.store import changes as changed

_SQL = queries("egide.record", "sql/facts.sql")

MOST = 5_000
"""Versions one page may look at."""

_FEW = 500
"""Patients in reach up to which their own rows are looked through instead of everybody's."""
_LARGEST_BATCH = 1_000


class Spot(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of a history of `type` (None: all) ended, and what was asked for."""

    type: str | None
    count: int
    frame: Timeframe
    updated: datetime
    id: bytes
    version: int


class History(NamedTuple):
    """A page: versions newest first, and the cursor of the page after, None on the last."""

    entries: tuple[Emitted, ...]
    next: str | None


class Changes(NamedTuple):
    """A page: versions newest first, and where to go on, None when there is no more."""

    entries: tuple[Emitted, ...]
    next: Spot | None


async def first(
    here: Interaction, type: str | None, *, count: int, since: str | None, at: str | None
) -> History:
    """The first page of the history of `type`, None for all. Raises Incorrect."""
    frame = timeframe(since, at, here.parts.zone)
    return _sealed(here, await changes(here, type, frame, count))


async def following(here: Interaction, type: str | None, cursor: str) -> History:
    """The page a cursor leads to. Raises Incorrect for one of another account or type."""
    spot = here.parts.cursors.open(here.actor.account, cursor, Spot)
    if spot.type != type:
        raise Incorrect("the page link is of another history")
    return _sealed(here, await changes(here, type, spot.frame, spot.count, spot))


def _sealed(here: Interaction, page: Changes) -> History:
    account, spot = here.actor.account, page.next
    cursor = None if spot is None else here.parts.cursors.seal(account, spot)
    return History(page.entries, cursor)


async def changes(
    here: Interaction,
    type: str | None,
    frame: Timeframe,
    count: int,
    after: Spot | None = None,
) -> Changes:
    """Up to `count` versions of `type` (None: all types) within `frame`, after a spot.

    Within a transaction what that wrote is there, however late.
    """
    begin = Instant(after.updated, after.id, after.version) if after else None
    settled = None
    if begin is None:
        async with here.looking(at_once=False) as connection:
            settled = await horizon(connection, here.parts.clock())
        begin = Instant(LAST if here.written else settled)
        if frame.end is not None:
            begin = min(begin, Instant(frame.end))
    types = [type] if type is not None else sorted(here.decision.types)
    stretch = Stretch(tuple(number(each) for each in types), begin, frame.since)
    # Reach that is looked up must be of the same instant as the rows; else a snapshot only costs.
    async with here.looking(at_once=here.decision.looks_up) as connection:
        keys = await _keys(here, connection)
        if keys == ():
            return Changes((), None)
        stretch = replace(stretch, keys=keys)
        found, end = await _look(here, connection, stretch, frame, count, settled)
    here.concern(patient for each in found for patient in each.patients)
    here.note(count=len(found), ids=list(dict.fromkeys(each.id for each in found)))
    spot = None if end is None else Spot(type, count, frame, *end)
    return Changes(tuple(found), spot)


async def _keys(here: Interaction, connection: Connection) -> tuple[int, ...] | None:
    """The keys all versions in reach are sealed with, when they are few; None when not."""
    reach = here.decision.reach
    if reach.kind == "all" or reach.unbound:
        return None
    patients = [] if reach.patient is None else [reach.patient]
    if reach.kind == "set":
        who = here.who
        records = await connection.fetch(
            _SQL["whole_reach"],
            list(who.members),
            here.parts.clock(),
            _FEW + 1,
            who.practitioner,
        )
        if len(records) > _FEW:
            return None
        patients += [record["patient_key"] for record in records]
    return await keys_of(connection, patients) if patients else ()


async def _look(
    here: Interaction,
    connection: Connection,
    stretch: Stretch,
    frame: Timeframe,
    count: int,
    settled: datetime | None,
) -> tuple[list[Emitted], Instant | None]:
    """The first `count` versions, and the place of the last one looked at if there may be more."""
    found: list[Emitted] = []
    looked, size = 0, count + 1
    while True:
        rows = await changed(connection, stretch, size)
        seen = await _see(here, connection, rows, frame, settled)
        for row, emitted in zip(rows, seen, strict=True):
            if emitted is not None and len(found) == count:
                return found, stretch.before
            stretch = replace(stretch, before=Instant(row.updated, row.id, row.version))
            if emitted is not None:
                found.append(emitted)
        looked += len(rows)
        if len(rows) < size:
            return found, None
        if looked >= MOST:
            return found, stretch.before
        size = min(size * 2, _LARGEST_BATCH)


async def _see(
    here: Interaction,
    connection: Connection,
    rows: Sequence[Row],
    frame: Timeframe,
    settled: datetime | None,
) -> list[Emitted | None]:
    """Each version as it leaves; None for what is not asked for or not permitted, or written later
    than `settled` by another than who asks."""
    decision, reader = here.decision, here.parts.reader
    follow = await successors(connection, rows) if frame.end is not None else {}
    found = await versions(reader, connection, decision, rows)
    about = {patient for each in found for patient in each.about}
    standing = await here.standing(connection, decision, about)
    out = partial(emit, decision, standing=standing, meets=here.meets)

    def leaving(each: Version) -> Emitted | None:
        row = each.opened.row
        late = settled is not None and row.updated >= settled
        if late and (row.id, row.version) not in here.written:
            return None
        if not frame.holds(row.updated, follow.get((row.id, row.version))):
            return None
        told = each.deleted if row.deleted else each.opened
        if told is None:
            return None
        id = fhir.identity(told.body)
        return out(each.opened, id, deleted=each.deleted, now=each.now)

    return [leaving(each) for each in found]
