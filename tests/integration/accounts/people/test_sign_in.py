"""Password and code: neither opens anything alone, and every refusal looks the same."""

import asyncio
from dataclasses import replace

import pytest
from tests.integration.accounts.people.authenticator import Authenticator
from tests.integration.accounts.people.conftest import (
    HOME,
    LOGIN,
    PASSWORD,
    STRANGER,
    World,
)

from egide.accounts import TooManyAttempts
from egide.accounts.people import SignInRefused, Visitor
from egide.accounts.people import passwords as hashing
from egide.accounts.people.attempts import FREE, LONGEST_WAIT
from egide.accounts.people.passwords import PROFILE, Passwords

WRONG = "not-the-password-49"


async def test_a_right_password_opens_nothing(world: World) -> None:
    await world.with_password()
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    assert await world.people.sessions.resolve(half.value, HOME) is None
    assert await world.people.enrolment.resolve(half.value) is None
    with pytest.raises(SignInRefused):
        await world.people.sign_in.finish_passkey(half.value, "{}", HOME)


async def test_a_code_without_a_password_opens_nothing(world: World) -> None:
    _, secret = await world.with_password()
    begun = await world.people.sign_in.begin_passkey(LOGIN)
    for value in ("", "egc_" + "A" * 43, begun.value):
        with pytest.raises(SignInRefused):
            await world.people.sign_in.code(value, world.code(secret), HOME)


async def test_a_recovery_code_without_a_password_opens_nothing(world: World) -> None:
    signed_in, _ = await world.with_password()
    codes = await world.people.means.new_recovery_codes(signed_in.session)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.recovery_code("egc_" + "A" * 43, codes[0], HOME)


async def test_a_password_without_totp_is_refused_though_it_is_right(world: World) -> None:
    enrolling = await world.following()
    await world.people.means.set_password(enrolling, PASSWORD)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.password(LOGIN, PASSWORD, HOME)


async def test_unknown_disabled_and_wrong_are_answered_alike_after_the_same_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in, _ = await world.with_password()
    await world.with_passkey("only.passkey", Authenticator())
    disabled, _ = await world.with_password("some.body")
    await world.people.directory.disable(disabled.session.account)
    hasher = world.people._passwords._hasher
    compared = []

    class Counting:
        def verify(self, stored: str, password: bytes) -> bool:
            compared.append(stored.rsplit("$", 2)[0])
            return hasher.verify(stored, password)

    monkeypatch.setattr(world.people._passwords, "_hasher", Counting())
    said = set()
    for login, password in (
        (LOGIN, WRONG),
        ("nobody", WRONG),
        ("", ""),
        ("\x00\ud800", "\ud800" * 12),
        ("only.passkey", PASSWORD),
        ("some.body", PASSWORD),
        (LOGIN, PASSWORD + " "),
        (LOGIN, PASSWORD.upper()),
    ):
        with pytest.raises(SignInRefused) as caught:
            await world.people.sign_in.password(login, password, HOME)
        said.add((type(caught.value), caught.value.message))
    assert len(said) == 1
    assert len(compared) == 8
    assert len(set(compared)) == 1
    assert set(world.reasons) == {"wrong-password", "unknown", "disabled"}
    assert signed_in.session.account in {event.account for event in world.events}


async def test_comparing_with_nothing_is_the_same_work() -> None:
    passwords = Passwords()
    stored = await passwords.hash(PASSWORD, LOGIN, "")
    assert stored.rsplit("$", 2)[0] == hashing._NOTHING.rsplit("$", 2)[0]
    assert f"m={PROFILE.memory_cost},t={PROFILE.time_cost},p={PROFILE.parallelism}" in stored
    assert len(stored) == len(hashing._NOTHING)
    assert not await passwords.is_right(PASSWORD, None)
    assert await passwords.is_right(PASSWORD, stored)
    passwords.close()


async def test_password_and_code_open_a_session_with_two_factors(world: World) -> None:
    _, secret = await world.with_password()
    signed_in = await world.password_sign_in(secret)
    assert signed_in.session.assurance == 2
    assert signed_in.session.means == ("pwd", "otp", "mfa")
    assert [kind for kind, _ in world.kinds[-2:]] == ["password-accepted", "session-opened"]


