"""The integrator under everything that makes numbers and commits disagree."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from egide.clock import system_clock
from egide.db import Connection, Database
from egide.errors import Fault
from egide.ledger import Action, Entry, Integrator, Ledger, verify
from egide.ledger.checkpoint import Checkpoint, read, signer
from egide.ledger.note import Note
from egide.ledger.row import sequence_of
from egide.seal import KeyRing

Read = Callable[..., Entry]


class Failed(Exception):
    """What breaks a transaction in these tests."""


async def leaves(database: Database) -> list[int]:
    """The entries in the order of their leaves."""
    async with database.connection() as connection:
        runs = await connection.fetch("select leaf, entries from ledger_leaf order by leaf")
    found: list[int] = []
    for run in runs:
        assert run["leaf"] == len(found)
        found += run["entries"]
    return found


async def there(database: Database) -> set[int]:
    async with database.connection() as connection:
        return {row["entry"] for row in await connection.fetch("select entry from ledger_entry")}


@contextlib.asynccontextmanager
async def running(integrator: Integrator) -> AsyncIterator[None]:
    task = asyncio.create_task(integrator.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_each_entry_has_one_leaf_under_a_storm(
    database_dsn: str, ring: KeyRing, a_read: Read
) -> None:
    database = await Database.connect(database_dsn, max_size=10)
    chance = random.Random(20260301)
    ledgers = [Ledger(database, ring), Ledger(database, ring)]
    for ledger in ledgers:
        await ledger.open()

    async def write(ledger: Ledger, number: int) -> None:
        receipt = None
        try:
            async with database.transaction() as connection:
                await connection.execute("select pg_current_xact_id()")
                receipt = await ledger.insert(connection, a_read(number, action=Action.update))
                await asyncio.sleep(chance.random() * 0.02)
                if number % 4 == 0:
                    raise Failed
        except Failed:
            assert receipt is not None
            ledger.void(receipt)
        else:
            ledger.settle(receipt)

    async def work(ledger: Ledger, numbers: range) -> None:
        for number in numbers:
            if number % 2:
                await ledger.append(a_read(number, patients=tuple(range(1, 1 + number % 4))))
            else:
                await write(ledger, number)

    async with running(Integrator(database, ring, interval=0.01, chunk=64)):
        await asyncio.gather(
            *(work(ledgers[at % 2], range(at * 100, at * 100 + 100)) for at in range(20))
        )
        for ledger in ledgers:
            await ledger.close()
    await Integrator(database, ring, interval=0.01).catch_up()
    placed = await leaves(database)
    assert len(placed) == len(set(placed))
    assert set(placed) == await there(database)
    async with database.connection() as connection:
        kinds = await connection.fetch(
            "select action, outcome, count(*) from ledger_entry group by 1, 2 order by 1, 2"
        )
    # 1,000 reads, 500 writes, 500 rolled back; each writer's first and last entry.
    assert [tuple(each) for each in kinds] == [
        (1, 1, 1000),
        (6, 1, 500),
        (6, 4, 500),
        (30, 1, 2),
        (31, 1, 2),
    ]
    report = await verify(database, ring)
    assert report.findings == []
    assert (report.entries, report.leaves, report.waiting, report.voids) == (2004, 2004, 0, 500)
    assert report.unsettled == []
    assert report.checkpoints > 10
    await database.close()


async def test_an_early_number_that_commits_late_has_one_leaf(
    database: Database, ledger: Ledger, ring: KeyRing, integrator: Integrator, a_read: Read
) -> None:
    async with database.transaction() as connection:
        receipt = await ledger.insert(connection, a_read(action=Action.create))
        for _ in range(300):
            await ledger.append(a_read())
        assert await integrator.catch_up() == 301
        assert await integrator.catch_up() == 0
        assert sequence_of(receipt.row.entry) == 2
        assert receipt.row.entry not in await leaves(database)
    ledger.settle(receipt)
    assert await integrator.catch_up() == 1
    assert await integrator.catch_up() == 0
    placed = await leaves(database)
    assert placed[-1] == receipt.row.entry
    assert len(placed) == len(set(placed)) == 302
    assert (await verify(database, ring)).sound


async def test_a_slow_transaction_elsewhere_delays_no_other_entry(
    database: Database, ledger: Ledger, integrator: Integrator, a_read: Read
) -> None:
    async with database.transaction() as slow:
        await slow.execute("select pg_current_xact_id()")
        await ledger.append(a_read())
        assert await integrator.catch_up() == 2


async def test_a_second_integrator_waits_and_takes_over(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    first, second = (Integrator(database, ring, interval=0.01) for _ in range(2))
    async with running(second):
        async with running(first):
            await until(lambda: first.leading or second.leading)
            await ledger.append(a_read())
            await asyncio.sleep(0.1)
            assert first.leading != second.leading
            assert (first if second.leading else second).lag == 0.0
            leader = first if first.leading else second
            await until(lambda: leader.size == 2)
        await until(lambda: second.leading)
        await ledger.append(a_read())
        await until(lambda: second.size == 3)
    assert not second.leading
    assert len(await leaves(database)) == 3


async def test_the_integrator_goes_on_after_its_connection_is_lost(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    integrator = Integrator(database, ring, interval=0.01)
    async with running(integrator):
        await ledger.append(a_read())
        await until(lambda: integrator.size == 2)
        async with database.connection() as connection:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_locks "
                "where locktype = 'advisory' and objid = 0 and objsubid = 2"
            )
        await ledger.append(a_read())
        await until(lambda: integrator.size == 3)
    assert (await verify(database, ring)).sound


async def test_nothing_is_signed_when_nothing_happened(
    database: Database, ledger: Ledger, integrator: Integrator
) -> None:
    assert await integrator.catch_up() == 1
    assert await integrator.catch_up() == 0
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from ledger_checkpoint") == 1


async def test_a_backlog_goes_in_piece_by_piece(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    await asyncio.gather(*(ledger.append(a_read()) for _ in range(999)))
    integrator = Integrator(database, ring, chunk=300)
    assert await integrator.catch_up() == 1000
    async with database.connection() as connection:
        sizes = await connection.fetch("select size from ledger_checkpoint order by size")
        tiles = await connection.fetch("select level, index from ledger_tile order by 1, 2")
        runs = await connection.fetch("select leaf, cardinality(entries) as n from ledger_leaf")
    assert [each["size"] for each in sizes] == [300, 600, 900, 1000]
    assert [tuple(each) for each in tiles] == [(0, 0), (0, 1), (0, 2)]
    assert all(run["leaf"] // 256 == (run["leaf"] + run["n"] - 1) // 256 for run in runs)
    assert (await verify(database, ring)).sound


async def test_it_says_how_far_behind_it_is(
    database: Database, ring: KeyRing, a_read: Read
) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    ledger = Ledger(database, ring, lambda: now)
    await ledger.open()
    await asyncio.gather(*(ledger.append(a_read()) for _ in range(99)))
    seen: list[tuple[int, int]] = []

    def later() -> datetime:
        seen.append((integrator.size, integrator.waiting))
        return now + timedelta(seconds=8)

    integrator = Integrator(database, ring, later, chunk=40)
    await integrator.catch_up()
    assert (40, 60) in seen
    assert (80, 20) in seen
    assert (integrator.size, integrator.waiting, integrator.lag) == (100, 0, 8.0)
    await integrator.catch_up()
    assert integrator.lag == 0.0
    await ledger.close()


async def test_its_lag_grows_while_it_signs_nothing(
    database: Database, ledger: Ledger, ring: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    now = system_clock()
    integrator = Integrator(database, ring, lambda: now)
    await integrator.catch_up()
    async with database.connection() as connection:
        await connection.execute("delete from ledger_leaf")
    with pytest.raises(Fault, match="last signed"):
        await integrator.run()
    assert integrator.lag < 60
    now += timedelta(seconds=90)
    assert integrator.lag >= 90
    assert "signs nothing more" in caplog.text


async def test_a_copy_in_another_cluster_goes_on_where_it_stopped(
    database: Database, ledger: Ledger, ring: KeyRing, integrator: Integrator, a_read: Read
) -> None:
    """A dump restored elsewhere has the rows and none of the transaction numbers."""
    for _ in range(3):
        await ledger.append(a_read())
    await integrator.catch_up()
    await ledger.append(a_read())
    tables = ("ledger_entry", "ledger_writer", "ledger_leaf", "ledger_tile", "ledger_checkpoint")
    async with database.transaction() as connection:
        for table in tables:
            await connection.execute(f"create temp table copy as select * from {table}")
            await connection.execute(f"delete from {table}")
            overriding = "overriding system value" if table == "ledger_writer" else ""
            await connection.execute(f"insert into {table} {overriding} select * from copy")
            await connection.execute("drop table copy")
    assert await integrator.catch_up() == 1
    assert (await verify(database, ring)).sound


async def test_a_writer_that_stopped_is_looked_for_no_more(
    database: Database, ledger: Ledger, integrator: Integrator
) -> None:
    await integrator.catch_up()
    await ledger.close()
    await integrator.catch_up()
    async with database.connection() as connection:
        assert await connection.fetchval("select bool_and(ended) from ledger_writer")


async def test_a_writer_gone_for_a_day_is_looked_for_no_more(
    database: Database, ledger: Ledger, ring: KeyRing, a_read: Read
) -> None:
    async with database.connection() as connection:
        await connection.execute("insert into ledger_writer (started) values (now())")
    now = system_clock()
    integrator = Integrator(database, ring, lambda: now, interval=0.01)

    async def ended() -> list[bool]:
        async with database.connection() as connection:
            rows = await connection.fetch("select ended from ledger_writer order by writer")
        return [row["ended"] for row in rows]

    async with running(integrator):
        await until(lambda: integrator.size == 1)
        now += timedelta(minutes=2)
        await asyncio.sleep(0.1)
        assert await ended() == [False, False]
        now += timedelta(days=2)
        await asyncio.sleep(0.1)
        assert await ended() == [False, True]


async def test_nothing_is_signed_on_an_altered_tree(
    database: Database, ledger: Ledger, ring: KeyRing, integrator: Integrator, a_read: Read
) -> None:
    for _ in range(3):
        await ledger.append(a_read())
    await integrator.catch_up()
    await ledger.append(a_read())

    async def refused(connection: Connection) -> None:
        with pytest.raises(Fault, match="last signed"):
            await integrator.catch_up()

    for statement in (
        "update ledger_leaf set commitments = overlay(commitments placing '\\x00' from 40)",
        "delete from ledger_leaf",
        "delete from ledger_checkpoint",
        "update ledger_checkpoint set note = replace(note, E'\\n4\\n', E'\\n3\\n')",
    ):
        async with database.connection() as connection:
            await connection.execute("create table kept_leaf as select * from ledger_leaf")
            await connection.execute("create table kept as select * from ledger_checkpoint")
            await connection.execute(statement)
            await refused(connection)
            await connection.execute("delete from ledger_leaf")
            await connection.execute("delete from ledger_checkpoint")
            await connection.execute("insert into ledger_leaf select * from kept_leaf")
            await connection.execute("insert into ledger_checkpoint select * from kept")
            await connection.execute("drop table kept, kept_leaf")
    assert await integrator.catch_up() == 1


async def test_a_checkpoint_of_another_key_stops_it(
    database: Database, ledger: Ledger, integrator: Integrator
) -> None:
    await integrator.catch_up()
    async with database.connection() as connection:
        raw = await connection.fetchval("select note from ledger_checkpoint")
        found = read(Note.parse(raw))
        forged = Checkpoint(found.origin, found.size, found.root)
        note = forged.sign(signer(KeyRing.generate(), found.origin))
        await connection.execute("update ledger_checkpoint set note = $1", str(note))
    with pytest.raises(Fault, match="last signed"):
        await integrator.catch_up()
