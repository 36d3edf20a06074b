"""LISTEN, and what becomes of it when the connection is lost."""

import asyncio

import pytest

from egide.db import Database, notices
from egide.errors import Unavailable


async def notify(database: Database, channel: str, payload: str) -> None:
    async with database.connection() as connection:
        await connection.execute("select pg_notify($1, $2)", channel, payload)


async def test_each_callback_hears_its_own_channel(database: Database) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    await database.listen("one", lambda payload: heard.put_nowait(("one", payload)))
    await database.listen("two", lambda payload: heard.put_nowait(("two", payload)))
    await database.listen("two", lambda payload: heard.put_nowait(("two again", payload)))
    await notify(database, "one", "a")
    await notify(database, "other", "x")
    await notify(database, "two", "b")
    async with asyncio.timeout(10):
        assert [await heard.get() for _ in range(3)] == [
            ("one", "a"),
            ("two", "b"),
            ("two again", "b"),
        ]


async def test_notices_are_sent_at_commit_and_never_for_what_was_rolled_back(
    database: Database,
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    await database.listen("one", heard.put_nowait)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as connection:
            await connection.execute("notify one, 'undone'")
            raise ZeroDivisionError
    await notify(database, "one", "done")
    async with asyncio.timeout(10):
        assert await heard.get() == "done"


async def test_after_its_connection_is_lost_a_listener_is_told_and_hears_again(
    database: Database,
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    await database.listen("one", heard.put_nowait)
    async with database.connection() as connection:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    async with asyncio.timeout(10):
        assert await heard.get() == ""
        await notify(database, "one", "again")
        assert await heard.get() == "again"


async def test_a_connection_that_died_in_silence_is_noticed_by_asking(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "PROBE", 0.01)
    heard: asyncio.Queue[str] = asyncio.Queue()
    await database.listen("one", heard.put_nowait)

    async def dead() -> bool:
        monkeypatch.undo()
        return False

    monkeypatch.setattr(database._notices, "_alive", dead)
    async with asyncio.timeout(10):
        assert await heard.get() == ""


async def test_a_closed_database_listens_no_more(database_dsn: str, database: Database) -> None:
    heard: list[str] = []
    other = await Database.connect(database_dsn)
    await other.listen("one", heard.append)
    await other.close()
    await notify(database, "one", "late")
    assert heard == []
    async with database.connection() as connection:
        left = await connection.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and query like 'LISTEN%'"
        )
    assert left == 0


async def test_listening_where_no_database_answers_is_unavailable(
    database_dsn: str, database: Database
) -> None:
    other = await Database.connect(database_dsn)
    other._dsn = other._dsn.replace("host=", "host=/nowhere")
    with pytest.raises(Unavailable):
        await other.listen("one", print)
    await other.close()
