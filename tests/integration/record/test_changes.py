"""History of a type and of the system: complete, in order, and each version permitted by itself."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.integration.reaching import reaches

from egide.actor import Actor
from egide.db import Database
from egide.errors import Forbidden, Incorrect
from egide.record import Emitted, Item, Record, Session
from egide.seal import KeyRing

REGISTRAR = Actor(103, "test-registrar", frozenset({"registrar"}), 1003)
MASKED = {"system": "urn:oid:1.2.250.1.213.1.1.4.13", "code": "MASQUE_PS"}

ORGANIZATION = b'{"resourceType":"Organization","id":"o","name":"Essai"}'


def patient(id: str, **more: Any) -> bytes:
    return json.dumps({"resourceType": "Patient", "id": id} | more).encode()


def observation(id: str, of: str | None, **more: Any) -> bytes:
    body: dict[str, Any] = {"resourceType": "Observation", "id": id, "status": "final"}
    body |= {"code": {"text": "essai"}} | more
    if of is not None:
        body["subject"] = {"reference": f"Patient/{of}"}
    return json.dumps(body).encode()


async def everything(session: Session, type: str | None, count: int = 7, **asked: Any) -> list[str]:
    """All pages of a history, as `Type/id/version`; a star marks a deletion."""
    page = await session.changes(type, count=count, **asked)
    found = list(page.entries)
    while page.next is not None:
        page = await session.next_changes(type, page.next)
        assert len(page.entries) <= count
        found += page.entries
    return [name(each) for each in found]


def name(each: Emitted) -> str:
    return f"{each.type}/{each.id}/{each.version}" + ("*" if each.deleted else "")


async def own_key(database: Database, ring: KeyRing, id: str) -> int:
    async with database.connection() as connection:
        number: int = await connection.fetchval(
            "select number from data_key where owner = $1", ring.blind.ident("Patient", id)
        )
    return number


@pytest.fixture
async def written(record: Record, system: Actor) -> AsyncIterator[list[str]]:
    """Some writes, no two in one millisecond; what their history is, newest first."""
    async with record.open(system) as session:
        await session.update("Patient", "a", patient("a"))
        await asyncio.sleep(0.002)
        await session.update("Patient", "b", patient("b"))
        await asyncio.sleep(0.002)
        await session.update("Observation", "x", observation("x", "a"))
        await asyncio.sleep(0.002)
        await session.update("Patient", "a", patient("a", gender="female"))
        await asyncio.sleep(0.002)
        await session.delete("Observation", "x")
        await asyncio.sleep(0.002)
        await session.update("Organization", "o", ORGANIZATION)
        await asyncio.sleep(0.002)
        await session.update("Observation", "x", observation("x", "b"))
        await asyncio.sleep(0.002)
    yield [
        "Observation/x/3",
        "Organization/o/1",
        "Observation/x/2*",
        "Patient/a/2",
        "Observation/x/1",
        "Patient/b/1",
        "Patient/a/1",
    ]


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "yesterday"},
        {"since": ""},
        {"at": "2024-13-01"},
        {"at": "ge2024"},
        {"since": "2024-02-30"},
    ],
)
async def test_what_is_no_time_is_refused(
    record: Record, system: Actor, asked: dict[str, str]
) -> None:
    async with record.open(system) as session:
        with pytest.raises(Incorrect):
            await session.changes("Patient", **asked)
        await session.update("Patient", "a", patient("a"))
        with pytest.raises(Incorrect):
            await session.history("Patient", "a", **asked)


async def test_a_link_of_another_account_or_another_history_is_refused(
    record: Record, system: Actor, written: list[str]
) -> None:
    other = Actor(105, "other", frozenset({"system"}), 1005)
    async with record.open(system) as session:
        link = (await session.changes("Patient", count=1)).next
        search = (await session.search("Patient", [("_count", "1")])).next
        assert link is not None and search is not None
        for type, wrong in ((None, link), ("Observation", link), ("Patient", search), (None, "x")):
            with pytest.raises(Incorrect):
                await session.next_changes(type, wrong)
        with pytest.raises(Incorrect):
            await session.next_page(link)
    async with record.open(other) as session:
        with pytest.raises(Incorrect):
            await session.next_changes("Patient", link)


async def test_who_may_read_no_history_gets_none(record: Record, written: list[str]) -> None:
    nobody = Actor(106, "nobody", frozenset(), 1006)
    async with record.open(nobody) as session:
        for type in (None, "Patient"):
            with pytest.raises(Forbidden):
                await session.changes(type)
    async with record.open(REGISTRAR, "HOPERAT") as session:
        with pytest.raises(Forbidden):
            await session.changes("Observation")
        assert await everything(session, None) == [
            each for each in written if not each.startswith("Observation")
        ]


async def test_a_clinician_sees_the_versions_of_his_patients_only(
    record: Record, clinician: Actor, database: Database, ring: KeyRing, written: list[str]
) -> None:
    async with record.open(clinician) as session:
        assert await everything(session, "Observation") == []
    async with database.transaction() as connection:
        key = await own_key(database, ring, "a")
        await reaches(connection, ring, clinician.account, key)
    async with record.open(clinician) as session:
        assert await everything(session, "Observation") == ["Observation/x/2*", "Observation/x/1"]
        assert await everything(session, "Patient", 1) == ["Patient/a/2", "Patient/a/1"]
        assert await everything(session, None) == [
            "Organization/o/1",
            "Observation/x/2*",
            "Patient/a/2",
            "Observation/x/1",
            "Patient/a/1",
        ]


async def test_a_patient_sees_his_own_versions_only(record: Record, written: list[str]) -> None:
    own = Actor(104, "test-patient", frozenset({"patient"}), 1004, patient="b")
    async with record.open(own, "PATRQT") as session:
        assert await everything(session, "Observation") == ["Observation/x/3"]
        assert await everything(session, "Patient") == ["Patient/b/1"]
        assert await everything(session, None) == [
            "Observation/x/3",
            "Organization/o/1",
            "Patient/b/1",
        ]


async def test_a_deletion_is_shown_to_who_could_see_what_it_deleted(
    record: Record, system: Actor, clinician: Actor, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        await session.update("Patient", "a", patient("a"))
        await session.update("Observation", "x", observation("x", "a", meta={"security": [MASKED]}))
        await asyncio.sleep(0.002)
        await session.delete("Observation", "x")
    async with database.transaction() as connection:
        key = await own_key(database, ring, "a")
        await reaches(connection, ring, clinician.account, key)
    async with record.open(clinician) as session:
        assert await everything(session, "Observation") == []
    async with record.open(system) as session:
        assert await everything(session, "Observation") == ["Observation/x/2*", "Observation/x/1"]


@pytest.mark.parametrize("count", [1, 2, 3, 50])
async def test_all_versions_come_once_in_order_whatever_the_page(
    record: Record, system: Actor, written: list[str], count: int
) -> None:
    async with record.open(system) as session:
        assert await everything(session, None, count) == written
        assert await everything(session, "Patient", count) == [
            each for each in written if each.startswith("Patient")
        ]
        assert await everything(session, "Encounter", count) == []


async def test_versions_of_one_instant_are_paged_without_loss(
    record: Record, database: Database
) -> None:
    """A part of an import is written at one instant."""
    administrator = Actor(1, "test", frozenset({"administrator"}), 1000, assurance=2)
    reader = Actor(101, "test-system", frozenset({"system"}), 1001)

    items = [Item(number, None, patient(f"p{number}")) for number in range(30)]
    async with record.open(administrator, "HSYSADMIN") as session:
        await session.load(b"1" * 16, items, whole=True)
    async with record.open(reader) as session:
        found = await everything(session, "Patient", 4)
    assert sorted(found) == sorted(f"Patient/p{number}/1" for number in range(30))


async def test_writes_between_pages_neither_hide_nor_double(record: Record, system: Actor) -> None:
    """A version that is replaced while somebody pages is still the version it was."""
    async with record.open(system) as session:
        for number in range(12):
            await session.update("Patient", f"p{number}", patient(f"p{number}"))
        page = await session.changes("Patient", count=5)
        found = list(page.entries)
        while page.next is not None:
            for number in range(12):
                await session.update(
                    "Patient", f"p{number}", patient(f"p{number}", multipleBirthInteger=len(found))
                )
            page = await session.next_changes("Patient", page.next)
            found += page.entries
    assert sorted(name(each) for each in found) == sorted(f"Patient/p{n}/1" for n in range(12))


async def test_since_and_at_select_versions(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        times = []
        for number in range(1, 5):
            body = patient("a", multipleBirthInteger=number)
            times.append((await session.update("Patient", "a", body)).updated)
            await asyncio.sleep(0.003)
        await session.delete("Patient", "a")
        stamps = [each.isoformat().replace("+00:00", "Z") for each in times]
        expected: list[tuple[dict[str, str], list[str]]] = [
            ({"since": stamps[2]}, ["5*", "4", "3"]),
            ({"since": "2999"}, []),
            ({"since": "1999-01-01"}, ["5*", "4", "3", "2", "1"]),
            ({"at": stamps[1]}, ["2"]),
            ({"at": "1999"}, []),
            ({"at": "2999"}, ["5*"]),
            ({"at": stamps[3], "since": stamps[3]}, ["4"]),
            ({"at": stamps[1], "since": stamps[3]}, []),
            ({"at": stamps[0][:4]}, ["5*", "4", "3", "2", "1"]),
        ]
        for asked, versions in expected:
            wanted = [f"Patient/a/{each}" for each in versions]
            assert await everything(session, "Patient", 2, **asked) == wanted, asked
            assert await everything(session, None, 2, **asked) == wanted, asked
            found, below = [], None
            while True:
                page = await session.history("Patient", "a", below=below, count=2, **asked)
                found += page.entries
                if not page.more:
                    break
                below = page.entries[-1].version
            assert [name(each) for each in found] == wanted, asked


async def test_who_polls_misses_nothing_that_commits_late(
    record: Record, system: Actor, database: Database
) -> None:
    """Each poll asks for what was written since the newest instant that it saw."""
    seen: set[str] = set()
    done = asyncio.Event()
    newest: str | None = None

    async def poll() -> None:
        nonlocal newest
        async with record.open(system) as session:
            page = await session.changes("Patient", count=1000, since=newest)
        assert page.next is None
        seen.update(name(each) for each in page.entries)
        if page.entries:
            newest = page.entries[0].updated.isoformat().replace("+00:00", "Z")

    async def poller() -> None:
        while not done.is_set():
            await poll()

    async def writer(number: int) -> None:
        async with record.open(system) as session:
            await session.create("Patient", patient("any"))
            for turn in range(8):
                id = f"p{random.randrange(6)}"
                body = patient(id, multipleBirthInteger=number * 100 + turn)
                await session.update("Patient", id, body)

    async def holder() -> None:
        """Keeps rows, so that who waits for them commits long after he took the time."""
        for _ in range(6):
            async with database.transaction() as connection:
                await connection.fetch("select from resource order by random() limit 2 for update")
                await asyncio.sleep(0.03)

    async with record.open(system) as session:
        for number in range(6):
            await session.update("Patient", f"p{number}", patient(f"p{number}"))
    polling = asyncio.create_task(poller())
    await asyncio.gather(holder(), *(writer(number) for number in range(5)))
    done.set()
    await polling
    await poll()
    async with record.open(system) as session:
        assert seen == set(await everything(session, "Patient", 1000))


async def test_what_a_running_write_may_still_precede_is_left_for_later(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        await session.update("Patient", "a", patient("a"))
        await asyncio.sleep(0.3)  # the horizon lies below the transaction by a round trip
        async with database.transaction() as connection:
            await connection.fetch("select from resource for update")
            await session.update("Patient", "b", patient("b"))
            assert await everything(session, "Patient") == ["Patient/a/1"]
        assert await everything(session, "Patient") == ["Patient/b/1", "Patient/a/1"]


async def test_a_later_version_is_never_dated_before_the_one_it_replaces(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        await session.update("Patient", "a", patient("a"))

        async def slow() -> Emitted:
            return await session.update("Patient", "a", patient("a", gender="female"))

        async with database.transaction() as connection:
            await connection.fetch("select from resource for update")
            first = asyncio.create_task(slow())
            await asyncio.sleep(0.05)
            second = asyncio.create_task(
                session.update("Patient", "a", patient("a", gender="male"))
            )
            await asyncio.sleep(0.05)
        await asyncio.gather(first, second)
        page = await session.history("Patient", "a")
    times = [each.updated for each in page.entries]
    assert times == sorted(times, reverse=True)
    assert len(times) == 3
