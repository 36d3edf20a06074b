"""Breaking the glass: for a reason, for a short time, told, reviewed, and never against a will."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.db import Database
from egide.errors import Conflict, Forbidden, Incorrect, NotFound
from egide.gate.roles import FRESH
from egide.ledger import Ledger
from egide.ledger.entry import Action
from egide.record import Record
from egide.record.interaction import StepUp
from egide.seal import KeyRing

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOCTOR = Actor(
    7, "app", frozenset({"clinician"}), 8, assurance=2, authenticated=NOW, practitioner="doctor"
)
PATIENT = Actor(15, "portal", frozenset({"patient"}), 16, patient="p")
AUDITOR = Actor(17, "desk", frozenset({"auditor"}), 18)
TEXT = "found unconscious in the street"
OF = {"subject": {"reference": "Patient/p"}}
VISIBILITY = "urn:oid:1.2.250.1.213.1.1.4.13"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


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
    door = Record(database, ring, ledger, clock=clock, zone=ZoneInfo("Europe/Paris"))
    await door.start()
    return door


@pytest.fixture(autouse=True)
async def a_stranger(put: Put) -> None:
    await put("Patient", "p")
    await put("Patient", "q")
    observation: dict[str, Any] = {"status": "final", "code": {"text": "secret"}, **OF}
    await put("Observation", "plain", **observation)
    for id, system, code in (
        ("hidden", VISIBILITY, "MASQUE_PS"),
        ("very", CONFIDENTIALITY, "V"),
        ("restricted", CONFIDENTIALITY, "R"),
    ):
        labels = {"security": [{"system": system, "code": code}]}
        await put("Observation", id, meta=labels, **observation)
    of_q = {"subject": {"reference": "Patient/q"}}
    await put("Observation", "other", **(observation | of_q))


async def broken(record: Record, actor: Actor = DOCTOR, id: str = "p", **more: str) -> datetime:
    async with record.open(actor) as session:
        given = {"code": "life-threatening", "text": TEXT} | more
        return await session.break_glass(id, **given)


async def seen(record: Record, purpose: str, actor: Actor = DOCTOR) -> list[str]:
    async with record.open(actor, purpose) as session:
        page = await session.search("Observation", [("_sort", "_id"), ("_total", "accurate")])
        assert page.total == len(page.entries)
        return [each.id for each in page.entries]


async def test_nothing_opens_by_the_purpose_alone(record: Record) -> None:
    with pytest.raises(Forbidden):
        await seen(record, "BTG")


@pytest.mark.parametrize(
    "more", [{"code": "curiosity"}, {"text": ""}, {"text": "   urgent   "}, {"text": "x" * 3_000}]
)
async def test_no_reason_no_opening(record: Record, more: dict[str, str]) -> None:
    with pytest.raises(Incorrect):
        await broken(record, **more)
    with pytest.raises(Forbidden):
        await seen(record, "BTG")


@pytest.mark.parametrize(
    "actor",
    [
        PATIENT,
        AUDITOR,
        replace(DOCTOR, roles=frozenset({"registrar"})),
        replace(DOCTOR, roles=frozenset({"relative"})),
        replace(DOCTOR, cleared=False),
        replace(DOCTOR, zone="outside"),
        replace(DOCTOR, scope="user/*.rs"),
    ],
)
async def test_who_may_not_break_a_glass(record: Record, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        await broken(record, actor)


@pytest.mark.parametrize(
    "actor",
    [
        replace(DOCTOR, assurance=1),
        replace(DOCTOR, authenticated=None),
        replace(DOCTOR, authenticated=NOW - FRESH),
        replace(DOCTOR, authenticated=NOW - FRESH, scope="user/*.cruds", client="app"),
    ],
)
async def test_who_has_not_shown_two_factors_of_late_breaks_no_glass(
    record: Record, actor: Actor
) -> None:
    with pytest.raises(StepUp):
        await broken(record, actor)
    late = replace(DOCTOR, authenticated=NOW - FRESH + timedelta(seconds=1))
    assert await broken(record, late)


async def test_one_factor_reads_nothing_behind_a_broken_glass(record: Record) -> None:
    await broken(record)
    with pytest.raises(StepUp):
        await seen(record, "BTG", replace(DOCTOR, assurance=1))


async def test_it_opens_that_patient_for_that_purpose_until_its_time_is_over(
    record: Record, clock: Clock
) -> None:
    until = await broken(record)
    assert until == NOW + timedelta(minutes=30)
    assert await seen(record, "BTG") == ["plain", "restricted"]
    assert await seen(record, "TREAT") == []
    assert "plain" not in await seen(record, "TREAT", replace(DOCTOR, practitioner="else"))
    with pytest.raises(Forbidden):
        await seen(record, "BTG", replace(DOCTOR, account=99))
    async with record.open(DOCTOR, "BTG") as session:
        for type, id in (("Patient", "q"), ("Observation", "other"), ("Observation", "hidden")):
            with pytest.raises(NotFound):
                await session.read(type, id)
        masked = await session.read("Observation", "restricted")
        assert b"secret" not in masked.body and b"SUBSETTED" in masked.body
        body = json.dumps({"resourceType": "Observation", "id": "plain", "status": "final",
                           "code": {"text": "changed"}, **OF}).encode()  # fmt: skip
        with pytest.raises(Forbidden):
            await session.update("Observation", "plain", body)
    clock.now = until
    with pytest.raises(Forbidden):
        await seen(record, "BTG")


@pytest.mark.parametrize(
    "provision",
    [
        {"type": "deny"},
        {"type": "deny", "purpose": [{"code": "BTG"}]},
        {"type": "deny", "purpose": [{"code": "TREAT"}]},
    ],
)
async def test_whoever_opposed_stays_hidden_and_looks_like_nobody(
    record: Record, put: Put, provision: dict[str, Any]
) -> None:
    await put(
        "Consent",
        "c",
        status="active",
        scope={"text": "x"},
        category=[{"text": "x"}],
        policyRule={"text": "x"},
        patient={"reference": "Patient/p"},
        provision=provision,
    )
    answers = []
    for id in ("p", "nobody"):
        with pytest.raises(NotFound) as refused:
            await broken(record, id=id)
        answers.append(refused.value.message)
    assert answers[0] == answers[1]


async def test_an_opposition_made_after_the_opening_closes_it_at_once(
    record: Record, put: Put
) -> None:
    await broken(record)
    assert await seen(record, "BTG") != []
    await put("Consent", "c", status="active", scope={"text": "x"}, category=[{"text": "x"}],
              policyRule={"text": "x"}, patient={"reference": "Patient/p"},
              provision={"type": "deny"})  # fmt: skip
    assert await seen(record, "BTG") == []


async def test_the_patient_is_told_and_the_ledger_has_it_apart(
    record: Record, database: Database
) -> None:
    await broken(record)
    async with record.open(PATIENT, "PATRQT") as session:
        page = await session.search("Communication", [])
    (told,) = page.entries
    assert b"ouvert en urgence" in told.body and b"opened in an emergency" in told.body
    assert TEXT.encode() not in told.body
    async with database.connection() as connection:
        rows = await connection.fetch(
            "select actor, patient from ledger_entry where action = $1", int(Action.break_glass)
        )
        assert [row["actor"] for row in rows] == [DOCTOR.account]
        assert rows[0]["patient"] is not None
        text = await connection.fetchval("select string_agg(t::text, '') from glass t")
    assert TEXT not in text


async def test_a_reviewer_sees_who_when_and_why_and_says_what_he_found(record: Record) -> None:
    await broken(record)
    async with record.open(AUDITOR, "HOPERAT") as session:
        (waiting,) = await session.glasses()
        assert (waiting.account, waiting.patient, waiting.at) == (DOCTOR.account, "p", NOW)
        assert (waiting.code, waiting.text) == ("life-threatening", TEXT)
        with pytest.raises(Incorrect):
            await session.review_glass(waiting.number, "fine")
        with pytest.raises(NotFound):
            await session.review_glass(1, "justified")
        await session.review_glass(waiting.number, "justified")
        with pytest.raises(Conflict):
            await session.review_glass(waiting.number, "unjustified")
        assert await session.glasses() == []
        (done,) = await session.glasses(waiting=False)
        assert (done.reviewer, done.outcome) == (AUDITOR.account, "justified")


async def test_who_looks_after_security_sees_rights_and_no_reason_of_an_emergency(
    record: Record,
) -> None:
    await broken(record)
    rssi = replace(AUDITOR, roles=frozenset({"rssi"}))
    async with record.open(rssi, "HOPERAT") as session:
        for refused in (session.glasses(), session.review_glass(1, "justified")):
            with pytest.raises(Forbidden):
                await refused
        assert len(await session.rights([DOCTOR], days=30)) == 1
    async with record.open(replace(rssi, roles=frozenset({"dpo"})), "HOPERAT") as session:
        assert len(await session.glasses()) == 1


async def test_nobody_reviews_his_own_and_only_reviewers_see_the_queue(record: Record) -> None:
    both = replace(DOCTOR, roles=frozenset({"clinician", "auditor"}))
    await broken(record, both)
    async with record.open(both, "HOPERAT") as session:
        (waiting,) = await session.glasses()
        with pytest.raises(Forbidden):
            await session.review_glass(waiting.number, "justified")
    async with record.open(DOCTOR) as session:
        with pytest.raises(Forbidden):
            await session.glasses()
