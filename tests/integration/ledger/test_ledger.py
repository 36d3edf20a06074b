"""The two lanes of writing, on a real database."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from egide.db import Database
from egide.errors import Busy, Fault, Unavailable
from egide.ledger import Action, Entry, Integrator, Ledger, verify
from egide.ledger.row import sequence_of
from egide.seal import KeyRing

Read = Callable[..., Entry]


class Failed(Exception):
    """What breaks a transaction in these tests."""


async def entries(database: Database, condition: str = "true") -> list[int]:
    async with database.connection() as connection:
        found = await connection.fetch(
            f"select entry from ledger_entry where {condition} order by entry"
        )
    return [sequence_of(record["entry"]) for record in found]


async def test_an_appended_entry_is_there_when_append_returns(
    database: Database, ledger: Ledger, a_read: Read
) -> None:
    for number in range(2, 7):
        await ledger.append(a_read())
        assert await entries(database) == list(range(1, number + 1))
    async with database.connection() as connection:
        row = await connection.fetchrow("select * from ledger_entry where action = 1 limit 1")
    assert (row["session"], row["actor"], row["patient"], row["outcome"]) == (1, 2, 7, 1)


async def test_an_inserted_entry_shares_the_fate_of_its_transaction(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    async with database.transaction() as connection:
        await connection.execute("create table written (n integer)")
        await connection.execute("insert into written values (1)")
        receipt = await ledger.insert(connection, a_read(action=Action.create))
        assert await entries(database, "action = 5") == []
    ledger.settle(receipt)
    assert await entries(database, "action = 5") == [2]
    with pytest.raises(Failed):
        async with database.transaction() as connection:
            receipt = await ledger.insert(connection, a_read(action=Action.update))
            raise Failed
    ledger.void(receipt)
    assert await entries(database, "action = 6 and outcome = 1") == []


async def test_a_transaction_that_failed_leaves_a_void_entry(
    database: Database, ledger: Ledger, ring: KeyRing, integrator: Integrator, a_read: Read
) -> None:
    with pytest.raises(Failed):
        async with database.transaction() as connection:
            receipt = await ledger.insert(connection, a_read(patients=(7, 8), action=Action.update))
            raise Failed
    ledger.void(receipt)
    await ledger.append(a_read())
    await ledger.close()
    assert await entries(database, "outcome = 4") == [2]
    assert await entries(database) == [1, 2, 3, 4]
    await integrator.catch_up()
    report = await verify(database, ring)
    assert report.sound
    assert report.voids == 1
    assert report.unsettled == []


async def test_a_deferred_entry_that_was_lost_is_void_after_close(
    database: Database, ledger: Ledger, ring: KeyRing, integrator: Integrator, a_read: Read
) -> None:
    for patients in ((7,), (8,)):
        async with database.transaction() as connection:
            receipt = await ledger.insert(connection, a_read(patients=patients))
        ledger.defer(receipt)
    async with database.connection() as connection:
        await connection.execute("delete from ledger_entry where entry & 1048575 = 2")
    await ledger.append(a_read())
    await ledger.close()
    assert await entries(database) == [1, 2, 3, 4, 5]
    assert await entries(database, "outcome = 4") == [2]
    await integrator.catch_up()
    report = await verify(database, ring)
    assert report.sound
    assert (report.voids, report.unsettled) == (1, [])


async def test_what_was_deferred_is_settled_once_it_is_durable(
    database: Database, ledger: Ledger, a_read: Read
) -> None:
    async with database.transaction() as connection:
        ledger.defer(await ledger.insert(connection, a_read()))
    assert ledger.unsettled == 1
    ledger.settle_deferred()
    assert ledger.unsettled == 0


async def test_voiding_what_did_commit_changes_nothing(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    async with database.transaction() as connection:
        receipt = await ledger.insert(connection, a_read(action=Action.create))
    ledger.void(receipt)
    await ledger.close()
    assert await entries(database, "outcome = 4") == []
    assert (await verify(database, ring)).sound


async def test_a_void_waits_for_a_transaction_that_has_not_ended_and_holds_nobody(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    async with database.transaction() as connection:
        receipt = await ledger.insert(connection, a_read(action=Action.create))
        ledger.void(receipt)
        for _ in range(10):
            await ledger.append(a_read())
            await asyncio.sleep(0.07)
        assert ledger.unsettled == 1
    await ledger.close()
    assert await entries(database, "action = 5 and outcome = 1") == [2]
    assert await entries(database, "outcome = 4") == []


async def test_an_insert_that_is_refused_voids_itself(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    with pytest.raises(Fault):
        async with database.transaction() as connection:
            await connection.execute("set transaction read only")
            await ledger.insert(connection, a_read(action=Action.create))
    await ledger.close()
    assert await entries(database, "outcome = 4") == [2]
    assert (await verify(database, ring)).sound


async def test_a_closed_ledger_verifies_without_a_hole(
    database: Database, ring: KeyRing, integrator: Integrator, a_read: Read
) -> None:
    ledger = Ledger(database, ring)
    await ledger.open()
    await asyncio.gather(*(ledger.append(a_read(patient)) for patient in range(1, 200)))
    await ledger.close()
    with pytest.raises(Unavailable):
        await ledger.append(a_read())
    await ledger.close()
    assert await entries(database) == list(range(1, 202))
    assert await entries(database, "action = 31") == [201]
    await integrator.catch_up()
    report = await verify(database, ring)
    assert report.sound
    assert (report.entries, report.leaves, report.waiting) == (201, 201, 0)
    assert (report.running, report.unclosed, report.unsettled) == ([], [], [])


async def test_an_entry_of_several_patients_is_filed_under_each(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    await ledger.append(a_read(patients=(9, 3, 9, 5), action=Action.search))
    await ledger.append(a_read(patients=()))
    async with database.transaction() as connection:
        receipt = await ledger.insert(connection, a_read(patients=(3, 4), action=Action.batch))
    ledger.settle(receipt)
    async with database.connection() as connection:
        filed = await connection.fetch("select * from ledger_patient order by entry, patient")
        patients = await connection.fetch("select patient from ledger_entry")
    assert [(sequence_of(each["entry"]), each["patient"]) for each in filed] == [
        (2, 3),
        (2, 5),
        (2, 9),
        (4, 3),
        (4, 4),
    ]
    assert all(each["patient"] is None for each in patients)
    assert (await verify(database, ring)).sound


async def test_when_the_database_refuses_every_waiter_knows_and_the_chain_goes_on(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    async with database.connection() as connection:
        await connection.execute("alter table ledger_entry add check (actor <> 13)")
    outcomes = await asyncio.gather(
        *(ledger.append(a_read(actor=13)) for _ in range(5)), return_exceptions=True
    )
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    async with database.connection() as connection:
        await connection.execute(
            "alter table ledger_entry drop constraint ledger_entry_actor_check"
        )
    await ledger.append(a_read())
    await ledger.close()
    assert await entries(database) == list(range(1, 9))
    assert await entries(database, "outcome = 4") == [2, 3, 4, 5, 6]
    assert (await verify(database, ring)).sound


async def test_the_lane_survives_the_loss_of_its_connection(
    database: Database, ledger: Ledger, ring: KeyRing, integrator: Integrator, a_read: Read
) -> None:
    await ledger.append(a_read())
    async with database.connection() as connection:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    for _ in range(3):
        try:
            await ledger.append(a_read())
        except Unavailable:
            continue
    await ledger.close()
    await integrator.catch_up()
    report = await verify(database, ring)
    assert report.sound
    assert report.unclosed == []
    assert await entries(database, "action = 31") != []


async def test_a_session_is_written_once_with_its_entry(
    database: Database, ledger: Ledger, ring: KeyRing
) -> None:
    await ledger.begin(11, 12, {"client": "synthetic-client", "assurance": 2})
    await ledger.begin(11, 12, {"client": "synthetic-client", "assurance": 2})
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from ledger_session") == 1
        raw = await connection.fetchval("select sealed from ledger_session")
    assert b"synthetic" not in raw
    assert await entries(database, "action = 20 and session = 11 and actor = 12") == [2]
    report = await verify(database, ring)
    assert report.sound
    assert report.sessions == 1


async def test_an_entry_no_row_can_hold_fails_alone(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    outcomes = await asyncio.gather(
        ledger.append(a_read()),
        ledger.append(a_read(session=2**70)),
        ledger.append(a_read(body={"query": object()})),
        ledger.append(a_read(type="Nothing")),
        ledger.append(a_read()),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [
        type(None),
        Fault,
        Fault,
        Fault,
        type(None),
    ]
    await ledger.close()
    assert await entries(database) == [1, 2, 3, 4]
    assert (await verify(database, ring)).sound


async def test_a_full_lane_refuses_and_writes_the_rest(
    database: Database, ring: KeyRing, a_read: Read
) -> None:
    ledger = Ledger(database, ring, bound=10)
    await ledger.open()
    outcomes = await asyncio.gather(
        *(ledger.append(a_read()) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Busy) for outcome in outcomes) == 40
    await ledger.close()
    assert len(await entries(database, "action = 1")) == 10


async def test_a_month_that_begins_gets_its_key(
    database: Database, ring: KeyRing, a_read: Read
) -> None:
    now = [datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)]
    ledger = Ledger(database, ring, lambda: now[0])
    await ledger.open()
    await ledger.append(a_read())
    now[0] += timedelta(days=40)
    await ledger.append(a_read())
    async with database.transaction() as connection:
        ledger.settle(await ledger.insert(connection, a_read()))
    await ledger.close()
    async with database.connection() as connection:
        months = await connection.fetch("select month from ledger_key order by month")
    assert months[0]["month"] % 12 == 0
    assert 2026 * 12 + 2 in [each["month"] for each in months]
    assert (await verify(database, ring)).sound


async def test_nothing_of_a_body_is_readable(
    database: Database, ledger: Ledger, a_read: Read
) -> None:
    secret = "Zyxwvut"
    await ledger.append(a_read(body={"query": f"name={secret}", "reasons": [secret]}))
    async with database.connection() as connection:
        for table in ("ledger_entry", "ledger_patient", "ledger_session", "ledger_key"):
            text = await connection.fetchval(f"select string_agg(t::text, '') from {table} as t")
            assert secret not in (text or "")
            assert secret.encode().hex() not in (text or "")
