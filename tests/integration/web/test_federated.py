"""There and back: a browser signs in at a real issuer on loopback, and what may come of it."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from tests.integration.accounts.federation import conftest as issuers
from tests.integration.accounts.federation.issuing import Client, issuing
from tests.integration.web.conftest import (
    AGENT,
    HTTPS,
    Answer,
    Surfer,
    World,
    nothing_happens,
    path_of,
)

from egide.accounts.federation import Federation, Registration
from egide.accounts.federation.credential import credential
from egide.accounts.people import Bound, Session, Visitor
from egide.app.fetching import fetching
from egide.clock import system_clock

MINUTE = timedelta(minutes=1)
FORM = "application/x-www-form-urlencoded"
CALLBACK = f"{HTTPS}/sign-in/from"


class There:
    """An issuer, and the way to it."""

    def __init__(self, world: World, served: Any, fetch: Any) -> None:
        self.world, self.served, self.fetch = world, served, fetch
        self.configure()

    def configure(self, **changes: Any) -> None:
        known = issuers.issuer("pro-sante-connect", self.served.address, **changes)
        keys = credential(known.authentication, issuers.SECRET.encode())
        self.world.federation = Federation(
            [Registration(known, keys)],
            self.world.database,
            system_clock,
            b"f" * 32,
            self.world.append,
            self.fetch,
            callback=CALLBACK,
        )
        self.world.open()

    async def go(self, browser: Surfer, next: str = "/") -> str:
        """To the issuer and back to the callback; its path and query."""
        browser.entrance = self.world.entrance
        page = await browser.get(f"/sign-in?{urlencode({'next': next})}")
        assert "Issuer of the tests" in page.text
        page = await browser.submit("/sign-in/at/psc")
        return await self.back(self.leads(page))

    async def sent(self, browser: Surfer, page: Answer | None = None) -> str:
        """Where a step-up sends the browser; `page`: the one that asks for it."""
        if page is None:
            await browser.get("/step-up?next=%2Faccount%2Fpasskey")
        return self.leads(await browser.submit("/step-up/at/psc"))

    def leads(self, page: Answer) -> str:
        """The address at the issuer that a page leads to."""
        assert page.status == 200, page.text
        return page.text.split('content="0; url=')[1].split('"')[0].replace("&amp;", "&")

    async def session(self, browser: Surfer) -> Session:
        value = browser.cookies["__Host-egide-session"]
        found = await self.world.people.sessions.resolve(value, Visitor(agent=AGENT))
        assert found is not None
        return found

    async def back(self, leads: str) -> str:
        """To the issuer and back; path and query at the callback."""
        async with httpx2.AsyncClient(trust_env=False) as outside:
            answer = await outside.get(leads)
        back: str = answer.headers["location"]
        assert back.startswith(f"{CALLBACK}/psc?")
        return back.removeprefix(HTTPS)


@pytest.fixture
async def there(world: World) -> AsyncIterator[There]:
    client = Client("egide", issuers.SECRET, [f"{CALLBACK}/psc"])
    async with issuing("pro-sante-connect", client) as served, fetching() as fetch:
        served.person = issuers.PROFESSIONAL
        yield There(world, served, fetch)


async def test_an_identity_linked_to_no_account_opens_none(there: There) -> None:
    browser = there.world.browser()
    answer = await browser.get(await there.go(browser))
    assert (answer.status, answer.title) == (
        403,
        "We know who you are, not which account is yours",
    )
    assert "__Host-egide-session" not in browser.cookies


async def test_an_identity_linked_by_its_holder_opens_the_account(there: There) -> None:
    browser = await linked(there)
    await browser.get("/account")
    await browser.submit("/sign-out")
    stranger = there.world.browser()
    answer = await stranger.get(await there.go(stranger, "/account/sessions"))
    assert (answer.status, answer.location) == (303, "/account/sessions")
    page = await stranger.follow()
    assert "through another site" in page.text


async def test_what_was_begun_in_another_browser_is_refused(there: There) -> None:
    first, second = there.world.browser(), there.world.browser()
    back = await there.go(first)
    answer = await second.get(back)
    assert (answer.status, answer.title) == (403, "This sign-in could not be verified")


async def test_what_came_back_once_does_not_come_back_twice(there: There) -> None:
    browser = there.world.browser()
    back = await there.go(browser)
    await browser.get(back)
    assert (await browser.get(back)).title == "This sign-in could not be verified"


async def test_a_professional_without_a_role_here_is_denied(there: There) -> None:
    there.configure(roles=())
    browser = there.world.browser()
    answer = await browser.get(await there.go(browser))
    assert (answer.status, answer.title) == (403, "No role here")


async def test_one_factor_at_the_issuer_opens_nothing(there: There) -> None:
    await linked(there)
    there.configure(levels=(issuers.issuers.Level("eidas1", 1),))
    browser = there.world.browser()
    answer = await browser.get(await there.go(browser))
    assert (answer.status, answer.title) == (403, "One proof is not enough")
    assert "__Host-egide-session" not in browser.cookies


async def test_a_situation_whose_roles_the_account_has_not_opens_nothing(there: There) -> None:
    await linked(there, roles=["registrar"])
    browser = there.world.browser()
    answer = await browser.get(await there.go(browser))
    assert (answer.status, answer.title) == (403, "No role here")


async def test_a_professional_of_several_situations_chooses_one(there: There) -> None:
    await linked(there)
    there.served.person = {**issuers.PROFESSIONAL, "SubjectRefPro": _two()}
    browser = there.world.browser()
    answer = await browser.get(await there.go(browser))
    assert path_of(answer.location) == "/sign-in/situation"
    page = await browser.follow()
    assert page.title == "Where are you working now?"
    assert "HOPITAL SYNTHETIQUE" in page.text and "CLINIQUE SYNTHETIQUE" in page.text
    answer = await browser.submit("/sign-in/situation", situation="1")
    assert answer.status == 303
    assert (await browser.follow()).title == "Hello, Camille Exemple"


async def test_the_session_has_the_roles_and_the_establishment_of_the_situation(
    there: There,
) -> None:
    there.configure(establishments={"750000001": "synthetic-hospital"})
    own = Bound(practitioner="synthetic-doctor", establishment="synthetic-own")
    await linked(there, roles=["clinician", "registrar"], bound=own)
    browser = there.world.browser()
    await browser.get(await there.go(browser))
    value = browser.cookies["__Host-egide-session"]
    session = await there.world.people.sessions.resolve(value, Visitor(agent=AGENT))
    assert session is not None
    actor = session.actor()
    assert actor.roles == {"clinician"}
    assert (actor.practitioner, actor.establishment) == ("synthetic-doctor", "synthetic-hospital")


async def test_a_disabled_account_is_opened_by_no_issuer(there: There) -> None:
    await linked(there)
    [person] = await there.world.people.directory.people()
    await there.world.people.directory.disable(person.account)
    browser = there.world.browser()
    answer = await browser.get(await there.go(browser))
    assert answer.status == 403
    assert "__Host-egide-session" not in browser.cookies


@pytest.mark.parametrize(
    "said",
    [
        {"aud": "other"},
        {"iss": "https://other.example"},
        {"nonce": "x"},
        {"events": {}},
        {"iat": 1},
    ],
)
async def test_a_logout_token_that_does_not_hold_ends_nobody_s_session(
    there: There, said: dict[str, Any]
) -> None:
    browser = await signed_in(there)
    answer = await posted(there, logout_token(there, **said))
    assert (answer.status, answer.header(b"cache-control")) == (400, b"no-store")
    assert (await browser.get("/account")).status == 200


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "x" * 5000])
async def test_what_is_no_logout_token_ends_nobody_s_session(there: There, token: str) -> None:
    browser = await signed_in(there)
    assert (await posted(there, token)).status == 400
    assert (await browser.get("/account")).status == 200


async def test_a_logout_token_nobody_signed_ends_nobody_s_session(there: There) -> None:
    browser = await signed_in(there)
    assert (await posted(there, logout_token(there)[:-8] + "AAAAAAAA")).status == 400
    assert (await browser.get("/account")).status == 200


async def test_a_logout_token_is_taken_in_the_body_of_a_form_alone(there: There) -> None:
    browser = await signed_in(there)
    token = logout_token(there)
    outside = there.world.browser()
    path = "/sign-in/from/psc/logout"
    assert (await outside.ask("GET", f"{path}?logout_token={token}")).status == 405
    answer = await outside.ask("POST", path, token.encode(), content_type="application/jwt")
    assert answer.status == 415
    answer = await outside.ask("POST", path, b"x" * 70_000, content_type=FORM)
    assert answer.status == 413
    twice = urlencode([("logout_token", token), ("logout_token", token)]).encode()
    assert (await outside.ask("POST", path, twice, content_type=FORM)).status == 400
    assert (await browser.get("/account")).status == 200


async def test_an_issuer_ends_the_sessions_of_a_person_and_of_nobody_else(there: There) -> None:
    browser = await signed_in(there)
    other = await there.world.browser().enrol(there.world, "other")
    token = logout_token(there)
    answer = await posted(there, token)
    assert (answer.status, answer.header(b"cache-control")) == (200, b"no-store")
    event = there.world.events[-1]
    assert (event.kind, event.reason) == ("session-ended", "ended-by-issuer")
    assert (await browser.get("/account")).status == 303
    assert (await other.get("/account")).status == 200
    with nothing_happens(there.world):
        assert (await posted(there, logout_token(there, jti="two"))).status == 200
    assert (await posted(there, token)).status == 400


async def test_no_other_issuer_s_address_takes_it(there: There) -> None:
    browser = await signed_in(there)
    assert (await posted(there, logout_token(there), "other")).status == 404
    assert (await browser.get("/account")).status == 200


async def test_a_situation_there_is_not_is_refused(there: There) -> None:
    await linked(there)
    there.served.person = {**issuers.PROFESSIONAL, "SubjectRefPro": _two()}
    browser = there.world.browser()
    await browser.get(await there.go(browser))
    await browser.follow()
    answer = await browser.submit("/sign-in/situation", situation="7")
    assert answer.status == 400
    assert "__Host-egide-session" not in browser.cookies


async def test_the_handle_of_an_identity_is_fit_for_an_address(
    there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its random bits are: an address keeps what begins with `_` for itself."""
    browser = there.world.browser()
    back = await there.go(browser)
    monkeypatch.setattr("egide.accounts.federation.waiting.secrets.token_urlsafe", "_".__mul__)
    page = await browser.get(back)
    monkeypatch.undo()
    await browser.enrol(there.world)
    page = await browser.get(_place(page.text))
    assert page.title == "Sign in by Issuer of the tests from now on?"


