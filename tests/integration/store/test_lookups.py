"""Lookups: many at once, each its own answer."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from egide.actor import Actor
from egide.db import Database
from egide.errors import NotFound, Unavailable
from egide.record import Record
from egide.seal import KeyRing
from egide.store import Lookups, Ties, Within

DAY = timedelta(days=1)


def patient(family: str) -> bytes:
    return json.dumps({"resourceType": "Patient", "name": [{"family": family}]}).encode()


async def idents(record: Record, system: Actor, ring: KeyRing, many: int) -> list[bytes]:
    async with record.open(system) as session:
        made = [await session.create("Patient", patient(f"Essai{n}")) for n in range(many)]
    return [ring.blind.ident("Patient", each.id) for each in made]


async def test_each_gets_the_row_it_asked_for(
    record: Record, system: Actor, ring: KeyRing, database: Database
) -> None:
    there = await idents(record, system, ring, 100)
    asked = [*there, bytes(16), *reversed(there)]
    lookups = Lookups(database)
    rows = await asyncio.gather(*(lookups.row(id) for id in asked))
    assert [row and row.id for row in rows] == [*there, None, *reversed(there)]


async def test_what_was_committed_before_is_seen(record: Record, system: Actor) -> None:
    async def write_and_read(number: int) -> None:
        async with record.open(system) as session:
            made = await session.create("Patient", patient(f"Essai{number}"))
            changed = await session.update(
                "Patient",
                made.id,
                json.dumps({"resourceType": "Patient", "id": made.id, "active": True}).encode(),
            )
            assert (await session.read("Patient", made.id)).body == changed.body
            await session.delete("Patient", made.id)
            with pytest.raises(Exception, match="deleted"):
                await session.read("Patient", made.id)

    await asyncio.gather(*(write_and_read(number) for number in range(20)))


async def test_each_is_told_what_ties_himself_to_the_patient(
    record: Record, system: Actor, ring: KeyRing, database: Database
) -> None:
    """Asked for by many at once, with and without ties, with none, one and two members."""
    there = await idents(record, system, ring, 12)
    cared, agreed, role, doctor = (bytes([n]) * 16 for n in (1, 2, 3, 4))
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        keys = [
            await connection.fetchval("select key from resource where id = $1", id) for id in there
        ]
        await connection.execute(
            "insert into reach_role values ($1, $2, $3, $4)", role, doctor, now - DAY, now + DAY
        )
        for member, nth, kind in ((cared, 0, 1), (agreed, 1, 4), (role, 2, 1), (cared, 3, 5)):
            await connection.execute(
                "insert into reach values ($1, $2, $1, $3, $4, $5)",
                member,
                keys[nth],
                kind,
                now - DAY,
                now + DAY,
            )
        await connection.execute("insert into policy values ($1, 77)", keys[4])
    lookups = Lookups(database)
    whole = Within((agreed, cared), now)
    want = {
        0: (whole, Ties(True, False, False, None)),
        1: (whole, Ties(False, True, False, None)),
        2: (whole, Ties(False, False, False, None)),
        3: (whole, Ties(False, False, True, None)),
        4: (whole, Ties(False, False, False, 77)),
        5: (None, None),
    }
    asking = [(there[nth], within, ties) for nth, (within, ties) in want.items()]
    asking += [
        (there[0], Within((), now), Ties(False, False, False, None)),
        (there[2], Within((), now, doctor), Ties(True, False, False, None)),
        (there[2], Within((cared,), now, doctor), Ties(True, False, False, None)),
        (there[2], Within((cared,), now, cared), Ties(False, False, False, None)),
        (there[0], Within((cared,), now + 2 * DAY), Ties(False, False, False, None)),
        (there[0], Within((cared,), now - 2 * DAY), Ties(False, False, False, None)),
    ]
    rows = await asyncio.gather(*(lookups.row(id, within) for id, within, _ in asking))
    assert [(row.id, row.ties) for row in rows if row] == [(id, ties) for id, _, ties in asking]


async def test_one_who_gives_up_costs_the_others_nothing(
    record: Record, system: Actor, ring: KeyRing, database: Database
) -> None:
    there = await idents(record, system, ring, 3)
    lookups = Lookups(database)
    asking = [asyncio.create_task(lookups.row(id)) for id in there]
    await asyncio.sleep(0)
    asking[1].cancel()
    rows = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(rows[1], asyncio.CancelledError)
    found = [row.id for row in (rows[0], rows[2]) if not isinstance(row, BaseException) and row]
    assert found == [there[0], there[2]]


async def test_all_hear_of_a_database_that_is_gone(database_dsn: str) -> None:
    closed = await Database.connect(database_dsn)
    await closed.close()
    lookups = Lookups(closed)
    for _ in range(2):
        told = await asyncio.gather(
            *(lookups.row(bytes(16)) for _ in range(5)), return_exceptions=True
        )
        assert [type(error) for error in told] == [Unavailable] * 5


async def test_what_is_not_there_is_not_found(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        with pytest.raises(NotFound):
            await session.read("Patient", "nobody")
