"""Who did what, found again."""

from collections.abc import Callable

import pytest

from egide.db import Database
from egide.ledger import Action, Entry, Ledger, Outcome, Reading
from egide.ledger.row import sequence_of
from egide.seal import KeyRing, SealBroken

Read = Callable[..., Entry]


async def test_what_concerned_a_patient_is_found_whoever_else_it_concerned(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    await ledger.append(a_read(3))
    await ledger.append(a_read(patients=(5, 3), action=Action.search, body={"query": "code=1"}))
    await ledger.append(a_read(5))
    await ledger.append(a_read(3, outcome=Outcome.refused, body={"reasons": ["reach"]}))
    async with database.connection() as connection:
        found = await Reading(ring).of_patient(connection, 3)
        assert [sequence_of(each.entry) for each in found] == [5, 3, 2]
        assert [each.patients for each in found] == [(3,), (3, 5), (3,)]
        assert found[0].outcome is Outcome.refused
        assert found[0].facts == {"reasons": ["reach"]}
        assert found[1].action is Action.search
        assert found[1].facts == {"query": "code=1"}
        assert found[2].type == "Observation"
        assert found[2].facts == a_read().body
        assert [each.entry for each in await Reading(ring).of_patient(connection, 3, limit=1)] == [
            found[0].entry
        ]
        older = await Reading(ring).of_patient(connection, 3, before=found[2].at)
        assert older == []
        assert await Reading(ring).of_patient(connection, 4) == []


async def test_what_an_account_did_is_found(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    await ledger.append(a_read(3, actor=41))
    await ledger.append(a_read(4, actor=42))
    async with database.connection() as connection:
        (found,) = await Reading(ring).of_actor(connection, 41)
    assert (found.actor, found.patients) == (41, (3,))


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("select entry from ledger_entry where patient = 1", "ledger_entry_patient"),
        ("select entry from ledger_patient where patient = 1", "ledger_patient_patient"),
        ("select entry from ledger_entry where actor = 1", "ledger_entry_actor"),
    ],
)
async def test_who_did_what_is_an_index_lookup(
    database: Database, ledger: Ledger, query: str, index: str
) -> None:
    async with database.transaction() as connection:
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch(f"explain {query}")
    assert index in "".join(line[0] for line in plan)


async def test_an_altered_entry_is_not_read(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    await ledger.append(a_read(3))
    async with database.connection() as connection:
        await connection.execute("update ledger_entry set actor = 41 where patient = 3")
        with pytest.raises(SealBroken):
            await Reading(ring).of_patient(connection, 3)
