"""What could tell of what is hidden can be asked so many times an hour, and never more."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.db import Database
from egide.errors import EgideError, NotFound
from egide.http.outcome import status
from egide.ledger import Ledger, Reading
from egide.record import Asked, Item, Record, bundle_of
from egide.record.oracles import HOUR, TooManyQuestions
from egide.seal import KeyRing

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MOST, MOST_OF_APPLICATION = 3, 5
REGISTRAR = Actor(103, "egide-web", frozenset({"registrar"}), 1003)
DOCTOR = Actor(
    7, "app", frozenset({"clinician"}), 8, assurance=2, authenticated=NOW, practitioner="doctor"
)
AUDITOR = Actor(17, "desk", frozenset({"auditor"}), 18)
LABORATORY = Actor(
    19, "lab", frozenset({"system"}), 20, scope="system/Observation.cruds?category=laboratory"
)
PATIENT = b'{"resourceType":"Patient","gender":"female"}'
TEXT = "found unconscious in the street"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


class Clock:
    """A clock that tests move."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def record(database: Database, ring: KeyRing, ledger: Ledger, clock: Clock) -> Record:
    door = Record(
        database,
        ring,
        ledger,
        clock=clock,
        zone=ZoneInfo("Europe/Paris"),
        oracle_limit=MOST,
        oracle_limit_application=MOST_OF_APPLICATION,
    )
    await door.start()
    return door


async def create(record: Record, actor: Actor, value: str, purpose: str = "HOPERAT") -> None:
    async with record.open(actor, purpose) as session:
        await session.create("Patient", PATIENT, unless=[("identifier", f"urn:oid:1.2.3|{value}")])


async def used_up(record: Record, actor: Actor) -> None:
    for number in range(MOST):
        await create(record, actor, str(number))


async def test_a_criterion_too_many_is_refused_and_told_when_to_come_back(
    record: Record, clock: Clock
) -> None:
    await used_up(record, REGISTRAR)
    clock.now += timedelta(minutes=20)
    with pytest.raises(TooManyQuestions) as refused:
        await create(record, REGISTRAR, "one too many")
    assert 0 < refused.value.retry_after <= 40 * 60 + 1
    assert status(refused.value) == 429
    clock.now = NOW + HOUR
    await create(record, REGISTRAR, "in the next hour")


async def test_the_refusal_is_in_the_ledger_as_one(
    record: Record, database: Database, ring: KeyRing
) -> None:
    await used_up(record, REGISTRAR)
    with pytest.raises(TooManyQuestions):
        await create(record, REGISTRAR, "one too many")
    async with database.connection() as connection:
        last, *_ = await Reading(ring).of_actor(connection, REGISTRAR.account)
    assert last.outcome.name == "refused"
    assert (last.facts["rule"], last.facts["error"]) == ("oracle-limit", "busy")


