"""Exports: who may, what leaves, and what the ledger says of it before."""

import json
from contextlib import aclosing

import pytest
from msgspec.structs import replace
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.db import Database
from egide.errors import Forbidden, Incorrect, NotFound
from egide.gate.roles import ROLES, Grant, Role
from egide.ledger import Action
from egide.record import Record, StepUp, exports

PATIENT = json.dumps({"resourceType": "Patient", "gender": "female"}).encode()
TO = "age1test"


@pytest.fixture
def exporter() -> Actor:
    return Actor(1, "test-operator", frozenset({"system"}), 1004, assurance=2)


def observation(patient: str) -> bytes:
    return json.dumps(
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "synthetic"},
            "subject": {"reference": f"Patient/{patient}"},
        }
    ).encode()


async def fill(record: Record, system: Actor) -> list[str]:
    """Three patients with two observations each, and one deleted observation."""
    async with record.open(system) as session:
        made = [(await session.create("Patient", PATIENT)).id for _ in range(3)]
        for patient in made:
            for _ in range(2):
                await session.create("Observation", observation(patient))
        gone = await session.create("Observation", observation(made[0]))
        await session.delete("Observation", gone.id)
    return made


async def exported(
    record: Record,
    actor: Actor,
    *types: str,
    purpose: str = "HOPERAT",
    patient: str | None = None,
) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    async with (
        record.open(actor, purpose) as session,
        aclosing(session.export(types, patient=patient, to=TO)) as batches,
    ):
        async for batch in batches:
            assert batch.lines.endswith(b"\n")
            lines = batch.lines.splitlines()
            assert len(lines) == batch.resources
            found.setdefault(batch.type, []).extend(json.loads(line) for line in lines)
    return found


async def entries(database: Database) -> list[tuple[int, list[int]]]:
    """Outcome and patients of each entry of an export, in order."""
    async with database.connection() as connection:
        records = await connection.fetch(
            "select outcome, array_remove(array[patient], null) || array(select patient"
            " from ledger_patient p where p.entry = e.entry) as patients"
            " from ledger_entry e where action = $1 order by entry",
            int(Action.export),
        )
        return [(each["outcome"], each["patients"]) for each in records]


@pytest.mark.parametrize("role", ["administrator", "clinician", "registrar", "patient", "auditor"])
@pytest.mark.parametrize("purpose", ["TREAT", "HOPERAT", "HSYSADMIN", "PATRQT"])
async def test_no_other_role_exports_anything(record: Record, role: str, purpose: str) -> None:
    actor = Actor(7, "test", frozenset({role}), 1007, assurance=2)
    for types in ((), ("Patient",)):
        with pytest.raises(Forbidden):
            await exported(record, actor, *types, purpose=purpose)


async def test_one_factor_exports_nothing_and_the_refusal_is_logged(
    record: Record, system: Actor, database: Database
) -> None:
    await fill(record, system)
    with pytest.raises(StepUp):
        await exported(record, system, "Patient")
    assert [outcome for outcome, _ in await entries(database)] == [2]


async def test_a_type_nobody_may_export_refuses_the_whole(
    record: Record, system: Actor, exporter: Actor
) -> None:
    await fill(record, system)
    with pytest.raises(Forbidden):
        await exported(record, exporter, "Patient", "AuditEvent")


@pytest.mark.parametrize("types", [("Nonsense",), ("Patient", "patient")])
async def test_what_is_no_type_is_refused(
    record: Record, exporter: Actor, types: tuple[str, ...]
) -> None:
    with pytest.raises(Incorrect):
        await exported(record, exporter, *types)


async def test_a_patient_there_is_not_is_not_found(record: Record, exporter: Actor) -> None:
    with pytest.raises(NotFound):
        await exported(record, exporter, patient="nobody")


async def test_everything_current_leaves_once(
    record: Record, system: Actor, exporter: Actor
) -> None:
    made = await fill(record, system)
    found = await exported(record, exporter)
    assert {type: len(each) for type, each in found.items()} == {"Patient": 3, "Observation": 6}
    assert {each["id"] for each in found["Patient"]} == set(made)
    assert list(await exported(record, exporter, "Observation")) == ["Observation"]


