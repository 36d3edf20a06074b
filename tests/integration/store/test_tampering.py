"""What somebody changes behind our back in a row is found, at its place."""

import json

import pytest

from egide.actor import Actor
from egide.db import Database
from egide.errors import EgideError
from egide.ops.verify import verify_all
from egide.record import Record
from egide.seal import KeyRing, SealBroken

PATIENT = json.dumps(
    {"resourceType": "Patient", "name": [{"family": "Essai"}], "gender": "female"}
).encode()

CHANGES = {
    "a byte of the sealed body": "update resource set sealed = set_byte(sealed, 40, "
    "get_byte(sealed, 40) # 1) where id = $1",
    "the key number": "update resource set key = (select key from resource where id <> $1 limit 1)"
    " where id = $1",
    "the version": "update resource set version = version + 1 where id = $1",
    "the day": "update resource set day = '2024-01-01' where id = $1",
    "the end": "update resource set until = '2024-01-01' where id = $1",
    "the time": "update resource set updated = updated + interval '1 second' where id = $1",
    "a term": "update resource set terms[1] = terms[1] + 1 where id = $1",
    "a term taken away": "update resource set terms = terms[2:] where id = $1",
    "a term added": "update resource set terms = terms || 7::bigint where id = $1",
    "a lead given": "update resource set lead = 7 where id = $1",
    "the type": "update resource set type = type + 1 where id = $1",
    "the deletion mark": "update resource set deleted = true where id = $1",
}


async def two(record: Record, system: Actor) -> tuple[str, str]:
    async with record.open(system) as session:
        first = await session.create("Patient", PATIENT)
        second = await session.create("Patient", PATIENT)
    return first.id, second.id


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_a_changed_row_does_not_open_and_is_located(
    record: Record, system: Actor, database: Database, ring: KeyRing, change: str
) -> None:
    touched, _ = await two(record, system)
    ident = ring.blind.ident("Patient", touched)
    async with database.transaction() as connection:
        assert await connection.execute(change, ident) == "UPDATE 1"
    report = await verify_all(database, ring, rows=True)
    assert [(finding.kind, finding.ident) for finding in report.findings] == [("row", ident.hex())]
    async with record.open(system) as session:
        with pytest.raises(EgideError) as caught:
            await session.read("Patient", touched)
    assert "Essai" not in str(caught.value)


OBSERVATION = json.dumps(
    {"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "8480-6"}]}}
).encode()

LEADS = {
    "another": "update resource set lead = lead + 1 where id = $1",
    "none": "update resource set lead = null where id = $1",
    "put among the others": "update resource set lead = null,"
    " terms = array(select unnest(terms || lead) order by 1) where id = $1",
}


@pytest.mark.parametrize("change", LEADS.values(), ids=LEADS.keys())
async def test_a_changed_lead_is_located(
    record: Record, system: Actor, database: Database, ring: KeyRing, change: str
) -> None:
    async with record.open(system) as session:
        made = await session.create("Observation", OBSERVATION)
    ident = ring.blind.ident("Observation", made.id)
    async with database.transaction() as connection:
        assert await connection.execute(change, ident) == "UPDATE 1"
    report = await verify_all(database, ring, rows=True)
    assert [(finding.kind, finding.ident) for finding in report.findings] == [("row", ident.hex())]
    async with record.open(system) as session:
        with pytest.raises(SealBroken):
            await session.read("Observation", made.id)


async def test_a_row_moved_to_another_place_does_not_open(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    first, second = await two(record, system)
    idents = [ring.blind.ident("Patient", each) for each in (first, second)]
    async with database.transaction() as connection:
        await connection.execute(
            "update resource set (key, updated, version, day, until, lead, terms, sealed) ="
            " (select key, updated, version, day, until, lead, terms, sealed from resource"
            " where id = $1) where id = $2",
            *idents,
        )
    report = await verify_all(database, ring, rows=True)
    assert [finding.ident for finding in report.findings] == [idents[1].hex()]
    async with record.open(system) as session:
        with pytest.raises(SealBroken):
            await session.read("Patient", second)


async def test_a_row_put_back_to_an_older_version_is_found(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    first, _ = await two(record, system)
    ident = ring.blind.ident("Patient", first)
    async with database.connection() as connection:
        await connection.execute("create table kept as select * from resource where id = $1", ident)
    async with record.open(system) as session:
        changed = json.dumps(json.loads(PATIENT) | {"id": first, "active": True}).encode()
        await session.update("Patient", first, changed)
    async with database.transaction() as connection:
        await connection.execute("delete from resource where id = $1", ident)
        await connection.execute(
            "insert into resource (key, updated, version, day, until, id, type, deleted, lead,"
            " terms, sealed) select key, updated, version, day, until, id, type, deleted, lead,"
            " terms, sealed from kept"
        )
    async with record.open(system) as session:
        assert (await session.read("Patient", first)).version == 1, "it opens: it was valid once"
    report = await verify_all(database, ring, rows=True)
    assert [finding.ident for finding in report.findings] == [ident.hex()]


async def test_a_row_removed_is_found(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    first, _ = await two(record, system)
    ident = ring.blind.ident("Patient", first)
    async with database.transaction() as connection:
        await connection.execute("delete from resource where id = $1", ident)
    report = await verify_all(database, ring, rows=True)
    assert [finding.ident for finding in report.findings] == [ident.hex()]


async def test_what_nobody_touched_verifies(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    first, second = await two(record, system)
    async with record.open(system) as session:
        await session.delete("Patient", first)
        changed = json.dumps(json.loads(PATIENT) | {"id": second, "active": True}).encode()
        await session.update("Patient", second, changed)
    report = await verify_all(database, ring, rows=True)
    assert report.findings == []
    assert report.rows == 2
