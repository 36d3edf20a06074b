"""Sessions: new values, limits, ends that hold everywhere."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.accounts.people.authenticator import Authenticator, Lie
from tests.integration.accounts.people.conftest import (
    BOUND,
    CHROME,
    HOME,
    LOGIN,
    PASSWORD,
    World,
)

from egide.accounts import AccountEvent, Accounts
from egide.accounts.people import CLIENT, Bound, SignInRefused, StepUpNeeded, WorkingAs
from egide.accounts.people.sessions import REMEMBERED
from egide.actor import Actor
from egide.errors import Incorrect, NotFound, Unavailable


async def test_a_value_that_is_none_of_ours_is_nobody(world: World) -> None:
    for value in ("", "egc_", "egc_" + "A" * 43, "egd_" + "A" * 43, "x" * 10_000, "\ud800"):
        assert await world.people.sessions.resolve(value, HOME) is None


async def test_no_value_from_before_signing_in_is_one_after_it(world: World) -> None:
    """A pre-session planted in a browser is worth nothing once its owner has signed in."""
    _, device = await world.with_passkey()
    begun = await world.people.sign_in.begin_passkey()
    signed_in = await world.people.sign_in.finish_passkey(begun.value, device.get(begun), HOME)
    assert signed_in.value != begun.value
    assert await world.people.sessions.resolve(begun.value, HOME) is None
    assert await world.people.sessions.resolve(signed_in.value, HOME) == signed_in.session


async def test_a_session_ends_when_it_was_not_used(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    for _ in range(4):
        world.later(minutes=29)
        assert await world.people.sessions.resolve(signed_in.value, HOME)
    world.later(minutes=30)
    assert await world.people.sessions.resolve(signed_in.value, HOME) is None
    assert await world.people.sessions.entries(signed_in.session.account) == []


async def test_a_session_ends_though_it_was_used(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    for _ in range(12 * 3 - 1):
        world.later(minutes=20)
        assert await world.people.sessions.resolve(signed_in.value, HOME)
    world.later(minutes=20)
    assert await world.people.sessions.resolve(signed_in.value, HOME) is None


async def test_signing_out_ends_the_session_and_no_other(world: World) -> None:
    first, device = await world.with_passkey()
    second = await world.passkey_sign_in(device)
    await world.people.sessions.sign_out(first.session)
    assert await world.people.sessions.resolve(first.value, HOME) is None
    assert await world.people.sessions.resolve(second.value, HOME)
    assert (world.events[-1].kind, world.events[-1].session) == (
        "session-ended",
        first.session.session,
    )


async def test_another_kind_of_browser_ends_the_session(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    stolen = replace(HOME, agent=CHROME, address="203.0.113.9")
    assert await world.people.sessions.resolve(signed_in.value, stolen) is None
    assert await world.people.sessions.resolve(signed_in.value, HOME) is None
    event = world.events[-1]
    assert (event.kind, event.reason, event.address) == (
        "session-ended",
        "other-browser",
        "203.0.113.9",
    )


async def test_an_update_of_the_browser_changes_nothing(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    updated = replace(HOME, agent=HOME.agent.replace("140.0", "141.0"))
    assert await world.people.sessions.resolve(signed_in.value, updated)


async def test_one_cannot_end_another_s_session(world: World) -> None:
    mine, _ = await world.with_passkey()
    theirs, _ = await world.with_passkey("some.body", Authenticator())
    with pytest.raises(NotFound):
        await world.people.sessions.revoke(mine.session.account, theirs.session.session)
    assert await world.people.sessions.resolve(theirs.value, HOME)


async def test_one_sees_and_ends_one_s_own_sessions(world: World) -> None:
    first, device = await world.with_passkey()
    account = first.session.account
    world.later(minutes=2)
    second = await world.passkey_sign_in(device, replace(HOME, agent=CHROME))
    listed = await world.people.sessions.entries(account)
    assert [(each.session, each.device) for each in listed] == [
        (second.session.session, "Chrome, Windows"),
        (first.session.session, "Firefox, Linux"),
    ]
    await world.people.sessions.revoke(account, first.session.session, by=account)
    assert [each.session for each in await world.people.sessions.entries(account)] == [
        second.session.session
    ]
    assert await world.people.sessions.resolve(first.value, HOME) is None


async def test_all_sessions_end_but_one(world: World) -> None:
    first, device = await world.with_passkey()
    account = first.session.account
    others = [await world.passkey_sign_in(device) for _ in range(3)]
    ended = await world.people.sessions.revoke_all(account, except_session=first.session.session)
    assert ended == 3
    assert await world.people.sessions.resolve(first.value, HOME)
    for each in others:
        assert await world.people.sessions.resolve(each.value, HOME) is None


async def test_an_end_holds_in_other_processes(world: World, other: World) -> None:
    signed_in, _ = await world.with_passkey()
    await other.people.open()
    assert await other.people.sessions.resolve(signed_in.value, HOME)
    await world.people.sessions.sign_out(signed_in.session)
    await ended_in(other, signed_in.value)


async def test_an_end_holds_in_a_process_that_hears_nothing_soon_after(
    world: World, other: World
) -> None:
    signed_in, _ = await world.with_passkey()
    assert await other.people.sessions.resolve(signed_in.value, HOME)
    await world.people.sessions.sign_out(signed_in.session)
    other.later(seconds=REMEMBERED.total_seconds())
    assert await other.people.sessions.resolve(signed_in.value, HOME) is None


async def test_notices_that_may_have_been_missed_make_everything_be_asked_again(
    world: World, other: World
) -> None:
    signed_in, _ = await world.with_passkey()
    assert await other.people.sessions.resolve(signed_in.value, HOME)
    await world.people.sessions.sign_out(signed_in.session)
    other.people.sessions._heard("")
    assert await other.people.sessions.resolve(signed_in.value, HOME) is None


async def test_disabling_ends_every_session_at_once(world: World, other: World) -> None:
    signed_in, _ = await world.with_passkey()
    await other.people.open()
    assert await other.people.sessions.resolve(signed_in.value, HOME)
    await world.people.directory.disable(signed_in.session.account)
    assert await world.people.sessions.resolve(signed_in.value, HOME) is None
    await ended_in(other, signed_in.value)
    await world.people.directory.enable(signed_in.session.account)
    assert await world.people.sessions.resolve(signed_in.value, HOME) is None


async def test_other_roles_hold_on_the_next_request(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    await world.people.sessions.resolve(signed_in.value, HOME)
    await world.people.directory.set_roles(signed_in.session.account, ["auditor"])
    trained = world.now + timedelta(days=1)
    await world.people.directory.train(signed_in.session.account, trained)
    session = await world.people.sessions.resolve(signed_in.value, HOME)
    assert session is not None
    assert (session.roles, session.clearance.trained) == ({"auditor"}, trained)


async def test_another_name_and_other_resources_hold_on_the_next_request(world: World) -> None:
    signed_in, device = await world.with_passkey(bound=BOUND)
    account = signed_in.session.account
    await world.people.directory.describe(account, name="Ann Other")
    session = await world.people.sessions.resolve(signed_in.value, HOME)
    assert session is not None
    assert (session.name, session.bound, session.login) == ("Ann Other", BOUND, LOGIN)
    await world.people.directory.describe(account, bound=Bound(relatives=("relative-1",)), by=4)
    session = await world.people.sessions.resolve(signed_in.value, HOME)
    assert session is not None
    assert (session.name, session.bound) == ("Ann Other", Bound(relatives=("relative-1",)))
    assert (world.events[-1].kind, world.events[-1].by) == ("person-described", 4)
    many = tuple(f"relative-{n}" for n in range(21))
    for more in (
        {"name": "a\nb"},
        {"bound": Bound(patient="a/b")},
        {"bound": Bound(relatives=("relative-1", "../b"))},
        {"bound": Bound(relatives=many)},
    ):
        with pytest.raises(Incorrect):
            await world.people.directory.describe(account, **more)  # type: ignore[arg-type]
    await world.passkey_sign_in(device)


async def test_a_session_becomes_the_actor_the_gate_decides_about(world: World) -> None:
    signed_in, _ = await world.with_passkey(bound=BOUND, trained=world.now + timedelta(days=1))
    session = signed_in.session
    assert session.actor(zone="inside") == Actor(
        account=session.account,
        client=CLIENT,
        roles=frozenset({"clinician"}),
        session=session.session,
        assurance=2,
        authenticated=session.authenticated,
        patient=BOUND.patient,
        establishment=BOUND.establishment,
        zone="inside",
        cleared=True,
    )
    assert session.actor().zone == "outside"


async def test_a_situation_narrows_the_session_and_never_widens_it(
    world: World, other: World
) -> None:
    signed_in, _ = await world.with_passkey(roles=["clinician", "registrar"], bound=BOUND)
    account = signed_in.session.account
    works_as = WorkingAs(frozenset({"clinician", "administrator"}), "elsewhere")
    narrowed = await world.people.sessions.open(account, ["fed"], HOME, works_as=works_as)
    assert world.events[-1].roles == ("clinician",)
    for each in (world, other):
        session = await each.people.sessions.resolve(narrowed.value, HOME)
        assert session is not None
        actor = session.actor()
        assert (actor.roles, actor.establishment) == (frozenset({"clinician"}), "elsewhere")
        assert actor.patient == BOUND.patient
    unnarrowed = await world.people.sessions.resolve(signed_in.value, HOME)
    assert unnarrowed is not None
    assert unnarrowed.roles == {"clinician", "registrar"}
    await world.people.directory.set_roles(account, ["registrar", "auditor"])
    session = await world.people.sessions.resolve(narrowed.value, HOME)
    assert session is not None
    assert session.roles == frozenset()


async def test_roles_held_for_an_establishment_stay_so_in_any_situation(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    account = signed_in.session.account
    accounts = Accounts(world.database, lambda: world.now, world.append, b"k" * 32)
    works_as = WorkingAs(frozenset({"clinician"}), "elsewhere")
    situated = await world.people.sessions.open(account, ["fed"], HOME, works_as=works_as)
    await world.people.open()
    await accounts.holding.hold(account, "a")
    for value in (signed_in.value, situated.value):
        await holds(world, value, "a")
    session = await world.people.sessions.resolve(situated.value, HOME)
    assert session is not None
    assert session.actor().establishment == "elsewhere"
    await accounts.holding.release(account)
    await holds(world, situated.value, None)


async def holds(world: World, value: str, held: str | None) -> None:
    """Waits for a notice, without which the clock (which stands still) would never tell."""
    async with asyncio.timeout(10):
        while True:
            session = await world.people.sessions.resolve(value, HOME)
            if session is not None and session.actor().held == held:
                return
            await asyncio.sleep(0.01)


async def test_a_situation_of_no_establishment_of_ours_leaves_none(world: World) -> None:
    signed_in, _ = await world.with_passkey(bound=BOUND)
    works_as = WorkingAs(frozenset({"clinician"}))
    opened = await world.people.sessions.open(
        signed_in.session.account, ["fed"], HOME, works_as=works_as
    )
    assert opened.session.bound.establishment is None


async def test_a_proof_shown_again_leaves_the_session_narrowed(world: World) -> None:
    signed_in, device = await world.with_passkey(roles=["clinician", "registrar"])
    works_as = WorkingAs(frozenset({"clinician"}), "elsewhere")
    opened = await world.people.sessions.open(
        signed_in.session.account, ["fed"], HOME, works_as=works_as
    )
    begun = await world.people.step_up.begin_passkey(opened.session, opened.value)
    renewed = await world.people.step_up.finish_passkey(opened.session, device.get(begun), HOME)
    assert renewed.session.works_as == works_as
    assert renewed.session.roles == {"clinician"}


async def test_a_situation_without_a_role_of_the_account_opens_nothing(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    works_as = WorkingAs(frozenset({"registrar"}))
    with pytest.raises(SignInRefused) as refused:
        await world.people.sessions.open(
            signed_in.session.account, ["fed"], HOME, works_as=works_as
        )
    assert refused.value.reason == "no-role"


async def test_a_disabled_account_is_not_opened_in_a_situation(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    account = signed_in.session.account
    await world.people.directory.disable(account)
    works_as = WorkingAs(frozenset({"clinician"}))
    with pytest.raises(SignInRefused) as refused:
        await world.people.sessions.open(account, ["fed"], HOME, works_as=works_as)
    assert refused.value.reason == "disabled"


async def test_a_proof_gets_old_and_a_passkey_renews_it_under_a_new_value(world: World) -> None:
    signed_in, device = await world.with_passkey()
    world.people.step_up.needed(signed_in.session)
    world.later(minutes=10)
    with pytest.raises(StepUpNeeded):
        world.people.step_up.needed(signed_in.session)
    begun = await world.people.step_up.begin_passkey(signed_in.session, signed_in.value)
    renewed = await world.people.step_up.finish_passkey(signed_in.session, device.get(begun), HOME)
    world.people.step_up.needed(renewed.session)
    assert renewed.session.session == signed_in.session.session
    assert renewed.value != signed_in.value
    assert await world.people.sessions.resolve(signed_in.value, HOME) is None
    assert await world.people.sessions.resolve(renewed.value, HOME) == renewed.session
    assert world.events[-1].kind == "session-stepped-up"


async def test_a_step_up_does_not_lengthen_the_life_of_a_session(world: World) -> None:
    signed_in, device = await world.with_passkey()
    world.later(minutes=20)
    begun = await world.people.step_up.begin_passkey(signed_in.session, signed_in.value)
    renewed = await world.people.step_up.finish_passkey(signed_in.session, device.get(begun), HOME)
    assert renewed.session.expires == signed_in.session.expires
    assert renewed.session.expires == signed_in.session.opened + timedelta(hours=12)


async def test_a_step_up_with_one_factor_is_refused(world: World) -> None:
    signed_in, secret = await world.with_password()
    for password, code in (
        ("not-the-password-49", world.code(secret)),
        (PASSWORD, "000000"),
        (PASSWORD, ""),
        ("", world.code(secret)),
    ):
        with pytest.raises(SignInRefused):
            await world.people.step_up.password(signed_in.session, password, code, HOME)
    assert await world.people.sessions.resolve(signed_in.value, HOME) == signed_in.session
    renewed = await world.people.step_up.password(
        signed_in.session, PASSWORD, world.code(secret), HOME
    )
    assert await world.people.sessions.resolve(signed_in.value, HOME) is None
    assert await world.people.sessions.resolve(renewed.value, HOME)


async def test_an_ended_session_is_not_stepped_up(world: World) -> None:
    signed_in, device = await world.with_passkey()
    begun = await world.people.step_up.begin_passkey(signed_in.session, signed_in.value)
    await world.people.sessions.sign_out(signed_in.session)
    with pytest.raises(SignInRefused):
        await world.people.step_up.finish_passkey(signed_in.session, device.get(begun), HOME)


async def test_a_step_up_without_the_user_verified_is_refused(world: World) -> None:
    signed_in, device = await world.with_passkey()
    begun = await world.people.step_up.begin_passkey(signed_in.session, signed_in.value)
    with pytest.raises(SignInRefused):
        await world.people.step_up.finish_passkey(
            signed_in.session, device.get(begun, Lie(flags=1)), HOME
        )


async def test_a_federated_identity_opens_a_session_of_an_account_that_may(world: World) -> None:
    invitation = await world.people.directory.invite(LOGIN, "Name", ["clinician"])
    signed_in = await world.people.sessions.open(invitation.account, ("fed", "mfa"), HOME)
    assert signed_in.session.means == ("fed", "mfa")
    await world.people.directory.disable(invitation.account)
    for account in (invitation.account, 0, 12345):
        with pytest.raises(SignInRefused):
            await world.people.sessions.open(account, ("fed", "mfa"), HOME)


async def test_a_session_that_cannot_be_told_to_the_ledger_is_not_opened(world: World) -> None:
    _, device = await world.with_passkey()

    async def broken(event: object) -> None:
        raise Unavailable("The ledger is not there")

    world.people.sessions._append = broken
    with pytest.raises(Unavailable):
        await world.passkey_sign_in(device)
    async with world.database.connection() as connection:
        assert await connection.fetchval("select count(*) from person_session") == 1


async def test_sweeping_deletes_what_has_ended_and_nothing_else(world: World) -> None:
    first, device = await world.with_passkey()
    await world.people.sign_in.begin_passkey()
    world.later(minutes=31)
    second = await world.passkey_sign_in(device)
    await world.people.sweep()
    async with world.database.connection() as connection:
        left = await connection.fetch("select session from person_session")
        assert await connection.fetchval("select count(*) from pre_session") == 0
    assert [row["session"] for row in left] == [second.session.session]
    assert first.session.session != second.session.session


async def test_a_session_that_ends_by_itself_is_in_the_ledger_once(
    world: World, other: World
) -> None:
    """Unused or at its limit; whoever sweeps, and however often; a request that meets it adds
    nothing."""
    idle, device = await world.with_passkey()
    world.later(minutes=31)
    assert await world.people.sessions.resolve(idle.value, HOME) is None
    assert "session-ended" not in dict(world.kinds)
    kept = await world.passkey_sign_in(device)
    other.now = world.now
    await asyncio.gather(*(each.people.sweep() for each in (world, other, world, other)))
    await world.people.sweep()
    assert await world.people.sessions.resolve(idle.value, HOME) is None
    [event] = ended(world, other)
    assert (event.session, event.account, event.reason, event.outcome) == (
        idle.session.session,
        idle.session.account,
        "idle",
        "success",
    )
    for _ in range(24 * 2):
        world.later(minutes=29)
        await world.people.sessions.resolve(kept.value, HOME)
    await world.people.sweep()
    last = ended(world, other)[-1]
    assert (last.session, last.reason) == (kept.session.session, "lifetime")
    assert len(ended(world, other)) == 2


async def test_a_session_that_ended_otherwise_is_not_filed_again_by_a_sweep(world: World) -> None:
    signed_in, device = await world.with_passkey()
    await world.people.sessions.sign_out(signed_in.session)
    await world.passkey_sign_in(device)
    await world.people.directory.disable(signed_in.session.account)
    before = list(world.events)
    world.later(hours=13)
    await world.people.sweep()
    assert world.events == before


async def test_an_end_the_ledger_does_not_take_is_filed_at_the_next_sweep(world: World) -> None:
    await world.with_passkey()
    world.later(minutes=31)

    async def broken(event: object) -> None:
        raise Unavailable("The ledger is not there")

    sessions = world.people.sessions
    append, sessions._append = sessions._append, broken
    with pytest.raises(Unavailable):
        await world.people.sweep()
    sessions._append = append
    await world.people.sweep()
    assert [event.reason for event in ended(world)] == ["idle"]


async def test_many_that_end_at_once_are_all_filed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egide.accounts.people.sessions._SWEPT", 2)
    _, device = await world.with_passkey()
    opened = [await world.passkey_sign_in(device) for _ in range(4)]
    world.later(minutes=31)
    await world.people.sweep()
    assert {event.session for event in ended(world)} >= {each.session.session for each in opened}
    assert len(ended(world)) == 5


def ended(*worlds: World) -> list[AccountEvent]:
    return [event for world in worlds for event in world.events if event.kind == "session-ended"]


async def ended_in(world: World, value: str) -> None:
    """Returns once another process has heard; its clock stands still, so nothing else ends it."""
    for _ in range(1000):
        if await world.people.sessions.resolve(value, HOME) is None:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the other process still takes the session for open")
