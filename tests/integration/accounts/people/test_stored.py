"""What the database, the ledger, the log and every text hold of people: no name and no secret."""

import base64
import logging
from hashlib import sha256

import pytest
from tests.integration.accounts.people.authenticator import Authenticator
from tests.integration.accounts.people.conftest import (
    BOUND,
    HOME,
    LOGIN,
    NAME,
    PASSWORD,
    STRANGER,
    TABLES,
    World,
)

from egide.accounts.people import SignInRefused
from egide.errors import EgideError
from egide.telemetry import capture_libraries

PLAIN = ("zephyrine", "quillfeather", "zéphyrine", "synthetic-patient-1", "synthetic-hospital")


async def test_no_name_login_or_id_stands_in_any_row(world: World) -> None:
    _, midway = await lived(world)
    stored = midway + await world.stored()
    for table in TABLES:
        assert f"{table}:".encode() in midway, f"{table} is empty"
    for name in (*PLAIN, "telephone", LOGIN, NAME):
        raw = name.encode()
        for form in (raw, raw.hex().encode(), base64.b64encode(raw)):
            assert form.lower() not in stored.lower()
        for digest in (sha256(raw).hexdigest(), sha256(raw.lower()).hexdigest()):
            assert digest.encode() not in stored


async def test_no_secret_stands_in_any_row(world: World) -> None:
    invitation = await world.people.directory.invite("some.body", NAME, ["clinician"])
    enrolling = await world.people.enrolment.begin(invitation.token, HOME)
    signed_in, secret = await world.with_password()
    codes = await world.people.means.new_recovery_codes(signed_in.session)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    stored = await world.stored()
    for value in (
        invitation.token,
        enrolling.value,
        signed_in.value,
        signed_in.device,
        half.value,
    ):
        raw = base64.urlsafe_b64decode(value[4:] + "=")
        assert value[4:].encode() not in stored
        assert raw.hex().encode() not in stored
        assert sha256(value.encode()).hexdigest().encode() in stored
    for text in (secret, PASSWORD, "argon2", codes[0], codes[0].replace("-", "")):
        for form in (text.encode(), text.encode().hex().encode()):
            assert form not in stored
        assert sha256(text.encode()).hexdigest().encode() not in stored


async def test_no_name_or_secret_stands_in_an_event(world: World) -> None:
    secrets, _ = await lived(world)
    told = repr(world.events).lower()
    for text in (*PLAIN, "telephone", *secrets):
        assert text.lower() not in told
    for event in world.events:
        for text in (LOGIN, NAME, *secrets):
            assert text not in str(event)


async def test_nothing_that_is_handed_around_shows_a_name_or_a_secret(world: World) -> None:
    signed_in, _ = await world.with_passkey(bound=BOUND)
    person = await world.people.directory.person(signed_in.session.account)
    means = await world.people.means.of(person.account)
    half_done = await world.following("some.body")
    begun = await world.people.means.begin_passkey(signed_in.session, signed_in.value)
    new = await world.people.means.begin_totp(signed_in.session)
    shown = repr((signed_in, person, means, half_done, begun, new)).lower()
    for text in (*PLAIN, "telephone", signed_in.value, signed_in.device, new.secret):
        assert text.lower() not in shown


async def test_nothing_is_said_in_the_log_or_in_errors(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    capture_libraries()
    caplog.set_level(logging.DEBUG)
    secrets, _ = await lived(world)
    said = []
    for login in (LOGIN, NAME):
        try:
            await world.people.directory.find(login + "x")
        except EgideError as error:
            said.append(repr((error, error.issues)))
    try:
        await world.people.directory.invite(LOGIN, NAME, ["clinician"])
    except EgideError as error:
        said.append(repr((error, error.issues)))
    out, err = capfd.readouterr()
    text = "\n".join((out, err, caplog.text, *said)).lower()
    assert len(said) == 3
    for word in (*PLAIN, *secrets):
        assert word.lower() not in text


async def test_a_row_moved_to_another_account_does_not_open(world: World) -> None:
    mine, _ = await world.with_passkey()
    other, _ = await world.with_passkey("some.body", Authenticator())
    async with world.database.connection() as connection:
        await connection.execute(
            "update person set sealed = (select sealed from person where account = $1) "
            "where account = $2",
            mine.session.account,
            other.session.account,
        )
    with pytest.raises(EgideError) as caught:
        await world.people.directory.person(other.session.account)
    assert caught.value.category == "fault"


async def lived(world: World) -> tuple[list[str], bytes]:
    """A life with every kind of event: the secrets there were, and the rows in the midst of it."""
    await world.people.directory.invite("some.body", NAME, ["clinician"])
    signed_in, device = await world.with_passkey(bound=BOUND)
    session, means = signed_in.session, world.people.means
    await means.set_password(session, PASSWORD)
    new = await means.begin_totp(session)
    await means.finish_totp(session, world.code(new.secret))
    codes = await means.new_recovery_codes(session)
    await world.people.charters.publish("2026-1")
    await world.people.directory.sign(session.account, "2026-1", by=3)
    await world.people.sign_in.begin_passkey(LOGIN)
    half = await world.people.sign_in.password(LOGIN, PASSWORD, STRANGER)
    again = await world.people.sign_in.recovery_code(half.value, codes[0], STRANGER)
    for password in (PASSWORD + "x", LOGIN):
        with pytest.raises(SignInRefused):
            await world.people.sign_in.password(LOGIN, password, STRANGER)
    with pytest.raises(SignInRefused):
        await world.people.sign_in.password(LOGIN + "z", PASSWORD, STRANGER)
    midway = await world.stored()
    begun = await world.people.step_up.begin_passkey(session, signed_in.value)
    renewed = await world.people.step_up.finish_passkey(session, device.get(begun), HOME)
    await world.people.sessions.sign_out(renewed.session)
    await world.people.directory.set_roles(session.account, ["auditor"], by=3)
    await world.people.directory.train(session.account, world.now, by=3)
    await world.people.directory.disable(session.account, by=3)
    await world.people.directory.enable(session.account, by=3)
    await world.people.directory.reset(session.account, by=3)
    known = [
        PASSWORD,
        new.secret,
        *codes,
        signed_in.value,
        signed_in.device,
        half.value,
        again.value,
        renewed.value,
    ]
    return known, midway
