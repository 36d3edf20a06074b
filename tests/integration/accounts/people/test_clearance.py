"""Training runs out, and a charter comes in force, without anybody doing anything."""

import asyncio
from datetime import timedelta

import pytest
from tests.integration.accounts.people.conftest import HOME, World

from egide.actor import Clearance
from egide.errors import Conflict, Forbidden, Incorrect, NotFound
from egide.record import Record

DAY = timedelta(days=1)


async def cleared(world: World, value: str) -> tuple[bool, tuple[str, ...]]:
    """Whether the actor of a session is cleared, and what keeps him from being so."""
    session = await world.people.sessions.resolve(value, HOME)
    assert session is not None
    actor = session.actor()
    assert actor.clearance is not None
    return actor.cleared, actor.clearance.lacks


async def test_nobody_is_cleared_who_was_never_trained(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    assert await cleared(world, signed_in.value) == (False, ("training",))


async def test_a_training_runs_out_in_an_open_session_at_its_very_instant(world: World) -> None:
    end = world.now + timedelta(minutes=5)
    signed_in, _ = await world.with_passkey(trained=end)
    world.now = end - timedelta(milliseconds=1)
    assert await cleared(world, signed_in.value) == (True, ())
    world.now = end
    assert await cleared(world, signed_in.value) == (False, ("training",))


async def test_who_was_trained_until_yesterday_is_not_cleared_today(world: World) -> None:
    signed_in, _ = await world.with_passkey(trained=world.now + DAY)
    await world.people.directory.train(signed_in.session.account, world.now - DAY)
    assert await cleared(world, signed_in.value) == (False, ("training",))
    await world.people.directory.train(signed_in.session.account, None)
    assert await cleared(world, signed_in.value) == (False, ("training",))
    await world.people.directory.train(signed_in.session.account, world.now + DAY)
    assert await cleared(world, signed_in.value) == (True, ())


async def test_a_charter_closes_at_once_to_who_has_not_signed_it(world: World) -> None:
    signed_in, _ = await world.with_passkey(trained=world.now + DAY)
    assert await cleared(world, signed_in.value) == (True, ())
    await world.people.charters.publish("2026-1")
    assert await cleared(world, signed_in.value) == (False, ("charter",))
    await world.people.directory.sign(signed_in.session.account, "2026-1")
    assert await cleared(world, signed_in.value) == (True, ())
    await world.people.directory.withdraw_signature(signed_in.session.account, "2026-1")
    assert await cleared(world, signed_in.value) == (False, ("charter",))


async def test_a_new_version_keeps_out_who_signed_the_one_before_from_its_day_on(
    world: World,
) -> None:
    await world.people.charters.publish("2026-1")
    start = world.now + timedelta(minutes=5)
    await world.people.charters.publish("2026-2", start)
    signed_in, _ = await world.with_passkey(trained=world.now + DAY)
    await world.people.directory.sign(signed_in.session.account, "2026-1")
    world.now = start - timedelta(milliseconds=1)
    assert await cleared(world, signed_in.value) == (True, ())
    world.now = start
    assert await cleared(world, signed_in.value) == (False, ("charter",))
    await world.people.directory.sign(signed_in.session.account, "2026-2")
    assert await cleared(world, signed_in.value) == (True, ())


async def test_a_version_signed_before_its_day_leaves_the_one_before_to_be_signed(
    world: World,
) -> None:
    await world.people.charters.publish("2026-1")
    await world.people.charters.publish("2026-2", world.now + timedelta(minutes=5))
    signed_in, _ = await world.with_passkey(trained=world.now + DAY)
    await world.people.directory.sign(signed_in.session.account, "2026-2")
    assert await cleared(world, signed_in.value) == (False, ("charter",))
    world.later(minutes=5)
    assert await cleared(world, signed_in.value) == (True, ())


async def test_what_is_missing_is_told_with_its_dates(world: World) -> None:
    began, trained = world.now, world.now + timedelta(minutes=10)
    await world.people.charters.publish("2026-1")
    signed_in, _ = await world.with_passkey(trained=trained)
    world.later(minutes=1)
    account, signed = signed_in.session.account, world.now
    await world.people.directory.sign(account, "2026-1")
    world.later(minutes=1)
    await world.people.directory.sign(account, "2026-1")
    next = world.now + timedelta(minutes=2)
    await world.people.charters.publish("2026-2", next)
    person = await world.people.directory.person(account)
    assert person.clearance == Clearance(world.now, trained, "2026-1", began, signed, next)
    world.now = trained
    person = await world.people.directory.person(account)
    assert person.clearance == Clearance(world.now, trained, "2026-2", next)
    assert person.clearance.lacks == ("training", "charter")


async def test_only_a_version_there_is_can_be_signed_and_each_is_published_once(
    world: World,
) -> None:
    signed_in, _ = await world.with_passkey()
    account, charters = signed_in.session.account, world.people.charters
    await charters.publish("2026-1")
    before = await world.stored()
    for act in (
        world.people.directory.sign(account, "2026-2"),
        world.people.directory.withdraw_signature(account, "2026-2"),
    ):
        with pytest.raises(NotFound):
            await act
    for again in (charters.publish("2026-1", world.now + DAY), charters.publish("2026-2")):
        with pytest.raises(Conflict):
            await again
    for wrong in ("", "a b", "x" * 33, "-1", "2026/1"):
        with pytest.raises(Incorrect):
            await charters.publish(wrong)
    with pytest.raises(Incorrect):
        await charters.publish("2026-2", world.now - timedelta(milliseconds=1))
    assert await world.stored() == before
    assert [each.version for each in await charters.published()] == ["2026-1"]
    assert await charters.in_force() == (await charters.published())[0]


async def test_another_process_hears_of_a_training_and_of_a_charter(
    world: World, other: World
) -> None:
    signed_in, _ = await world.with_passkey(trained=world.now + DAY)
    await other.people.open()
    assert await cleared(other, signed_in.value) == (True, ())
    await world.people.charters.publish("2026-1")
    async with asyncio.timeout(5):
        while (await cleared(other, signed_in.value))[0]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_who_is_not_in_order_opens_no_record_from_the_next_request_on(
    world: World, record: Record
) -> None:
    end = world.now + timedelta(minutes=5)
    signed_in, _ = await world.with_passkey(trained=end)

    async def asks() -> None:
        session = await world.people.sessions.resolve(signed_in.value, HOME)
        assert session is not None
        async with record.open(session.actor(), "TREAT") as work:
            await work.search("Observation", [("_count", "1")])

    await asks()
    await world.people.charters.publish("2026-1")
    with pytest.raises(Forbidden, match=r"\(charter\)"):
        await asks()
    await world.people.directory.sign(signed_in.session.account, "2026-1")
    await asks()
    world.now = end
    with pytest.raises(Forbidden, match=r"\(training\)"):
        await asks()