async def test_an_update_by_criterion_and_a_bundle_count_alike(record: Record) -> None:
    async with record.open(REGISTRAR, "HOPERAT") as session:
        sought = [("identifier", "urn:oid:1.2.3|a")]
        await session.update_matching("Patient", sought, PATIENT)
        asked = {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=urn:oid:1.2.3|b"}
        entry = {"resource": json.loads(PATIENT), "request": asked}
        sent = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        await session.transaction(bundle_of(json.dumps(sent).encode()))
        sent["entry"] = [entry | {"request": asked | {"ifNoneExist": f"identifier={n}"}}
                         for n in range(2)]  # fmt: skip
        with pytest.raises(TooManyQuestions):
            await session.transaction(bundle_of(json.dumps(sent).encode()))


@pytest.mark.parametrize("known", [True, False])
async def test_a_deletion_by_criterion_counts_and_over_the_limit_tells_nothing(
    record: Record, put: Put, known: bool
) -> None:
    coding = [{"system": CATEGORY, "code": "vital-signs" if known else "laboratory"}]
    hidden = {"status": "final", "category": [{"coding": coding}], "code": {"text": "synthetic"}}
    await put("Observation", "there", **hidden)
    async with record.open(LABORATORY) as session:
        for number in range(MOST):
            assert await session.delete_matching("Observation", [("_id", f"{number}")]) is None
        for id in ("there", "absent"):
            with pytest.raises(TooManyQuestions):
                await session.delete_matching("Observation", [("_id", id)])
    entry = {"request": {"method": "DELETE", "url": "Observation?_id=there"}}
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    async with record.open(LABORATORY) as session:
        with pytest.raises(TooManyQuestions):
            await session.transaction(bundle_of(json.dumps(sent).encode()))


async def test_who_is_refused_a_criterion_spends_nothing_of_anybody_elses(record: Record) -> None:
    await used_up(record, REGISTRAR)
    await create(record, replace(REGISTRAR, account=104), "of a colleague")


async def test_what_is_refused_for_what_it_asks_counts_too(record: Record) -> None:
    """Else a question could be put in a way that fails after its answer is known."""
    async with record.open(REGISTRAR, "HOPERAT") as session:
        for _ in range(MOST):
            with pytest.raises(EgideError):
                await session.create("Patient", PATIENT, unless=[("banana", "1")])
        with pytest.raises(TooManyQuestions):
            await session.create("Patient", PATIENT, unless=[("identifier", "x")])


async def test_an_application_is_held_to_its_own_limit_for_all_it_acts_for(record: Record) -> None:
    scoped = replace(REGISTRAR, client="client-0123456789abcdef", scope="user/Patient.cruds")
    for number in range(MOST_OF_APPLICATION):
        await create(record, replace(scoped, account=200 + number), str(number))
    with pytest.raises(TooManyQuestions):
        await create(record, replace(scoped, account=300), "one too many")
    await create(record, replace(REGISTRAR, account=300), "by somebody else's application")


async def test_glasses_broken_too_often_are_refused_whoever_is_there(
    record: Record, put: Put
) -> None:
    await put("Patient", "p")
    async with record.open(DOCTOR) as session:
        await session.break_glass("p", code="life-threatening", text=TEXT)
        for _ in range(MOST - 1):
            with pytest.raises(NotFound):
                await session.break_glass("nobody", code="life-threatening", text=TEXT)
        for id in ("p", "nobody"):
            with pytest.raises(TooManyQuestions):
                await session.break_glass(id, code="life-threatening", text=TEXT)


async def test_explanations_about_a_resource_are_counted_and_others_are_not(
    record: Record, put: Put
) -> None:
    await put("Patient", "p")
    async with record.open(AUDITOR, "HOPERAT") as session:
        for _ in range(MOST + 1):
            await session.explain(DOCTOR, "TREAT", Asked(("search",), "Patient"))
        for id in ("p", "nobody", "p"):
            await session.explain(DOCTOR, "TREAT", Asked(("read",), "Patient", id))
        for id in ("p", "nobody"):
            with pytest.raises(TooManyQuestions):
                await session.explain(DOCTOR, "TREAT", Asked(("read",), "Patient", id))


def observation(id: str, code: str) -> bytes:
    category = [{"coding": [{"system": CATEGORY, "code": code}]}]
    made = {"resourceType": "Observation", "id": id, "status": "final", "category": category}
    return json.dumps(made | {"code": {"text": "synthetic"}}).encode()


async def test_over_the_limit_a_chosen_id_is_refused_free_or_not(record: Record, put: Put) -> None:
    await put("Patient", "p")
    coding = [{"system": CATEGORY, "code": "vital-signs"}]
    hidden: dict[str, Any] = {
        "status": "final",
        "category": [{"coding": coding}],
        "code": {"text": "synthetic"},
    }
    await put("Observation", "hidden", **hidden)
    async with record.open(LABORATORY) as session:
        await session.update("Observation", "own", observation("own", "laboratory"))
        for _ in range(MOST - 1):
            with pytest.raises(NotFound):
                await session.update("Observation", "hidden", observation("hidden", "laboratory"))
        for id in ("hidden", "free"):
            with pytest.raises(TooManyQuestions):
                await session.update("Observation", id, observation(id, "laboratory"))
        for id in ("hidden", "free"):
            with pytest.raises(NotFound):
                await session.delete("Observation", id)
        for number in range(MOST):
            body = json.loads(observation("own", "laboratory")) | {"valueInteger": number}
            await session.update("Observation", "own", json.dumps(body).encode())


async def test_who_sees_everything_and_imports_are_not_hindered(
    record: Record, system: Actor
) -> None:
    for number in range(MOST + 2):
        await create(record, system, str(number))
        async with record.open(system) as session:
            body = json.dumps({"resourceType": "Patient", "id": f"chosen-{number}"}).encode()
            await session.update("Patient", f"chosen-{number}", body)

    administrator = Actor(1, "operator", frozenset({"administrator"}), 1000, assurance=2)
    items = [Item(n, None, b'{"resourceType":"Patient","id":"loaded-%d"}' % n) for n in range(9)]
    async with record.open(administrator, "HSYSADMIN") as session:
        assert (await session.load(b"1" * 16, items, whole=True)).created == 9
