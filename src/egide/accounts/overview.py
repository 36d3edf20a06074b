"""The accounts of an installation, as who reviews them sees them: no secret, no person's name."""

from datetime import datetime
from typing import NamedTuple

from egide.db import Connection, queries

_SQL = queries("egide.accounts", "accounts.sql")


class AccountLine(NamedTuple):
    """One account: its internal number, its kind, what the installation calls it, its roles."""

    account: int
    kind: str
    label: str
    roles: frozenset[str]
    created: datetime
    disabled: datetime | None


async def overview(connection: Connection) -> list[AccountLine]:
    """Every account, oldest first."""
    return [
        AccountLine(
            row["account"],
            row["kind"],
            row["label"],
            frozenset(row["roles"]),
            row["created"],
            row["disabled"],
        )
        for row in await connection.fetch(_SQL["overview"])
    ]
