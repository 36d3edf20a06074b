"""Reading: rows come back opened, current ones and older ones."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from egide.db import Connection, Fetched, queries
from egide.seal import KeyRing
from egide.store.keys import Keys
from egide.store.row import Row, columns_digest
from egide.store.standing import Ties

_SQL = queries("egide.store", "sql/read.sql")


class Opened(NamedTuple):
    """A row and what it says: canonical JSON, empty for a deletion.

    `patients` are the key numbers of the patients it is the record of.
    """

    row: Row
    body: bytes
    patients: frozenset[int]


def row_of(record: Fetched, ties: Ties | None = None) -> Row:
    """A current row as the database returned it, its index columns digested."""
    updated, deleted = record["updated"], record["deleted"]
    return Row(
        record["id"],
        record["type"],
        record["version"],
        record["key"],
        updated,
        deleted,
        columns_digest(
            updated, record["day"], record["until"], deleted, record["lead"], record["terms"]
        ),
        record["sealed"],
        ties,
    )


def old_row_of(record: Fetched) -> Row:
    """An older version as the database returned it."""
    return Row(
        record["id"],
        record["type"],
        record["version"],
        record["key"],
        record["updated"],
        record["deleted"],
        record["columns"],
        record["sealed"],
    )


def either_row_of(record: Fetched) -> Row:
    """A current row, or an older version, which says the digest of its index columns."""
    return row_of(record) if record["columns"] is None else old_row_of(record)


class Reader:
    """Finds rows by identity and opens them. One for the process."""

    def __init__(self, ring: KeyRing, keys: Keys) -> None:
        self._blind = ring.blind
        self._keys = keys

    async def current(self, connection: Connection, type: str, id: str) -> Row | None:
        """The current row of `type`/`id`, or None. A deletion is a row too."""
        record = await connection.fetchrow(_SQL["current"], self._blind.ident(type, id))
        return None if record is None else row_of(record)

    async def many(self, connection: Connection, ids: Sequence[bytes]) -> list[Row]:
        """The current rows with these idents, those that exist."""
        return [row_of(record) for record in await connection.fetch(_SQL["many"], list(ids))]

    async def version(self, connection: Connection, type: str, id: str, version: int) -> Row | None:
        """One version of `type`/`id`, current or older, or None."""
        current = await self.current(connection, type, id)
        if current is None or current.version == version:
            return current
        record = await connection.fetchrow(_SQL["version"], current.id, version)
        return None if record is None else old_row_of(record)

    async def history(
        self, connection: Connection, type: str, id: str, *, below: int | None, count: int
    ) -> list[Row]:
        """Up to `count` versions of `type`/`id` older than `below` (None: all), newest first."""
        current = await self.current(connection, type, id)
        if current is None:
            return []
        rows = [current] if below is None or current.version < below else []
        records = await connection.fetch(
            _SQL["history"],
            current.id,
            current.version if below is None else below,
            count - len(rows),
        )
        return rows + [old_row_of(record) for record in records]

    async def open(self, connection: Connection, rows: Sequence[Row]) -> list[Opened]:
        """`rows`, opened, in their order. Raises SealBroken when one was touched."""
        keys = await self._keys.load(connection, {row.key for row in rows})
        return [Opened(row, row.open(keys[row.key].key), keys[row.key].patients) for row in rows]

    def open_at_hand(self, row: Row) -> Opened | None:
        """`row`, opened, when its key is at hand. Raises SealBroken when it was touched."""
        held = self._keys.at_hand(row.key)
        return None if held is None else Opened(row, row.open(held.key), held.patients)

    async def marks(self, connection: Connection) -> AsyncIterator[tuple[bytes, int, bytes]]:
        """Id, version and digest of every current row, streamed, as the ledger remembers them.

        The connection must be in a transaction.
        """
        async for record in connection.cursor(_SQL["all_current"], prefetch=2_000):
            yield row_of(record).mark()
