"""What was done behind a broken glass, as a reviewer sees it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.clock import system_clock
from egide.errors import Forbidden, NotFound
from egide.record import Record

DOCTOR = Actor(
    7,
    "app",
    frozenset({"clinician"}),
    8,
    assurance=2,
    authenticated=system_clock(),
    practitioner="doctor",
)
AUDITOR = Actor(17, "desk", frozenset({"auditor"}), 18)
VISIBILITY = "urn:oid:1.2.250.1.213.1.1.4.13"


@pytest.fixture(autouse=True)
async def strangers(put: Put) -> None:
    plain: dict[str, Any] = {"status": "final", "code": {"text": "secret"}}
    for id in ("p", "q"):
        await put("Patient", id)
        await put("Observation", f"of-{id}", **plain, subject={"reference": f"Patient/{id}"})
    hidden = {"security": [{"system": VISIBILITY, "code": "MASQUE_PS"}]}
    await put("Observation", "hidden", **plain, meta=hidden, subject={"reference": "Patient/p"})


async def broken(record: Record, actor: Actor = DOCTOR, id: str = "p") -> int:
    """A glass that was broken, by its number."""
    async with record.open(actor, "BTG") as session:
        await session.break_glass(id, code="cannot-speak", text="found unconscious at home")
    async with record.open(AUDITOR, "HOPERAT") as session:
        waiting = await session.glasses()
    return next(g.number for g in waiting if (g.account, g.patient) == (actor.account, id))


async def deeds(record: Record, number: int) -> list[tuple[str, str | None, str, tuple[str, ...]]]:
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.behind_glass(number)
    assert not found.more
    return [(each.interaction, each.type, each.outcome, each.resources) for each in found.deeds]


@pytest.mark.parametrize("role", ["clinician", "registrar", "patient", "relative", "system"])
async def test_who_does_not_review_sees_nothing_behind_a_glass(record: Record, role: str) -> None:
    number = await broken(record)
    purpose = {"patient": "PATRQT", "registrar": "HOPERAT", "relative": "FAMRQT"}.get(role, "TREAT")
    async with record.open(replace(AUDITOR, roles=frozenset({role})), purpose) as session:
        with pytest.raises(Forbidden):
            await session.behind_glass(number)


async def test_nobody_looks_behind_his_own_glass_as_its_reviewer(record: Record) -> None:
    both = replace(DOCTOR, roles=frozenset({"clinician", "auditor"}))
    number = await broken(record, both)
    async with record.open(both, "HOPERAT") as session:
        with pytest.raises(Forbidden):
            await session.behind_glass(number)
        with pytest.raises(NotFound):
            await session.behind_glass(1)


async def test_what_was_done_is_told_in_order_and_what_was_not_given_is_not_named(
    record: Record,
) -> None:
    number = await broken(record)
    async with record.open(DOCTOR, "BTG") as session:
        await session.read("Patient", "p")
        with pytest.raises(NotFound):
            await session.read("Observation", "hidden")
        await session.vread("Observation", "of-p", 1)
        page = await session.search("Observation", [("code:text", "secret")])
        assert len(page.entries) == 1
        await session.everything("p")
    assert await deeds(record, number) == [
        ("$break-glass", "Patient", "success", ()),
        ("read", "Patient", "success", ("Patient/p",)),
        ("read", "Observation", "refused", ()),
        ("vread", "Observation", "success", ("Observation/of-p",)),
        ("search", "Observation", "success", ()),
        ("$everything", "Patient", "success", ()),
    ]
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.behind_glass(number)
    assert [each.gave for each in found.deeds if each.interaction == "search"] == [1]
    assert "secret" not in str(found) and "hidden" not in str(found)


async def test_only_that_account_that_patient_that_purpose_is_told(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "t", status="active", subject={"reference": "Patient/p"},
              participant=[{"member": {"reference": "Practitioner/doctor"}}])  # fmt: skip
    other = replace(DOCTOR, account=70, practitioner="other")
    number = await broken(record)
    of_q = await broken(record, id="q")
    of_other = await broken(record, other)
    async with record.open(DOCTOR) as session:
        await session.read("Observation", "of-p")
    async with record.open(DOCTOR, "BTG") as session:
        await session.read("Observation", "of-q")
    async with record.open(other, "BTG") as session:
        await session.read("Patient", "p")
    opening = ("$break-glass", "Patient", "success", ())
    assert await deeds(record, number) == [opening]
    assert await deeds(record, of_q) == [
        opening, ("read", "Observation", "success", ("Observation/of-q",))
    ]  # fmt: skip
    assert await deeds(record, of_other) == [
        opening, ("read", "Patient", "success", ("Patient/p",))
    ]  # fmt: skip


async def test_looking_is_in_the_ledger_as_a_review(record: Record) -> None:
    number = await broken(record)
    async with record.open(AUDITOR, "HOPERAT") as session:
        await session.behind_glass(number)
        (right,) = await session.rights([AUDITOR], days=1)
    assert (right.patients, set(right.used)) == (1, {"auditor"})