async def test_a_password_is_the_same_however_its_accents_are_written(world: World) -> None:
    enrolling = await world.following()
    composed, decomposed = "éclair-tonnerre-8", "e\u0301clair-tonnerre-8"
    await world.people.means.set_password(enrolling, composed)
    new = await world.people.means.begin_totp(enrolling)
    await world.people.means.finish_totp(enrolling, world.code(new.secret))
    await world.people.enrolment.complete(enrolling.value, HOME)
    await world.people.sign_in.password(LOGIN, decomposed, HOME)


@pytest.mark.parametrize("steps", [-2, 2, 10])
async def test_a_code_of_another_time_is_refused(world: World, steps: int) -> None:
    _, secret = await world.with_password()
    world.later(minutes=10)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.code(half.value, world.code(secret, steps), HOME)


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_clock_may_be_one_step_off(world: World, steps: int) -> None:
    _, secret = await world.with_password()
    world.later(minutes=10)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    await world.people.sign_in.code(half.value, world.code(secret, steps), HOME)


async def test_a_code_is_good_once_and_so_is_an_earlier_one(world: World) -> None:
    _, secret = await world.with_password()
    world.later(minutes=10)
    used, earlier = world.code(secret), world.code(secret, -1)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    await world.people.sign_in.code(half.value, used, HOME)
    for code in (used, earlier):
        half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
        with pytest.raises(SignInRefused):
            await world.people.sign_in.code(half.value, code, HOME)
    assert world.reasons == ["replayed", "replayed"]
    assert ("session-opened", "failed") not in world.kinds


async def test_the_code_that_enrolled_does_not_sign_in(world: World) -> None:
    enrolling = await world.following()
    await world.people.means.set_password(enrolling, PASSWORD)
    new = await world.people.means.begin_totp(enrolling)
    await world.people.means.finish_totp(enrolling, world.code(new.secret))
    await world.people.enrolment.complete(enrolling.value, HOME)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.code(half.value, world.code(new.secret), HOME)


async def test_one_code_given_many_times_at_once_opens_one_session(world: World) -> None:
    _, secret = await world.with_password()
    halves = [await world.people.sign_in.password(LOGIN, PASSWORD, HOME) for _ in range(4)]
    answers = await asyncio.gather(
        *(world.people.sign_in.code(each.value, world.code(secret), HOME) for each in halves),
        return_exceptions=True,
    )
    refused = [each for each in answers if isinstance(each, SignInRefused)]
    assert len(refused) == 3


async def test_a_half_sign_in_is_completed_once_and_in_time(world: World) -> None:
    signed_in, secret = await world.with_password()
    codes = await world.people.means.new_recovery_codes(signed_in.session)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    await world.people.sign_in.code(half.value, world.code(secret), HOME)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.recovery_code(half.value, codes[0], HOME)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    world.later(minutes=5)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.code(half.value, world.code(secret), HOME)


async def test_a_recovery_code_completes_a_password_once(world: World) -> None:
    signed_in, _ = await world.with_password()
    codes = await world.people.means.new_recovery_codes(signed_in.session)
    assert len(set(codes)) == 10
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    typed = codes[3].lower().replace("-", " ")
    await world.people.sign_in.recovery_code(half.value, typed, HOME)
    assert (await world.people.means.of(signed_in.session.account)).codes == 9
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    for code in (codes[3], "", "0000-0000-0000-0000", "x" * 100):
        with pytest.raises(SignInRefused):
            await world.people.sign_in.recovery_code(half.value, code, HOME)


async def test_recovery_codes_of_another_account_or_of_before_are_refused(world: World) -> None:
    signed_in, _ = await world.with_password()
    other, _ = await world.with_password("some.body")
    old = await world.people.means.new_recovery_codes(signed_in.session)
    await world.people.means.new_recovery_codes(signed_in.session)
    theirs = await world.people.means.new_recovery_codes(other.session)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    for code in (old[0], theirs[0]):
        with pytest.raises(SignInRefused):
            await world.people.sign_in.recovery_code(half.value, code, HOME)


async def test_failures_from_one_place_are_slowed_more_and_more(world: World) -> None:
    await world.with_password()
    await fail(world, STRANGER, FREE)
    waits = []
    for _ in range(12):
        with pytest.raises(TooManyAttempts) as caught:
            await world.people.sign_in.password(LOGIN, PASSWORD, STRANGER)
        waits.append(caught.value.retry_after)
        world.later(seconds=caught.value.retry_after)
        await fail(world, STRANGER, 1)
    assert waits == sorted(waits)
    assert waits[0] <= 2
    assert waits[-1] == LONGEST_WAIT + 1


