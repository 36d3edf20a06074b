"""However an interaction ends, the ledger has it before the caller knows."""

import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from egide.actor import Actor
from egide.clock import system_clock
from egide.db import Database
from egide.errors import EgideError
from egide.ledger import Action, Outcome
from egide.record import Asked, Record, Session, bundle_of

PATIENT = json.dumps({"resourceType": "Patient", "id": "a"}).encode()
BAD = b'{"resourceType":"Patient","gender":"banana"}'
BUNDLE = json.dumps(
    {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": {"resourceType": "Patient"},
                "request": {"method": "POST", "url": "Patient"},
            }
        ],
    }
).encode()
WHY = "found unconscious in the street"
NOBODY = Actor(9, "nobody", frozenset(), 99)

Do = Callable[[Session], Awaitable[object]]


async def exported(session: Session) -> None:
    async with aclosing(session.export(("Patient",), to="file:///nowhere")) as batches:
        async for _ in batches:
            pass


ENDS: dict[str, tuple[Do, Action, Outcome]] = {
    "read": (lambda s: s.read("Patient", "a"), Action.read, Outcome.success),
    "read of nothing": (lambda s: s.read("Patient", "b"), Action.read, Outcome.failed),
    "vread": (lambda s: s.vread("Patient", "a", 1), Action.vread, Outcome.success),
    "history": (lambda s: s.history("Patient", "a"), Action.history, Outcome.success),
    "search": (lambda s: s.search("Patient", []), Action.search, Outcome.success),
    "bad search": (lambda s: s.search("Patient", [("x", "y")]), Action.search, Outcome.failed),
    "create": (lambda s: s.create("Patient", PATIENT), Action.create, Outcome.success),
    "bad create": (lambda s: s.create("Patient", BAD), Action.create, Outcome.failed),
    "update": (lambda s: s.update("Patient", "a", PATIENT), Action.update, Outcome.success),
    "update of another version": (
        lambda s: s.update("Patient", "a", PATIENT, expected=5),
        Action.update,
        Outcome.failed,
    ),
    "delete": (lambda s: s.delete("Patient", "a"), Action.delete, Outcome.success),
    "delete of nothing": (lambda s: s.delete("Patient", "b"), Action.delete, Outcome.success),
    "transaction": (
        lambda s: s.transaction(bundle_of(BUNDLE)),
        Action.transaction,
        Outcome.success,
    ),
    "erase": (lambda s: s.erase("Patient", "a"), Action.erase, Outcome.refused),
    "conditional create": (
        lambda s: s.create("Patient", PATIENT, unless=[("_id", "a")]),
        Action.create,
        Outcome.success,
    ),
    "conditional update": (
        lambda s: s.update_matching("Patient", [("_id", "a")], PATIENT),
        Action.update,
        Outcome.success,
    ),
    "conditional update of another version": (
        lambda s: s.update_matching("Patient", [("_id", "a")], PATIENT, expected=5),
        Action.update,
        Outcome.failed,
    ),
    "system search": (
        lambda s: s.search(None, [("_type", "Patient,Observation")]),
        Action.search,
        Outcome.success,
    ),
    "batch": (lambda s: s.admit("batch"), Action.batch, Outcome.success),
    "$everything": (lambda s: s.everything("a"), Action.operation, Outcome.success),
    "$everything of nobody": (lambda s: s.everything("b"), Action.operation, Outcome.failed),
    "$break-glass": (
        lambda s: s.break_glass("a", code="life-threatening", text=WHY),
        Action.break_glass,
        Outcome.refused,
    ),
    "$explain": (
        lambda s: s.explain(NOBODY, "TREAT", Asked(("read",), "Patient", "a")),
        Action.operation,
        Outcome.refused,
    ),
    "review of rights": (lambda s: s.rights([NOBODY], days=1), Action.operation, Outcome.refused),
    "review of glasses": (lambda s: s.glasses(), Action.operation, Outcome.refused),
    "judgement": (lambda s: s.review_glass(1, "unclear"), Action.operation, Outcome.refused),
    "grant": (lambda s: s.grant("a", NOBODY.account), Action.operation, Outcome.refused),
    "withdrawal": (lambda s: s.withdraw("a", NOBODY.account), Action.operation, Outcome.refused),
    "export": (exported, Action.export, Outcome.refused),
}
DOCTOR = Actor(
    7,
    "app",
    frozenset({"clinician"}),
    8,
    assurance=2,
    authenticated=system_clock(),
    practitioner="d",
)
AUDITOR = Actor(17, "desk", frozenset({"auditor"}), 18)
EXPORTER = Actor(1, "test-operator", frozenset({"system"}), 1004, assurance=2)
ADMINISTRATOR = Actor(19, "desk", frozenset({"administrator"}), 20, assurance=2)
BY_WHO_MAY: dict[str, tuple[Actor, str]] = {
    "$break-glass": (DOCTOR, "TREAT"),
    "$explain": (AUDITOR, "HOPERAT"),
    "review of rights": (AUDITOR, "HOPERAT"),
    "review of glasses": (AUDITOR, "HOPERAT"),
    "grant": (ADMINISTRATOR, "HSYSADMIN"),
    "withdrawal": (ADMINISTRATOR, "HSYSADMIN"),
    "export": (EXPORTER, "HOPERAT"),
}
"""Who may do what a keeper of records may not."""