async def test_the_handle_of_one_browser_links_nothing_in_another(there: There) -> None:
    victim = there.world.browser()
    page = await victim.get(await there.go(victim))
    place = _place(page.text)
    other = await there.world.browser().enrol(there.world, "other")
    other.entrance = there.world.entrance
    answer = await other.get(place)
    assert (answer.status, answer.title) == (403, "This sign-in could not be verified")


@pytest.mark.parametrize("ago", [600, 3600, 30 * 86400, None])
async def test_a_session_still_open_at_the_issuer_is_no_fresh_proof(
    there: There, ago: int | None
) -> None:
    """Whoever sits at the machine of somebody signed in there gets in, and changes no means."""
    await linked(there)
    there.served.spoil_id_token = authenticated(ago)
    browser = there.world.browser()
    await browser.get(await there.go(browser))
    session = await there.session(browser)
    if ago is None:
        assert session.authenticated is None
    else:
        assert session.authenticated is not None
        assert abs(session.opened - session.authenticated - timedelta(seconds=ago)) < MINUTE
    page = await browser.get("/account")
    assert page.status == 200
    for changed in ("/account/passkey", "/account/password", "/account/codes"):
        assert path_of((await browser.get(changed)).location) == "/step-up"
        token = there.world.web._site.forms.token(browser.cookies["__Host-egide-session"], changed)
        await browser.post(changed, {"form_token": token, "response": "{}", "name": "His"})
        assert path_of(browser.page.location) == "/step-up"
    [known] = (await there.world.people.means.of(session.account)).passkeys
    assert known.name == "Telephone"


