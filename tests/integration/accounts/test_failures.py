"""Failed logins are slowed and lock nobody out."""

import pytest
from tests.integration.accounts.conftest import World

from egide.accounts import ClientRefused, NewClient, TooManyAttempts
from egide.accounts.failures import FAILURES_PER_ADDRESS, FAILURES_PER_CLIENT


async def fail(world: World, client_id: str, address: str, times: int) -> list[type[Exception]]:
    seen: list[type[Exception]] = []
    for _ in range(times):
        with pytest.raises((ClientRefused, TooManyAttempts)) as caught:
            await world.accounts.clients.authenticate(client_id, "egs_wrong", address=address)
        seen.append(caught.type)
    return seen


async def made(world: World) -> NewClient:
    return await world.accounts.clients.create("Lab", ["system"])


async def test_too_many_failures_under_one_name_are_slowed(world: World) -> None:
    new = await made(world)
    seen = await fail(world, new.client_id, "192.0.2.1", FAILURES_PER_CLIENT + 5)
    assert seen == [ClientRefused] * FAILURES_PER_CLIENT + [TooManyAttempts] * 5


async def test_too_many_failures_from_one_address_are_slowed_whatever_the_name(
    world: World,
) -> None:
    seen = []
    for number in range(FAILURES_PER_ADDRESS + 5):
        seen += await fail(world, f"client-{number:016x}", "192.0.2.1", 1)
    assert seen == [ClientRefused] * FAILURES_PER_ADDRESS + [TooManyAttempts] * 5


async def test_slowed_failures_say_when_to_come_back(world: World) -> None:
    new = await made(world)
    await fail(world, new.client_id, "192.0.2.1", FAILURES_PER_CLIENT)
    with pytest.raises(TooManyAttempts) as caught:
        await world.accounts.clients.authenticate(new.client_id, "egs_wrong", address="192.0.2.1")
    assert 1 <= caught.value.retry_after <= 61


async def test_a_flood_locks_out_neither_the_client_it_names_nor_its_neighbours(
    world: World,
) -> None:
    named, neighbour = await made(world), await made(world)
    await fail(world, named.client_id, "192.0.2.1", 100)
    for new, address in (
        (named, "192.0.2.1"),
        (named, "192.0.2.2"),
        (neighbour, "192.0.2.1"),
    ):
        client = await world.accounts.clients.authenticate(
            new.client_id, new.secret, address=address
        )
        assert client.account == new.account


async def test_another_client_elsewhere_still_gets_a_plain_refusal(world: World) -> None:
    named, other = await made(world), await made(world)
    await fail(world, named.client_id, "192.0.2.1", 100)
    assert await fail(world, other.client_id, "192.0.2.2", 1) == [ClientRefused]
    assert await fail(world, named.client_id, "192.0.2.2", 1) == [TooManyAttempts]


async def test_a_flood_writes_few_events_and_forgets_no_failure(world: World) -> None:
    new = await made(world)
    del world.events[:]
    await fail(world, new.client_id, "192.0.2.1", 500)
    assert len(world.events) <= FAILURES_PER_ADDRESS + 2
    await world.accounts.sweep()
    assert sum(event.count for event in world.events) == 500
