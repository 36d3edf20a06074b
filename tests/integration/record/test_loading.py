"""A part of an import is stored once, and whole when it must be."""

import json

import pytest

from egide.actor import Actor
from egide.db import Database
from egide.errors import Forbidden, Unavailable
from egide.record import Item, Record

ADMINISTRATOR = Actor(1, "test", frozenset({"administrator"}), 1000, assurance=2)


def patient(id: str, **more: object) -> bytes:
    return json.dumps({"resourceType": "Patient", "id": id} | more).encode()


async def test_a_part_is_stored_once(record: Record, database: Database) -> None:
    items = [Item(0, None, patient("a")), Item(1, None, patient("b"))]
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        first = await session.load(b"1" * 16, items, whole=True)
        second = await session.load(b"1" * 16, items, whole=True)
        again = await session.load(b"1" * 16, items, whole=True, again=True)
    assert (first.created, first.skipped) == (2, False)
    assert (second.created, second.skipped) == (0, True)
    assert (again.created, again.unchanged) == (0, 2)
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from resource") == 2
        assert await connection.fetchval("select count(*) from version") == 0


async def test_one_bad_resource_refuses_a_bundle_and_not_the_other_lines(
    record: Record, database: Database
) -> None:
    items = [Item(0, None, patient("a")), Item(1, None, patient("b", gender="banana"))]
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        bundle = await session.load(b"1" * 16, items, whole=True)
        lines = await session.load(b"2" * 16, items, whole=False)
    assert (bundle.created, [each.place for each in bundle.refused]) == (0, [1])
    assert (lines.created, [each.place for each in lines.refused]) == (1, [1])
    (issue,) = lines.refused[0].issues
    assert (issue.code, issue.expression) == ("code-invalid", "Patient.gender")


async def test_the_same_identity_twice_in_a_part_is_two_versions(record: Record) -> None:
    items = [Item(0, None, patient("a")), Item(1, None, patient("a", active=True))]
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        loaded = await session.load(b"1" * 16, items, whole=False)
    assert (loaded.created, loaded.updated) == (1, 1)


async def test_only_who_may_import_imports(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        with pytest.raises(Forbidden):
            await session.load(b"1" * 16, [Item(0, None, patient("a"))], whole=True)


async def test_a_part_the_journal_lost_is_not_taken_for_done(record: Record) -> None:
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        await session.load(b"1" * 16, [Item(0, None, patient("a"))], whole=True)
    await record.finish_load([b"1" * 16])
    with pytest.raises(Unavailable):
        await record.finish_load([b"1" * 16, b"2" * 16])
