"""However an interaction ends, the ledger has it before the caller knows."""

import json
from collections.abc import Awaitable, Callable

import pytest

from egide.actor import Actor
from egide.db import Database
from egide.errors import EgideError
from egide.ledger import Action, Outcome
from egide.record import Record, Session, bundle_of

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
NOBODY = Actor(9, "nobody", frozenset(), 99)

Do = Callable[[Session], Awaitable[object]]
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
}


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
