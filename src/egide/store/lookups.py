"""Lookups: current rows by ident, those asked for at the same moment in one statement.

One statement for eight rows costs the engine and the driver hardly more than for one. Nobody waits
for company: the first lookup goes at once, what arrives meanwhile goes together when it is back.

Invariants (tests/integration/store/test_lookups.py)
- Each gets the row it asked for, committed before it asked
  (test_each_gets_the_row_it_asked_for, test_what_was_committed_before_is_seen).
- One who gives up costs the others nothing (test_one_who_gives_up_costs_the_others_nothing).
"""

import asyncio
from collections.abc import Sequence
from copy import copy
from datetime import datetime
from typing import NamedTuple

from egide.db import Connection, Database, queries
from egide.errors import EgideError, Unavailable
from egide.store.reading import row_of
from egide.store.row import Row
from egide.store.standing import Within, ties_of

_SQL = queries("egide.store", "sql/read.sql")
_MOST = 64
"""Rows of one statement."""


class _Asked(NamedTuple):
    """Which row, who asks if that matters, and where to answer."""

    id: bytes
    within: Within | None
    future: "asyncio.Future[Row | None]"


class Lookups:
    """The lookups of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: list[_Asked] = []
        self._answering: asyncio.Task[None] | None = None

    async def row(self, id: bytes, within: Within | None = None) -> Row | None:
        """The current row with this ident, or None; with its `ties` when `within` says whose.

        Raises Busy, Unavailable.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Row | None] = loop.create_future()
        self._asked.append(_Asked(id, within, future))
        if self._answering is None:
            self._answering = loop.create_task(self._answer(), name="egide-lookups")
        return await future

    async def _answer(self) -> None:
        batch: list[_Asked] = []
        try:
            async with self._database.connection() as connection:
                while self._asked:
                    batch, self._asked = self._asked[:_MOST], self._asked[_MOST:]
                    await _answer_plain(connection, [each for each in batch if not each.within])
                    await _answer_facing(connection, [each for each in batch if each.within])
        except EgideError as error:
            self._fail(batch, error)
        except BaseException:
            self._fail(batch, Unavailable("The lookup was given up"))
            raise
        finally:
            self._answering = None

    def _fail(self, batch: list[_Asked], error: EgideError) -> None:
        waiting, self._asked = batch + self._asked, []
        for each in waiting:
            if not each.future.done():
                each.future.set_exception(copy(error))


async def _answer_plain(connection: Connection, asked: Sequence[_Asked]) -> None:
    """The rows alone."""
    if not asked:
        return
    records = await connection.fetch(_SQL["many"], [each.id for each in asked])
    rows = {record["id"]: row_of(record) for record in records}
    for each in asked:
        if not each.future.done():
            each.future.set_result(rows.get(each.id))


async def _answer_facing(connection: Connection, asked: Sequence[_Asked]) -> None:
    """The rows, and for each what ties who asks to its patient."""
    if not asked:
        return
    members: list[bytes] = []
    slices: list[tuple[int, int, bytes | None, datetime]] = []
    for each in asked:
        assert each.within is not None
        begin = len(members)
        members += each.within.tying
        slices.append((begin + 1, len(members), each.within.practitioner, each.within.at))
    columns = [list(column) for column in zip(*slices, strict=True)]
    records = await connection.fetch(_SQL["facing"], [each.id for each in asked], *columns, members)
    rows = {record["nth"]: row_of(record, ties_of(record)) for record in records}
    for nth, each in enumerate(asked, 1):
        if not each.future.done():
            each.future.set_result(rows.get(nth))
