"""A life of an installation: people, applications, log-ins from elsewhere, a broken glass.

What was said in it that nobody may read at rest is handed back, word by word.
"""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pyotp
from tests.acceptance.installation import Installation
from tests.integration.accounts.federation.conftest import BROWSER, CITIZEN
from tests.integration.accounts.people.authenticator import ORIGIN, Authenticator
from tests.integration.accounts.people.conftest import HOME, LOGIN, NAME, PASSWORD, STRANGER

from egide.accounts import Approval, Context, Registration
from egide.accounts.federation import Evidence, Federation, Identity
from egide.accounts.people import Bound, Session, SignInRefused
from egide.actor import Actor
from egide.app.account_events import appending
from egide.app.fetching import fetching
from egide.app.installation import Installation as Parts
from egide.app.installation import open_installation
from egide.db.versions import SCHEMA
from egide.settings import settings

BOUND = Bound(
    patient="own-synthetic-record-of-hers",
    practitioner="practitioner-synthetic-of-hers",
    establishment="hospital-synthetic-of-hers",
)
CONTEXT = Context(
    launched="launched-synthetic-record",
    encounter="launched-synthetic-stay",
    practitioner=BOUND.practitioner,
)
DEVICE = "The telephone in her bag"
PLACE = "/a-place-of-its-own-to-go-back-to"
REASON = "found unconscious at the foot of the stairs"
TABLES = tuple(
    table
    for name in ("40_accounts", "41_people", "41_federation", "45_applications")
    for table in re.findall(
        r"create table (\w+)",
        (SCHEMA / f"{name}.sql").read_text("utf-8"),
    )
)


@dataclass(frozen=True)
class Lived:
    """What was said, each as it was written, and what only its own holder may have."""

    said: tuple[str, ...]
    secrets: tuple[str, ...]
    account: int
    refresh_token: str

    @property
    def raw(self) -> bytes:
        """All of it, as nobody may find it."""
        return "\n".join((*self.said, *self.secrets)).encode()

    @property
    def words(self) -> set[bytes]:
        """What is looked for: runs of ASCII, in lower case."""
        return {
            piece.lower().encode()
            for text in (*self.said, *self.secrets)
            for piece in re.findall(r"[!-~]+(?: [!-~]+)*", text)
            if len(piece) >= 8
        }


def live(installation: Installation, patient: str) -> Lived:
    """Live it, in an installation that has a patient with this id."""
    here = settings(installation.environment({"EGIDE_BASE_URL": ORIGIN}))

    async def lived() -> Lived:
        async with open_installation(here) as parts:
            return await _live(parts, patient)

    return asyncio.run(lived())


async def _live(parts: Parts, patient: str) -> Lived:
    session, secrets = await _people(parts)
    refresh_token, more = await _applications(parts, session)
    said = await _elsewhere(parts, session)
    async with parts.record.open(_actor(session)) as records:
        await records.break_glass(patient, code="life-threatening", text=REASON)
    bound = [BOUND.patient, BOUND.practitioner, BOUND.establishment]
    context = [CONTEXT.launched, CONTEXT.encounter]
    texts = [LOGIN, NAME, DEVICE, REASON, *said, *(each or "" for each in (*bound, *context))]
    return Lived(tuple(texts), tuple(secrets + more), session.account, refresh_token)


async def _people(parts: Parts) -> tuple[Session, list[str]]:
    """Somebody with every means there is, and everything that waits for an answer."""
    people = parts.people
    await people.directory.invite(f"another.{LOGIN}", NAME, ["clinician"])
    invitation = await people.directory.invite(LOGIN, NAME, ["clinician"], bound=BOUND)
    await people.charters.publish("2026-1")
    await people.directory.sign(invitation.account, "2026-1")
    enrolling = await people.enrolment.begin(invitation.token, HOME)
    begun = await people.means.begin_passkey(enrolling, enrolling.value)
    await people.means.finish_passkey(enrolling, Authenticator().create(begun), DEVICE)
    await people.means.set_password(enrolling, PASSWORD)
    new = await people.means.begin_totp(enrolling)
    await people.means.finish_totp(enrolling, pyotp.TOTP(new.secret).at(parts.clock()))
    signed_in = await people.enrolment.complete(enrolling.value, HOME)
    codes = await people.means.new_recovery_codes(signed_in.session)
    half = await people.sign_in.password(LOGIN, PASSWORD, STRANGER)
    await people.sign_in.begin_passkey(LOGIN)
    with suppress(SignInRefused):  # what is kept of a failure is looked at, too
        await people.sign_in.password(LOGIN, f"{PASSWORD} or so", STRANGER)
    secrets = [PASSWORD, new.secret, *codes, invitation.token, enrolling.value, half.value]
    return signed_in.session, [*secrets, signed_in.value, signed_in.device]


