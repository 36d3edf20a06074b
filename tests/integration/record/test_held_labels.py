"""A stored document is at least as closed as the most closed of what is in it."""

from typing import Any

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.clock import system_clock
from egide.errors import NotFound
from egide.record import Record

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
DOCTOR = Actor(
    7,
    "app",
    frozenset({"clinician"}),
    8,
    assurance=2,
    authenticated=system_clock(),
    practitioner="d",
)
PATIENT = Actor(15, "portal", frozenset({"patient"}), 16, patient="p")
P = {"reference": "Patient/p"}
FLAGS = "urn:oid:1.2.250.1.213.1.1.4.13"


def observation(*labels: tuple[str, str]) -> dict[str, Any]:
    security = [{"system": system, "code": code} for system, code in labels]
    return {
        "resourceType": "Observation",
        "id": "inner",
        **({"meta": {"security": security}} if labels else {}),
        "status": "final",
        "code": {"text": "secret"},
        "subject": P,
    }


def composition(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "x"},
        "subject": P,
        "date": "2026-01-01",
        "author": [{"display": "x"}],
        "title": "x",
        **more,
    }


async def document(put: Put, id: str, *held: dict[str, Any], **confidential: Any) -> None:
    await put(
        "Bundle",
        id,
        type="document",
        identifier={"system": "urn:x", "value": id},
        timestamp="2026-01-01T00:00:00Z",
        entry=[
            {"fullUrl": f"urn:uuid:00000000-0000-4000-8000-{place:012d}", "resource": each}
            for place, each in enumerate([composition(**confidential), *held])
        ],
    )


@pytest.fixture(autouse=True)
async def population(put: Put) -> None:
    await put("Patient", "p")
    await put("CareTeam", "t", status="active", subject=P,
              participant=[{"member": {"reference": "Practitioner/d"}}])  # fmt: skip
    await document(put, "plain", observation())
    await document(put, "very", observation((CONFIDENTIALITY, "V")))
    await document(put, "said", observation(), confidentiality="V")
    await document(put, "flagged", observation((FLAGS, "INVISIBLE_PATIENT")))
    await document(put, "restricted", observation((CONFIDENTIALITY, "R")))
    # A contained resource has no security label (dom-5), but a Composition has one of its own.
    await put("List", "holder", status="current", mode="working", subject=P,
              contained=[composition(confidentiality="V") | {"id": "c"}],
              entry=[{"item": {"reference": "#c"}}])  # fmt: skip


async def test_what_holds_something_closed_is_closed(record: Record) -> None:
    async with record.open(DOCTOR) as session:
        for type, id in (("Bundle", "very"), ("Bundle", "said"), ("List", "holder")):
            with pytest.raises(NotFound):
                await session.read(type, id)
            with pytest.raises(NotFound):
                await session.history(type, id)
        page = await session.search("Bundle", [("_total", "accurate")])
        assert {each.id for each in page.entries} == {"plain", "flagged", "restricted"}
        assert page.total == 3
        everything = await session.everything("p")
        assert {"very", "said", "holder"}.isdisjoint(each.id for each in everything.entries)
    async with record.open(PATIENT, "PATRQT") as session:
        with pytest.raises(NotFound):
            await session.read("Bundle", "flagged")
        assert (await session.read("Bundle", "very")).id == "very"


async def test_what_holds_something_restricted_is_masked_behind_a_broken_glass(
    record: Record,
) -> None:
    async with record.open(DOCTOR, "BTG") as session:
        await session.break_glass("p", code="cannot-speak", text="found unconscious")
        assert b"secret" not in (await session.read("Bundle", "restricted")).body
        assert b"secret" in (await session.read("Bundle", "plain")).body
