"""Lookups: current rows by ident, those asked for at the same moment in one statement.

One statement for eight rows costs the engine and the driver hardly more than for one. Nobody waits
for company: the first lookup goes at once, what arrives meanwhile goes together when it is back.

Invariants (tests/integration/store/test_lookups.py)
- Each gets the row it asked for, committed before it asked
  (test_each_gets_the_row_it_asked_for, test_what_was_committed_before_is_seen).
- One who gives up costs the others nothing (test_one_who_gives_up_costs_the_others_nothing).
"""

import asyncio
from copy import copy

from egide.db import Database, queries
from egide.errors import EgideError, Unavailable
from egide.store.reading import row_of
from egide.store.row import Row

_SQL = queries("egide.store", "sql/read.sql")
_MOST = 64
"""Rows of one statement."""

_Asked = tuple[bytes, "asyncio.Future[Row | None]"]


class Lookups:
    """The lookups of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: list[_Asked] = []
        self._answering: asyncio.Task[None] | None = None

    async def row(self, id: bytes) -> Row | None:
        """The current row with this ident, or None. Raises Busy, Unavailable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Row | None] = loop.create_future()
        self._asked.append((id, future))
        if self._answering is None:
            self._answering = loop.create_task(self._answer(), name="egide-lookups")
        return await future

    async def _answer(self) -> None:
        batch: list[_Asked] = []
        try:
            async with self._database.connection() as connection:
                while self._asked:
                    batch, self._asked = self._asked[:_MOST], self._asked[_MOST:]
                    idents = [id for id, _ in batch]
                    records = await connection.fetch(_SQL["many"], idents)
                    rows = {record["id"]: row_of(record) for record in records}
                    for id, future in batch:
                        if not future.done():
                            future.set_result(rows.get(id))
        except EgideError as error:
            self._fail(batch, error)
        except BaseException:
            self._fail(batch, Unavailable("The lookup was given up"))
            raise
        finally:
            self._answering = None

    def _fail(self, batch: list[_Asked], error: EgideError) -> None:
        waiting, self._asked = batch + self._asked, []
        for _, future in waiting:
            if not future.done():
                future.set_exception(copy(error))
