"""A label that is set later closes the versions from before it too: that is what it is set for."""

from typing import Any

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.errors import NotFound
from egide.record import Record

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
FLAGS = "urn:oid:1.2.250.1.213.1.1.4.13"
DOCTOR = Actor(7, "app", frozenset({"clinician"}), 8, assurance=2, practitioner="d")
PATIENT = Actor(15, "portal", frozenset({"patient"}), 16, patient="p")
P = {"reference": "Patient/p"}


async def observe(put: Put, *labels: tuple[str, str], status: str = "final") -> None:
    security = [{"system": system, "code": code} for system, code in labels]
    more: dict[str, Any] = {"meta": {"security": security}} if labels else {}
    await put("Observation", "o", status=status, code={"text": "secret"}, subject=P, **more)


@pytest.fixture(autouse=True)
async def population(put: Put) -> None:
    await put("Patient", "p")
    await put("CareTeam", "t", status="active", subject=P,
              participant=[{"member": {"reference": "Practitioner/d"}}])  # fmt: skip
    await observe(put)


async def versions(record: Record, actor: Actor) -> list[int]:
    """The versions of the observation that any way of looking back shows."""
    purpose = "PATRQT" if actor is PATIENT else "TREAT"
    seen: set[int] = set()
    async with record.open(actor, purpose) as session:
        for number in (1, 2, 3, 4):
            try:
                seen.add((await session.vread("Observation", "o", number)).version)
            except NotFound:
                continue
        try:
            page = await session.history("Observation", "o")
            assert {each.version for each in page.entries} <= seen
        except NotFound:
            assert not seen
        for type in ("Observation", None):
            changes = await session.changes(type, count=100)
            assert {each.version for each in changes.entries if each.id == "o"} == seen
    return sorted(seen)


@pytest.mark.parametrize(
    ("label", "actor"),
    [
        ((FLAGS, "INVISIBLE_PATIENT"), PATIENT),
        ((FLAGS, "MASQUE_PS"), DOCTOR),
        ((CONFIDENTIALITY, "V"), DOCTOR),
    ],
)
async def test_what_is_labelled_later_is_closed_in_every_version(
    record: Record, put: Put, label: tuple[str, str], actor: Actor
) -> None:
    assert await versions(record, actor) == [1]
    await observe(put, label)
    assert await versions(record, actor) == []
    await observe(put)
    assert await versions(record, actor) == [1, 3]
    await observe(put, label)
    assert await versions(record, actor) == []


async def test_the_label_of_what_was_deleted_closes_what_was_before(
    record: Record, put: Put, system: Actor
) -> None:
    await observe(put, (FLAGS, "INVISIBLE_PATIENT"))
    async with record.open(system) as session:
        await session.delete("Observation", "o")
    for number in (1, 2):
        async with record.open(PATIENT, "PATRQT") as session:
            with pytest.raises(NotFound):
                await session.vread("Observation", "o", number)
    async with record.open(PATIENT, "PATRQT") as session:
        changes = await session.changes("Observation", count=100)
        assert [each for each in changes.entries if each.id == "o"] == []


async def test_who_opens_every_label_sees_every_version(
    record: Record, put: Put, system: Actor
) -> None:
    await observe(put, (CONFIDENTIALITY, "V"))
    assert await versions(record, system) == [1, 2]
