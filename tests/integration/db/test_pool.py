"""The pool: how many, whose turn, and what is not given to the next one."""

import asyncio

import pytest

from egide.db import Database
from egide.db import database as module
from egide.errors import Busy, Unavailable


async def test_there_are_never_more_connections_than_allowed(database_dsn: str) -> None:
    database = await Database.connect(database_dsn, max_size=3)
    pids: set[int] = set()

    async def work() -> None:
        async with database.connection() as connection:
            pids.add(await connection.fetchval("select pg_backend_pid()"))
            await asyncio.sleep(0.005)

    await asyncio.gather(*(work() for _ in range(30)))
    assert len(pids) == 3
    await database.close()


async def test_a_connection_is_used_again_and_no_second_one_opened(database_dsn: str) -> None:
    database = await Database.connect(database_dsn, max_size=5)
    pids = set()
    for _ in range(5):
        async with database.connection() as connection:
            pids.add(await connection.fetchval("select pg_backend_pid()"))
    assert len(pids) == 1
    await database.close()


async def test_one_who_gives_up_waiting_loses_no_connection(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await Database.connect(database_dsn, max_size=1)

    async def wait() -> None:
        async with database.connection():
            pass

    async with database.connection():
        waiting = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    waiting[1].cancel()  # it was handed the connection in this very turn of the loop
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not waiting[2].cancelled()
    monkeypatch.setattr(module, "ACQUIRE_TIMEOUT", 0.01)
    async with database.connection() as connection:
        assert await connection.fetchval("select 1") == 1
        with pytest.raises(Busy):
            await wait()
    await wait()
    await database.close()


async def test_a_connection_left_inside_a_transaction_is_dropped(database_dsn: str) -> None:
    database = await Database.connect(database_dsn, max_size=1)
    async with database.connection() as connection:
        await connection.execute("begin")
        left = await connection.fetchval("select pg_backend_pid()")
    async with database.connection() as connection:
        assert await connection.fetchval("select pg_backend_pid()") != left
    await database.close()


async def test_a_close_waits_for_running_blocks_and_refuses_those_that_wait(
    database_dsn: str,
) -> None:
    database = await Database.connect(database_dsn, max_size=1)
    done = []

    async def work() -> None:
        async with database.connection() as connection:
            await connection.fetchval("select pg_sleep(0.05)")
            done.append(True)

    working = asyncio.create_task(work())
    await asyncio.sleep(0)
    late = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    await database.close()
    await working
    assert done == [True]
    with pytest.raises(Unavailable):
        await late