async def test_after_a_session_still_open_there_one_s_own_proof_is_fresh(there: There) -> None:
    browser = await linked(there)
    await browser.get("/account")
    await browser.submit("/sign-out")
    there.served.spoil_id_token = authenticated(None)
    await browser.get(await there.go(browser))
    assert path_of((await browser.get("/account/passkey")).location) == "/step-up"
    await browser.follow()
    said = browser.device.get(browser.begun("/step-up/passkey"))
    await browser.submit("/step-up/passkey", response=said)
    assert (await browser.get("/account/passkey")).status == 200


async def test_a_proof_of_the_future_is_no_fresher_than_one_of_now(there: There) -> None:
    await linked(there)
    there.served.spoil_id_token = authenticated(-3600)
    browser = there.world.browser()
    await browser.get(await there.go(browser))
    session = await there.session(browser)
    assert session.authenticated == session.opened


def authenticated(ago: int | None) -> Callable[[dict[str, Any]], None]:
    """Spoils an id token: the person was authenticated `ago` seconds ago; None: it does not say."""

    def spoil(claims: dict[str, Any]) -> None:
        claims.pop("auth_time", None)
        if ago is not None:
            claims["auth_time"] = int(time.time()) - ago

    return spoil


async def test_a_step_up_by_the_issuer_goes_on_with_the_session(there: There) -> None:
    browser = await stale(there)
    before = await there.session(browser)
    answer = await browser.get("/account/passkey")
    assert answer.location == "/step-up?next=%2Faccount%2Fpasskey"
    leads = await there.sent(browser, await browser.follow())
    asked = dict(parse_qsl(urlsplit(leads).query))
    assert (asked["prompt"], asked["max_age"], asked["acr_values"]) == ("login", "0", "eidas1")
    answer = await browser.get(await there.back(leads))
    assert (answer.status, answer.location) == (303, "/account/passkey")
    after = await there.session(browser)
    assert (after.session, after.assurance, after.key != before.key) == (before.session, 2, True)
    assert after.authenticated and before.authenticated
    assert after.authenticated > before.authenticated and after.means[0] == "fed"
    assert after.works_as == before.works_as
    assert (await browser.follow()).status == 200
    assert there.world.events[-1].kind == "session-stepped-up"


