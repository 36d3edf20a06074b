"""Whose patients an account reaches, and until when."""

from datetime import timedelta

import pytest
from tests.integration.accounts.conftest import World

from egide.accounts import reach
from egide.errors import Conflict

PATIENTS = [11, 12, 13]


async def account_of(world: World) -> int:
    return (await world.accounts.clients.create("Ward", ["clinician"])).account


async def test_an_account_reaches_nobody_at_first(world: World) -> None:
    account = await account_of(world)
    async with world.database.snapshot() as connection:
        assert await reach.among(connection, account, PATIENTS, world.now) == frozenset()


async def test_reach_is_added_and_removed_patient_by_patient(world: World) -> None:
    account, other = await account_of(world), await account_of(world)
    async with world.database.transaction() as connection:
        await reach.add(connection, account, [11, 12])
        await reach.add(connection, account, [11, 12])
        await reach.remove(connection, account, [12])
        assert await reach.among(connection, account, PATIENTS, world.now) == {11}
        assert await reach.among(connection, other, PATIENTS, world.now) == frozenset()


async def test_reach_ends_at_its_instant_and_can_be_prolonged(world: World) -> None:
    account = await account_of(world)
    end = world.now + timedelta(hours=1)
    async with world.database.transaction() as connection:
        await reach.add(connection, account, [11], end)
        before = end - timedelta(milliseconds=1)
        assert await reach.among(connection, account, PATIENTS, before) == {11}
        assert await reach.among(connection, account, PATIENTS, end) == frozenset()
        await reach.add(connection, account, [11], end + timedelta(hours=1))
        assert await reach.among(connection, account, PATIENTS, end) == {11}


async def test_reach_of_an_account_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(Conflict):
        async with world.database.transaction() as connection:
            await reach.add(connection, 1, [11])
