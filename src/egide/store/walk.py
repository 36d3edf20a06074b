"""Walks: the current rows of a type in the order they were written last, a stretch at a time.

What is written meanwhile comes again, later.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from egide.db import Connection, queries
from egide.fhir.definitions import number
from egide.store.reading import row_of
from egide.store.row import Row

_SQL = queries("egide.store", "sql/walk.sql")


class Walked(NamedTuple):
    """Some rows, and the place of the last of them."""

    rows: list[Row]
    updated: datetime
    pk: int


async def walk(connection: Connection, type: str, updated: datetime, pk: int, count: int) -> Walked:
    """The next `count` rows of `type` after a place; fewer when there are no more."""
    records = await connection.fetch(_SQL["some"], number(type), updated, pk, count)
    if records:
        updated, pk = records[-1]["updated"], records[-1]["pk"]
    return Walked([row_of(record) for record in records], updated, pk)


async def held(connection: Connection, ids: Sequence[bytes]) -> list[Row]:
    """The rows with these ids as they are now, held until the transaction ends."""
    return [row_of(record) for record in await connection.fetch(_SQL["held"], list(ids))]


async def count_of(connection: Connection, types: Sequence[str]) -> int:
    """How many current rows there are of `types`."""
    there: int = await connection.fetchval(_SQL["count"], [number(type) for type in types])
    return there