async def test_a_step_up_by_another_identity_is_refused(there: There) -> None:
    """One that opens no account, and one that opens somebody else's."""
    browser = await stale(there)
    there.served.person = {**issuers.PROFESSIONAL, "sub": "f:another:person"}
    for _ in range(2):
        old = browser.cookies["__Host-egide-session"]
        answer = await browser.get(await there.back(await there.sent(browser)))
        assert (answer.status, answer.title) == (
            403,
            "That identity opens another account, or none",
        )
        assert browser.cookies["__Host-egide-session"] == old
        event = there.world.events[-1]
        assert (event.kind, event.reason) == ("sign-in-refused", "other-account")
        assert path_of((await browser.get("/account/passkey")).location) == "/step-up"
        if _ == 0:
            await linked(there, login="another")


async def test_an_identity_that_was_authenticated_before_is_no_step_up(there: There) -> None:
    browser = await stale(there)
    for ago in (300, None):
        there.served.spoil_id_token = authenticated(ago)
        answer = await browser.get(await there.back(await there.sent(browser)))
        assert (answer.status, answer.title) == (403, "This sign-in could not be verified")
        assert there.world.events[-1].reason == "too-old"
        assert path_of((await browser.get("/account/passkey")).location) == "/step-up"


async def test_one_factor_there_is_no_step_up(there: There) -> None:
    browser = await stale(there)
    there.configure(levels=(issuers.issuers.Level("eidas1", 1),))
    browser.entrance = there.world.entrance
    answer = await browser.get(await there.back(await there.sent(browser)))
    assert (answer.status, answer.title) == (403, "One proof is not enough")
    assert path_of((await browser.get("/account/passkey")).location) == "/step-up"


async def test_a_step_up_is_for_the_session_that_asked_alone(there: There) -> None:
    """Neither for another session of the same browser, nor for a browser without one; and it opens
    none."""
    browser = await stale(there)
    back = await there.back(await there.sent(browser))
    kept = browser.cookies.pop("__Host-egide-session")
    answer = await browser.get(back)
    assert (answer.status, answer.title) == (403, "This sign-in could not be verified")
    assert "__Host-egide-session" not in browser.cookies
    browser.cookies["__Host-egide-session"] = kept
    back = await there.back(await there.sent(browser))
    await browser.get("/account")
    await browser.submit("/sign-out")
    await browser.get(await there.go(browser))
    other = await there.session(browser)
    answer = await browser.get(back)
    assert (answer.status, answer.title) == (403, "This sign-in could not be verified")
    assert (await there.session(browser)).authenticated == other.authenticated


