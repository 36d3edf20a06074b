"""Every event of people reaches the ledger, before it takes effect."""

import pytest
from tests.integration.accounts.people.authenticator import Authenticator
from tests.integration.accounts.people.conftest import HOME, LOGIN, NAME, PASSWORD, World

from egide.accounts import AccountEvent
from egide.accounts.people import People, SignInRefused
from egide.app.account_events import appending, entry_of
from egide.clock import system_clock
from egide.db import Database
from egide.errors import EgideError, Unavailable
from egide.ledger import Action, Ledger, Outcome
from egide.seal import KeyRing


async def test_each_step_of_a_person_s_life_is_told_once_and_in_order(world: World) -> None:
    await world.people.charters.publish("2026-1")
    world.events.clear()
    signed_in, device = await world.with_passkey()
    session, account = signed_in.session, signed_in.session.account
    await world.people.means.set_password(session, PASSWORD)
    new = await world.people.means.begin_totp(session)
    await world.people.means.finish_totp(session, world.code(new.secret))
    await world.people.means.new_recovery_codes(session)
    await world.people.means.remove_password(session)
    begun = await world.people.step_up.begin_passkey(session, signed_in.value)
    await world.people.step_up.finish_passkey(session, device.get(begun), HOME)
    await world.people.sessions.revoke(account, session.session, by=9)
    await world.people.directory.set_roles(account, ["auditor"], by=9)
    await world.people.directory.train(account, world.now, by=9)
    await world.people.directory.sign(account, "2026-1", by=9)
    await world.people.directory.withdraw_signature(account, "2026-1", by=9)
    await world.people.directory.disable(account, by=9)
    await world.people.directory.enable(account, by=9)
    await world.people.directory.reset(account, by=9)
    await world.people.directory.reissue(account, by=9)
    assert world.kinds == [
        (kind, "success")
        for kind in (
            "person-invited",
            "enrolment-begun",
            "passkey-added",
            "enrolment-completed",
            "session-opened",
            "password-set",
            "totp-set",
            "recovery-codes-made",
            "password-removed",
            "session-stepped-up",
            "session-ended",
            "person-roles-changed",
            "person-trained",
            "charter-signed",
            "charter-signature-withdrawn",
            "person-disabled",
            "person-enabled",
            "person-reset",
            "person-link-renewed",
        )
    ]
    assert {event.account for event in world.events} == {account}
    assert [event.by for event in world.events[-9:]] == [9] * 9


async def test_what_cannot_be_told_does_not_happen(world: World) -> None:
    signed_in, device = await world.with_passkey()
    session, account = signed_in.session, signed_in.session.account
    begun = await world.people.means.begin_passkey(session, signed_in.value)
    asked = await world.people.sign_in.begin_passkey()
    await world.people.means.begin_totp(session)
    await world.people.charters.publish("2026-1")
    before = await world.stored()

    async def broken(event: AccountEvent) -> None:
        raise Unavailable("The ledger is not there")

    for part in (
        world.people.charters,
        world.people.directory,
        world.people.enrolment,
        world.people.means,
        world.people.sessions,
        world.people.sign_in,
        world.people._refusals,
    ):
        part._append = broken
    for act in (
        world.people.directory.invite("some.body", NAME, ["clinician"]),
        world.people.directory.reset(account),
        world.people.directory.disable(account),
        world.people.directory.enable(account),
        world.people.directory.set_roles(account, ["auditor"]),
        world.people.directory.train(account, world.now),
        world.people.directory.sign(account, "2026-1"),
        world.people.directory.withdraw_signature(account, "2026-1"),
        world.people.charters.publish("2026-2"),
        world.people.directory.describe(account, name="Ann"),
        world.people.means.set_password(session, PASSWORD),
        world.people.means.new_recovery_codes(session),
        world.people.sessions.revoke_all(account),
        world.people.sessions.sign_out(session),
    ):
        with pytest.raises(Unavailable):
            await act
    assert await world.stored() == before
    with pytest.raises(Unavailable):
        await world.people.means.finish_passkey(session, Authenticator().create(begun), "Key")
    with pytest.raises(Unavailable):
        await world.people.sign_in.finish_passkey(asked.value, device.get(asked), HOME)
    assert len((await world.people.means.of(account)).passkeys) == 1
    assert len(await world.people.sessions.entries(account)) == 1


async def test_what_was_told_and_failed_is_told_as_failed(world: World) -> None:
    _, secret = await world.with_password()
    half = await world.people.sign_in.password(LOGIN, PASSWORD, HOME)
    async with world.database.connection() as connection:
        await connection.execute(
            "create function no() returns trigger language plpgsql as "
            "$$ begin raise exception 'no'; end $$"
        )
        await connection.execute(
            "create trigger no before insert on person_session for each row execute function no()"
        )
    with pytest.raises(EgideError):
        await world.people.sign_in.code(half.value, world.code(secret), HOME)
    assert world.kinds[-2:] == [("session-opened", "success"), ("session-opened", "failed")]
    async with world.database.connection() as connection:
        await connection.execute("drop trigger no on person_session")
    await world.people.sign_in.code(half.value, world.code(secret), HOME)


async def test_the_ledger_keeps_the_session_and_what_was_refused(
    database: Database, ring: KeyRing, ledger: Ledger
) -> None:
    world = World(database)
    people = People(
        database,
        system_clock,
        appending(ledger),
        ring.derive("people"),
        base_url="https://egide.example",
    )
    world.people.close()
    world.people = people
    signed_in, _ = await world.with_passkey()
    with pytest.raises(SignInRefused):
        await people.sign_in.password(LOGIN, PASSWORD, HOME)
    await people.sessions.sign_out(signed_in.session)
    people.close()
    async with database.connection() as connection:
        session = await connection.fetchrow(
            "select actor from ledger_session where session = $1", signed_in.session.session
        )
        entries = await connection.fetch(
            "select action, outcome from ledger_entry where actor = $1", signed_in.session.account
        )
    assert session is not None
    assert session["actor"] == signed_in.session.account
    kinds = {(row["action"], row["outcome"]) for row in entries}
    assert (Action.login, Outcome.success) in kinds
    assert (Action.login, Outcome.refused) in kinds
    assert (Action.logout, Outcome.success) in kinds


async def test_means_and_reasons_stand_in_the_sealed_part_of_an_entry(world: World) -> None:
    await world.with_passkey()
    entry = entry_of(world.events[-1])
    assert entry.body == {
        "reasons": ["session-opened"],
        "count": 1,
        "roles": ["clinician"],
        "means": ["pop", "user", "mfa"],
        "address": HOME.address,
    }
