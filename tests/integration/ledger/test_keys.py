"""Month keys, on a real database."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from egide.db import Database
from egide.errors import Unavailable
from egide.ledger import Entry, Ledger, rewrap, verify
from egide.ledger.keys import MonthKeys
from egide.seal import KeyRing
from egide.seal.providers.file import FileProvider

AT = datetime(2026, 5, 1, tzinfo=UTC)


async def test_a_month_has_one_key(database: Database, ring: KeyRing) -> None:
    async def meet() -> bytes:
        async with database.connection() as connection:
            key = await MonthKeys(ring).ensure(connection, AT)
        return key.seal(b"same", b"")

    sealed = await asyncio.gather(*(meet() for _ in range(8)))
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from ledger_key") == 1
        key = await MonthKeys(ring).find(connection, AT)
        assert key is not None
        assert {key.open(each, b"") for each in sealed} == {b"same"}
        other = datetime(2026, 4, 30, 23, 59, tzinfo=UTC)
        assert await MonthKeys(ring).find(connection, other) is None


async def test_a_new_epoch_wraps_every_month_again(
    database: Database, tmp_path: Path, a_read: Callable[..., Entry]
) -> None:
    provider = FileProvider.create(tmp_path / "keys.json")
    ledger = Ledger(database, provider.ring())
    await ledger.open()
    await ledger.append(a_read())
    await ledger.close()
    old = provider.ring().epoch
    provider.new_epoch()
    async with database.transaction() as connection:
        assert await rewrap(connection, provider.ring()) == 1
        assert await rewrap(connection, provider.ring()) == 0
    provider.destroy_epoch(old)
    assert (await verify(database, provider.ring())).sound


async def test_a_process_of_a_past_epoch_makes_no_key(database: Database, tmp_path: Path) -> None:
    provider = FileProvider.create(tmp_path / "keys.json")
    past = MonthKeys(provider.ring())
    async with database.connection() as connection:
        await past.ensure(connection, AT)
    provider.new_epoch()
    async with database.transaction() as connection:
        await rewrap(connection, provider.ring())
    async with database.connection() as connection:
        with pytest.raises(Unavailable, match="past"):
            await past.ensure(connection, AT + timedelta(days=40))
        await MonthKeys(provider.ring()).ensure(connection, AT + timedelta(days=40))
        await past.ensure(connection, AT)


async def test_a_key_made_while_the_epoch_changes_is_of_the_new_one(
    database: Database, tmp_path: Path
) -> None:
    provider = FileProvider.create(tmp_path / "keys.json")
    past = MonthKeys(provider.ring())
    async with database.connection() as connection:
        await past.ensure(connection, AT)
    provider.new_epoch()
    async with database.connection() as connection:
        async with database.transaction() as changing:
            await rewrap(changing, provider.ring())
            making = asyncio.create_task(past.ensure(connection, AT + timedelta(days=40)))
            await asyncio.sleep(0.1)
            assert not making.done()
        with pytest.raises(Unavailable):
            await making
