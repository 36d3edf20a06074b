"""From a link to means: links serve once, and an unfinished enrolment leaves nothing behind."""

from datetime import timedelta

import pytest
from tests.integration.accounts.people.authenticator import Authenticator
from tests.integration.accounts.people.conftest import (
    HOME,
    LOGIN,
    NAME,
    PASSWORD,
    STRANGER,
    World,
)

from egide.accounts.people import LinkRefused, SignInRefused
from egide.errors import Conflict, Forbidden, Incorrect, NotFound


async def test_a_link_that_is_none_of_ours_is_refused(world: World) -> None:
    for token in ("", "egl_", "egl_" + "A" * 43, "egc_" + "A" * 43, "x" * 10_000, "\ud800"):
        assert not await world.people.enrolment.look(token)
        with pytest.raises(LinkRefused):
            await world.people.enrolment.begin(token, HOME)
    assert set(world.kinds) == {("enrolment-refused", "refused")}


async def test_a_link_ends_with_its_time(world: World) -> None:
    invitation = await world.people.directory.invite(
        LOGIN, NAME, ["clinician"], lifetime=timedelta(hours=1)
    )
    world.later(minutes=59)
    assert await world.people.enrolment.look(invitation.token)
    world.later(minutes=1)
    assert not await world.people.enrolment.look(invitation.token)
    with pytest.raises(LinkRefused):
        await world.people.enrolment.begin(invitation.token, HOME)


async def test_a_link_serves_once(world: World) -> None:
    invitation = await world.people.directory.invite(LOGIN, NAME, ["clinician"])
    enrolling = await world.people.enrolment.begin(invitation.token, HOME)
    begun = await world.people.means.begin_passkey(enrolling, enrolling.value)
    await world.people.means.finish_passkey(enrolling, Authenticator().create(begun), "Key")
    await world.people.enrolment.complete(enrolling.value, HOME)
    with pytest.raises(LinkRefused):
        await world.people.enrolment.begin(invitation.token, HOME)
    with pytest.raises(LinkRefused):
        await world.people.enrolment.complete(enrolling.value, HOME)


async def test_a_new_link_kills_the_old_one(world: World) -> None:
    old = await world.people.directory.invite(LOGIN, NAME, ["clinician"])
    following = await world.people.enrolment.begin(old.token, HOME)
    new = await world.people.directory.reissue(old.account)
    assert not await world.people.enrolment.look(old.token)
    assert await world.people.enrolment.resolve(following.value) is None
    with pytest.raises(LinkRefused):
        await world.people.means.set_password(following, PASSWORD)
    await world.people.enrolment.begin(new.token, HOME)


async def test_looking_at_a_link_changes_nothing(world: World) -> None:
    invitation = await world.people.directory.invite(LOGIN, NAME, ["clinician"])
    before = await world.stored()
    for _ in range(3):
        assert await world.people.enrolment.look(invitation.token)
    assert await world.stored() == before


async def test_a_link_opens_no_session_before_there_are_means_enough(world: World) -> None:
    enrolling = await world.following()
    assert await world.people.sessions.resolve(enrolling.value, HOME) is None
    with pytest.raises(Conflict):
        await world.people.enrolment.complete(enrolling.value, HOME)
    await world.people.means.set_password(enrolling, PASSWORD)
    with pytest.raises(Conflict):
        await world.people.enrolment.complete(enrolling.value, HOME)
    new = await world.people.means.begin_totp(enrolling)
    with pytest.raises(Conflict):
        await world.people.enrolment.complete(enrolling.value, HOME)
    await world.people.means.finish_totp(enrolling, world.code(new.secret))
    signed_in = await world.people.enrolment.complete(enrolling.value, HOME)
    assert signed_in.session.means == ("pwd", "otp", "mfa")


async def test_what_somebody_left_unfinished_is_gone_when_the_link_is_followed_again(
    world: World,
) -> None:
    """Whoever looked into the letter first leaves no password and no passkey of his behind."""
    invitation = await world.people.directory.invite(LOGIN, NAME, ["patient"])
    thief = await world.people.enrolment.begin(invitation.token, STRANGER)
    await world.people.means.set_password(thief, "the-thief-s-own-words")
    device = Authenticator()
    begun = await world.people.means.begin_passkey(thief, thief.value)
    await world.people.means.finish_passkey(thief, device.create(begun), "Thief")
    owner = await world.people.enrolment.begin(invitation.token, HOME)
    means = await world.people.means.of(owner.account)
    assert (means.passkeys, means.password, means.enough) == ((), False, False)
    with pytest.raises(LinkRefused):
        await world.people.enrolment.complete(thief.value, STRANGER)
    with pytest.raises(LinkRefused):
        await world.people.means.set_password(thief, "the-thief-s-own-words")
    with pytest.raises(SignInRefused):
        await world.passkey_sign_in(device, STRANGER)


async def test_an_enrolment_ends_with_its_time_and_the_link_goes_on(world: World) -> None:
    invitation = await world.people.directory.invite(LOGIN, NAME, ["clinician"])
    enrolling = await world.people.enrolment.begin(invitation.token, HOME)
    world.later(minutes=30)
    assert await world.people.enrolment.resolve(enrolling.value) is None
    with pytest.raises(LinkRefused):
        await world.people.means.set_password(enrolling, PASSWORD)
    await world.people.enrolment.begin(invitation.token, HOME)


