"""Of many conditional writes at once, as many come through as there would be one after another."""

import asyncio
import json
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import pytest

from egide.actor import Actor
from egide.db import Database
from egide.errors import Conflict, PreconditionFailed
from egide.record import Record, bundle_of
from egide.record.conditional import MOST_LOCKS

SYSTEM = "urn:oid:1.2.3"
MANY = 200


def patient(**more: Any) -> bytes:
    made = {
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": "IPP-1"}, {"value": "other"}],
        "name": [{"family": "Essai", "given": ["Camille"]}],
        "birthDate": "1980-02-29",
        "gender": "female",
    }
    return json.dumps(made | more).encode()


@pytest.fixture(autouse=True)
async def warm(database: Database) -> None:
    """All connections of the pool are there, so that the writes really run side by side."""

    async def use() -> None:
        async with database.connection() as connection:
            await connection.execute("select pg_sleep(0.1)")

    await asyncio.gather(*(use() for _ in range(10)))


ONE = [[("identifier", f"{SYSTEM}|IPP-1")]]
OVERLAPPING = [
    [("identifier", f"{SYSTEM}|IPP-1")],
    [("identifier", "IPP-1")],
    [("identifier", f"{SYSTEM}|IPP-1,{SYSTEM}|IPP-2")],
    [("identifier", f"{SYSTEM}|IPP-1"), ("name", "essai")],
]
DISTANT = [
    *OVERLAPPING,
    [("identifier", "other")],
    [("family", "essai"), ("gender", "female")],
    [("birthdate", "1980-02-29")],
    [("gender", "female")],
]


async def count(database: Database) -> int:
    async with database.connection() as connection:
        number: int = await connection.fetchval("select count(*) from resource where not deleted")
    return number


@pytest.mark.parametrize(
    "criteria", [ONE, OVERLAPPING, DISTANT], ids=["one", "overlapping", "distant"]
)
async def test_of_many_conditional_creates_one_creates(
    record: Record,
    system: Actor,
    database: Database,
    criteria: Sequence[Sequence[tuple[str, str]]],
) -> None:
    async with record.open(system) as session:
        made = await asyncio.gather(
            *(
                session.create("Patient", patient(), unless=criterion)
                for criterion in islice(cycle(criteria), MANY)
            )
        )
    assert sum(each.created for each in made) == 1
    assert len({each.id for each in made}) == 1
    assert await count(database) == 1


