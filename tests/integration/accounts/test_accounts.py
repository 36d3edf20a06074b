"""Client applications and the operator: from a secret to an access token to an actor."""

from datetime import timedelta

import pytest
from tests.integration.accounts.conftest import World

from egide.accounts import SCOPE, ClientRefused
from egide.actor import Actor
from egide.errors import Forbidden, Incorrect, NotFound, Unauthenticated


async def test_a_secret_that_is_wrong_or_of_another_client_is_refused(world: World) -> None:
    one = await world.accounts.clients.create("One", ["system"])
    other = await world.accounts.clients.create("Other", ["system"])
    for client_id, secret in (
        (one.client_id, "egs_wrong"),
        (one.client_id, ""),
        (one.client_id, other.secret),
        (one.client_id, one.secret + "a"),
        (one.client_id, "\x00\udcff"),
        ("client-0123456789abcdef", one.secret),
        ("' or 1=1 --", one.secret),
        ("\x00", one.secret),
        ("", ""),
    ):
        with pytest.raises(ClientRefused) as caught:
            await world.accounts.clients.authenticate(client_id, secret)
        assert caught.value.message == "The client is not known or its secret is wrong"


async def test_an_access_token_that_is_none_of_ours_is_refused(world: World) -> None:
    for text in ("", "egd_", "egd_" + "A" * 43, "egd_" + "é" * 43, "x" * 10_000, "\x00"):
        with pytest.raises(Unauthenticated):
            await world.accounts.resolve(text)


async def test_a_client_becomes_an_actor_with_its_roles_and_a_session(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system", "auditor", "system"])
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    issued = await world.accounts.issue(client)
    assert await world.accounts.resolve(issued.access_token) == Actor(
        account=new.account,
        client=new.client_id,
        roles=frozenset({"system", "auditor"}),
        session=issued.session,
        assurance=1,
        patient=None,
        zone="outside",
    )
    assert (issued.seconds, issued.scope) == (3600, SCOPE)


async def test_each_access_token_opens_a_session_of_its_own(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    issued = [await world.accounts.issue(client) for _ in range(5)]
    sessions = {(await world.accounts.resolve(each.access_token)).session for each in issued}
    assert sessions == {each.session for each in issued}
    assert len(sessions) == 5


async def test_an_access_token_ends_with_its_time(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    issued = await world.accounts.issue(client, lifetime=timedelta(seconds=8))
    for _ in range(4):
        await world.accounts.resolve(issued.access_token)
        world.later(seconds=1.9)
    await world.accounts.resolve(issued.access_token)
    world.later(seconds=0.5)
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(issued.access_token)
    assert world.events[-1].reason == "expired"


async def test_the_operator_has_an_account_for_each_set_of_roles(world: World) -> None:
    small = await world.accounts.issue_to_operator(["administrator"])
    large = await world.accounts.issue_to_operator(["system", "administrator"])
    again = await world.accounts.issue_to_operator(["administrator", "system"])
    assert small.account != large.account == again.account
    actor = await world.accounts.resolve(small.access_token)
    assert (actor.client, actor.roles) == ("operator", {"administrator"})
    assert small.seconds == 12 * 3600


async def test_a_disabled_operator_gets_no_access_token(world: World) -> None:
    issued = await world.accounts.issue_to_operator(["administrator"])
    async with world.database.connection() as connection:
        await connection.execute(
            "update account set disabled = now() where account = $1", issued.account
        )
    with pytest.raises(Forbidden):
        await world.accounts.issue_to_operator(["administrator"])


async def test_a_client_bound_to_a_patient_carries_the_id(world: World) -> None:
    new = await world.accounts.clients.create("Portal", ["patient"], patient="synthetic-1")
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    issued = await world.accounts.issue(client)
    assert (await world.accounts.resolve(issued.access_token)).patient == "synthetic-1"


async def test_labels_and_roles_that_cannot_be_are_refused(world: World) -> None:
    for label, roles in (
        ("", ["system"]),
        ("a" * 101, ["system"]),
        ("a\nb", ["system"]),
        ("Lab", []),
        ("Lab", ["System"]),
        ("Lab", ["*"]),
    ):
        with pytest.raises(Incorrect):
            await world.accounts.clients.create(label, roles)
    assert world.events == []


async def test_the_list_of_clients_shows_no_secret(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    world.later(days=1)
    await world.accounts.clients.disable(new.client_id)
    [entry] = await world.accounts.applications.entries()
    known = entry.registration
    assert (entry.client_id, known.label, known.roles) == (new.client_id, "Lab", ("system",))
    assert entry.disabled == world.now
    assert new.secret not in repr(entry)
    assert new.secret not in repr(new)


async def test_what_is_not_there_cannot_be_disabled_or_rotated(world: World) -> None:
    with pytest.raises(NotFound):
        await world.accounts.clients.disable("client-0123456789abcdef")
    with pytest.raises(NotFound):
        await world.accounts.clients.rotate("client-0123456789abcdef")
    assert world.events == []


async def test_sweeping_deletes_access_tokens_a_day_after_their_end(world: World) -> None:
    old = await world.accounts.issue_to_operator(["administrator"], lifetime=timedelta(hours=1))
    world.later(hours=24.5)
    await world.accounts.sweep()
    assert await tokens(world) == 1
    fresh = await world.accounts.issue_to_operator(["administrator"])
    world.later(hours=1)
    await world.accounts.sweep()
    assert await tokens(world) == 1
    await world.accounts.resolve(fresh.access_token)
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(old.access_token)


async def tokens(world: World) -> int:
    async with world.database.connection() as connection:
        return int(await connection.fetchval("select count(*) from access_token"))


async def test_the_zone_is_where_each_request_comes_from(world: World) -> None:
    issued = await world.accounts.issue_to_operator(["system"])
    for zone in ("outside", "inside", "outside"):
        assert (await world.accounts.resolve(issued.access_token, zone=zone)).zone == zone
    assert (await world.accounts.resolve(issued.access_token)).zone == "outside"
