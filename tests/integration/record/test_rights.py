"""Explaining a decision and reviewing rights, for who looks after them."""

import json
from dataclasses import replace

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.errors import Forbidden, Incorrect
from egide.record import Record

DOCTOR = Actor(7, "app", frozenset({"clinician"}), 8, practitioner="doctor")
AUDITOR = Actor(17, "desk", frozenset({"auditor"}), 18)
OF = {"subject": {"reference": "Patient/p"}}
TEAM = {"status": "active", **OF, "participant": [{"member": {"reference": "Practitioner/doctor"}}]}


@pytest.fixture(autouse=True)
async def a_patient(put: Put) -> None:
    await put("Patient", "p", name=[{"family": "Secret"}])
    await put("Observation", "o", status="final", code={"text": "secret"}, **OF)


async def reason(record: Record, actor: Actor, request: str, purpose: str = "TREAT") -> str:
    method, _, address = request.partition(" ")
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.explain(actor, purpose, method, address)
    line = found.lines[0]
    return f"{found.outcome} {found.rule} {found.answer}: {line.grant} {line.reason}".strip()


async def test_a_decision_is_explained_by_what_allowed_narrowed_or_refused_it(
    record: Record, put: Put
) -> None:
    read = "GET /fhir/Observation/o"
    assert await reason(record, DOCTOR, read) == "allow clinician/care no: clinician/care reach"
    await put("CareTeam", "t", **TEAM)
    assert await reason(record, DOCTOR, read) == "allow clinician/care yes: clinician/care"
    assert "deny glass-not-broken no" in await reason(record, DOCTOR, read, "BTG")
    assert "training" in await reason(record, replace(DOCTOR, cleared=False), read)
    assert "scope" in await reason(record, replace(DOCTOR, scope="user/Patient.rs"), read)
    assert "deny purpose no" in await reason(record, DOCTOR, read, "HRESCH")
    assert (await reason(record, DOCTOR, "GET /fhir/Observation?code=x")).startswith(
        "allow clinician/care None"
    )
    await put("Consent", "c", status="active", scope={"text": "x"}, category=[{"text": "x"}],
              policyRule={"text": "x"}, patient={"reference": "Patient/p"},
              provision={"type": "deny"})  # fmt: skip
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.explain(DOCTOR, "TREAT", "GET", "/fhir/Observation/o")
    assert (found.lines[0].reason, found.lines[0].consent) == ("opposition", "Consent/c")
    assert "ecret" not in json.dumps([str(line) for line in found.lines])


@pytest.mark.parametrize(
    "request_", ["GET /", "BREW /fhir/Patient/p", "GET /fhir/Unicorn/1", "GET /fhir/Patient/p/x/y"]
)
async def test_what_is_no_request_cannot_be_explained(record: Record, request_: str) -> None:
    with pytest.raises(Incorrect):
        await reason(record, DOCTOR, request_)


@pytest.mark.parametrize("role", ["clinician", "registrar", "patient", "relative", "system"])
async def test_only_who_looks_after_rights_may_explain_and_review(
    record: Record, role: str
) -> None:
    purpose = {"patient": "PATRQT", "registrar": "HOPERAT", "relative": "FAMRQT"}.get(role, "TREAT")
    async with record.open(replace(AUDITOR, roles=frozenset({role})), purpose) as session:
        with pytest.raises(Forbidden):
            await session.explain(DOCTOR, "TREAT", "GET", "/fhir/Observation/o")
        with pytest.raises(Forbidden):
            await session.rights([DOCTOR], days=30)


async def test_a_review_says_what_is_reached_and_what_was_dormant_first(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "t", **TEAM)
    idle = Actor(99, "old", frozenset({"system"}), 100)
    async with record.open(DOCTOR) as session:
        await session.read("Observation", "o")
        with pytest.raises(Forbidden):
            await session.read("AuditEvent", "x")
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.rights([DOCTOR, idle], days=30)
    assert [(each.account, each.dormant, each.reaches) for each in found] == [
        (99, True, None),
        (7, False, 1),
    ]
    assert (found[1].entries, found[1].refused, found[1].patients) == (2, 1, 1)


async def test_among_several_accounts_all_the_dormant_come_before_all_the_busy(
    record: Record, put: Put
) -> None:
    """Whatever order they are named in, and whatever they may reach."""
    await put("CareTeam", "t", **TEAM)
    colleague = replace(DOCTOR, account=8, session=9)
    idle = [
        replace(DOCTOR, account=5, practitioner="nobody"),
        replace(DOCTOR, account=50, practitioner="doctor"),
        Actor(60, "old", frozenset({"system"}), 61),
        Actor(61, "none", frozenset(), 62),
    ]
    async with record.open(DOCTOR) as session:
        await session.read("Observation", "o")
    async with record.open(colleague) as session:
        with pytest.raises(Forbidden):
            await session.read("AuditEvent", "x")
    busy = [DOCTOR, colleague]
    for named in (
        [*busy, *idle],
        [*idle, *busy],
        [idle[2], DOCTOR, idle[0], colleague, *idle[1::2]],
    ):
        async with record.open(AUDITOR, "HOPERAT") as session:
            found = await session.rights(named, days=30)
        dormant = [each.account for each in found if each.dormant]
        assert [each.account for each in found][: len(dormant)] == dormant
        assert set(dormant) == {each.account for each in idle}
        assert {each.account for each in found[len(dormant) :]} == {7, 8}
        assert [each.reaches for each in found if each.account in (60, 61)] == [None, 0]
