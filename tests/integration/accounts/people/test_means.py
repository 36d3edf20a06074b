"""One's own means: a fresh proof before each change, and never fewer than enough."""

import pytest
from tests.integration.accounts.people.authenticator import Authenticator
from tests.integration.accounts.people.conftest import HOME, LOGIN, NAME, PASSWORD, World

from egide.accounts.people import Session, SignInRefused, StepUpNeeded
from egide.errors import Conflict, Incorrect, NotFound


async def test_an_old_proof_changes_nothing(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    session, means = signed_in.session, world.people.means
    [passkey] = (await means.of(session.account)).passkeys
    begun = await means.begin_passkey(session, signed_in.value)
    answer = Authenticator().create(begun)
    world.later(minutes=10)
    before = await world.stored()
    for act in (
        means.begin_passkey(session, signed_in.value),
        means.finish_passkey(session, answer, "Key"),
        means.remove_passkey(session, passkey.number),
        means.set_password(session, PASSWORD),
        means.begin_totp(session),
        means.finish_totp(session, "000000"),
        means.remove_password(session),
        means.new_recovery_codes(session),
    ):
        with pytest.raises(StepUpNeeded):
            await act
    assert await world.stored() == before


async def test_an_ended_session_changes_nothing(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    session, means = signed_in.session, world.people.means
    begun = await means.begin_passkey(session, signed_in.value)
    new = await means.begin_totp(session)
    await world.people.sessions.sign_out(session)
    for act in (
        means.finish_passkey(session, Authenticator().create(begun), "Key"),
        means.set_password(session, PASSWORD),
        means.finish_totp(session, world.code(new.secret)),
        means.new_recovery_codes(session),
    ):
        with pytest.raises(SignInRefused):
            await act
    left = await means.of(session.account)
    assert (len(left.passkeys), left.password, left.totp, left.codes) == (1, False, False, 0)


async def test_the_last_way_to_sign_in_is_not_taken_away(world: World) -> None:
    with_key, _ = await world.with_passkey()
    [passkey] = (await world.people.means.of(with_key.session.account)).passkeys
    with pytest.raises(Conflict):
        await world.people.means.remove_passkey(with_key.session, passkey.number)
    await world.people.means.set_password(with_key.session, PASSWORD)
    with pytest.raises(Conflict):
        await world.people.means.remove_passkey(with_key.session, passkey.number)
    with_password, _ = await world.with_password("some.body")
    with pytest.raises(Conflict):
        await world.people.means.remove_password(with_password.session)


async def test_another_account_s_passkey_is_not_there(world: World) -> None:
    mine, _ = await world.with_passkey()
    theirs, _ = await world.with_passkey("some.body", Authenticator())
    [passkey] = (await world.people.means.of(theirs.session.account)).passkeys
    with pytest.raises(NotFound):
        await world.people.means.remove_passkey(mine.session, passkey.number)


async def test_a_removed_passkey_signs_in_no_more_and_other_sessions_end(world: World) -> None:
    signed_in, first = await world.with_passkey()
    session, means = signed_in.session, world.people.means
    second = Authenticator()
    begun = await means.begin_passkey(session, signed_in.value)
    kept = await means.finish_passkey(session, second.create(begun), "Kept")
    elsewhere = await world.passkey_sign_in(first)
    lost = next(each for each in (await means.of(session.account)).passkeys if each != kept)
    await means.remove_passkey(session, lost.number)
    with pytest.raises(SignInRefused):
        await world.passkey_sign_in(first)
    assert await world.people.sessions.resolve(elsewhere.value, HOME) is None
    assert await world.people.sessions.resolve(signed_in.value, HOME)
    await world.passkey_sign_in(second)


async def test_a_new_password_ends_the_old_one_and_the_other_sessions(world: World) -> None:
    signed_in, secret = await world.with_password()
    elsewhere = await world.password_sign_in(secret)
    await world.people.means.set_password(signed_in.session, "sable-horloge-71-tiroir")
    assert await world.people.sessions.resolve(elsewhere.value, HOME) is None
    assert await world.people.sessions.resolve(signed_in.value, HOME)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    await world.people.sign_in.password(LOGIN, "sable-horloge-71-tiroir", HOME)


@pytest.mark.parametrize(
    "password", ["", "short-one-9", "password1234", "x" * 257, LOGIN, f"{LOGIN}1", NAME]
)
async def test_a_weak_password_is_refused_and_the_old_one_stays(
    world: World, password: str
) -> None:
    enrolling = await world.following()
    with pytest.raises(Incorrect) as caught:
        await world.people.means.set_password(enrolling, password)
    assert not password or password not in caught.value.message
    assert not (await world.people.means.of(enrolling.account)).password


async def test_a_totp_secret_is_not_taken_before_a_code_of_it(world: World) -> None:
    enrolling = await world.following()
    with pytest.raises(SignInRefused):
        await world.people.means.finish_totp(enrolling, "000000")
    old = await world.people.means.begin_totp(enrolling)
    new = await world.people.means.begin_totp(enrolling)
    for code in (world.code(old.secret), world.code(new.secret, 5), "", "abcdef"):
        with pytest.raises(SignInRefused):
            await world.people.means.finish_totp(enrolling, code)
    assert not (await world.people.means.of(enrolling.account)).totp
    await world.people.means.finish_totp(enrolling, world.code(new.secret))
    with pytest.raises(SignInRefused):
        await world.people.means.finish_totp(enrolling, world.code(new.secret))


async def test_password_and_codes_go_together(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    session, means = signed_in.session, world.people.means
    await means.set_password(session, PASSWORD)
    new = await means.begin_totp(session)
    await means.finish_totp(session, world.code(new.secret))
    await means.new_recovery_codes(session)
    await means.remove_password(session)
    left = await means.of(session.account)
    assert (len(left.passkeys), left.password, left.totp, left.codes) == (1, False, False, 0)


async def test_a_session_names_the_holder_of_what_it_changes(world: World) -> None:
    signed_in, _ = await world.with_passkey()
    assert isinstance(signed_in.session, Session)
    await world.people.means.new_recovery_codes(signed_in.session)
    event = world.events[-1]
    assert (event.kind, event.account, event.session) == (
        "recovery-codes-made",
        signed_in.session.account,
        signed_in.session.session,
    )
