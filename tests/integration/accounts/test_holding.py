"""For which establishment an account holds its roles: at once, everywhere, and in the ledger."""

import asyncio

import pytest
from tests.integration.accounts.conftest import World

from egide.accounts import Issued
from egide.db import Database
from egide.errors import EgideError, Incorrect, NotFound


async def logged_in(world: World) -> Issued:
    new = await world.accounts.clients.create("Lab", ["system"])
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    return await world.accounts.issue(client)


async def held(world: World, issued: Issued) -> str | None:
    return (await world.accounts.resolve(issued.access_token)).held


async def becomes(world: World, issued: Issued, wanted: str | None) -> None:
    """Waits for a notice, without which the clock (which stands still) would never tell."""
    async with asyncio.timeout(10):
        while True:
            if await held(world, issued) == wanted:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("establishment", ["", "../a", "Organization/a", "a" * 65])
async def test_an_establishment_is_named_by_an_id(world: World, establishment: str) -> None:
    issued = await logged_in(world)
    with pytest.raises(Incorrect):
        await world.accounts.holding.hold(issued.account, establishment)
    assert await held(world, issued) is None


async def test_roles_of_nobody_and_of_the_operator_are_not_held(world: World) -> None:
    operator = await world.accounts.issue_to_operator(["administrator"])
    for account, refused in ((1, NotFound), (operator.account, Incorrect)):
        for asked in (
            world.accounts.holding.hold(account, "a"),
            world.accounts.holding.release(account),
        ):
            with pytest.raises(refused):
                await asked
    assert await held(world, operator) is None
    assert "roles-held" not in {event.kind for event in world.events}


async def test_what_the_ledger_does_not_take_changes_nothing(world: World) -> None:
    issued = await logged_in(world)

    async def broken(_: object) -> None:
        raise EgideError("the ledger is full")

    world.accounts.holding._append = broken
    with pytest.raises(EgideError):
        await world.accounts.holding.hold(issued.account, "a")
    assert await held(world, issued) is None


async def test_roles_are_held_and_released_from_the_next_request_on(world: World) -> None:
    issued = await logged_in(world)
    assert await held(world, issued) is None
    await world.accounts.holding.hold(issued.account, "a", by=5)
    assert await held(world, issued) == "a"
    assert (await world.accounts.actor(issued.account)).held == "a"
    assert await world.accounts.holding.of(issued.account) == "a"
    event = world.events[-1]
    assert (event.kind, event.account, event.by, event.establishment) == (
        "roles-held", issued.account, 5, "a",
    )  # fmt: skip
    await world.accounts.holding.hold(issued.account, "b")
    assert await held(world, issued) == "b"
    await world.accounts.holding.release(issued.account)
    assert await held(world, issued) is None
    assert world.kinds[-1] == ("roles-released", "success")


async def test_it_holds_in_other_processes(world: World, database: Database) -> None:
    other = World(database)
    await other.accounts.open()
    issued = await logged_in(world)
    assert await held(other, issued) is None
    await world.accounts.holding.hold(issued.account, "a")
    await becomes(other, issued, "a")
    await world.accounts.holding.release(issued.account)
    await becomes(other, issued, None)
