"""Reading one resource: read, vread, history of an instance.

https://hl7.org/fhir/R4/http.html#read
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from egide.db import Connection
from egide.errors import Gone
from egide.fhir.definitions import type_name
from egide.gate import Decision
from egide.record.content import facts_of
from egide.record.emission import Emitted, emit
from egide.record.facts import Standing, known_by, standing_at_hand, within
from egide.record.interaction import Interaction, not_found
from egide.record.policies import Moved
from egide.record.timeframe import Timeframe
from egide.record.versions import versions
from egide.store import Opened, Row

NO_VERSION = "versions here are whole numbers; this one does not exist"
_BATCH = 200
"""Versions looked at in one go."""


class Versions(NamedTuple):
    """A page of a history: versions newest first, and whether there are older ones."""

    entries: tuple[Emitted, ...]
    more: bool


async def read(here: Interaction, type: str, id: str) -> Emitted:
    """The current version, found together with what others read. Raises NotFound or Gone.

    Ties to its patient come in the same statement; where choices must be looked up, they are after
    the row: when they have changed by then, all is looked up anew, as of one instant.
    """
    parts, decision = here.parts, here.decision
    if here.connection is not None:
        return await read_in(here, here.connection, decision, type, id)
    facing = within(parts, here.who) if decision.looks_up else None
    row = await parts.lookups.row(parts.blind.ident(type, id), facing)
    if row is None:
        raise not_found()
    opened = parts.reader.open_at_hand(row)
    standing = None
    if opened is not None and (not row.deleted or decision.opens_all(type)):
        standing = standing_at_hand(parts, decision, opened.patients, known_by([row]))
    if opened is None or standing is None:
        try:
            async with parts.database.connection() as connection:
                return _alive(await _one(here, connection, decision, row, id))
        except Moved:
            async with parts.database.snapshot() as connection:
                return await read_in(here, connection, decision, type, id)
    here.concern(opened.patients)
    emitted = emit(decision, opened, id, standing=standing, meets=here.meets)
    if emitted is None:
        _blame(here, decision, type, opened, standing)
        raise here.hide()
    return _alive(emitted)


async def read_in(
    here: Interaction, connection: Connection, decision: Decision, type: str, id: str
) -> Emitted:
    """The current version as this connection sees it. Raises NotFound or Gone."""
    row = await here.parts.reader.current(connection, type, id)
    return _alive(await _one(here, connection, decision, row, id))


def _alive(emitted: Emitted) -> Emitted:
    if emitted.deleted:
        raise Gone("the resource was deleted")
    return emitted


async def vread(here: Interaction, type: str, id: str, version: int) -> Emitted:
    """One version. Raises NotFound, or Gone when that version is a deletion."""
    async with here.looking(at_once=True) as connection:
        row = await here.parts.reader.version(connection, type, id, version)
        emitted = await _one(here, connection, here.decision, row, id)
    if emitted.deleted:
        raise Gone("this version is a deletion")
    return emitted


async def history(
    here: Interaction, type: str, id: str, frame: Timeframe, *, below: int | None, count: int
) -> Versions:
    """Up to `count` versions older than `below` within `frame`, each permitted by itself.

    Raises NotFound.
    """
    async with here.looking(at_once=True) as connection:
        rows, known = await _within(here, connection, type, id, frame, below, count + 1)
        if not known:
            raise not_found()
        entries = await _permitted(here, connection, here.decision, rows, id)
        if rows and not entries:
            raise here.hide()
        if not rows and below is None:
            current = await here.parts.reader.current(connection, type, id)
            await _one(here, connection, here.decision, current, id)
    return Versions(tuple(entries[:count]), len(rows) > count)


async def _within(
    here: Interaction,
    connection: Connection,
    type: str,
    id: str,
    frame: Timeframe,
    below: int | None,
    count: int,
) -> tuple[list[Row], bool]:
    """The first `count` versions older than `below` within `frame`; whether there are any."""
    size = _BATCH if frame.bounded else count
    found: list[Row] = []
    known = below is not None
    follow: datetime | None = None
    if below is not None and frame.first is not None:
        newer = await here.parts.reader.version(connection, type, id, below)
        follow = newer.updated if newer else None
    while True:
        rows = await here.parts.reader.history(connection, type, id, below=below, count=size)
        known = known or bool(rows)
        for row in rows:
            if frame.holds(row.updated, follow):
                found.append(row)
            follow = row.updated
            if len(found) == count or frame.is_past(row.updated):
                return found, known
        if len(rows) < size:
            return found, known
        below = rows[-1].version


async def _one(
    here: Interaction, connection: Connection, decision: Decision, row: Row | None, id: str
) -> Emitted:
    if row is None:
        raise not_found()
    entries = await _permitted(here, connection, decision, [row], id)
    if not entries:
        raise here.hide()
    return entries[0]


async def _permitted(
    here: Interaction,
    connection: Connection,
    decision: Decision,
    rows: Sequence[Row],
    id: str,
) -> list[Emitted]:
    """Those that may leave."""
    found = await versions(here.parts.reader, connection, decision, rows)
    here.concern(key for each in found for key in each.patients)
    about = {key for each in found for key in each.about}
    standing = await here.standing(connection, decision, about, known_by(rows))
    out = partial(emit, decision, id=id, standing=standing, meets=here.meets)
    emitted = [
        out(each.opened, deleted=each.deleted, now=each.now)
        for each in found
        if not each.opened.row.deleted or each.deleted is not None
    ]
    left = [each for each in emitted if each is not None]
    if not left and found:
        newest = found[0].deleted or found[0].opened
        _blame(here, decision, type_name(newest.row.type), newest, standing)
    return left


def _blame(
    here: Interaction, decision: Decision, type: str, opened: Opened, standing: Standing
) -> None:
    """Say in the entry by which decision of a patient nothing left, if it was one."""
    if standing.choices:
        facts = facts_of(decision, type, opened.body, opened.patients, standing, here.meets)
        choice = decision.opposing(facts)
        if choice is not None:
            here.note(rule="opposition", consent=choice.reference)