async def last(database: Database) -> tuple[int, int, int]:
    async with database.connection() as connection:
        record = await connection.fetchrow(
            "select action, outcome, actor from ledger_entry order by entry desc limit 1"
        )
        return tuple(record.values())


@pytest.mark.parametrize("end", ENDS)
async def test_the_end_is_in_the_ledger(
    record: Record, system: Actor, database: Database, end: str
) -> None:
    do, action, outcome = ENDS[end]
    async with record.open(system) as session:
        await session.update("Patient", "a", PATIENT)
        try:
            await do(session)
        except EgideError:
            assert outcome is not Outcome.success
        else:
            assert outcome is Outcome.success
    assert await last(database) == (action, outcome, system.account)


@pytest.mark.parametrize("end", ENDS)
async def test_a_refusal_is_in_the_ledger_and_nothing_else(
    record: Record, database: Database, end: str
) -> None:
    do, action, _ = ENDS[end]
    async with record.open(NOBODY) as session:
        with pytest.raises(EgideError):
            await do(session)
    assert await last(database) == (action, Outcome.refused, NOBODY.account)
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from resource") == 0


@pytest.mark.parametrize("end", BY_WHO_MAY)
async def test_what_only_some_may_do_is_in_the_ledger(
    record: Record, system: Actor, database: Database, end: str
) -> None:
    do, action, _ = ENDS[end]
    actor, purpose = BY_WHO_MAY[end]
    async with record.open(system) as session:
        await session.update("Patient", "a", PATIENT)
    async with record.open(actor, purpose) as session:
        await do(session)
    assert await last(database) == (action, Outcome.success, actor.account)


@pytest.mark.parametrize("how", ["update", "delete"])
async def test_a_consent_taken_back_has_an_entry_of_its_own_with_its_patient(
    record: Record, system: Actor, database: Database, how: str
) -> None:
    """Which entry is whose says the key number of the patient, as a read of his record has it."""
    consent = {
        "resourceType": "Consent",
        "id": "c",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"text": "agreement"}],
        "patient": {"reference": "Patient/a"},
        "policyRule": {"text": "synthetic"},
        "provision": {"type": "permit"},
    }
    async with record.open(system) as session:
        for id in ("a", "b"):
            body = json.dumps({"resourceType": "Patient", "id": id}).encode()
            await session.update("Patient", id, body)
        await session.update("Consent", "c", json.dumps(consent).encode())
        await session.read("Patient", "a")
        [*_, whose] = await patients(database)
        if how == "update":
            taken_back = json.dumps(consent | {"status": "inactive"}).encode()
            await session.update("Consent", "c", taken_back)
        else:
            await session.delete("Consent", "c")
    [*_, before, entry] = await patients(database)
    assert before == whose
    assert whose[1] and entry == (int(Action[how]), whose[1])
    assert await last(database) == (Action[how], Outcome.success, system.account)


async def patients(database: Database) -> list[tuple[int, list[int]]]:
    """Action and patients of every entry, in order."""
    async with database.connection() as connection:
        records = await connection.fetch(
            "select action, array_remove(array[patient], null) || array(select patient"
            " from ledger_patient p where p.entry = e.entry) as patients"
            " from ledger_entry e order by entry"
        )
        return [(each["action"], list(each["patients"])) for each in records]
