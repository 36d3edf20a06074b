"""Every event reaches the ledger, before it takes effect."""

import pytest
from tests.integration.accounts.conftest import World

from egide.accounts import AccountEvent, ClientRefused
from egide.accounts.failures import FAILURES_PER_ADDRESS
from egide.errors import Unauthenticated, Unavailable


async def test_each_step_of_a_client_s_life_is_told(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"], by=5)
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    issued = await world.accounts.issue(client)
    await world.accounts.revoke(issued.access_token, by=5)
    await world.accounts.clients.rotate(new.client_id, by=5)
    await world.accounts.clients.disable(new.client_id, by=5)
    assert world.kinds == [
        ("client-created", "success"),
        ("access-token-issued", "success"),
        ("access-token-revoked", "success"),
        ("client-secret-rotated", "success"),
        ("client-disabled", "success"),
    ]
    assert {event.account for event in world.events} == {new.account}
    assert [event.by for event in world.events] == [5, 0, 5, 5, 5]
    created, opened, closed = world.events[:3]
    assert (created.client, created.roles) == (new.client_id, ("system",))
    assert opened.session == closed.session == issued.session
    assert (opened.expires, opened.scope) == (issued.expires, issued.scope)


async def test_a_refused_client_is_told_with_the_reason_and_never_the_secret(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    for client_id, reason, named in (
        (new.client_id, "wrong-secret", new.client_id),
        ("client-0123456789abcdef", "unknown-client", "client-0123456789abcdef"),
        ("Somebody Typed A Name", "unknown-client", ""),
    ):
        with pytest.raises(ClientRefused):
            await world.accounts.clients.authenticate(client_id, "egs_x", address="192.0.2.1")
        event = world.events[-1]
        assert (event.kind, event.outcome) == ("client-refused", "refused")
        assert (event.reason, event.client, event.address) == (reason, named, "192.0.2.1")
        assert "egs_x" not in repr(event)
        assert "Typed" not in repr(event)


async def test_a_refused_access_token_is_told_and_is_not_in_the_event(world: World) -> None:
    token = "egd_" + "Q" * 43
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(token, address="192.0.2.1")
    [event] = world.events
    assert (event.kind, event.reason, event.address) == (
        "access-token-refused",
        "unknown",
        "192.0.2.1",
    )
    assert token not in repr(event)


async def test_a_flood_of_refused_access_tokens_is_summed_up(world: World) -> None:
    for _ in range(200):
        with pytest.raises(Unauthenticated):
            await world.accounts.resolve("egd_nonsense", address="192.0.2.1")
    assert len(world.events) == FAILURES_PER_ADDRESS + 1
    await world.accounts.sweep()
    assert world.events[-1].reason == "too-many"
    assert sum(event.count for event in world.events) == 200


async def test_what_the_ledger_does_not_take_does_not_happen(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)

    async def refuse(event: AccountEvent) -> None:
        raise Unavailable("The ledger takes nothing")

    world.accounts._append = world.accounts.clients._append = refuse
    for attempt in (
        world.accounts.issue(client),
        world.accounts.issue_to_operator(["administrator"]),
        world.accounts.clients.create("Other", ["system"]),
        world.accounts.clients.disable(new.client_id),
        world.accounts.clients.rotate(new.client_id),
    ):
        with pytest.raises(Unavailable):
            await attempt
    async with world.database.connection() as connection:
        assert await connection.fetchval("select count(*) from access_token") == 0
        assert await connection.fetchval("select count(*) from client") == 1
    await world.accounts.clients.authenticate(new.client_id, new.secret)


async def test_an_event_whose_effect_failed_is_told_to_have_failed(world: World) -> None:
    async with world.database.connection() as connection:
        await connection.execute("alter table client add constraint never check (false)")
    with pytest.raises(Exception, match="never"):
        await world.accounts.clients.create("Lab", ["system"])
    assert world.kinds == [("client-created", "success"), ("client-created", "failed")]
    async with world.database.connection() as connection:
        assert await connection.fetchval("select count(*) from account") == 0