async def _applications(parts: Parts, session: Session) -> tuple[str, list[str]]:
    """An application she let in, with everything that came of it."""
    accounts, now = parts.accounts, parts.clock()
    registration = Registration(
        label="An application",
        proof="secret",
        scope="launch/patient offline_access patient/*.rs",
        redirect_uris=("https://application.example/back",),
    )
    made = await accounts.applications.register(registration)
    rotated = await accounts.clients.rotate(made.client_id, overlap=timedelta(hours=1))
    application = await accounts.applications.find(made.client_id)
    assert application is not None
    await accounts.applications.use_assertion(
        application, "an-assertion-of-its-own", now + timedelta(days=1)
    )
    assert CONTEXT.launched is not None
    launch = await accounts.launches.launch(CONTEXT.launched, CONTEXT.encounter, _actor(session))
    approval = Approval(
        account=session.account,
        application=made.account,
        client_id=made.client_id,
        session=session.session,
        scope=registration.scope,
        assurance=2,
        lasting="offline",
        context=CONTEXT,
        expires=now + timedelta(days=1),
    )
    approve = accounts.approvals.approve
    asked = {"redirect_uri": registration.redirect_uris[0], "challenge": "x" * 43, "nonce": None}
    code = await approve(approval, **asked)  # type: ignore[arg-type]
    issued = await accounts.issue_from(approval)
    refresh_token = await accounts.approvals.refresh_token(approval)
    await accounts.signing.current()
    secrets = [made.secret, rotated.secret, launch, code, issued.access_token, refresh_token]
    return refresh_token, secrets


async def _elsewhere(parts: Parts, session: Session) -> list[str]:
    """A log-in from an identity issuer that waits, is linked, has opened a session and ended it."""
    identity = Identity(
        issuer="fc",
        kind="citizen",
        subject=b"s" * 32,
        assurance=2,
        evidence=Evidence(issuer="fc", acr="eidas2", amr=(), means="", at=parts.clock()),
        situations=(),
        display=f"{CITIZEN['given_name']} {CITIZEN['family_name']}",
        return_to=PLACE,
        number="899700000001",
        id_token=f"header.{CITIZEN['sub']}.signature",
        sid="a-session-of-the-issuer",
    )
    async with fetching() as fetch:
        federation = Federation(
            [],
            parts.database,
            parts.clock,
            parts.ring.derive("federation"),
            appending(parts.ledger),
            fetch,
            callback=f"{ORIGIN}/sign-in/from",
        )
        handle = await federation.hold(identity, BROWSER)
        await federation.link(identity, session.account, proof="enrolment")
        until = parts.clock() + timedelta(hours=1)
        await federation.opened(session.session, identity, until)
        await federation._sessions.take("fc", "a-logout-of-the-issuer", until)
    texts = [identity.display, identity.number, identity.id_token, identity.sid, PLACE, handle]
    return [*texts, "a-logout-of-the-issuer", CITIZEN["sub"]]


def _actor(session: Session) -> Actor:
    return replace(session.actor(zone="inside"), cleared=True)


def known_of(installation: Installation, lived: Lived) -> list[object]:
    """What who has the keys reads of it: the name, whom she stands for, what she let in, and why
    she broke a glass."""
    here = settings(installation.environment({"EGIDE_BASE_URL": ORIGIN}))

    async def known() -> list[object]:
        async with open_installation(here) as parts:
            person = await parts.people.directory.find(LOGIN)
            approval = await parts.accounts.approvals.of_refresh_token(lived.refresh_token)
            assert approval is not None
            reviewer = Actor(1, "operator", frozenset({"auditor"}), 2)
            async with parts.record.open(reviewer, "HOPERAT") as records:
                [glass] = await records.glasses()
            return [person.account, person.name, person.bound, approval.context, glass.text]

    return asyncio.run(known())
