"""Whose patients: the rows a query joins to, written by whoever derives them.

Every function works in the caller's transaction or snapshot, so that reach and data are of the
same instant.
"""

from collections.abc import Collection
from datetime import datetime

from egide.db import Connection, queries

_SQL = queries("egide.accounts", "accounts.sql")


async def add(
    connection: Connection, account: int, patients: Collection[int], until: datetime | None = None
) -> None:
    """`account` reaches `patients` (keys) until `until`; a later call moves the end."""
    await connection.execute(_SQL["reach_add"], account, list(patients), until)


async def remove(connection: Connection, account: int, patients: Collection[int]) -> None:
    """`account` reaches `patients` no more."""
    await connection.execute(_SQL["reach_remove"], account, list(patients))


async def among(
    connection: Connection, account: int, patients: Collection[int], at: datetime
) -> frozenset[int]:
    """Those of `patients` that `account` reaches at `at`."""
    rows = await connection.fetch(_SQL["reach_among"], account, list(patients), at)
    return frozenset([row["patient_key"] for row in rows])