async def test_what_comes_too_early_does_not_lengthen_the_wait(world: World) -> None:
    _, secret = await world.with_password()
    await fail(world, STRANGER, FREE + 3)
    with pytest.raises(TooManyAttempts) as caught:
        await world.people.sign_in.password(LOGIN, PASSWORD, STRANGER)
    for _ in range(20):
        with pytest.raises(TooManyAttempts):
            await world.people.sign_in.password(LOGIN, WRONG, STRANGER)
    world.later(seconds=caught.value.retry_after)
    await world.password_sign_in(secret, STRANGER)


async def test_strangers_failures_do_not_slow_the_owner_at_his_own_device(world: World) -> None:
    signed_in, secret = await world.with_password()
    mine = replace(HOME, device=signed_in.device)
    for number in range(10):
        await fail(world, replace(STRANGER, address=f"198.51.100.{number}"), FREE)
    await fail(world, Visitor(mine.address, mine.agent), FREE + 3)
    await world.password_sign_in(secret, mine)


async def test_failures_at_one_address_do_not_slow_another(world: World) -> None:
    _, secret = await world.with_password()
    await fail(world, STRANGER, FREE + 3)
    await world.password_sign_in(secret, HOME)


async def test_an_address_of_the_same_network_is_the_same_place(world: World) -> None:
    await world.with_password()
    await fail(world, Visitor("2001:db8:1:2::1"), FREE)
    with pytest.raises(TooManyAttempts):
        await world.people.sign_in.password(LOGIN, PASSWORD, Visitor("2001:db8:1:2:ffff::9"))
    await world.people.sign_in.password(LOGIN, PASSWORD, Visitor("2001:db8:1:3::1"))


async def test_a_device_cookie_of_another_account_or_made_up_helps_nobody(world: World) -> None:
    await world.with_password()
    other, _ = await world.with_password("some.body")
    await fail(world, STRANGER, FREE)
    for device in (other.device, "egc_" + "A" * 43, "\ud800"):
        with pytest.raises(TooManyAttempts):
            await world.people.sign_in.password(LOGIN, WRONG, replace(STRANGER, device=device))


async def test_an_unknown_login_name_is_slowed_like_a_known_one(world: World) -> None:
    for _ in range(FREE):
        with pytest.raises(SignInRefused):
            await world.people.sign_in.password("nobody", WRONG, STRANGER)
    with pytest.raises(TooManyAttempts):
        await world.people.sign_in.password("nobody", WRONG, STRANGER)


async def test_many_attempts_at_once_are_counted_one_by_one(world: World) -> None:
    await world.with_password()
    answers = await asyncio.gather(
        *(world.people.sign_in.password(LOGIN, WRONG, STRANGER) for _ in range(12)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, SignInRefused) for each in answers) == FREE
    assert sum(isinstance(each, TooManyAttempts) for each in answers) == 12 - FREE


async def test_wrong_codes_from_strangers_are_counted_wherever_they_come_from(
    world: World,
) -> None:
    signed_in, secret = await world.with_password()
    codes = await world.people.means.new_recovery_codes(signed_in.session)
    for number in range(FREE):
        visitor = replace(STRANGER, address=f"198.51.100.{number}")
        half = await world.people.sign_in.password(LOGIN, PASSWORD, visitor)
        with pytest.raises(SignInRefused):
            await world.people.sign_in.code(half.value, "000000", visitor)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, STRANGER)
    with pytest.raises(TooManyAttempts):
        await world.people.sign_in.code(half.value, world.code(secret), STRANGER)
    await world.people.sign_in.recovery_code(half.value, codes[0], STRANGER)
    await world.password_sign_in(secret, replace(HOME, device=signed_in.device))


async def test_a_flood_of_refusals_is_summed_up_in_the_ledger(world: World) -> None:
    await world.with_password()
    before = len(world.events)
    for number in range(40):
        with pytest.raises((SignInRefused, TooManyAttempts)):
            await world.people.sign_in.code("egc_" + "B" * 43, f"{number:06}", STRANGER)
    await world.people.sweep()
    told = world.events[before:]
    assert len(told) < 40
    assert sum(event.count for event in told) == 40


async def fail(world: World, visitor: Visitor, times: int) -> None:
    for _ in range(times):
        try:
            await world.people.sign_in.password(LOGIN, WRONG, visitor)
        except TooManyAttempts as early:
            world.later(seconds=early.retry_after)
            with pytest.raises(SignInRefused):
                await world.people.sign_in.password(LOGIN, WRONG, visitor)
        except SignInRefused:
            pass
        else:
            pytest.fail("a wrong password was taken")
