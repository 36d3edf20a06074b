"""Passkeys: each way an answer can be wrong is refused, and the right one opens a session."""

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.accounts.people.authenticator import (
    PRESENT,
    VERIFIED,
    Authenticator,
    Lie,
)
from tests.integration.accounts.people.conftest import HOME, LOGIN, STRANGER, World

from egide.accounts.people import SignInRefused
from egide.accounts.people.relying_party import RelyingParty
from egide.errors import Conflict, Unavailable

ALGORITHMS = ["ES256", "EdDSA"]
LIES = {
    "another origin": Lie(origin="https://egide.example.net"),
    "an origin without TLS": Lie(origin="http://egide.example"),
    "a frame of another site": Lie(cross_origin=True),
    "another relying party": Lie(rp="example"),
    "another challenge": Lie(challenge=os.urandom(32)),
    "an empty challenge": Lie(challenge=b""),
    "a user not verified": Lie(flags=PRESENT),
    "a user not present": Lie(flags=VERIFIED),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_wrong_answer_adds_no_passkey(world: World, lie: Lie) -> None:
    enrolling = await world.following()
    begun = await world.people.means.begin_passkey(enrolling, enrolling.value)
    answer = Authenticator().create(begun, lie)
    with pytest.raises(SignInRefused):
        await world.people.means.finish_passkey(enrolling, answer, "Key")
    assert (await world.people.means.of(enrolling.account)).passkeys == ()


async def test_an_answer_of_the_other_ceremony_adds_no_passkey(world: World) -> None:
    enrolling = await world.following()
    begun = await world.people.means.begin_passkey(enrolling, enrolling.value)
    answer = Authenticator().create(begun, Lie(type="webauthn.get"))
    with pytest.raises(SignInRefused):
        await world.people.means.finish_passkey(enrolling, answer, "Key")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "lie",
    [
        *LIES.values(),
        Lie(type="webauthn.create"),
        Lie(break_signature=True),
        Lie(handle=os.urandom(32)),
        Lie(no_handle=True),
    ],
    ids=[*LIES, "the other ceremony", "a broken signature", "another handle", "no handle"],
)
async def test_a_wrong_answer_opens_no_session(world: World, algorithm: str, lie: Lie) -> None:
    _, device = await world.with_passkey(device=Authenticator(algorithm))
    begun = await world.people.sign_in.begin_passkey()
    with pytest.raises(SignInRefused) as caught:
        await world.people.sign_in.finish_passkey(begun.value, device.get(begun, lie), HOME)
    assert caught.value.message == "What was given to sign in is not right, or not any more"
    assert world.kinds[-1] == ("sign-in-refused", "refused")
    await world.passkey_sign_in(device)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_right_answer_opens_a_session_with_two_factors(
    world: World, algorithm: str
) -> None:
    first, device = await world.with_passkey(device=Authenticator(algorithm))
    again = await world.passkey_sign_in(device)
    assert again.session.account == first.session.account
    assert again.session.session != first.session.session
    assert (again.session.assurance, again.session.means) == (2, ("pop", "user", "mfa"))
    assert world.events[-1].kind == "session-opened"


async def test_an_answer_is_good_once(world: World) -> None:
    _, device = await world.with_passkey()
    begun = await world.people.sign_in.begin_passkey()
    answer = device.get(begun)
    await world.people.sign_in.finish_passkey(begun.value, answer, HOME)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.finish_passkey(begun.value, answer, HOME)
    assert world.reasons == ["no-challenge"]


async def test_an_answer_to_another_pre_session_is_refused(world: World) -> None:
    _, device = await world.with_passkey()
    one = await world.people.sign_in.begin_passkey()
    two = await world.people.sign_in.begin_passkey()
    with pytest.raises(SignInRefused):
        await world.people.sign_in.finish_passkey(two.value, device.get(one), HOME)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.finish_passkey("egc_" + "A" * 43, device.get(one), HOME)


async def test_an_answer_that_comes_too_late_is_refused(world: World) -> None:
    _, device = await world.with_passkey()
    begun = await world.people.sign_in.begin_passkey()
    world.later(minutes=5)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.finish_passkey(begun.value, device.get(begun), HOME)


@pytest.mark.parametrize("counter", [0, 1, 2])
async def test_a_counter_that_did_not_go_on_is_refused(world: World, counter: int) -> None:
    _, device = await world.with_passkey()
    await world.passkey_sign_in(device)
    assert device.counter == 2
    begun = await world.people.sign_in.begin_passkey()
    copied = device.get(begun, Lie(counter=counter))
    with pytest.raises(SignInRefused):
        await world.people.sign_in.finish_passkey(begun.value, copied, HOME)
    assert world.reasons == ["counter"]
    assert ("session-opened", "failed") not in world.kinds


async def test_a_passkey_without_a_counter_is_good_each_time(world: World) -> None:
    _, device = await world.with_passkey(device=Authenticator(counts=False))
    await world.passkey_sign_in(device)
    await world.passkey_sign_in(device)


async def test_another_account_s_passkey_is_refused_under_a_login_name(world: World) -> None:
    await world.with_passkey()
    _, other = await world.with_passkey("somebody.else", Authenticator())
    begun = await world.people.sign_in.begin_passkey(LOGIN)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.finish_passkey(begun.value, other.get(begun), HOME)
    assert world.reasons == ["other-account"]


async def test_another_account_s_passkey_does_not_step_up_a_session(world: World) -> None:
    mine, _ = await world.with_passkey()
    _, other = await world.with_passkey("somebody.else", Authenticator())
    begun = await world.people.step_up.begin_passkey(mine.session, mine.value)
    with pytest.raises(SignInRefused):
        await world.people.step_up.finish_passkey(mine.session, other.get(begun), HOME)