async def test_of_many_conditional_updates_one_creates_and_none_is_lost(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        made = await asyncio.gather(
            *(
                session.update_matching(
                    "Patient", criterion, patient(multipleBirthInteger=number + 1)
                )
                for number, criterion in enumerate(islice(cycle(OVERLAPPING), MANY))
            )
        )
    assert sum(each.created for each in made) == 1
    assert sorted(each.version for each in made) == list(range(1, MANY + 1))
    assert await count(database) == 1


@pytest.mark.parametrize(
    "criteria", [ONE, OVERLAPPING, DISTANT], ids=["one", "overlapping", "distant"]
)
async def test_of_many_conditional_deletes_one_deletes(
    record: Record,
    system: Actor,
    database: Database,
    criteria: Sequence[Sequence[tuple[str, str]]],
) -> None:
    """Those by one criterion wait for each other; another's may say that it met one."""
    async with record.open(system) as session:
        made = await session.create("Patient", patient())

        async def delete(criterion: Sequence[tuple[str, str]]) -> int:
            try:
                gone = await session.delete_matching("Patient", criterion)
            except Conflict:
                assert criteria is not ONE
                return 0
            return 0 if gone is None else gone.version

        versions = await asyncio.gather(*map(delete, islice(cycle(criteria), MANY)))
        history = await session.history("Patient", made.id)
    assert sorted(versions) == [*[0] * (MANY - 1), 2]
    assert len(history.entries) == 2
    assert await count(database) == 0


@pytest.mark.parametrize("criteria", [ONE, OVERLAPPING], ids=["one", "overlapping"])
async def test_conditional_creates_and_deletes_take_turns(
    record: Record,
    system: Actor,
    database: Database,
    criteria: Sequence[Sequence[tuple[str, str]]],
) -> None:
    """Never are there two; what was made is found, deleted once, or there at the end."""
    async with record.open(system) as session:

        async def create(criterion: Sequence[tuple[str, str]]) -> str | None:
            try:
                made = await session.create("Patient", patient(), unless=criterion)
            except Conflict:
                assert criteria is not ONE
                return None
            return made.id if made.created else None

        async def delete(criterion: Sequence[tuple[str, str]]) -> str | None:
            try:
                gone = await session.delete_matching("Patient", criterion)
            except Conflict:
                assert criteria is not ONE
                return None
            return None if gone is None else gone.id

        asked = list(islice(cycle(criteria), MANY // 2))
        done = await asyncio.gather(
            *(each(criterion) for criterion in asked for each in (create, delete))
        )
    made = [each for each in done[::2] if each is not None]
    gone = [each for each in done[1::2] if each is not None]
    assert made
    assert len(set(made)) == len(made)
    assert len(set(gone)) == len(gone)
    assert set(gone) <= set(made)
    assert len(made) - len(gone) == await count(database) <= 1


async def test_a_match_of_a_deletion_changed_meanwhile_is_not_deleted_unseen(
    record: Record, system: Actor
) -> None:
    """What an ordinary write changed after it was found is deleted in no version but the found."""
    async with record.open(system) as session:
        await session.update("Patient", "a", patient(id="a"))

        async def by_criterion() -> int:
            try:
                gone = await session.delete_matching("Patient", ONE[0])
            except (Conflict, PreconditionFailed):
                return 0
            return 0 if gone is None else gone.version

        async def by_id(number: int) -> int:
            body = patient(id="a", multipleBirthInteger=number)
            return (await session.update("Patient", "a", body)).version

        asked = [each for number in range(1, 51) for each in (by_criterion(), by_id(number))]
        written = [each for each in await asyncio.gather(*asked) if each]
        history = await session.history("Patient", "a", count=200)
    assert sorted([1, *written]) == sorted(each.version for each in history.entries)
    assert len(set(written)) == len(written)


def transaction(numbers: Sequence[int]) -> bytes:
    entries = [
        {
            "resource": {
                "resourceType": "Organization",
                "name": "Essai",
                "identifier": [{"system": SYSTEM, "value": f"O-{number}"}],
            },
            "request": {
                "method": "POST",
                "url": "Organization",
                "ifNoneExist": f"identifier={SYSTEM}|O-{number}",
            },
        }
        for number in numbers
    ]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


@pytest.mark.parametrize("size", [12, MOST_LOCKS])
async def test_transactions_that_meet_in_every_order_neither_double_nor_wait_for_ever(
    record: Record, system: Actor, database: Database, size: int
) -> None:
    """At the larger size the locks are too many and the type is taken instead."""
    orders = [range(size), range(size - 1, -1, -1), [*range(size // 2, size), *range(size // 2)]]
    async with record.open(system) as session:
        done = await asyncio.gather(
            *(
                session.transaction(bundle_of(transaction(numbers)))
                for numbers in islice(cycle(orders), 24 if size < 100 else 6)
            )
        )
    assert sum(each.emitted.created for one in done for each in one if each.emitted) == size
    assert await count(database) == size


async def test_writes_on_codes_that_are_withheld_exclude_each_other(
    record: Record, system: Actor, database: Database
) -> None:
    label = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        "code": "R",
    }
    body: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
    }
    plain = json.dumps(body).encode()
    labelled = json.dumps(body | {"meta": {"security": [label]}}).encode()
    criteria = [[("code", "4548-4")], [("category", "x")], [("_security", f"{label['code']}")]]
    async with record.open(system) as session:
        made = await asyncio.gather(
            *(
                session.create("Observation", given, unless=criterion)
                for given, criterion in islice(
                    cycle([(plain, criteria[0]), (labelled, criteria[0])]), MANY
                )
            )
        )
        assert sum(each.created for each in made) == 1
        first = made[0].id
        await session.delete("Observation", first)
        made = await asyncio.gather(
            *(
                session.create("Observation", labelled, unless=criterion)
                for criterion in islice(cycle([criteria[0], criteria[2]]), MANY)
            )
        )
    assert sum(each.created for each in made) == 1
    assert await count(database) == 1


async def test_a_match_changed_by_an_ordinary_write_meanwhile_is_not_overwritten(
    record: Record, system: Actor, database: Database
) -> None:
    """Each conditional update either saw the last version or says that it did not."""
    async with record.open(system) as session:
        await session.update("Patient", "a", patient(id="a"))

        async def by_criterion(number: int) -> int:
            try:
                body = patient(multipleBirthInteger=number)
                await session.update_matching("Patient", ONE[0], body)
            except (Conflict, PreconditionFailed):
                return 0
            return 1

        async def by_id(number: int) -> int:
            body = patient(id="a", multipleBirthInteger=number)
            await session.update("Patient", "a", body)
            return 1

        written = await asyncio.gather(
            *(each(number) for number in range(1, 51) for each in (by_criterion, by_id))
        )
        last = await session.read("Patient", "a")
    assert last.version <= 1 + sum(written)
    assert await count(database) == 1
