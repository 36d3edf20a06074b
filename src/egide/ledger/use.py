"""Use: what each account did lately, counted without opening an entry."""

from datetime import datetime
from typing import NamedTuple

from egide.db import Connection, queries

_SQL = queries("egide.ledger", "sql/use.sql")


class Use(NamedTuple):
    """Entries, refusals among them, patients concerned, and the last of them."""

    entries: int
    refused: int
    patients: int
    last: datetime


async def use(connection: Connection, since: datetime) -> dict[int, Use]:
    """Account → what it did from `since` on."""
    return {
        row["actor"]: Use(row["entries"], row["refused"], row["patients"], row["last"])
        for row in await connection.fetch(_SQL["use"], since)
    }