async def test_a_passkey_nobody_registered_is_refused(world: World) -> None:
    await world.with_passkey()
    begun = await world.people.sign_in.begin_passkey()
    with pytest.raises(SignInRefused):
        await world.people.sign_in.finish_passkey(begun.value, Authenticator().get(begun), HOME)


async def test_the_key_of_one_passkey_does_not_sign_for_another(world: World) -> None:
    _, device = await world.with_passkey()
    forged = Authenticator(credential=device.credential, handle=device.handle, counter=10)
    with pytest.raises(SignInRefused):
        await world.passkey_sign_in(forged)


async def test_an_unknown_login_name_is_asked_like_a_known_one_and_always_refused(
    world: World,
) -> None:
    _, device = await world.with_passkey()
    known = await world.people.sign_in.begin_passkey(LOGIN)
    unknown = await world.people.sign_in.begin_passkey("nobody")
    again = await world.people.sign_in.begin_passkey("nobody")
    assert known.options.keys() == unknown.options.keys()
    assert unknown.options["allowCredentials"] == again.options["allowCredentials"]
    assert [len(str(each["id"])) for each in unknown.options["allowCredentials"]] == [  # type: ignore[attr-defined]
        len(str(each["id"]))
        for each in known.options["allowCredentials"]  # type: ignore[attr-defined]
    ]
    with pytest.raises(SignInRefused):
        await world.people.sign_in.finish_passkey(unknown.value, device.get(unknown), HOME)


async def test_a_login_name_signs_in_with_its_own_passkey(world: World) -> None:
    _, device = await world.with_passkey()
    begun = await world.people.sign_in.begin_passkey("  Zephyrine.QUILLFEATHER ")
    answer = device.get(begun, Lie(no_handle=True))
    signed_in = await world.people.sign_in.finish_passkey(begun.value, answer, HOME)
    assert signed_in.session.login == LOGIN


async def test_a_disabled_account_s_passkey_is_refused(world: World) -> None:
    signed_in, device = await world.with_passkey()
    await world.people.directory.disable(signed_in.session.account)
    with pytest.raises(SignInRefused):
        await world.passkey_sign_in(device)
    await world.people.directory.enable(signed_in.session.account)
    await world.passkey_sign_in(device)


async def test_a_passkey_is_asked_for_with_the_user_verified_and_no_attestation(
    world: World,
) -> None:
    enrolling = await world.following()
    created = (await world.people.means.begin_passkey(enrolling, enrolling.value)).options
    asked = (await world.people.sign_in.begin_passkey()).options
    assert created["attestation"] == "none"
    assert created["authenticatorSelection"]["userVerification"] == "required"  # type: ignore[index]
    assert created["authenticatorSelection"]["residentKey"] == "preferred"  # type: ignore[index]
    assert asked["userVerification"] == "required"
    assert asked["allowCredentials"] == []
    assert asked["rpId"] == created["rp"]["id"] == "egide.example"  # type: ignore[index]


async def test_an_account_has_several_passkeys_but_none_twice(world: World) -> None:
    signed_in, first = await world.with_passkey()
    session, value = signed_in.session, signed_in.value
    world.later(minutes=1)
    second = Authenticator("EdDSA")
    begun = await world.people.means.begin_passkey(session, value)
    assert len(begun.options["excludeCredentials"]) == 1  # type: ignore[arg-type]
    await world.people.means.finish_passkey(session, second.create(begun), "Clé de secours")
    begun = await world.people.means.begin_passkey(session, value)
    with pytest.raises(Conflict):
        await world.people.means.finish_passkey(session, second.create(begun), "Again")
    means = await world.people.means.of(session.account)
    assert [each.name for each in means.passkeys] == ["Telephone", "Clé de secours"]
    for device in (first, second):
        assert (await world.passkey_sign_in(device)).session.account == session.account


@pytest.mark.parametrize("address", [None, "", "http://egide.example", "https://192.0.2.1:8600"])
async def test_without_an_address_to_bind_to_there_are_no_passkeys(address: str | None) -> None:
    with pytest.raises(Unavailable):
        RelyingParty(address).request(bytes(32), [])


async def test_this_machine_itself_needs_no_certificate() -> None:
    assert RelyingParty("http://localhost:8600").request(bytes(32), [])["rpId"] == "localhost"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_whatever_a_browser_sends_is_refused_and_breaks_nothing(text: str) -> None:
    party = RelyingParty("https://egide.example")
    with pytest.raises(SignInRefused):
        party.registered(text, bytes(32))
    with pytest.raises(SignInRefused):
        party.counted(party.shown(text), bytes(32), b"")


@pytest.mark.parametrize("text", ["[" * 50_000, "{}" * 40_000, '{"id": 1}', "null", "\ud800"])
def test_answers_made_to_break_a_parser_are_refused(text: str) -> None:
    party = RelyingParty("https://egide.example")
    with pytest.raises(SignInRefused):
        party.registered(text, bytes(32))
    with pytest.raises(SignInRefused):
        party.shown(text)


async def test_a_stranger_s_wrong_answers_do_not_slow_a_passkey(world: World) -> None:
    _, device = await world.with_passkey()
    for _ in range(40):
        begun = await world.people.sign_in.begin_passkey(LOGIN)
        with pytest.raises(SignInRefused):
            await world.people.sign_in.finish_passkey(begun.value, "{}", STRANGER)
    await world.passkey_sign_in(device, replace(STRANGER, agent=HOME.agent))
