"""Signing keys: one for all, replaced in time, published long enough, sealed."""

import asyncio
import json
from datetime import timedelta

import pytest
from joserfc import jwk, jwt
from tests.integration.accounts.conftest import World

from egide.accounts import Accounts
from egide.accounts.signing import SIGNED_LASTS, SIGNS_FOR
from egide.api.smart.id_token import LASTS, signed
from egide.errors import Fault, Unavailable


async def published(world: World) -> jwk.KeySet:
    keys = [json.loads(each) for each in await world.accounts.signing.public()]
    assert not [each for each in keys if "d" in each]
    return jwk.KeySet.import_key_set({"keys": keys})


async def test_no_private_key_is_readable_or_can_be_moved(world: World) -> None:
    one = await world.accounts.signing.current()
    private = json.loads(one.private)["d"]
    assert private not in repr(one)
    async with world.database.connection() as connection:
        row = await connection.fetchval("select row_to_json(t)::text from signing_key t")
        assert private not in row
        assert one.private.hex() not in row
        await world.accounts.signing.turn(at_once=True)
        await connection.execute(
            "update signing_key new set private = old.private from signing_key old"
            " where new.until is null and old.until is not null"
        )
    with pytest.raises(Fault):
        await world.accounts.signing.current()


async def test_another_key_file_opens_none(world: World) -> None:
    await world.accounts.signing.current()
    other = Accounts(world.database, lambda: world.now, world.append, b"x" * 32)
    with pytest.raises(Fault):
        await other.signing.current()


async def test_all_processes_sign_with_one_key(world: World) -> None:
    others = [World(world.database) for _ in range(4)]
    keys = await asyncio.gather(*(each.accounts.signing.current() for each in [world, *others]))
    assert len({each.kid for each in keys}) == 1
    made = [event for each in [world, *others] for event in each.events]
    assert [event.kind for event in made] == ["signing-key-made"]


async def test_a_key_signs_for_a_month_and_is_published_until_nothing_it_signed_is_valid(
    world: World,
) -> None:
    assert LASTS <= SIGNED_LASTS
    old = await world.accounts.signing.current()
    statement = signed({"sub": "a"}, old.kid, old.private)
    world.now += SIGNS_FOR - timedelta(seconds=1)
    await world.accounts.sweep()
    assert (await world.accounts.signing.current()).kid == old.kid
    world.now += timedelta(seconds=2)
    await world.accounts.sweep()
    new = await world.accounts.signing.current()
    assert new.kid != old.kid
    jwt.decode(statement, await published(world), algorithms=["ES256"])
    world.now += SIGNED_LASTS + timedelta(seconds=1)
    await world.accounts.sweep()
    assert [each.kid for each in (await published(world)).keys] == [new.kid]


async def test_without_a_sweep_a_key_still_does_not_sign_too_long(world: World) -> None:
    old = await world.accounts.signing.current()
    world.now += SIGNS_FOR
    assert (await world.accounts.signing.current()).kid != old.kid


async def test_many_turns_at_once_leave_one_key_that_signs(world: World) -> None:
    await world.accounts.signing.current()
    world.now += SIGNS_FOR
    await asyncio.gather(*(World(world.database, now=world.now).accounts.sweep() for _ in range(4)))
    async with world.database.connection() as connection:
        count = await connection.fetchval("select count(*) from signing_key where until is null")
    assert count == 1


async def test_where_nothing_was_signed_no_key_is_made(world: World) -> None:
    await world.accounts.sweep()
    assert await world.accounts.signing.public() == []


async def test_a_key_the_ledger_does_not_take_is_not_made(world: World) -> None:
    async def refuse(event: object) -> None:
        raise Unavailable("The ledger takes nothing")

    world.accounts.signing._append = refuse
    with pytest.raises(Unavailable):
        await world.accounts.signing.current()
    assert await world.accounts.signing.public() == []


def test_a_person_has_another_name_for_each_application(world: World) -> None:
    signing = world.accounts.signing
    names = {signing.subject(account, client) for account in (1, 2) for client in ("a", "b")}
    assert len(names) == 4
    assert signing.subject(1, "a") == signing.subject(1, "a")
