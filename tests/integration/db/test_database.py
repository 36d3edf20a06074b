"""The pool, its blocks and what they raise."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import pytest

from egide.db import Database, UniqueViolation, custom_plans
from egide.db import database as module
from egide.db.embedded import start
from egide.errors import Busy, Conflict, Fault, Incorrect, Unavailable

SECRET = "Quendelmaire"


def everything_said(error: BaseException) -> str:
    """All that a logger could find: text, arguments, attributes, causes, contexts."""
    said, seen, queue = [], set(), [error]
    while queue:
        at = queue.pop()
        if at is None or id(at) in seen:
            continue
        seen.add(id(at))
        said.append(f"{at!r} {at} {at.args} {vars(at)}")
        queue += [at.__cause__, at.__context__]
    return "\n".join(said)


async def test_an_id_travels_as_sixteen_raw_bytes(database: Database) -> None:
    given = bytes(range(16))
    async with database.transaction() as connection:
        assert await connection.fetchval("select $1::uuid", given) == given
        assert await connection.fetchval("select $1::uuid[]", [given, given]) == [given, given]
        await connection.execute("create temp table i (id uuid, numbers bigint[])")
        await connection.copy_records_to_table("i", records=[(given, [1, -(2**63)])])
        row = await connection.fetchrow("select * from i where id = $1", given)
        assert tuple(row) == (given, [1, -(2**63)])
    dedicated = await database.dedicated()
    assert await dedicated.fetchval("select $1::uuid", given) == given
    await dedicated.close()


async def test_a_transaction_commits_at_its_end_and_rolls_back_on_any_error(
    database: Database,
) -> None:
    async with database.transaction() as connection:
        await connection.execute("create table t (a integer)")
        await connection.execute("insert into t values (1)")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as connection:
            await connection.execute("insert into t values (2)")
            raise ZeroDivisionError
    async with database.connection() as connection:
        assert await connection.fetchval("select array_agg(a) from t") == [1]


async def test_a_cancelled_transaction_rolls_back_and_its_connection_serves_again(
    database_dsn: str,
) -> None:
    database = await Database.connect(database_dsn, max_size=1)
    async with database.connection() as connection:
        await connection.execute("create table t (a integer)")

    async def write() -> None:
        async with database.transaction() as connection:
            await connection.execute("insert into t values (1)")
            await connection.execute("select pg_sleep(60)")

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.05)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from t") == 0
    await database.close()


async def test_a_snapshot_sees_one_instant_and_cannot_write(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("create table t (a integer)")
    async with database.snapshot() as snapshot:
        assert await snapshot.fetchval("select count(*) from t") == 0
        async with database.connection() as connection:
            await connection.execute("insert into t values (1)")
        assert await snapshot.fetchval("select count(*) from t") == 0
    with pytest.raises(Fault, match="25006"):
        async with database.snapshot() as snapshot:
            await snapshot.execute("insert into t values (2)")


async def test_every_connection_has_the_settings_plans_depend_on(database: Database) -> None:
    dedicated = await database.dedicated()
    async with database.connection() as pooled:
        for connection in (pooled, dedicated):
            for name, value in (
                ("jit", "off"),
                ("plan_cache_mode", "force_generic_plan"),
                ("application_name", "egide"),
                ("idle_in_transaction_session_timeout", "1min"),
            ):
                assert await connection.fetchval(f"show {name}") == value
    await dedicated.close()


async def test_a_second_row_with_the_same_key_is_a_conflict_naming_the_constraint(
    database: Database,
) -> None:
    async with database.connection() as connection:
        await connection.execute("create table t (a text constraint t_key primary key)")
        await connection.execute("insert into t values ($1)", SECRET)
    with pytest.raises(UniqueViolation) as raised:
        async with database.transaction() as connection:
            await connection.execute("insert into t values ($1)", SECRET)
    assert raised.value.constraint == "t_key"
    assert SECRET not in everything_said(raised.value)


@pytest.mark.parametrize(
    ("statement", "arguments", "kind"),
    [
        ("insert into child values ($1)", [SECRET], Conflict),
        ("insert into t values ($1)", ["x" + SECRET], Fault),
        ("select $1::text::integer", [SECRET], Fault),
        ("select $1::integer", [SECRET], Fault),
        ("select $1::uuid", [SECRET.encode()], Fault),
        (f"select {SECRET}", [], Fault),
        (f"select '{SECRET}", [], Fault),
        (f"do $$ begin raise exception '{SECRET}' using detail = '{SECRET}'; end $$", [], Fault),
    ],
)
async def test_no_error_carries_a_value(
    database: Database, statement: str, arguments: list[object], kind: type[Exception]
) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "create table t (a text primary key check (a not like 'x%'));"
            "create table child (a text references t)"
        )
    with pytest.raises(kind) as raised:
        async with database.transaction() as connection:
            await connection.execute(statement, *arguments)
    assert SECRET not in everything_said(raised.value)


async def test_two_transactions_that_wait_for_each_other_end_in_a_conflict(
    database: Database,
) -> None:
    async with database.connection() as connection:
        await connection.execute("create table t (a integer primary key, b integer)")
        await connection.execute("insert into t values (1, 0), (2, 0)")
    both = asyncio.Barrier(2)

    async def write(first: int, second: int) -> None:
        async with database.transaction() as connection:
            await connection.execute("update t set b = b + 1 where a = $1", first)
            await both.wait()
            await connection.execute("update t set b = b + 1 where a = $1", second)

    done = await asyncio.gather(write(1, 2), write(2, 1), return_exceptions=True)
    assert sorted(type(each) for each in done if each is not None) == [Conflict]


async def test_waiting_too_long_for_a_connection_is_busy(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await Database.connect(database_dsn, max_size=1)
    async with database.connection():
        monkeypatch.setattr(module, "ACQUIRE_TIMEOUT", 0.01)
        with pytest.raises(Busy):
            async with database.connection():
                pass
    await database.close()


async def test_a_lost_connection_is_unavailable_and_the_next_block_works(
    database: Database,
) -> None:
    with pytest.raises(Unavailable):
        async with database.transaction() as connection:
            pid = await connection.fetchval("select pg_backend_pid()")
            async with database.connection() as other:
                await other.execute("select pg_terminate_backend($1)", pid)
            await connection.fetchval("select 1")
    async with database.connection() as connection:
        assert await connection.fetchval("select 1") == 1


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (f"postgresql://u:{SECRET}@/x?host=/nowhere", Unavailable),
        (f"postgresql://u:{SECRET}@127.0.0.1:1/x", Unavailable),
        (f"mysql://u:{SECRET}@h/x", Incorrect),
        (f"postgresql://u:{SECRET}@h:port/x", Incorrect),
        (f"postgresql://u:{SECRET}@h/x?sslmode=perhaps", Incorrect),
        ("", Incorrect),
    ],
)
async def test_an_address_that_leads_nowhere_is_refused_without_its_password(
    address: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as raised:
        await Database.connect(address)
    assert SECRET not in everything_said(raised.value)


async def test_a_closed_database_is_unavailable(database_dsn: str) -> None:
    database = await Database.connect(database_dsn)
    await database.close()
    with pytest.raises(Unavailable):
        async with database.connection():
            pass


async def test_a_block_left_with_an_engine_gone_is_unavailable(tmp_path: Path) -> None:
    engine = await start(tmp_path / "data", durable=False)
    database = await Database.connect(engine.dsn)
    with pytest.raises(Unavailable):
        async with database.transaction() as connection:
            await connection.execute("create table t (a integer)")
            os.kill(engine.pid, signal.SIGKILL)
            await asyncio.sleep(0.2)
    with pytest.raises(Unavailable):
        async with database.connection():
            pass
    again = await start(tmp_path / "data", durable=False)
    async with database.connection() as connection:
        assert await connection.fetchval("select to_regclass('t')") is None
    await database.close()
    await engine.stop()
    await again.stop()


async def test_an_engine_that_dies_makes_the_driver_log_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = await start(tmp_path / "data", durable=False)
    database = await Database.connect(engine.dsn, min_size=2)
    os.kill(engine.pid, signal.SIGKILL)
    with pytest.raises(Unavailable):
        async with asyncio.timeout(30):
            while True:
                async with database.connection() as connection:
                    await connection.fetchval("select 1")
    await database.close()
    await engine.stop()
    assert all(record.exc_info is None for record in caplog.records)
    assert "Traceback" not in caplog.text


async def test_a_plan_for_given_values_is_asked_for_and_ends_with_its_block(
    database: Database,
) -> None:
    async with database.connection() as connection:
        async with custom_plans(connection):
            assert await connection.fetchval("show plan_cache_mode") == "force_custom_plan"
        assert await connection.fetchval("show plan_cache_mode") == "force_generic_plan"
    with pytest.raises(Fault):
        async with database.transaction() as connection, custom_plans(connection):
            await connection.fetchval("select 1/0")
    async with database.connection() as connection:
        assert await connection.fetchval("show plan_cache_mode") == "force_generic_plan"


async def test_a_dedicated_connection_keeps_its_locks_until_closed(database: Database) -> None:
    holder: asyncpg.Connection[asyncpg.Record] = await database.dedicated()
    await holder.execute("select pg_advisory_lock(7)")
    async with database.connection() as connection:
        assert not await connection.fetchval("select pg_try_advisory_xact_lock(7)")
        await holder.close()
        await connection.execute("select pg_advisory_xact_lock(7)")
