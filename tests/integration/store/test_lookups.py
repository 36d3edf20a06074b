"""Lookups: many at once, each its own answer."""

import asyncio
import json

import pytest

from egide.actor import Actor
from egide.db import Database
from egide.errors import NotFound, Unavailable
from egide.record import Record
from egide.seal import KeyRing
from egide.store import Lookups


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
