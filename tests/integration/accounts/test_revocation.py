"""An access token that has ended fails on the next request, here and elsewhere."""

import asyncio

import pytest
from tests.integration.accounts.conftest import World

from egide.accounts import ClientRefused, Issued, NewClient
from egide.accounts.accounts import REMEMBERED
from egide.db import Database
from egide.errors import Unauthenticated


async def logged_in(world: World) -> tuple[NewClient, Issued]:
    new = await world.accounts.clients.create("Lab", ["system"])
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    issued = await world.accounts.issue(client)
    await world.accounts.resolve(issued.access_token)
    return new, issued


async def ends(world: World, issued: Issued) -> None:
    """Waits for a notice, without which the clock (which stands still) would never end it."""
    async with asyncio.timeout(10):
        while True:
            try:
                await world.accounts.resolve(issued.access_token)
            except Unauthenticated:
                return
            await asyncio.sleep(0.01)


async def test_a_revoked_access_token_fails_on_the_very_next_request(world: World) -> None:
    _, issued = await logged_in(world)
    await world.accounts.revoke(issued.access_token)
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(issued.access_token)
    assert world.events[-1].reason == "revoked"


async def test_revoking_one_access_token_leaves_the_others(world: World) -> None:
    new, issued = await logged_in(world)
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    other = await world.accounts.issue(client)
    await world.accounts.revoke_session(issued.session)
    assert (await world.accounts.resolve(other.access_token)).session == other.session


async def test_disabling_a_client_ends_its_access_tokens_and_its_logins(world: World) -> None:
    new, issued = await logged_in(world)
    await world.accounts.clients.disable(new.client_id)
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(issued.access_token)
    with pytest.raises(ClientRefused):
        await world.accounts.clients.authenticate(new.client_id, new.secret)
    assert world.events[-1].reason == "disabled"


async def test_a_new_secret_ends_the_old_one_and_what_it_brought(world: World) -> None:
    new, issued = await logged_in(world)
    fresh = await world.accounts.clients.rotate(new.client_id)
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(issued.access_token)
    with pytest.raises(ClientRefused):
        await world.accounts.clients.authenticate(new.client_id, new.secret)
    client = await world.accounts.clients.authenticate(new.client_id, fresh.secret)
    again = await world.accounts.issue(client)
    assert (await world.accounts.resolve(again.access_token)).account == new.account


async def test_a_secret_proved_just_before_it_changed_brings_no_access_token(world: World) -> None:
    new, _ = await logged_in(world)
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    await world.accounts.clients.rotate(new.client_id)
    with pytest.raises(ClientRefused):
        await world.accounts.issue(client)
    assert world.kinds[-2:] == [
        ("access-token-issued", "success"),
        ("access-token-issued", "failed"),
    ]


async def test_no_access_token_of_an_old_secret_outlives_its_change_however_they_race(
    world: World,
) -> None:
    new, _ = await logged_in(world)
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    *raced, _ = await asyncio.gather(
        *(world.accounts.issue(client) for _ in range(30)),
        world.accounts.clients.rotate(new.client_id),
        return_exceptions=True,
    )
    assert {type(each) for each in raced} <= {Issued, ClientRefused}
    for issued in raced:
        if isinstance(issued, Issued):
            with pytest.raises(Unauthenticated):
                await world.accounts.resolve(issued.access_token)


async def test_another_process_forgets_as_soon_as_it_is_told(
    world: World, database_dsn: str
) -> None:
    own_pool = await Database.connect(database_dsn)
    try:
        other = World(own_pool)
        await other.accounts.open()
        _, revoked = await logged_in(world)
        new, disabled = await logged_in(world)
        await other.accounts.resolve(revoked.access_token)
        await other.accounts.resolve(disabled.access_token)
        await world.accounts.revoke(revoked.access_token)
        await ends(other, revoked)
        await world.accounts.clients.disable(new.client_id)
        await ends(other, disabled)
    finally:
        await own_pool.close()


async def test_a_process_that_hears_nothing_believes_no_longer_than_it_says(world: World) -> None:
    deaf = World(world.database)
    _, issued = await logged_in(world)
    await deaf.accounts.resolve(issued.access_token)
    await world.accounts.revoke(issued.access_token)
    await deaf.accounts.resolve(issued.access_token)
    deaf.later(seconds=REMEMBERED.total_seconds())
    with pytest.raises(Unauthenticated):
        await deaf.accounts.resolve(issued.access_token)


async def test_notices_that_may_have_been_missed_make_everything_be_asked_again(
    world: World,
) -> None:
    _, issued = await logged_in(world)
    async with world.database.connection() as connection:
        await connection.execute("update access_token set revoked = now()")
    await world.accounts.resolve(issued.access_token)
    world.accounts._heard("")
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(issued.access_token)


async def test_revoking_what_is_unknown_or_has_ended_changes_and_tells_nothing(
    world: World,
) -> None:
    _, issued = await logged_in(world)
    await world.accounts.revoke(issued.access_token)
    before = len(world.events)
    await world.accounts.revoke(issued.access_token)
    await world.accounts.revoke("egd_" + "A" * 43)
    assert len(world.events) == before
