"""The list of what is indexed across patients, changed while records are written and read."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from egide.actor import Actor
from egide.clock import system_clock
from egide.db import Database
from egide.errors import Conflict, Forbidden, Incorrect
from egide.ledger import Ledger
from egide.ops.verify import verify_all
from egide.record import Record, Session, index_state
from egide.seal import KeyRing
from egide.store.population import Pass

NOW = timedelta(0)
GENDERS = ("female", "male", "other", "unknown")


def patient(gender: str, **more: object) -> bytes:
    return json.dumps({"resourceType": "Patient", "gender": gender, **more}).encode()


@pytest.fixture
def operator() -> Actor:
    return Actor(1, "test-operator", frozenset({"administrator"}), 1003, assurance=2)


@pytest.fixture
async def keeper(record: Record, operator: Actor) -> AsyncIterator[Session]:
    async with record.open(operator, "HSYSADMIN") as session:
        yield session


async def fill(record: Record, system: Actor, count: int = 12) -> list[str]:
    async with record.open(system) as session:
        return [(await session.create("Patient", patient(GENDERS[n % 4]))).id for n in range(count)]


async def women(record: Record, system: Actor) -> set[str]:
    async with record.open(system) as session:
        page = await session.search("Patient", [("gender", "female"), ("_count", "100")])
        return {each.id for each in page.entries}


async def holding(database: Database, ring: KeyRing, parameter: str, value: str) -> int:
    """How many rows have the term of a value."""
    term = ring.blind.term("Patient", parameter, value)
    async with database.connection() as connection:
        count: int = await connection.fetchval(
            "select count(*) from resource where terms @> array[$1::bigint]", term
        )
        return count


async def run(keeper: Session, *, stretch: int = 5) -> list[Pass]:
    return [place async for place in keeper.reindex(stretch=stretch, grace=NOW)]


async def sound(database: Database, ring: KeyRing) -> bool:
    report = await verify_all(database, ring, rows=True)
    assert report.findings == []
    return report.sound


async def test_only_the_operator_changes_what_is_indexed(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        with pytest.raises(Forbidden):
            await session.allow("Patient", "gender")
        with pytest.raises(Forbidden):
            await session.disallow("Patient", "name")


@pytest.mark.parametrize("code", ["nonsense", "deceased", "address", "identifier"])
async def test_what_cannot_be_indexed_or_is_already_is_refused(
    keeper: Session, database: Database, code: str
) -> None:
    with pytest.raises(Incorrect):
        await keeper.allow("Patient", code)
    assert await index_state(database) == ([], [])


async def test_what_is_not_indexed_cannot_be_taken_off(keeper: Session) -> None:
    with pytest.raises(Incorrect):
        await keeper.disallow("Patient", "gender")


async def test_an_added_entry_narrows_once_every_row_has_its_terms(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    made = await fill(record, system)
    everyone = set(made[::4])
    assert await keeper.allow("Patient", "gender") == "building"
    assert await holding(database, ring, "gender", "female") == 0
    assert await women(record, system) == everyone
    async for place in keeper.reindex(stretch=5, grace=NOW):
        assert await women(record, system) == everyone
        assert place.seen > 0
    ((entry,), passes) = await index_state(database)
    assert (entry.type, entry.parameter, entry.state, passes) == ("Patient", "gender", "ready", [])
    assert await holding(database, ring, "gender", "female") == 3
    assert await women(record, system) == everyone
    assert await sound(database, ring)


async def test_versions_and_bodies_stay_as_they_were(
    record: Record, system: Actor, keeper: Session
) -> None:
    (one,) = await fill(record, system, 1)
    async with record.open(system) as session:
        before = await session.read("Patient", one)
        await keeper.allow("Patient", "gender")
        await run(keeper)
        assert await session.read("Patient", one) == before
        page = await session.history("Patient", one)
        assert [each.version for each in page.entries] == [1]


async def test_what_is_written_meanwhile_has_the_new_terms(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    made = await fill(record, system, 10)
    await keeper.allow("Patient", "gender")
    async with record.open(system) as session:
        async for place in keeper.reindex(stretch=2, grace=NOW):
            created = await session.create("Patient", patient("female"))
            await session.update("Patient", made[0], patient("male", id=made[0], active=True))
            made.append(created.id)
            if place.seen > 20:
                break
    await run(keeper)
    expected = {*made[4:10:4], *made[10:]}
    assert await holding(database, ring, "gender", "female") == len(expected)
    assert await women(record, system) == expected
    assert await sound(database, ring)


async def test_an_entry_taken_off_is_searched_by_opening_from_then_on(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        await session.create("Patient", patient("female", name=[{"family": "Essai"}]))
        assert await keeper.disallow("Patient", "name") == "removing"
        assert await holding(database, ring, "name", "essa") == 1
        assert len((await session.search("Patient", [("name", "essa")])).entries) == 1
        await run(keeper)
        assert await holding(database, ring, "name", "essa") == 0
        assert len((await session.search("Patient", [("name", "essa")])).entries) == 1
        await session.create("Patient", patient("male", name=[{"family": "Essaim"}]))
        assert await holding(database, ring, "name", "essa") == 0
        assert len((await session.search("Patient", [("name", "essa")])).entries) == 2
    assert await sound(database, ring)


async def test_terms_stay_while_others_may_still_narrow_by_them(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        await session.create("Patient", patient("female", name=[{"family": "Essai"}]))
    await keeper.disallow("Patient", "name")
    waiting = keeper.reindex(grace=timedelta(hours=1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await anext(waiting)
    assert await holding(database, ring, "name", "essa") == 1
    assert await keeper.allow("Patient", "name") == "ready"
    await run(keeper)
    assert await index_state(database) == ([], [])


async def test_an_entry_comes_back_after_it_was_taken_off(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        await session.create("Patient", patient("female", name=[{"family": "Essai"}]))
    await keeper.disallow("Patient", "name")
    await run(keeper)
    ((entry,), _) = await index_state(database)
    assert entry.state == "removed"
    assert await keeper.allow("Patient", "name") == "building"
    await run(keeper)
    assert await index_state(database) == ([], [])
    assert await holding(database, ring, "name", "essa") == 1
    assert await sound(database, ring)


async def test_a_pass_that_was_stopped_goes_on_where_it_was(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    await fill(record, system, 20)
    await keeper.allow("Patient", "gender")
    started = keeper.reindex(stretch=5, grace=NOW)
    assert (await anext(started)).seen == 5
    await started.aclose()  # type: ignore[attr-defined]
    assert [place.seen for place in await run(keeper)] == [10, 15, 20, 20]
    assert await sound(database, ring)


async def test_two_do_not_reindex_at_once(record: Record, system: Actor, keeper: Session) -> None:
    await fill(record, system, 4)
    await keeper.allow("Patient", "gender")
    first = keeper.reindex(stretch=2, grace=NOW)
    await anext(first)
    with pytest.raises(Conflict):
        await run(keeper)
    await first.aclose()  # type: ignore[attr-defined]


async def test_a_list_changed_during_a_pass_begins_it_anew(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    await fill(record, system, 8)
    await keeper.allow("Patient", "gender")
    first = keeper.reindex(stretch=4, grace=NOW)
    await anext(first)
    await keeper.allow("Patient", "active")
    places = [place async for place in first]
    assert places[0].seen == 4
    assert {entry.state for entry in (await index_state(database)).entries} == {"ready"}
    assert await holding(database, ring, "gender", "male") == 2
    assert await sound(database, ring)


async def test_a_write_by_an_older_list_is_refused(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    """Another process that has heard nothing yet: its write fails once, then it knows."""
    other_ledger = Ledger(database, ring, system_clock)
    await other_ledger.open()
    deaf = Record(database, ring, other_ledger, clock=system_clock, zone=ZoneInfo("Europe/Paris"))
    async with deaf.open(system) as session:
        made = [await session.create("Patient", patient("female")) for _ in range(2)]
        await keeper.allow("Patient", "gender")
        with pytest.raises(Conflict):
            await session.create("Patient", patient("female"))
        await session.create("Patient", patient("female"))
        await keeper.disallow("Patient", "gender")
        with pytest.raises(Conflict):
            body = patient("male", id=made[0].id)
            await session.update("Patient", made[0].id, body)
    await other_ledger.close()
    await run(keeper)
    assert await sound(database, ring)


async def test_a_code_off_the_list_leads_no_more_until_it_is_on_it_again(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    code = {"coding": [{"code": "8480-6"}, {"code": "second"}]}
    body = {"resourceType": "Observation", "status": "final", "code": code}
    async with record.open(system) as session:
        made = await session.create("Observation", json.dumps(body).encode())

    async def lead() -> int | None:
        ident = ring.blind.ident("Observation", made.id)
        async with database.connection() as connection:
            found: int | None = await connection.fetchval(
                "select lead from resource where id = $1", ident
            )
            return found

    async def found() -> set[str]:
        async with record.open(system) as session:
            pages = [
                await session.search("Observation", [("code", each)])
                for each in ("8480-6", "second", "8480-6,second")
            ]
        return {entry.id for page in pages for entry in page.entries if len(page.entries) == 1}

    leading = await lead()
    assert leading == ring.blind.term("Observation", "code", "8480-6")
    for change, wanted in ((keeper.disallow, None), (keeper.allow, leading)):
        await change("Observation", "code")
        assert await found() == {made.id}
        await run(keeper)
        assert await lead() == wanted
        assert await found() == {made.id}
    assert await sound(database, ring)


async def test_a_row_put_back_to_its_terms_before_is_found(
    record: Record, system: Actor, keeper: Session, database: Database, ring: KeyRing
) -> None:
    (one,) = await fill(record, system, 1)
    ident = ring.blind.ident("Patient", one)
    async with database.transaction() as connection:
        (old,) = await connection.fetch("select terms, sealed from resource where id = $1", ident)
    await keeper.allow("Patient", "gender")
    await run(keeper)
    async with database.transaction() as connection:
        await connection.execute(
            "update resource set terms = $2, sealed = $3 where id = $1", ident, *old
        )
    report = await verify_all(database, ring, rows=True)
    assert [finding.ident for finding in report.findings] == [ident.hex()]
