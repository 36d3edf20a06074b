"""Erasing destroys the key, the rows, the terms; nobody writes under the key any more."""

import asyncio
import json

import pytest

from egide.actor import Actor
from egide.db import Database
from egide.errors import Forbidden, Incorrect, NotFound
from egide.ops.verify import verify_all
from egide.record import Record
from egide.seal import KeyRing

ADMINISTRATOR = Actor(1, "test", frozenset({"administrator"}), 1000, assurance=2)
PATIENT = json.dumps({"resourceType": "Patient", "name": [{"family": "Essai"}]}).encode()


def observed(patient: str) -> bytes:
    return json.dumps(
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "essai"},
            "subject": {"reference": f"Patient/{patient}"},
        }
    ).encode()


async def test_nothing_of_the_erased_is_left(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        erased = await session.create("Patient", PATIENT)
        seen = await session.create("Observation", observed(erased.id))
        other = await session.create("Patient", PATIENT)
        changed = json.loads(PATIENT) | {"id": erased.id, "active": True}
        await session.update("Patient", erased.id, json.dumps(changed).encode())
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        certificate = await session.erase("Patient", erased.id)
    assert (certificate.resources, certificate.versions) == (2, 1)
    async with record.open(system) as session:
        for type, id in (("Patient", erased.id), ("Observation", seen.id)):
            with pytest.raises(NotFound):
                await session.read(type, id)
            with pytest.raises(NotFound):
                await session.vread(type, id, 1)
        assert (await session.read("Patient", other.id)).body == other.body
    async with database.connection() as connection:
        for table in ("resource", "version"):
            text = f"select count(*) from {table} where key = $1"
            assert await connection.fetchval(text, certificate.key) == 0
    assert (await verify_all(database, ring, rows=True)).findings == []


async def test_a_writer_of_an_erased_patient_gets_a_new_key(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        erased = await session.create("Patient", PATIENT)
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        await session.erase("Patient", erased.id)
    async with record.open(system) as session:
        late = await session.create("Observation", observed(erased.id))
        assert (await session.read("Observation", late.id)).body == late.body
    assert late.patients.isdisjoint(erased.patients)


async def test_erasing_while_others_write_leaves_nothing_under_the_dead_key(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        erased = await session.create("Patient", PATIENT)

    async def write() -> None:
        async with record.open(system) as session:
            for _ in range(10):
                await session.create("Observation", observed(erased.id))

    async def erase() -> int:
        await asyncio.sleep(0.03)
        async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
            return (await session.erase("Patient", erased.id)).key

    *_, key = await asyncio.gather(write(), write(), write(), erase())
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from resource where key = $1", key) == 0
        orphans = await connection.fetchval(
            "select count(*) from resource where key not in (select number from data_key)"
        )
    assert orphans == 0
    assert (await verify_all(database, ring, rows=True)).findings == []


async def test_only_who_may_erase_erases_and_only_who_has_a_key(
    record: Record, system: Actor
) -> None:
    async with record.open(system) as session:
        patient = await session.create("Patient", PATIENT)
        with pytest.raises(Forbidden):
            await session.erase("Patient", patient.id)
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        with pytest.raises(NotFound):
            await session.erase("Patient", "absent")
        with pytest.raises(Incorrect):
            await session.erase("Observation", "any")


async def test_a_patient_who_comes_back_after_an_erasure_reads_the_new_record(
    record: Record, system: Actor
) -> None:
    """The key a patient's account stands for is kept at hand: not the one that was erased."""
    async with record.open(system) as session:
        before = await session.create("Patient", PATIENT)
    herself = Actor(5, "test", frozenset({"patient"}), 1005, patient=before.id)
    async with record.open(herself, "PATRQT") as session:
        assert (await session.read("Patient", before.id)).body == before.body
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        await session.erase("Patient", before.id)
    async with record.open(herself, "PATRQT") as session:
        with pytest.raises(NotFound):
            await session.read("Patient", before.id)
    again = json.dumps(json.loads(PATIENT) | {"id": before.id}).encode()
    async with record.open(system) as session:
        after = await session.update("Patient", before.id, again)
    assert after.patients.isdisjoint(before.patients)
    async with record.open(herself, "PATRQT") as session:
        assert (await session.read("Patient", before.id)).body == after.body