async def test_a_sign_in_begun_before_is_no_step_up(there: There) -> None:
    browser = await stale(there)
    session = (await there.session(browser)).session
    there.world.people.sessions._remembered.forget()
    begun = await there.world.federation.begin(  # type: ignore[union-attr]
        "psc", "/account/passkey", browser.cookies["__Host-egide-issuer"].encode()
    )
    await browser.get(await there.back(begun.url))
    assert (await there.session(browser)).session != session


async def test_an_issuer_of_no_identity_of_the_account_is_not_offered(there: There) -> None:
    browser = await there.world.browser().enrol(there.world)
    page = await browser.get("/step-up")
    assert "/step-up/at/" not in page.text
    token = there.world.web._site.forms.token(
        browser.cookies["__Host-egide-session"], "/step-up/at/psc"
    )
    assert (await browser.post("/step-up/at/psc", {"form_token": token})).status == 404


async def test_an_issuer_that_does_not_answer_leaves_the_other_ways(there: There) -> None:
    browser = await stale(there)
    there.configure(issuer="http://127.0.0.1:9")
    browser.entrance = there.world.entrance
    await browser.get("/step-up")
    answer = await browser.submit("/step-up/at/psc")
    assert answer.status == 503 and "That site does not answer" in answer.text


async def test_a_step_up_leads_to_this_server_alone(there: There) -> None:
    browser = await stale(there)
    await browser.get("/step-up")
    await browser.submit("/step-up/at/psc", next="//elsewhere.example/")
    answer = await browser.get(await there.back(there.leads(browser.page)))
    assert (answer.status, answer.location) == (303, "/account")


async def stale(there: There) -> Surfer:
    """A browser that came in by the issuer, half an hour ago."""
    browser = await signed_in(there)
    async with there.world.database.connection() as connection:
        await connection.execute(
            "update person_session set authenticated = authenticated - interval '20 minutes'"
        )
    there.world.people.sessions._remembered.forget()
    return browser


async def test_without_an_issuer_there_is_no_such_page(world: World) -> None:
    assert (await world.browser().get("/sign-in/from/psc?code=x")).status == 404


async def linked(
    there: There, roles: list[str] | None = None, login: str = "exemple", **more: Any
) -> Surfer:
    """Somebody whose account the identity opens: linked by the pages, as he would."""
    browser = there.world.browser()
    page = await browser.get(await there.go(browser))
    place = _place(page.text)
    await browser.enrol(there.world, login, roles=roles or ["clinician"], **more)
    page = await browser.get(place)
    assert page.title == "Sign in by Issuer of the tests from now on?"
    answer = await browser.submit("/account/link")
    assert answer.location == "/account"
    return browser


def _place(page: str) -> str:
    """Where the page says to link."""
    found = page.split('href="/sign-in?next=')[1].split('"')[0]
    return found


def _two() -> dict[str, Any]:
    [one] = issuers.PROFESSIONAL["SubjectRefPro"]["exercices"]
    [activity] = one["activities"]
    other = {**activity, "raisonSocialeSite": "CLINIQUE SYNTHETIQUE"}
    return {"exercices": [{**one, "activities": [activity, other]}]}


async def signed_in(there: There) -> Surfer:
    """A browser that came in by the issuer."""
    await linked(there)
    browser = there.world.browser()
    await browser.get(await there.go(browser))
    assert (await browser.get("/account")).status == 200
    return browser


def logout_token(there: There, **said: Any) -> str:
    """A logout token of the issuer, but for what `said` changes."""
    now = int(time.time())
    claims = {
        "iss": there.served.address,
        "aud": "egide",
        "iat": now,
        "exp": now + 120,
        "jti": "one",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        "sub": there.served.person["sub"],
    }
    kept = {name: value for name, value in (claims | said).items() if value is not None}
    token: str = there.served.signed(kept, typ="logout+jwt")
    return token


async def posted(there: There, token: str, issuer: str = "psc") -> Answer:
    """What the issuer gets for a logout token, as a program that is no browser."""
    return await there.world.browser().ask(
        "POST",
        f"/sign-in/from/{issuer}/logout",
        urlencode({"logout_token": token}).encode(),
        content_type=FORM,
        accept=None,
        cookie=None,
    )
