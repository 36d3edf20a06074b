"""Paging while others write: what did not change comes exactly once, whatever the order."""

import json
import random
from datetime import UTC, datetime

import pytest
from tests.integration.search.library import SYSTEM, ZONE, Library, ticking
from tests.integration.search.naive import Naive

from egide import fhir
from egide.db import Database
from egide.ledger import Ledger
from egide.record import Record
from egide.record.session import Session
from egide.seal import KeyRing

ORDERS = ["", "date", "-date", "_lastUpdated", "-_lastUpdated", "_id", "-_id", "code", "-code,date"]


@pytest.fixture
async def busy(database: Database, ring: KeyRing, ledger: Ledger) -> Record:
    """The one door, while time goes on."""
    clock = ticking(datetime(2026, 10, 1, tzinfo=UTC))
    door = Record(database, ring, ledger, clock=clock, zone=ZONE)
    await door.start()
    return door


async def disturb(session: Session, chance: random.Random, touchable: list[str]) -> set[str]:
    """Make, change and delete some; the ids that were touched."""
    touched = set()
    day = f"20{chance.randrange(10, 27)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 28):02}"
    made = {
        "resourceType": "Observation",
        "status": "final",
        "code": {
            "coding": [{"system": "http://loinc.org", "code": chance.choice(["X0", "A", "z"])}]
        },
        "effectiveDateTime": day,
    }
    body = json.dumps(made).encode()
    touched.add((await session.create("Observation", body)).id)
    for id in chance.sample(touchable, 2):
        body = json.dumps(made | {"id": id}).encode()
        await session.update("Observation", id, body)
        touched.add(id)
    gone = chance.choice(touchable)
    await session.delete("Observation", gone)
    touched.add(gone)
    return touched


@pytest.mark.parametrize("order", ORDERS)
async def test_what_did_not_change_comes_once(busy: Record, library: Library, order: str) -> None:
    naive = Naive(library)
    chance = random.Random(f"{order}")
    who = "|".join(sorted(e["id"] for e in library.by_type["Patient"])[:1])
    question = [("patient", f"Patient/{who}")] if order in ("", "-code,date") else []
    question += [("date", "ge2010")]
    expected = {name[12:] for name in naive.answer("Observation", question)}
    everybody = [each["id"] for each in library.by_type["Observation"]]
    touchable = chance.sample(everybody, 150)
    count = max(5, len(expected) // 9)
    asked = [*question, *([("_sort", order)] if order else []), ("_count", str(count))]
    touched: set[str] = set()
    found: list[str] = []
    async with busy.open(SYSTEM) as session:
        page = await session.search("Observation", asked)
        found += [each.id for each in page.entries]
        while page.next:
            touched |= await disturb(session, chance, touchable)
            page = await session.next_page(page.next)
            found += [each.id for each in page.entries]
    still = [each for each in found if each not in touched]
    assert len(still) == len(set(still)), "a resource that did not change came twice"
    assert set(still) == expected - touched, "a resource that did not change was lost"
    assert len(touched) > 10


async def test_a_deleted_resource_leaves_the_pages_to_come(busy: Record, library: Library) -> None:
    async with busy.open(SYSTEM) as session:
        page = await session.search("Patient", [("_sort", "_id"), ("_count", "5")])
        last = max(each["id"] for each in library.by_type["Patient"])
        await session.delete("Patient", last)
        found = [each.id for each in page.entries]
        while page.next:
            page = await session.next_page(page.next)
            found += [each.id for each in page.entries]
    assert last not in found
    assert len(found) == len(library.by_type["Patient"]) - 1


async def test_a_page_shows_what_a_resource_is_now(busy: Record, library: Library) -> None:
    async with busy.open(SYSTEM) as session:
        page = await session.search("Patient", [("_sort", "_id"), ("_count", "1")])
        second = sorted(each["id"] for each in library.by_type["Patient"])[1]
        changed = dict(library.resources[f"Patient/{second}"]) | {"active": False}
        body = fhir.decode(json.dumps(changed, default=str).encode(), type="Patient")
        stored = await session.update("Patient", second, body)
        assert page.next
        page = await session.next_page(page.next)
    assert [each.body for each in page.entries] == [stored.body]
