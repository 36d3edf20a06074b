"""Versions: rows of a history, opened, each with what decides besides itself whether it may leave.

A deletion says nothing but that it was: what it deleted decides. An older version is as closed as
what the resource is now: who labels a resource, or the stay it belongs to, closes what it said
before too.
"""

from collections.abc import Sequence
from typing import NamedTuple

from egide.db import Connection
from egide.fhir.definitions import type_name
from egide.gate import Decision
from egide.store import Opened, Reader, Row, before_deletion, latest


class Version(NamedTuple):
    """One version: `deleted` is what it deleted, `now` what the resource is now, or was before it
    was deleted; None where there is none, or where it is this very version."""

    opened: Opened
    deleted: Opened | None = None
    now: Opened | None = None

    @property
    def patients(self) -> frozenset[int]:
        """The keys of those whose record it is, or was."""
        return self.opened.patients | (self.deleted.patients if self.deleted else frozenset())

    @property
    def about(self) -> frozenset[int]:
        """The keys of all whose stays may close it: those, and those whose record it is now."""
        return self.patients | (self.now.patients if self.now else frozenset())


async def versions(
    reader: Reader, connection: Connection, decision: Decision, rows: Sequence[Row]
) -> list[Version]:
    """Each of `rows`, which may be older ones, as `decision` has to see it."""
    labelled = [row for row in rows if not decision.opens_all(type_name(row.type))]
    now = await latest(connection, labelled) if labelled else {}
    gone = await before_deletion(connection, [*rows, *now.values()])
    every = [*rows, *now.values(), *gone.values()]
    opened = dict(zip(map(_place, every), await reader.open(connection, every), strict=True))

    def at(row: Row | None) -> Opened | None:
        return None if row is None else opened[_place(row)]

    found = []
    for row in rows:
        current = now.get(row.id)
        if current is not None and current.deleted:
            current = gone.get(_place(current))
        newer = current is not None and current.version > row.version
        found.append(
            Version(opened[_place(row)], at(gone.get(_place(row))), at(current) if newer else None)
        )
    return found


def _place(row: Row) -> tuple[bytes, int]:
    return row.id, row.version
