"""Changes: the versions of one type or of all, current and older, by the time they were written.

Their order is (updated, id, version), newest first. Instants are given when a transaction writes
and rows appear when it commits, so a late commit would slip in below what somebody has read
already. Reading therefore begins at the horizon: the instant before which no running transaction
can write.

Invariant: who polls from the newest instant he saw on misses nothing, whatever commits late
(tests/integration/record/test_changes.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from egide.db import Connection, queries
from egide.store.reading import either_row_of, old_row_of, row_of
from egide.store.row import Row

_SQL = queries("egide.store", "sql/history.sql")


class Instant(NamedTuple):
    """A place in the order: what comes after it is older."""

    updated: datetime
    id: bytes = bytes(16)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which versions: of `types` (their numbers), older than `before`, not older than `since`,
    sealed with one of `keys` (None: any)."""

    types: tuple[int, ...]
    before: Instant
    since: datetime | None = None
    keys: tuple[int, ...] | None = None


async def horizon(connection: Connection, now: datetime) -> datetime:
    """The instant before which nothing can appear any more, by the clock that says `now`.

    To be asked before the snapshot is taken that reads up to it, on a connection of its own.
    """
    found: datetime = await connection.fetchval(_SQL["horizon"], now)
    return found


async def changes(connection: Connection, stretch: Stretch, count: int) -> list[Row]:
    """The newest `count` versions of a stretch, newest first."""
    before = stretch.before
    values = [list(stretch.types), *before, stretch.since, count]
    if stretch.keys is None:
        records = await connection.fetch(_SQL["changes"], *values)
    else:
        records = await connection.fetch(_SQL["changes_under"], *values, list(stretch.keys))
    return [either_row_of(record) for record in records]


async def successors(
    connection: Connection, rows: Sequence[Row]
) -> dict[tuple[bytes, int], datetime | None]:
    """(id, version) → when the next version was written, None for what is current."""
    records = await connection.fetch(
        _SQL["successors"], [row.id for row in rows], [row.version for row in rows]
    )
    return {(record["id"], record["version"]): record["updated"] for record in records}


async def before_deletion(
    connection: Connection, rows: Sequence[Row]
) -> dict[tuple[bytes, int], Row]:
    """(id, version) of each deletion in `rows` → the version it deleted."""
    gone = [(row.id, row.version - 1) for row in rows if row.deleted]
    if not gone:
        return {}
    records = await connection.fetch(
        _SQL["versions"], [id for id, _ in gone], [version for _, version in gone]
    )
    return {(record["id"], record["version"] + 1): old_row_of(record) for record in records}


async def latest(connection: Connection, rows: Sequence[Row]) -> dict[bytes, Row]:
    """Id of each older version in `rows` → the current version, where it is another."""
    oldest: dict[bytes, int] = {}
    for row in rows:
        oldest[row.id] = min(row.version, oldest.get(row.id, row.version))
    records = await connection.fetch(_SQL["latest"], list(oldest), list(oldest.values()))
    return {record["id"]: row_of(record) for record in records}


async def keys_of(connection: Connection, patients: Collection[int]) -> tuple[int, ...]:
    """The keys of `patients` (numbers), and those they share with others."""
    records = await connection.fetch(_SQL["keys_of"], list(patients))
    return tuple(record["number"] for record in records)
