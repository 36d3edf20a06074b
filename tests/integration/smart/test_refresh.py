"""The refresh grant: RFC 6749 §6, RFC 9700 §4.14. Stolen, replayed and widened ones first."""

import asyncio

import pytest
from tests.integration.smart.conftest import ISSUER, World

from egide.accounts import NewClient
from egide.accounts.accounts import REMEMBERED
from egide.accounts.people import People
from egide.errors import NotFound, Unauthenticated

OFFLINE = "launch/patient offline_access patient/*.rs"
ONLINE = "launch/patient online_access patient/*.rs"


async def sign_out(world: World) -> None:
    """Ends everybody's sessions as their end does: the rows are no more."""
    async with world.database.connection() as connection:
        await connection.execute("delete from person_session")


async def begun(world: World, client: NewClient, scope: str = OFFLINE) -> dict[str, str]:
    answer, said = await world.exchange(client, await world.code(client, scope=scope))
    assert answer.status == 200
    return said


async def test_a_replayed_refresh_token_ends_the_whole_family(world: World) -> None:
    client = await world.registered()
    first = await begun(world, client)
    _, second = await world.refresh(client, first["refresh_token"])
    _, third = await world.refresh(client, second["refresh_token"])
    await world.accounts.resolve(third["access_token"])
    answer, said = await world.refresh(client, second["refresh_token"])
    assert (answer.status, said["error"]) == (400, "invalid_grant")
    for each in (first, second, third):
        with pytest.raises(Unauthenticated):
            await world.accounts.resolve(each["access_token"])
    answer, said = await world.refresh(client, third["refresh_token"])
    assert (answer.status, said["error"]) == (400, "invalid_grant")
    ended = [event for event in world.events if event.kind == "approval-ended"]
    assert [event.reason for event in ended] == ["replayed-refresh-token"]


async def test_of_a_refresh_token_sent_many_times_at_once_one_at_most_is_good(
    world: World,
) -> None:
    client = await world.registered()
    said = await begun(world, client)
    answers = await asyncio.gather(
        *(world.refresh(client, said["refresh_token"]) for _ in range(8))
    )
    assert sum(answer.status == 200 for answer, _ in answers) <= 1


async def test_a_refresh_token_of_another_application_is_refused_and_ends_what_it_is_of(
    world: World,
) -> None:
    client, thief = await world.registered(), await world.registered(label="Thief")
    said = await begun(world, client)
    answer, refused = await world.refresh(thief, said["refresh_token"])
    assert (answer.status, refused["error"]) == (400, "invalid_grant")
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(said["access_token"])


@pytest.mark.parametrize(
    "scope",
    [
        "patient/*.cruds",
        "user/*.rs",
        "system/*.cruds",
        "patient/*.rs openid",
        "launch/encounter patient/*.rs",
        "everything",
    ],
)
async def test_a_refresh_never_widens(world: World, scope: str) -> None:
    client = await world.registered(scope="openid launch/patient offline_access patient/*.cruds")
    said = await begun(world, client)
    answer, refused = await world.refresh(client, said["refresh_token"], scope=scope)
    assert (answer.status, refused["error"]) == (400, "invalid_scope")
    answer, _ = await world.refresh(client, said["refresh_token"])
    assert answer.status == 200


async def test_what_a_person_did_not_approve_does_not_come_by_registering_more(
    world: World,
) -> None:
    client = await world.registered(scope="launch/patient offline_access patient/Patient.rs")
    said = await begun(world, client)
    async with world.database.connection() as connection:
        await connection.execute("update application set scope = 'patient/*.cruds'")
    _, said = await world.refresh(client, said["refresh_token"])
    assert said["scope"] == "launch/patient offline_access patient/Patient.rs"


@pytest.mark.parametrize("proof", ["secret", "key"])
async def test_a_refresh_token_alone_proves_nothing_of_an_application_that_proves_itself(
    world: World, proof: str
) -> None:
    client = await world.registered()
    said = await begun(world, client)
    async with world.database.connection() as connection:
        await connection.execute("update application set proof = $1", proof)
    answer, refused = await world.post(_alone(said))
    assert (answer.status, refused["error"]) == (401, "invalid_client")
    assert "access_token" not in refused
    assert world.events[-1].reason == "no-proof"


async def test_an_unknown_refresh_token_alone_is_refused_and_counted(world: World) -> None:
    await begun(world, await world.registered())
    answer, said = await world.post(_alone({"refresh_token": "egr_" + "A" * 43}))
    assert (answer.status, said["error"]) == (401, "invalid_client")
    assert world.events[-1].reason == "no-proof"


async def test_a_refresh_token_alone_of_a_disabled_application_is_refused(world: World) -> None:
    client = await world.registered()
    said = await begun(world, client)
    await world.accounts.clients.disable(client.client_id)
    answer, refused = await world.post(_alone(said))
    assert (answer.status, refused["error"]) == (401, "invalid_client")


async def test_a_refresh_token_sent_alone_twice_ends_the_whole_family(world: World) -> None:
    said = await begun(world, await world.registered())
    _, second = await world.post(_alone(said))
    answer, refused = await world.post(_alone(said))
    assert (answer.status, refused["error"]) == (400, "invalid_grant")
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(second["access_token"])


async def test_a_public_application_shows_its_refresh_token_and_no_more(world: World) -> None:
    said = await begun(world, await world.registered())
    answer, second = await world.post(_alone(said))
    assert answer.status == 200
    assert second["refresh_token"] != said["refresh_token"]
    await world.accounts.resolve(second["access_token"])


def _alone(said: dict[str, str]) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": said["refresh_token"]}