async def test_a_patients_record_is_his_alone(
    record: Record, system: Actor, exporter: Actor
) -> None:
    made = await fill(record, system)
    found = await exported(record, exporter, patient=made[1])
    assert [each["id"] for each in found["Patient"]] == [made[1]]
    assert {each["subject"]["reference"] for each in found["Observation"]} == {  # type: ignore[index]
        f"Patient/{made[1]}"
    }
    assert len(found["Observation"]) == 2


async def test_a_batch_is_in_the_ledger_with_its_patients_before_it_comes(
    record: Record, system: Actor, exporter: Actor, database: Database
) -> None:
    await fill(record, system)
    async with (
        record.open(exporter, "HOPERAT") as session,
        aclosing(session.export(["Observation"], to=TO)) as batches,
    ):
        batch = await anext(batches)
        ((outcome, patients),) = await entries(database)
    assert outcome == 1
    assert set(patients) == batch.patients
    assert len(patients) == 3


HEEDING = Role(
    english="Exports what patients agree to.",
    french="Exporte ce à quoi les patients consentent.",
    grants=(
        Grant(
            name="heeding/export",
            interactions=frozenset({"export"}),
            purposes=frozenset({"HOPERAT"}),
            types=frozenset({"Patient", "Observation"}),
            reach="all",
            heeds=True,
        ),
    ),
)
"""A role that exports and is bound by what patients decided: no shipped one is both."""


async def test_what_a_patient_takes_back_meanwhile_is_left_out_of_the_next_batch(
    record: Record, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROLES, "heeding", HEEDING)  # type: ignore[misc, arg-type]
    monkeypatch.setattr(exports, "BATCH", 1)
    names = ("first", "second", "third")
    for name in names:
        await put("Patient", name)
    for name in names:
        of = {"subject": {"reference": f"Patient/{name}"}}
        await put("Observation", name, status="final", code={"text": "synthetic"}, **of)
    actor = Actor(21, "test", frozenset({"heeding"}), 1021, assurance=2)
    left: list[str] = []
    async with (
        record.open(actor, "HOPERAT") as session,
        aclosing(session.export(["Observation"], to=TO)) as batches,
    ):
        async for batch in batches:
            left += [json.loads(line)["id"] for line in batch.lines.splitlines()]
            if len(left) == 1:
                await put(
                    "Consent",
                    "no",
                    status="active",
                    scope={"coding": [{"code": "patient-privacy"}]},
                    category=[{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
                    patient={"reference": "Patient/second"},
                    policyRule={"text": "CSP L.1110-4"},
                    provision={"type": "deny"},
                )
    assert left == ["first", "third"]


async def test_what_a_label_at_a_stay_closes_is_in_no_batch_from_then_on(
    record: Record, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, code = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "V"
    held = replace(HEEDING.grants[0], heeds=False, withheld=frozenset({f"{system}|{code}"}))
    monkeypatch.setitem(ROLES, "withholding", replace(HEEDING, grants=(held,)))  # type: ignore[misc]
    monkeypatch.setattr(exports, "BATCH", 1)
    of = {"subject": {"reference": "Patient/p"}}
    stay = {"status": "finished", "class": {"code": "IMP"}, **of}
    await put("Patient", "p")
    await put("Encounter", "s", **stay)
    for name in ("first", "second", "third"):
        within = {"encounter": {"reference": "Encounter/s"}} if name != "third" else {}
        await put("Observation", name, status="final", code={"text": "synthetic"}, **of, **within)
    actor = Actor(21, "test", frozenset({"withholding"}), 1021, assurance=2)
    left: list[str] = []
    async with (
        record.open(actor, "HOPERAT") as session,
        aclosing(session.export(["Observation"], to=TO)) as batches,
    ):
        async for batch in batches:
            left += [json.loads(line)["id"] for line in batch.lines.splitlines()]
            if len(left) == 1:
                await put(
                    "Encounter", "s", meta={"security": [{"system": system, "code": code}]}, **stay
                )
    assert left == ["first", "third"]
