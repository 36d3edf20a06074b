"""Reach follows what is written: care teams, encounters, episodes, and what takes them back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.db import Database
from egide.errors import NotFound
from egide.ledger import Ledger
from egide.record import Item, Record, part_digest
from egide.seal import KeyRing

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOCTOR = Actor(
    7,
    "app",
    frozenset({"clinician"}),
    8,
    assurance=2,
    practitioner="doctor",
    establishment="hospital",
)
STRANGER = replace(DOCTOR, account=9, practitioner="other", establishment="elsewhere")


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

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
        zone=ZoneInfo("UTC"),
        care_grace=timedelta(days=10),
    )
    await door.start()
    return door


@pytest.fixture(autouse=True)
async def two_patients(put: Put) -> None:
    for patient in ("p", "q"):
        await put("Patient", patient)
        await put(
            "Observation",
            f"of-{patient}",
            status="final",
            code={"text": "x"},
            subject={"reference": f"Patient/{patient}"},
        )


async def seen(record: Record, actor: Actor, purpose: str = "TREAT") -> list[str]:
    """The Observations an actor finds, which are just those he may read."""
    async with record.open(actor, purpose) as session:
        page = await session.search("Observation", [("_total", "accurate"), ("_sort", "_id")])
        found = [each.id for each in page.entries]
        assert page.total == len(found)
        for patient in ("p", "q"):
            theirs = await session.search("Observation", [("patient", patient)])
            assert [each.id for each in theirs.entries] == [
                id for id in found if id == f"of-{patient}"
            ]
        for id in ("of-p", "of-q"):
            if id in found:
                assert (await session.read("Observation", id)).id == id
            else:
                with pytest.raises(NotFound):
                    await session.read("Observation", id)
    return found


def team(*members: str, **more: Any) -> dict[str, Any]:
    return {
        "status": "active",
        "subject": {"reference": "Patient/p"},
        "participant": [{"member": {"reference": member}} for member in members],
        **more,
    }


@pytest.mark.parametrize("member", ["Practitioner/doctor", "Organization/hospital"])
async def test_a_care_team_opens_its_patient_to_its_members_only(
    record: Record, put: Put, member: str
) -> None:
    assert await seen(record, DOCTOR) == []
    await put("CareTeam", "t", **team(member))
    assert await seen(record, DOCTOR) == ["of-p"]
    assert await seen(record, STRANGER) == []


async def test_a_role_stands_for_who_works_in_it_whenever_it_is_written(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "t", **team("PractitionerRole/r"))
    assert await seen(record, DOCTOR) == []
    await put("PractitionerRole", "r", practitioner={"reference": "Practitioner/doctor"})
    assert await seen(record, DOCTOR) == ["of-p"]
    await put("PractitionerRole", "r", practitioner={"reference": "Practitioner/other"})
    assert await seen(record, DOCTOR) == []
    assert await seen(record, STRANGER) == ["of-p"]


@pytest.mark.parametrize(
    "change",
    [
        team("Practitioner/other"),
        team("Practitioner/doctor", status="inactive"),
        team("Practitioner/doctor", subject={"reference": "Patient/q"}),
        team("Practitioner/doctor", period={"end": "2026-05-31"}),
        team("Practitioner/doctor", period={"start": "2026-06-02"}),
    ],
    ids=["other member", "inactive", "other patient", "over", "not yet"],
)
async def test_what_a_team_no_longer_says_is_taken_back_at_once(
    record: Record, put: Put, change: dict[str, Any]
) -> None:
    await put("CareTeam", "t", **team("Practitioner/doctor"))
    assert await seen(record, DOCTOR) == ["of-p"]
    await put("CareTeam", "t", **change)
    assert "of-p" not in await seen(record, DOCTOR)


async def test_a_deleted_team_gives_nothing_and_another_one_still_does(
    record: Record, put: Put, system: Actor
) -> None:
    await put("CareTeam", "t", **team("Practitioner/doctor"))
    await put("CareTeam", "u", **team("Practitioner/doctor"))
    async with record.open(system) as session:
        await session.delete("CareTeam", "t")
        assert await seen(record, DOCTOR) == ["of-p"]
        await session.delete("CareTeam", "u")
    assert await seen(record, DOCTOR) == []


async def test_care_begins_and_ends_with_the_encounter_and_its_grace(
    record: Record, put: Put, clock: Clock
) -> None:
    await put(
        "Encounter",
        "e",
        status="finished",
        **{"class": {"code": "AMB"}},
        subject={"reference": "Patient/p"},
        participant=[{"individual": {"reference": "Practitioner/doctor"}}],
        period={"start": "2026-06-01T13:00:00Z", "end": "2026-06-02T00:00:00Z"},
    )
    for now, opens in (
        (NOW, False),
        (NOW + timedelta(hours=1), True),
        (datetime(2026, 6, 11, 23, 59, tzinfo=UTC), True),
        (datetime(2026, 6, 12, 0, 1, tzinfo=UTC), False),
    ):
        clock.now = now
        assert await seen(record, DOCTOR) == (["of-p"] if opens else [])


async def test_an_import_derives_reach_too(record: Record, put: Put, system: Actor) -> None:
    body = json.dumps({"resourceType": "CareTeam", "id": "t", **team("Practitioner/doctor")})
    raw = body.encode()
    importer = Actor(1, "import", frozenset({"administrator"}), 2)
    async with record.open(importer, "HSYSADMIN") as session:
        await session.load(part_digest(b"k" * 32, raw), [Item(0, None, raw)], whole=False)
    assert await seen(record, DOCTOR) == ["of-p"]


async def test_nobody_is_opened_when_the_write_does_not_commit(
    record: Record, put: Put, database: Database, system: Actor
) -> None:
    async with record.open(system) as session:
        with pytest.raises(Exception, match="version"):
            body = json.dumps({"resourceType": "CareTeam", "id": "t", **team("Practitioner/d")})
            await session.update("CareTeam", "t", body.encode(), expected=3)
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from reach") == 0


async def test_a_patient_out_of_reach_is_hidden_in_every_way_to_ask(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "t", **team("Practitioner/doctor"))
    async with record.open(DOCTOR) as session:
        for hidden in (
            session.read("Patient", "q"),
            session.vread("Observation", "of-q", 1),
            session.history("Observation", "of-q"),
            session.everything("q"),
            session.delete("Observation", "of-q"),
        ):
            with pytest.raises(NotFound):
                await hidden
        for query in (
            [("subject", "Patient/q")],
            [("_id", "of-q")],
            [("subject:Patient._id", "q")],
            [("patient", "Patient/q"), ("_sort", "-date")],
        ):
            page = await session.search("Observation", query)
            assert page.entries == ()
        page = await session.search("Patient", [("_has:Observation:patient:_id", "of-q")])
        assert page.entries == ()
        changes = await session.changes("Observation")
        assert {each.id for each in changes.entries} == {"of-p"}
        whole = await session.everything("p")
        assert {each.id for each in whole.entries} == {"p", "of-p", "t"}


async def test_erasing_a_patient_leaves_no_reach(
    record: Record, put: Put, database: Database
) -> None:
    await put("CareTeam", "t", **team("Practitioner/doctor"))
    importer = Actor(1, "op", frozenset({"administrator"}), 2)
    async with record.open(importer, "HSYSADMIN") as session:
        await session.erase("Patient", "p")
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from reach") == 0