async def test_an_unknown_refresh_token_is_refused(world: World) -> None:
    client = await world.registered()
    for text in ("egr_" + "A" * 43, "x", "' or 1=1 --"):
        answer, said = await world.refresh(client, text)
        assert (answer.status, said["error"]) == (400, "invalid_grant")
    answer, said = await world.post({"grant_type": "refresh_token", "client_id": client.client_id})
    assert (answer.status, said["error"]) == (400, "invalid_request")


async def test_what_is_online_ends_with_the_persons_session(world: World) -> None:
    client = await world.registered()
    said = await begun(world, client, ONLINE)
    _, said = await world.refresh(client, said["refresh_token"])
    await world.accounts.resolve(said["access_token"])
    await sign_out(world)
    answer, refused = await world.refresh(client, said["refresh_token"])
    assert (answer.status, refused["error"]) == (400, "invalid_grant")
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(said["access_token"])


async def test_what_is_online_ends_as_soon_as_the_end_of_the_session_is_told(world: World) -> None:
    """The clock stands still: without a notice what is remembered would be good for ever."""
    people = People(world.database, world.clock, world.append, b"p" * 32, base_url=None)
    await world.accounts.open()
    client, person = await world.registered(), await world.person()
    async with world.database.connection() as connection:
        await connection.execute("update person_session set expires = expires + interval '1 hour'")
    code = await world.code(client, person, scope=ONLINE)
    _, said = await world.exchange(client, code)
    await world.accounts.resolve(said["access_token"])
    await people.sessions.revoke(person.actor.account, person.actor.session)
    async with asyncio.timeout(10):
        while True:
            try:
                await world.accounts.resolve(said["access_token"])
            except Unauthenticated:
                break
            await asyncio.sleep(0.01)


async def test_the_end_of_a_session_ends_what_does_not_outlast_it(world: World) -> None:
    client, person = await world.registered(), await world.person()
    said = {}
    for scope in (ONLINE, OFFLINE, "launch/patient patient/*.rs"):
        code = await world.code(client, person, scope=scope)
        _, said[scope] = await world.exchange(client, code)
    await sign_out(world)
    world.later(seconds=5)
    await world.accounts.resolve(said[OFFLINE]["access_token"])
    for scope in (ONLINE, "launch/patient patient/*.rs"):
        with pytest.raises(Unauthenticated):
            await world.accounts.resolve(said[scope]["access_token"])
    answer, _ = await world.refresh(client, said[OFFLINE]["refresh_token"])
    assert answer.status == 200


async def test_a_person_sees_whom_he_let_in_and_takes_it_back(world: World) -> None:
    client, person, other = (
        await world.registered(),
        await world.person(),
        await world.person(),
    )
    said = {}
    for scope in (ONLINE, OFFLINE):
        world.later(seconds=1)
        code = await world.code(client, person, scope=scope)
        _, said[scope] = await world.exchange(client, code)
    approvals = world.accounts.approvals
    offline, online = await approvals.given(person.actor.account)
    assert (offline.lasting, online.lasting) == ("offline", "online")
    assert (offline.application, offline.client_id) == ("Growth chart", client.client_id)
    assert await approvals.given(other.actor.account) == []
    with pytest.raises(NotFound):
        await approvals.take_back(other.actor.account, offline.number)
    await world.accounts.resolve(said[OFFLINE]["access_token"])
    await approvals.take_back(person.actor.account, offline.number)
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(said[OFFLINE]["access_token"])
    answer, _ = await world.refresh(client, said[OFFLINE]["refresh_token"])
    assert answer.status == 400
    assert [each.lasting for each in await approvals.given(person.actor.account)] == ["online"]
    await sign_out(world)
    assert await approvals.given(person.actor.account) == []


async def test_an_approval_ends_whatever_is_refreshed(world: World) -> None:
    client = await world.registered()
    said = await begun(world, client)
    for _ in range(9):
        world.later(days=9)
        answer, said = await world.refresh(client, said["refresh_token"])
        assert answer.status == 200
    world.later(days=9)
    answer, refused = await world.refresh(client, said["refresh_token"])
    assert (answer.status, refused["error"]) == (400, "invalid_grant")


async def test_without_a_word_for_it_nothing_can_be_renewed(world: World) -> None:
    client = await world.registered()
    assert "refresh_token" not in await begun(world, client, "launch/patient patient/*.rs")


async def test_a_refresh_brings_the_same_launch_and_may_narrow(world: World) -> None:
    client = await world.registered()
    first = await begun(world, client)
    answer, said = await world.refresh(
        client, first["refresh_token"], scope="patient/Observation.rs"
    )
    assert answer.status == 200
    assert (said["scope"], said["patient"]) == ("patient/Observation.rs", "synthetic-patient")
    assert said["refresh_token"] != first["refresh_token"]
    actor = await world.accounts.resolve(said["access_token"])
    assert (actor.scope, actor.launched) == ("patient/Observation.rs", "synthetic-patient")
    _, again = await world.refresh(client, said["refresh_token"])
    assert again["scope"] == first["scope"]


async def test_a_reset_by_an_operator_ends_what_lasts_without_the_person(world: World) -> None:
    client, person = await world.registered(), await world.person()
    _, said = await world.exchange(client, await world.code(client, person, scope=OFFLINE))
    await world.accounts.resolve(said["access_token"])
    people = People(world.database, world.clock, world.append, b"p" * 32, base_url=ISSUER)
    await people.directory.reset(person.actor.account)
    people.close()
    answer, refused = await world.refresh(client, said["refresh_token"])
    assert (answer.status, refused["error"]) == (400, "invalid_grant")
    world.later(seconds=REMEMBERED.total_seconds())
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(said["access_token"])
