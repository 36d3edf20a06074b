"""Use: what each account did lately, counted without opening an entry."""

from datetime import datetime
from typing import NamedTuple

from egide.db import Connection, queries

_SQL = queries("egide.ledger", "sql/use.sql")


class Use(NamedTuple):
    """Entries, refusals among them, successes among them; patients these concerned; the last of all
    and of these."""

    entries: int
    refused: int
    done: int
    patients: int
    last: datetime
    last_done: datetime | None


async def use(connection: Connection, since: datetime) -> dict[int, Use]:
    """Account → what it did from `since` on."""
    return {
        row["actor"]: Use(
            row["entries"],
            row["refused"],
            row["done"],
            row["patients"],
            row["last"],
            row["last_done"],
        )
        for row in await connection.fetch(_SQL["use"], since)
    }
