"""The store's rows against what the ledger says was written."""

from collections.abc import AsyncIterator, Callable

import pytest

from egide.db import Connection, Database
from egide.ledger import Action, Entry, Finding, Ledger, RowFact, verify
from egide.seal import KeyRing

Read = Callable[..., Entry]


def ident(number: int) -> bytes:
    return number.to_bytes(1, "big") * 16


def digest(number: int, version: int) -> bytes:
    return bytes([number, version]) * 8


@pytest.fixture
async def written(database: Database, ledger: Ledger, a_read: Read) -> dict[bytes, RowFact]:
    """Rows 1 … 99 in versions 1 and 2, 100 removed, 101 removed and written again."""
    rows: dict[bytes, RowFact] = {}

    async def write(*facts: tuple[bytes, int, bytes | None]) -> None:
        async with database.transaction() as connection:
            entry = a_read(action=Action.transaction, body={"rows": list(facts)})
            ledger.settle(await ledger.insert(connection, entry))
        for name, version, value in facts:
            if value is None:
                rows.pop(name)
            else:
                rows[name] = (name, version, value)

    for version in (1, 2):
        await write(*((ident(n), version, digest(n, version)) for n in range(1, 102)))
    await write((ident(100), 2, None), (ident(101), 2, None))
    await write((ident(101), 3, digest(101, 3)))
    return rows


async def findings(
    database: Database, ring: KeyRing, rows: dict[bytes, RowFact]
) -> list[tuple[str | None, str]]:
    async def current(connection: Connection) -> AsyncIterator[RowFact]:
        assert await connection.fetchval("select 1") == 1
        for row in rows.values():
            yield row

    report = await verify(database, ring, rows=current)
    assert report.rows == len(rows)
    assert all(isinstance(found, Finding) and found.kind == "row" for found in report.findings)
    return [(found.ident, found.message) for found in report.findings]


async def test_rows_that_are_as_they_were_written_are_sound(
    database: Database, ring: KeyRing, written: dict[bytes, RowFact]
) -> None:
    assert len(written) == 100
    assert await findings(database, ring, written) == []
    assert (await verify(database, ring)).rows is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((ident(7), 1, digest(7, 1)), "rolled back from version 2 to version 1"),
        ((ident(7), 2, digest(7, 1)), "not what was written as version 2"),
        ((ident(7), 3, digest(7, 3)), "no entry says that its version 3"),
        ((ident(102), 1, digest(102, 1)), "no entry says that it was written"),
        ((ident(100), 2, digest(100, 2)), "although it was removed"),
        ((ident(101), 2, digest(101, 2)), "rolled back from version 3 to version 2"),
    ],
)
async def test_a_row_that_is_not_the_last_written_is_found(
    database: Database,
    ring: KeyRing,
    written: dict[bytes, RowFact],
    row: RowFact,
    message: str,
) -> None:
    written[row[0]] = row
    ((name, said),) = await findings(database, ring, written)
    assert name == row[0].hex()
    assert message in said


async def test_a_missing_row_is_found(
    database: Database, ring: KeyRing, written: dict[bytes, RowFact]
) -> None:
    del written[ident(7)]
    ((name, said),) = await findings(database, ring, written)
    assert name == ident(7).hex()
    assert "missing" in said


async def test_a_write_that_is_void_counts_for_nothing(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    receipt = None
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as connection:
            entry = a_read(action=Action.create, body={"rows": [(ident(1), 1, digest(1, 1))]})
            receipt = await ledger.insert(connection, entry)
            raise ZeroDivisionError
    assert receipt is not None
    ledger.void(receipt)
    await ledger.close()
    assert await findings(database, ring, {}) == []
