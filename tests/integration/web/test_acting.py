"""A relative says for whom he acts: by a tie and a consent in force, in this session alone."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.record.test_choices import consent, naming, observation
from tests.integration.web.conftest import (
    AGENT,
    HTTPS,
    Answer,
    Forms,
    Surfer,
    World,
    nothing_happens,
    path_of,
)
from tests.integration.web.test_consenting import BACK, Asking, answered

from egide.accounts import Accounts, Approval, Registration
from egide.accounts.people import Behalf, Bound, Session, Visitor
from egide.accounts.people.sealing import Acting, Sealing
from egide.actor import Actor
from egide.api.rest import Rest
from egide.api.smart import Offer
from egide.clock import system_clock
from egide.db import Database
from egide.errors import Fault
from egide.http import Entrance
from egide.ledger.reading import Logged, Reading
from egide.record import Record
from egide.seal import KeyRing
from egide.telemetry import Metrics

MOTHER, OTHER = "mother", "aunt"
OVER = "You no longer act for Essai"
SCOPE = "openid fhirUser launch/patient patient/Observation.rs patient/Patient.r"
TO_CHILD = {"patient": {"reference": "Patient/p"}}
PERMITS = naming("permit", f"RelatedPerson/{MOTHER}")
PAGES = ("/", "/account", "/account/sessions", "/account/applications", "/applications", "/acting")


@dataclass
class Family:
    """Two children, each with a relative; the mother of the first has an account."""

    world: World
    record: Record
    system: Actor

    async def put(self, type: str, id: str, **elements: Any) -> None:
        body = json.dumps({"resourceType": type, "id": id, **elements}).encode()
        async with self.record.open(self.system) as session:
            await session.update(type, id, body)

    async def delete(self, type: str, id: str) -> None:
        async with self.record.open(self.system) as session:
            await session.delete(type, id)

    async def tie(self, **more: Any) -> None:
        await self.put("RelatedPerson", MOTHER, **TO_CHILD, **more)

    async def consent(self, provision: dict[str, Any] = PERMITS, status: str = "active") -> None:
        await self.put("Consent", "c", **consent(provision, status))

    async def both(self) -> None:
        await self.tie()
        await self.consent()

    async def mother(self, *relatives: str, login: str = "mother", **more: Any) -> Surfer:
        """Her browser."""
        known = {"roles": ["relative"], "bound": Bound(relatives=relatives or (MOTHER,)), **more}
        return await self.world.browser().enrol(self.world, login, **known)

    async def acting(self, browser: Surfer, relative: str = MOTHER) -> Surfer:
        """She has chosen the child."""
        await browser.get("/acting")
        answer = await browser.submit("/acting", relative=relative)
        assert (answer.status, answer.location) == (303, "/"), answer.text
        return browser

    async def choose(self, browser: Surfer, relative: str, **fields: str) -> Answer:
        """The form, with the token our own page would hold, whatever the page offers."""
        token = self.token(browser, "/acting")
        return await browser.post("/acting", {"form_token": token, "relative": relative} | fields)

    def token(self, browser: Surfer, action: str) -> str:
        return self.world.web._site.forms.token(browser.cookies["__Host-egide-session"], action)

    async def session(self, browser: Surfer) -> Session:
        value = browser.cookies["__Host-egide-session"]
        session = await self.world.people.sessions.resolve(value, Visitor(agent=AGENT))
        assert session is not None
        return session

    @property
    def begun(self) -> int:
        return [event.kind for event in self.world.events].count("acting-begun")


@pytest.fixture
async def family(world: World, record: Record, system: Actor) -> Family:
    made = Family(world, record, system)
    for id, name in (("p", "Essai"), ("q", "Autre")):
        await made.put("Patient", id, name=[{"family": name}], birthDate="2019-07-04")
    await made.put("RelatedPerson", OTHER, patient={"reference": "Patient/q"})
    provision = naming("permit", f"RelatedPerson/{OTHER}")
    of_other = consent(provision) | {"patient": {"reference": "Patient/q"}}
    await made.put("Consent", "d", **of_other)
    await made.put("Observation", "a", **observation("1-1"))
    return made


def at(days: int) -> str:
    return (system_clock() + timedelta(days=days)).isoformat()


async def test_who_is_nobody_s_relative_has_no_such_page(family: Family) -> None:
    for login, roles, relatives in (
        ("doctor", ["clinician"], (MOTHER,)),
        ("nobody", ["relative"], ()),
    ):
        await family.both()
        browser = await family.world.browser().enrol(
            family.world, login, roles=roles, bound=Bound(relatives=relatives)
        )
        assert (await browser.get("/acting")).status == 404
        assert (await family.choose(browser, MOTHER)).status == 404
        assert "/acting" not in (await browser.get("/")).text
    assert family.begun == 0


@pytest.mark.parametrize(
    "relative", [MOTHER, OTHER, "p", "q", "none", "", "../x", "RelatedPerson/aunt"]
)
async def test_nobody_is_acted_for_without_a_tie(family: Family, relative: str) -> None:
    """Neither somebody else's tie, nor a patient's id, nor anything else the form may say."""
    browser = await family.mother()
    page = await browser.get("/acting")
    assert "Nobody at the moment" in page.text and "Essai" not in page.text
    assert (await family.choose(browser, relative, patient="q", behalf="q")).status == 404
    assert (await family.session(browser)).behalf is None
    assert family.begun == 0


BEFORE = {"period": {"end": at(-1)}}
LATER = {"period": {"start": at(1)}}
DENIES = naming("deny", f"RelatedPerson/{MOTHER}")


@pytest.mark.parametrize(
    ("tie", "provision", "status"),
    [
        ({}, None, "active"),
        (None, PERMITS, "active"),
        (LATER, PERMITS, "active"),
        (BEFORE, PERMITS, "active"),
        ({"active": False}, PERMITS, "active"),
        ({}, PERMITS | LATER, "active"),
        ({}, PERMITS | BEFORE, "active"),
        ({}, PERMITS, "inactive"),
        ({}, PERMITS, "draft"),
        ({}, DENIES, "active"),
        ({}, naming("permit", f"RelatedPerson/{OTHER}"), "active"),
    ],
    ids=[
        "no consent",
        "no tie",
        "tie to come",
        "tie that ended",
        "tie not active",
        "consent to come",
        "consent that ended",
        "consent withdrawn",
        "consent not signed",
        "consent that denies",
        "consent for somebody else",
    ],
)
async def test_a_tie_or_a_consent_that_is_not_in_force_lets_nobody_act(
    family: Family, tie: dict[str, Any] | None, provision: dict[str, Any] | None, status: str
) -> None:
    if tie is not None:
        await family.tie(**tie)
    if provision is not None:
        await family.consent(provision, status)
    browser = await family.mother()
    assert "Nobody at the moment" in (await browser.get("/acting")).text
    assert (await family.choose(browser, MOTHER)).status == 404
    assert family.begun == 0


async def test_information_is_no_consent_to_act(family: Family) -> None:
    await family.tie()
    told = consent(PERMITS) | {"category": [{"coding": [{"code": "INFORMATION"}]}]}
    await family.put("Consent", "c", **told)
    assert (await family.choose(await family.mother(), MOTHER)).status == 404


async def test_an_opposition_to_everything_wins(family: Family) -> None:
    await family.both()
    await family.put("Consent", "no", **consent(DENIES))
    assert (await family.choose(await family.mother(), MOTHER)).status == 404


async def test_a_form_from_elsewhere_chooses_nobody_and_ends_nothing(family: Family) -> None:
    await family.both()
    browser = await family.mother()
    fields = {"form_token": family.token(browser, "/acting"), "relative": MOTHER}
    with nothing_happens(family.world):
        assert (await browser.post("/acting", {"relative": MOTHER})).status == 403
        answer = await browser.post("/acting", fields, sec_fetch_site="cross-site")
        assert answer.status == 403
        assert (await browser.get(f"/acting?relative={MOTHER}&next=/")).status == 200
    await family.acting(browser)
    with nothing_happens(family.world):
        assert (await browser.post("/acting/end", {})).status == 403
        assert (await browser.get("/acting/end")).status == 405
    assert (await family.session(browser)).behalf is not None


async def test_another_session_of_the_same_person_acts_for_nobody(family: Family) -> None:
    await family.both()
    first = await family.acting(await family.mother())
    second = family.world.browser(device=first.device)
    await second.get("/sign-in")
    said = second.device.get(second.begun("/sign-in/passkey"))
    await second.submit("/sign-in/passkey", response=said)
    assert "You are acting for" not in (await second.get("/")).text
    assert (await family.session(second)).behalf is None
    token = family.token(first, "/acting/end")
    assert (await second.post("/acting/end", {"form_token": token})).status == 403
    assert "You are acting for" in (await first.get("/")).text


async def test_what_is_sealed_of_one_session_does_not_open_in_another(
    family: Family, database: Database
) -> None:
    await family.both()
    first = await family.session(await family.acting(await family.mother()))
    second = await family.mother(login="second")
    number = (await family.session(second)).session
    async with database.connection() as connection:
        await connection.execute(
            "update person_session set acting ="
            " (select acting from person_session where session = $1) where session = $2",
            first.session,
            number,
        )
    family.world.people.sessions._remembered.forget()
    with pytest.raises(Fault):
        await family.session(second)


WITHDRAWN: dict[str, Callable[[Family], Awaitable[None]]] = {
    "the tie is not active": lambda family: family.tie(active=False),
    "the tie is over": lambda family: family.tie(**BEFORE),
    "the tie is to somebody else": lambda family: family.put(
        "RelatedPerson", MOTHER, patient={"reference": "Patient/q"}
    ),
    "the tie is deleted": lambda family: family.delete("RelatedPerson", MOTHER),
    "the consent is withdrawn": lambda family: family.consent(status="inactive"),
    "the consent is over": lambda family: family.consent(PERMITS | BEFORE),
    "the consent is deleted": lambda family: family.delete("Consent", "c"),
    "the consent names somebody else": lambda family: family.consent(
        naming("permit", f"RelatedPerson/{OTHER}")
    ),
    "everything is denied": lambda family: family.put("Consent", "no", **consent(DENIES)),
}


@pytest.mark.parametrize("way", WITHDRAWN)
async def test_what_ends_ends_the_acting_at_the_next_request(family: Family, way: str) -> None:
    await family.both()
    browser = await family.acting(await family.mother())
    await browser.get("/account")
    await WITHDRAWN[way](family)
    answer = await browser.get("/account/sessions")
    assert (answer.status, answer.title) == (403, OVER)
    assert 'href="/account/sessions"' in answer.text
    assert "You are acting for" not in answer.text
    event = family.world.events[-1]
    assert (event.kind, event.reason, event.behalf) == ("acting-ended", "tie-ended", "p")
    with nothing_happens(family.world):
        page = await browser.get("/account/sessions")
    assert (page.status, "You are acting for" in page.text) == (200, False)
    assert (await family.session(browser)).behalf is None


async def test_a_form_sent_after_the_end_does_nothing(family: Family) -> None:
    await family.both()
    browser = await family.acting(await family.mother())
    page = await browser.get("/account/sessions")
    [action] = [each for each in Forms(page.text).forms if each.startswith("/account/sessions/")]
    await family.consent(status="inactive")
    answer = await browser.submit(action)
    assert (answer.status, answer.title) == (403, OVER)
    assert (await browser.get("/account")).status == 200


async def test_one_signs_out_whatever_has_become_of_the_tie(family: Family) -> None:
    await family.both()
    browser = await family.acting(await family.mother())
    await browser.get("/")
    await family.consent(status="inactive")
    assert (await browser.submit("/sign-out")).location == "/signed-out"
    assert "__Host-egide-session" not in browser.cookies


async def test_two_requests_that_find_it_over_at_once_both_say_so(family: Family) -> None:
    await family.both()
    browser = await family.acting(await family.mother())
    before = dict(browser.cookies)
    stale = await family.session(browser)
    await family.consent(status="inactive")
    assert (await browser.get("/")).title == OVER
    kept, browser.cookies = browser.cookies, before
    family.world.people.sessions._remembered.put(
        stale.key,
        stale,
        system_clock() + timedelta(seconds=5),
        family.world.people.sessions._remembered.generation,
    )
    assert (await browser.get("/account")).title == OVER
    assert browser.cookies["__Host-egide-session"] == before["__Host-egide-session"]
    browser.cookies = kept
    assert (await browser.get("/account")).status == 200


async def test_a_role_or_a_binding_that_is_lost_ends_it(family: Family) -> None:
    await family.both()
    for login, lose in (
        ("one", lambda account: family.world.people.directory.set_roles(account, ["patient"])),
        (
            "two",
            lambda account: family.world.people.directory.describe(
                account, bound=Bound(relatives=(OTHER,))
            ),
        ),
    ):
        browser = await family.acting(await family.mother(login=login))
        await lose((await family.session(browser)).account)
        assert (await browser.get("/")).title == OVER
        assert (await browser.get("/")).status == 200


async def test_an_actor_whose_tie_is_not_the_account_s_any_more_acts_for_nobody(
    family: Family,
) -> None:
    await family.both()
    browser = await family.acting(await family.mother())
    account = (await family.session(browser)).account
    await family.world.people.directory.describe(account, bound=Bound(relatives=(OTHER,)))
    actor = (await family.session(browser)).actor()
    assert (actor.relative, actor.behalf) == (OTHER, None)


async def test_a_form_of_a_page_that_named_somebody_else_is_not_taken(family: Family) -> None:
    await family.both()
    browser = await family.acting(await family.mother())
    old = family.token(browser, "/account/sessions/end-others")
    await browser.get("/")
    await browser.submit("/acting/end")
    with nothing_happens(family.world):
        answer = await browser.post("/account/sessions/end-others", {"form_token": old})
    assert (answer.status, answer.title) == (403, "This form was not accepted")


async def test_choosing_does_not_lead_elsewhere(family: Family) -> None:
    await family.both()
    browser = await family.mother()
    answer = await family.choose(browser, MOTHER, next="//elsewhere.example/")
    assert (answer.status, answer.location) == (303, "/")


async def test_one_chooses_is_told_on_every_page_and_changes_back(family: Family) -> None:
    await family.both()
    browser = await family.mother()
    page = await browser.get("/acting")
    assert "Essai" in page.text and "without an end date" in page.text
    assert "The whole record" in page.text and "Autre" not in page.text
    before = browser.cookies["__Host-egide-session"]
    await family.acting(browser)
    assert browser.cookies["__Host-egide-session"] != before
    for path in PAGES:
        page = await browser.get(path)
        assert "You are acting for <strong>Essai</strong>" in page.text, path
        page = await browser.get(path, accept_language="fr")
        assert "Vous agissez pour <strong>Essai</strong>" in page.text, path
    await browser.submit("/acting/end")
    for path in PAGES:
        assert "You are acting for" not in (await browser.get(path)).text
    told = [(each.kind, each.behalf, each.reason) for each in family.world.events[-2:]]
    assert told == [("acting-begun", "p", ""), ("acting-ended", "p", "")]


async def test_the_dates_and_the_extent_are_said_in_plain_words(family: Family) -> None:
    await family.tie(period={"start": "2026-01-05", "end": at(400)})
    limited = PERMITS | {
        "class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Appointment"}],
        "period": {"start": "2026-02-06", "end": at(100)},
    }
    await family.consent(limited)
    browser = await family.mother()
    page = await browser.get("/acting")
    assert "since 6 Feb 2026" in page.text and "Only: appointments." in page.text
    assert "Somebody whose name is not open to you" in page.text and "Essai" not in page.text
    until = system_clock() + timedelta(days=100)
    assert re.search(rf"until \d+ \w+ {until.year}, \d\d:\d\d", page.text)
    await family.acting(browser)
    assert "somebody whose name is not open to you" in (await browser.get("/")).text


async def test_a_mother_of_two_chooses_between_them(family: Family) -> None:
    await family.both()
    browser = await family.mother(MOTHER, OTHER)
    page = await browser.get("/acting")
    assert "Essai" in page.text and "Autre" in page.text
    await family.acting(browser, OTHER)
    actor = (await family.session(browser)).actor()
    assert (actor.relative, actor.behalf) == (OTHER, "q")
    await family.acting(browser)
    actor = (await family.session(browser)).actor()
    assert (actor.relative, actor.behalf) == (MOTHER, "p")


async def test_a_name_with_markup_stays_text(family: Family) -> None:
    await family.both()
    await family.put("Patient", "p", name=[{"family": "<b>Essai</b>"}])
    browser = await family.acting(await family.mother())
    page = await browser.get("/")
    assert "&lt;b&gt;Essai&lt;/b&gt;" in page.text and "<b>Essai" not in page.text


async def test_an_application_is_let_in_for_whom_one_acts(
    family: Family, database: Database, ring: KeyRing
) -> None:
    """The whole way: say for whom, read for whom on the page of consent, then the access token."""
    await family.both()
    browser = await family.mother()
    new = await family.world.accounts.applications.register(
        Registration(label="Growth", proof="none", scope=SCOPE, redirect_uris=(BACK,))
    )
    asking = Asking(family.world, new.client_id, browser)
    address = asking.address(scope=SCOPE)
    answer = await browser.get(address)
    assert (answer.status, path_of(answer.location)) == (303, "/acting")
    await browser.follow()
    page = await browser.submit("/acting", relative=MOTHER)
    assert "/oauth/authorize?" in page.text
    page = await browser.get(address)
    assert "You answer for Essai, for whom you act." in page.text
    assert "<dd><strong>Essai</strong>" in page.text
    answer = await browser.submit("/oauth/consent", answer="allow", patient="q")
    assert answer.status == 403
    await browser.get(address)
    code = answered((await browser.submit("/oauth/consent", answer="allow")).location)["code"]
    approval = (await family.world.accounts.approvals.redeem(code)).approval
    assert (approval.context.launched, approval.context.behalf) == ("p", "p")
    read = await _program(family, database, approval)
    assert [await read(f"/fhir/{each}") for each in ("Observation/a", "Patient/p")] == [200, 200]
    assert await read("/fhir/Patient/q") == 404
    logged = await _logged(database, ring, approval.account)
    reads = [each for each in logged if each.type == "Observation"]
    assert [each.facts["behalf"] for each in reads] == ["Patient/p"]
    assert {each.facts.get("behalf") for each in logged} == {"Patient/p"}
    await family.consent(status="inactive")
    assert await read("/fhir/Observation/a") == 404
    refused = (await _logged(database, ring, approval.account))[0]
    assert (refused.outcome.name, refused.facts["behalf"]) == ("refused", "Patient/p")


async def test_the_list_of_applications_says_for_whom_each_was_let_in(family: Family) -> None:
    await family.both()
    browser = await family.mother()
    new = await family.world.accounts.applications.register(
        Registration(label="Growth", proof="none", scope=SCOPE, redirect_uris=(BACK,))
    )
    address = Asking(family.world, new.client_id, browser).address(scope=SCOPE)
    await family.acting(browser)
    await browser.get(address)
    await browser.submit("/oauth/consent", answer="allow")
    await browser.get("/acting")
    await browser.submit("/acting/end")
    said = "For <strong>Essai</strong>, for whom you acted"
    unnamed = "For <strong>somebody whose name is not open to you</strong>, for whom you acted"
    assert said in (await browser.get("/account/applications")).text
    await family.put("Patient", "p", name=[{"family": "<b>Essai</b>"}])
    page = await browser.get("/account/applications")
    assert "<strong>&lt;b&gt;Essai&lt;/b&gt;</strong>" in page.text and "<b>Essai" not in page.text
    account = (await family.session(browser)).account
    await family.world.people.directory.describe(account, bound=Bound(relatives=(OTHER,)))
    page = await browser.get("/account/applications")
    assert unnamed in page.text and "Essai" not in page.text and "Autre" not in page.text
    await family.world.people.directory.describe(account, bound=Bound(relatives=(MOTHER,)))
    await family.consent(status="inactive")
    page = await browser.get("/account/applications")
    assert unnamed in page.text and "Essai" not in page.text


async def test_an_application_is_opened_on_the_record_of_whom_one_acts_for(family: Family) -> None:
    await family.both()
    browser = await family.mother()
    new = await family.world.accounts.applications.register(
        Registration(
            label="Growth",
            proof="none",
            scope="launch openid patient/Observation.rs",
            redirect_uris=(BACK,),
            launch_uri="https://app.example/launch",
        )
    )
    answer = await browser.get(f"/applications/{new.client_id}")
    assert path_of(answer.location) == "/acting"
    await family.acting(browser)
    await browser.get("/applications")
    page = await browser.submit(f"/applications/{new.client_id}/open")
    assert "On the record of Essai." in page.text


async def test_the_session_keeps_it_sealed_and_a_step_up_keeps_it(
    family: Family, database: Database
) -> None:
    await family.both()
    browser = await family.acting(await family.mother())
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "select person_session::text as line, acting from person_session"
        )
    assert row is not None and "Essai" not in row["line"] and MOTHER not in row["line"]
    session = await family.session(browser)
    sealing = Sealing(b"p" * 32)
    opened = sealing.open_acting(session.account, session.session, row["acting"])
    assert opened == Acting(None, Behalf(MOTHER, "p", "Essai"))
    await browser.get("/step-up")
    said = browser.device.get(browser.begun("/step-up/passkey"))
    await browser.submit("/step-up/passkey", response=said)
    assert "You are acting for" in (await browser.get("/")).text


async def test_a_patient_who_acts_for_another_gives_an_application_the_other_s_record_alone(
    family: Family, database: Database
) -> None:
    await family.both()
    own = Bound(patient="q", relatives=(MOTHER,))
    browser = await family.mother(roles=["patient", "relative"], bound=own)
    await family.acting(browser)
    new = await family.world.accounts.applications.register(
        Registration(label="Growth", proof="none", scope=SCOPE, redirect_uris=(BACK,))
    )
    page = await browser.get(Asking(family.world, new.client_id, browser).address(scope=SCOPE))
    assert "<dd><strong>Essai</strong>" in page.text
    code = answered((await browser.submit("/oauth/consent", answer="allow")).location)["code"]
    approval = (await family.world.accounts.approvals.redeem(code)).approval
    read = await _program(family, database, approval)
    assert await read("/fhir/Observation/a") == 200
    for purpose in (None, "FAMRQT", "PATRQT"):
        assert await read("/fhir/Patient/q", x_purpose_of_use=purpose) == 404
    await browser.get("/")
    await browser.submit("/acting/end")
    page = await browser.get(Asking(family.world, new.client_id, browser).address(scope=SCOPE))
    assert "<dd>yours</dd>" in page.text


async def _program(
    family: Family, database: Database, approval: Approval
) -> Callable[..., Awaitable[int]]:
    """Asks as the application that was let in; the status it is answered."""
    accounts = Accounts(
        database,
        system_clock,
        family.world.append,
        b"a" * 32,
        Sealing(b"p" * 32).open_known,
    )
    token = (await accounts.issue_from(approval)).access_token
    rest = Rest(family.record, accounts, HTTPS, Offer())
    program = Surfer(Entrance(rest.respond, metrics=Metrics()))

    async def read(path: str, **headers: str | None) -> int:
        sent = {"authorization": f"Bearer {token}", "accept": "application/json", **headers}
        return (await program.ask("GET", path, **sent)).status

    return read


async def _logged(database: Database, ring: KeyRing, account: int) -> list[Logged]:
    async with database.connection() as connection:
        return await Reading(ring).of_actor(connection, account)
