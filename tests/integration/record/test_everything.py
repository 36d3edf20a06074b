"""$everything: the whole record of one patient, and of nobody else."""

import json
from typing import Any

import pytest
from tests.integration.reaching import reaches

from egide.actor import Actor
from egide.db import Database
from egide.errors import Forbidden, Gone, Incorrect, NotFound
from egide.ledger import Reading
from egide.record import Record, Session
from egide.seal import KeyRing

MASKED = {"system": "urn:oid:1.2.250.1.213.1.1.4.13", "code": "MASQUE_PS"}
REGISTRAR = Actor(103, "test-registrar", frozenset({"registrar"}), 1003)
OWN = Actor(104, "test-patient", frozenset({"patient"}), 1004, patient="a")

BODIES: list[dict[str, Any]] = [
    {"resourceType": "Organization", "id": "hospital", "name": "Essai"},
    {"resourceType": "Organization", "id": "elsewhere", "name": "Autre"},
    {"resourceType": "Practitioner", "id": "doctor"},
    {"resourceType": "Patient", "id": "b"},
    {
        "resourceType": "Observation",
        "id": "of-a",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/a"},
        "performer": [{"reference": "Practitioner/doctor"}, {"reference": "Organization/gone"}],
    },
    {
        "resourceType": "Patient",
        "id": "a",
        "managingOrganization": {"reference": "Organization/hospital"},
        "link": [{"other": {"reference": "Patient/b"}, "type": "seealso"}],
    },
    {
        "resourceType": "Observation",
        "id": "of-b",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/b"},
        "performer": [{"reference": "Organization/elsewhere"}],
    },
    {
        "resourceType": "Observation",
        "id": "masked",
        "meta": {"security": [MASKED]},
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/a"},
    },
    {
        "resourceType": "List",
        "id": "of-both",
        "status": "current",
        "mode": "working",
        "entry": [
            {"item": {"reference": "Patient/a"}},
            {"item": {"reference": "Patient/b"}},
        ],
    },
    {
        "resourceType": "Device",
        "id": "of-a",
        "patient": {"reference": "Patient/a"},
        "owner": {"reference": "Organization/hospital"},
    },
]


@pytest.fixture(autouse=True)
async def written(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        for body in BODIES:
            await session.update(body["resourceType"], body["id"], json.dumps(body).encode())
        gone = BODIES[4] | {"id": "deleted"}
        await session.update("Observation", "deleted", json.dumps(gone).encode())
        await session.delete("Observation", "deleted")


async def collected(session: Session, **asked: Any) -> tuple[list[str], set[str]]:
    """All pages: what is in the record, in order, and what it brought along."""
    page = await session.everything("a", **asked)
    entries, included = list(page.entries), list(page.included)
    while page.next is not None:
        page = await session.next_everything("a", page.next)
        assert len(page.entries) <= asked.get("count", 1000)
        entries += page.entries
        included += page.included
    return [f"{e.type}/{e.id}" for e in entries], {f"{e.type}/{e.id}" for e in included}


RECORD = ["Patient/a", "Observation/of-a", "Observation/masked", "List/of-both", "Device/of-a"]
OF_CARE = [
    ("Observation", "in-may", {"effectiveDateTime": "2024-05-10"}),
    ("Observation", "over-may", {"effectivePeriod": {"start": "2024-04-20", "end": "2024-06-02"}}),
    ("Observation", "since-april", {"effectivePeriod": {"start": "2024-04-20"}}),
    ("Observation", "in-june", {"effectiveDateTime": "2024-06-30T23:30:00+02:00"}),
]
BESIDE = {"Organization/hospital", "Practitioner/doctor"}


async def reach(database: Database, ring: KeyRing, account: int, *ids: str) -> None:
    owners = [ring.blind.ident("Patient", id) for id in ids]
    async with database.transaction() as connection:
        rows = await connection.fetch(
            "select number from data_key where owner = any($1::uuid[])", owners
        )
        await reaches(connection, ring, account, *(row["number"] for row in rows))


async def test_what_is_not_there_is_not_found(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        with pytest.raises(NotFound):
            await session.everything("nobody")
        await session.delete("Patient", "a")
        with pytest.raises(Gone):
            await session.everything("a")


async def test_out_of_reach_looks_like_not_there(
    record: Record, clinician: Actor, database: Database, ring: KeyRing
) -> None:
    await reach(database, ring, clinician.account, "b")
    async with record.open(clinician) as session:
        with pytest.raises(NotFound) as hidden:
            await session.everything("a")
        with pytest.raises(NotFound) as absent:
            await session.everything("nobody")
    assert hidden.value.message == absent.value.message
    async with record.open(OWN, "PATRQT") as session:
        with pytest.raises(NotFound):
            await session.everything("b")


async def test_who_has_no_grant_for_it_is_refused(record: Record) -> None:
    async with record.open(REGISTRAR, "HOPERAT") as session:
        with pytest.raises(Forbidden):
            await session.everything("a")


@pytest.mark.parametrize(
    "asked", [{"types": "Patent"}, {"types": ""}, {"types": "Patient,"}, {"since": "yesterday"}]
)
async def test_what_makes_no_sense_is_refused(
    record: Record, system: Actor, asked: dict[str, str]
) -> None:
    async with record.open(system) as session:
        with pytest.raises(Incorrect):
            await session.everything("a", **asked)


async def test_a_link_leads_the_same_account_to_the_same_patient_only(
    record: Record, system: Actor
) -> None:
    other = Actor(105, "other", frozenset({"system"}), 1005)
    async with record.open(system) as session:
        page = await session.everything("a", count=1)
        assert page.next is not None
        with pytest.raises(Incorrect):
            await session.next_everything("b", page.next)
        with pytest.raises(Incorrect):
            await session.next_changes(None, page.next)
    async with record.open(other) as session:
        with pytest.raises(Incorrect):
            await session.next_everything("a", page.next)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 1000])
