"""A secret or keys are replaced: the ones before end now, or go on for as long as was said."""

from datetime import timedelta

import pytest
from tests.integration.accounts.conftest import World

from egide.accounts import ClientRefused, NewClient, Registration
from egide.errors import Incorrect, NotFound, Unauthenticated

DAY = timedelta(days=1)


async def application(world: World, **changes: object) -> NewClient:
    known: dict[str, object] = {
        "label": "Lab",
        "proof": "key",
        "scope": "system/Patient.rs",
        "roles": ("system",),
        "jwks": "first",
    }
    return await world.accounts.applications.register(
        Registration(**known | changes)  # type: ignore[arg-type]
    )


async def given(world: World, client_id: str) -> tuple[str, ...]:
    found = await world.accounts.applications.find(client_id)
    assert found is not None
    return found.given_keys(world.now)


async def test_an_old_secret_is_refused_once_the_overlap_is_over(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    await world.accounts.clients.rotate(new.client_id, overlap=DAY)
    world.now += DAY
    with pytest.raises(ClientRefused):
        await world.accounts.clients.authenticate(new.client_id, new.secret)
    assert world.events[-1].reason == "wrong-secret"


async def test_a_secret_proved_in_the_overlap_brings_nothing_after_it(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    await world.accounts.clients.rotate(new.client_id, overlap=DAY)
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    world.now += DAY
    with pytest.raises(ClientRefused):
        await world.accounts.issue(client)


async def test_a_second_change_ends_the_secret_before_the_last(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    second = await world.accounts.clients.rotate(new.client_id, overlap=DAY)
    await world.accounts.clients.rotate(new.client_id, overlap=DAY)
    with pytest.raises(ClientRefused):
        await world.accounts.clients.authenticate(new.client_id, new.secret)
    await world.accounts.clients.authenticate(new.client_id, second.secret)


async def test_a_change_without_overlap_ends_an_overlap_too(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    second = await world.accounts.clients.rotate(new.client_id, overlap=DAY)
    issued = await world.accounts.issue(
        await world.accounts.clients.authenticate(new.client_id, new.secret)
    )
    await world.accounts.clients.rotate(new.client_id)
    for old in (new.secret, second.secret):
        with pytest.raises(ClientRefused):
            await world.accounts.clients.authenticate(new.client_id, old)
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(issued.access_token)


async def test_a_disabled_application_has_no_overlap(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    await world.accounts.clients.rotate(new.client_id, overlap=DAY)
    await world.accounts.clients.disable(new.client_id)
    with pytest.raises(ClientRefused):
        await world.accounts.clients.authenticate(new.client_id, new.secret)


async def test_in_the_overlap_both_secrets_are_good_and_nothing_ends(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    issued = await world.accounts.issue(
        await world.accounts.clients.authenticate(new.client_id, new.secret)
    )
    fresh = await world.accounts.clients.rotate(new.client_id, overlap=DAY)
    assert world.events[-1].kind == "client-secret-rotated"
    assert world.events[-1].expires == world.now + DAY
    world.now += timedelta(minutes=30)
    assert (await world.accounts.resolve(issued.access_token)).account == new.account
    for secret in (new.secret, fresh.secret):
        client = await world.accounts.clients.authenticate(new.client_id, secret)
        again = await world.accounts.issue(client)
        assert (await world.accounts.resolve(again.access_token)).account == new.account


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=31)])
async def test_an_overlap_is_of_days(world: World, overlap: timedelta) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    with pytest.raises(Incorrect):
        await world.accounts.clients.rotate(new.client_id, overlap=overlap)
    await world.accounts.clients.authenticate(new.client_id, new.secret)


async def test_what_an_application_proves_itself_by_is_all_that_can_be_replaced(
    world: World,
) -> None:
    by_secret = await world.accounts.clients.create("Lab", ["system"])
    by_key = await application(world)
    clients = world.accounts.clients
    with pytest.raises(Incorrect):
        await clients.rotate(by_key.client_id)
    with pytest.raises(Incorrect):
        await clients.set_keys(by_secret.client_id, jwks="second")
    with pytest.raises(NotFound):
        await clients.set_keys("client-0123456789abcdef", jwks="second")
    assert [event.kind for event in world.events] == ["client-created"] * 2


async def test_old_keys_are_good_in_the_overlap_only(world: World) -> None:
    new = await application(world)
    await world.accounts.clients.set_keys(new.client_id, jwks="second", overlap=DAY)
    assert await given(world, new.client_id) == ("second", "first")
    assert world.events[-1].kind == "client-keys-changed"
    world.now += DAY
    assert await given(world, new.client_id) == ("second",)


async def test_without_overlap_old_keys_and_what_they_brought_end(world: World) -> None:
    new = await application(world)
    found = await world.accounts.applications.find(new.client_id)
    assert found is not None
    await world.accounts.clients.set_keys(new.client_id, jwks="second", overlap=DAY)
    await world.accounts.clients.set_keys(new.client_id, jwks="third")
    assert await given(world, new.client_id) == ("third",)
    changed = await world.accounts.applications.find(new.client_id)
    assert changed is not None
    assert changed.stamp != found.stamp


async def test_keys_that_are_published_overlap_where_they_are_published(world: World) -> None:
    new = await application(world, jwks=None, jwks_uri="https://lab.example/jwks")
    with pytest.raises(Incorrect):
        await world.accounts.clients.set_keys(new.client_id, jwks="second", overlap=DAY)
    await world.accounts.clients.set_keys(new.client_id, jwks="second")
    await world.accounts.clients.set_keys(
        new.client_id, jwks_uri="https://lab.example/jwks", overlap=DAY
    )
    assert await given(world, new.client_id) == ("second",)
