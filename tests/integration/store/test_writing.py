"""What writing promises: nothing for nothing, no version lost, no writer overrun."""

import asyncio
import json

from egide.actor import Actor
from egide.db import Database
from egide.errors import Conflict
from egide.record import Record


def patient(**more: object) -> bytes:
    return json.dumps({"resourceType": "Patient", "id": "a"} | more).encode()


async def table(database: Database, name: str) -> int:
    async with database.connection() as connection:
        number: int = await connection.fetchval(f"select count(*) from {name}")
    return number


async def test_an_equal_draft_writes_no_row_and_no_version(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        first = await session.update("Patient", "a", patient(active=True))
        async with database.connection() as connection:
            before = await connection.fetchval("select xmin::text || ctid::text from resource")
        spaced = json.dumps(json.loads(patient(active=True)), indent=3).encode()
        second = await session.update("Patient", "a", spaced)
        async with database.connection() as connection:
            after = await connection.fetchval("select ctid::text from resource")
    assert (second.version, second.body) == (first.version, first.body)
    assert before.endswith(after)
    assert await table(database, "version") == 0


async def test_every_version_of_a_storm_is_there(
    record: Record, system: Actor, database: Database
) -> None:
    async def once(number: int) -> int | None:
        try:
            async with record.open(system) as session:
                return (
                    await session.update("Patient", "a", patient(language=f"x{number}"))
                ).version
        except Conflict:
            return None

    versions = [v for v in await asyncio.gather(*(once(n) for n in range(40))) if v is not None]
    assert len(versions) == len(set(versions)), "no two writers made the same version"
    async with record.open(system) as session:
        current = (await session.read("Patient", "a")).version
        history = await session.history("Patient", "a", count=100)
    assert [each.version for each in history.entries] == list(range(current, 0, -1))
    assert set(versions) == set(range(1, current + 1))


async def test_edges_follow_the_current_version(
    record: Record, system: Actor, database: Database
) -> None:
    def encounter(*places: str) -> bytes:
        return json.dumps(
            {
                "resourceType": "Encounter",
                "id": "e",
                "status": "finished",
                "class": {"code": "AMB"},
                "location": [{"location": {"reference": place}} for place in places],
            }
        ).encode()

    async with record.open(system) as session:
        await session.update("Encounter", "e", encounter("Location/1", "Location/2"))
        assert await table(database, "ref") == 2
        await session.update("Encounter", "e", encounter("Location/2", "Location/3"))
        assert await table(database, "ref") == 2
        for place, found in (("1", 0), ("2", 1), ("3", 1)):
            page = await session.search("Encounter", [("location", f"Location/{place}")])
            assert len(page.entries) == found
        await session.delete("Encounter", "e")
        assert await table(database, "ref") == 0