async def test_the_record_comes_once_patient_first_with_what_it_refers_to(
    record: Record, system: Actor, count: int
) -> None:
    async with record.open(system) as session:
        assert await collected(session, count=count) == (RECORD, BESIDE)


async def test_each_resource_is_permitted_by_itself(
    record: Record, clinician: Actor, database: Database, ring: KeyRing
) -> None:
    """A label closes one to a professional; what another patient shares needs him in reach too."""
    await reach(database, ring, clinician.account, "a")
    alone = ["Patient/a", "Observation/of-a", "Device/of-a"]
    async with record.open(clinician) as session:
        assert await collected(session, count=2) == (alone, BESIDE)
    await reach(database, ring, clinician.account, "a", "b")
    async with record.open(clinician) as session:
        assert (await collected(session))[0] == [*alone[:2], "List/of-both", "Device/of-a"]
    async with record.open(OWN, "PATRQT") as session:
        found, beside = await collected(session)
    assert found == ["Patient/a", "Observation/of-a", "Observation/masked", "Device/of-a"]
    assert beside == BESIDE


async def test_types_and_since_select(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        assert await collected(session, types="Observation", count=1) == (
            ["Observation/of-a", "Observation/masked"],
            set(),
        )
        assert await collected(session, types="Patient,Organization") == (
            ["Patient/a"],
            {"Organization/hospital"},
        )
        assert await collected(session, since="2999") == ([], set())
        later = await session.update(
            "Device", "of-a", json.dumps(BODIES[-1] | {"status": "active"}).encode()
        )
        since = later.updated.isoformat()
        found, beside = await collected(session, since=since)
        assert found[-1:] == ["Device/of-a"]
        assert len(found) < len(RECORD)
        assert "Organization/hospital" in beside


async def test_the_ledger_says_whose_record_it_was(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        await session.everything("a")
    async with database.connection() as connection:
        entry, *_ = await Reading(ring).of_actor(connection, system.account)
        keys = await connection.fetch(
            "select number from data_key where owner = any($1::uuid[])",
            [ring.blind.ident("Patient", id) for id in "ab"],
        )
    assert entry.action.name == "operation"
    assert entry.facts["ids"] == ["a"]
    assert entry.facts["operation"] == "$everything"
    assert entry.facts["count"] == len(RECORD)
    assert set(entry.patients) == {row["number"] for row in keys}


@pytest.mark.parametrize(
    ("asked", "left_out"),
    [
        ({"start": "2024-05", "end": "2024-05"}, {"in-june"}),
        ({"start": "2024-05-11"}, {"in-may"}),
        ({"start": "2024-07-01"}, {"in-may", "over-may", "in-june"}),
        ({"end": "2024-04-19"}, {"in-may", "over-may", "since-april", "in-june"}),
        ({"end": "2024-05-10"}, {"in-june"}),
        ({"start": "2024"}, set()),
    ],
)
async def test_dates_of_care_leave_out_what_lies_outside(
    record: Record, system: Actor, asked: dict[str, str], left_out: set[str]
) -> None:
    async with record.open(system) as session:
        for type, id, dated in OF_CARE:
            body = {"resourceType": type, "id": id, "status": "final", "code": {"text": "x"}}
            whole = body | {"subject": {"reference": "Patient/a"}} | dated
            await session.update(type, id, json.dumps(whole).encode())
        for count in (2, 1_000):
            found, _ = await collected(session, count=count, **asked)
            assert set(RECORD) <= set(found)
            seen = {name.partition("/")[2] for name in found}
            assert {id for _, id, _ in OF_CARE} - seen == left_out


@pytest.mark.parametrize(
    "wrong", [{"start": "May"}, {"end": "2024-13"}, {"start": "2024-05-01T10"}]
)
async def test_a_date_of_care_is_a_date(
    record: Record, system: Actor, wrong: dict[str, str]
) -> None:
    async with record.open(system) as session:
        with pytest.raises(Incorrect):
            await session.everything("a", **wrong)  # type: ignore[arg-type]