async def test_a_link_that_ended_during_the_enrolment_signs_nobody_in(world: World) -> None:
    invitation = await world.people.directory.invite(
        LOGIN, NAME, ["clinician"], lifetime=timedelta(minutes=10)
    )
    enrolling = await world.people.enrolment.begin(invitation.token, HOME)
    begun = await world.people.means.begin_passkey(enrolling, enrolling.value)
    await world.people.means.finish_passkey(enrolling, Authenticator().create(begun), "Key")
    world.later(minutes=10)
    with pytest.raises(LinkRefused):
        await world.people.enrolment.complete(enrolling.value, HOME)
    assert await world.people.sessions.entries(invitation.account) == []


async def test_a_disabled_account_s_link_is_dead(world: World) -> None:
    invitation = await world.people.directory.invite(LOGIN, NAME, ["clinician"])
    enrolling = await world.people.enrolment.begin(invitation.token, HOME)
    await world.people.directory.disable(invitation.account)
    assert not await world.people.enrolment.look(invitation.token)
    assert await world.people.enrolment.resolve(enrolling.value) is None
    with pytest.raises(Forbidden):
        await world.people.directory.reissue(invitation.account)
    with pytest.raises(Forbidden):
        await world.people.directory.reset(invitation.account)


async def test_a_link_of_one_account_sets_up_nothing_of_another(world: World) -> None:
    enrolling = await world.following()
    other = await world.following("some.body")
    begun = await world.people.means.begin_passkey(enrolling, enrolling.value)
    with pytest.raises(SignInRefused):
        await world.people.means.finish_passkey(other, Authenticator().create(begun), "Key")


async def test_a_reset_takes_means_and_sessions_away_and_gives_a_link(world: World) -> None:
    signed_in, device = await world.with_passkey()
    account = signed_in.session.account
    with pytest.raises(Conflict):
        await world.people.directory.reissue(account)
    link = await world.people.directory.reset(account, by=7)
    assert await world.people.sessions.resolve(signed_in.value, HOME) is None
    with pytest.raises(SignInRefused):
        await world.passkey_sign_in(device)
    assert [(each.kind, each.by) for each in world.events[-2:]] == [
        ("person-reset", 7),
        ("sign-in-refused", 0),
    ]
    enrolling = await world.people.enrolment.begin(link.token, HOME)
    begun = await world.people.means.begin_passkey(enrolling, enrolling.value)
    new = Authenticator()
    await world.people.means.finish_passkey(enrolling, new.create(begun), "New")
    await world.people.enrolment.complete(enrolling.value, HOME)
    assert (await world.passkey_sign_in(new)).session.account == account


async def test_a_login_name_is_given_once_however_it_is_written(world: World) -> None:
    await world.people.directory.invite("Ann.Example", "Ann", ["clinician"])
    for login in ("ann.example", " ANN.EXAMPLE ", "ａｎｎ.example"):
        with pytest.raises(Conflict):
            await world.people.directory.invite(login, "Ann", ["clinician"])
    assert (await world.people.directory.find("ANN.example")).login == "ann.example"


async def test_accounts_that_cannot_be_are_refused(world: World) -> None:
    for login, name, roles in (
        ("", NAME, ["clinician"]),
        ("a", NAME, ["clinician"]),
        ("a b", NAME, ["clinician"]),
        ("12345", NAME, ["clinician"]),
        ("a" * 101, NAME, ["clinician"]),
        (LOGIN, "", ["clinician"]),
        (LOGIN, "a\nb", ["clinician"]),
        (LOGIN, NAME, []),
        (LOGIN, NAME, ["Clinician"]),
    ):
        with pytest.raises(Incorrect):
            await world.people.directory.invite(login, name, roles)
    for days in (0, 31):
        with pytest.raises(Incorrect):
            await world.people.directory.invite(
                LOGIN, NAME, ["clinician"], lifetime=timedelta(days=days)
            )
    assert world.events == []


async def test_who_is_not_there_cannot_be_changed(world: World) -> None:
    directory = world.people.directory
    await world.people.charters.publish("2026-1")
    world.events.clear()
    for call in (
        directory.person(1),
        directory.find("nobody"),
        directory.disable(1),
        directory.enable(1),
        directory.set_roles(1, ["clinician"]),
        directory.train(1, world.now),
        directory.sign(1, "2026-1"),
        directory.withdraw_signature(1, "2026-1"),
        directory.describe(1, name="Ann"),
        directory.reissue(1),
        directory.reset(1),
    ):
        with pytest.raises(NotFound):
            await call
    assert world.events == []


async def test_people_are_listed_with_what_they_are(world: World) -> None:
    await world.with_passkey()
    world.later(minutes=1)
    await world.people.directory.invite("some.body", "Somebody", ["patient"])
    listed = await world.people.directory.people()
    assert [(each.login, each.enrolled, each.clearance.lacks) for each in listed] == [
        (LOGIN, True, ("training",)),
        ("some.body", False, ("training",)),
    ]
    assert listed[0].name == NAME
