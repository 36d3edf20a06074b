"""Pages for people signed in: nobody else sees them, and what ends a session ends them."""

from dataclasses import replace

import pytest
from tests.integration.web.conftest import HTTPS, Forms, World, path_of
from tests.integration.web.test_forms import VARIABLES

from egide.api.rest import FHIR, Rest
from egide.api.smart import Offer
from egide.http import Entrance
from egide.telemetry import Metrics
from egide.web import OPEN, PERSONAL

PAGES = [route.template.format(**VARIABLES) for route in PERSONAL if "GET" in route.answers]


async def test_a_page_for_people_signed_in_leads_a_stranger_to_sign_in(world: World) -> None:
    browser = world.browser()
    for path in PAGES:
        answer = await browser.get(path)
        assert (path, answer.status, path_of(answer.location)) == (path, 303, "/sign-in")
        assert answer.body == b""


async def test_a_form_for_people_signed_in_does_nothing_for_a_stranger(world: World) -> None:
    browser = world.browser()
    await browser.get("/sign-in")
    for route in PERSONAL:
        if "POST" in route.answers:
            action = route.template.format(**VARIABLES)
            answer = await browser.post(action, {})
            assert (action, answer.status, path_of(answer.location)) == (action, 303, "/sign-in")
    assert world.events == []


async def test_no_page_for_anybody_needs_a_session_by_mistake(world: World) -> None:
    browser = world.browser()
    for route in OPEN:
        if "GET" in route.answers:
            answer = await browser.get(route.template.format(**VARIABLES))
            assert answer.status < 500, route.template


async def test_the_cookie_of_a_session_opens_no_record(world: World) -> None:
    """As a cookie or as a bearer: under /fhir an access token is asked for and nothing else."""
    browser = await world.browser().enrol(world)
    rest = Rest(world.record, world.accounts, HTTPS, Offer())
    records = replace(browser, entrance=Entrance(rest.respond, metrics=Metrics()))
    value = browser.cookies["__Host-egide-session"]
    bearer = f"Bearer {value}"
    for route in FHIR:
        for method, answer in route.answers.items():
            if answer.interactions:
                named = {"type": "Patient", "id": "1", "version": "1", "member": "Observation"}
                target = route.template.format(**named)
                for sent in (None, bearer):
                    got = await records.ask(
                        method, target, authorization=sent, accept="application/json"
                    )
                    assert (got.status, method, target) == (401, method, target)


async def test_an_access_token_opens_no_page(world: World) -> None:
    issued = await world.accounts.issue_to_operator(["administrator"])
    browser = world.browser()
    for path in PAGES:
        answer = await browser.get(path, authorization=f"Bearer {issued.access_token}")
        assert (path, path_of(answer.location)) == (path, "/sign-in")
        browser.cookies["__Host-egide-session"] = issued.access_token
        answer = await browser.get(path)
        assert (path, path_of(answer.location)) == (path, "/sign-in")


async def test_a_session_that_was_ended_elsewhere_opens_nothing(world: World) -> None:
    browser = await world.browser().enrol(world)
    assert (await browser.get("/account")).status == 200
    kept = dict(browser.cookies)
    await browser.submit("/sign-out")
    browser.cookies = kept
    answer = await browser.get("/account")
    assert (answer.status, path_of(answer.location)) == (303, "/sign-in")
    assert "__Host-egide-session" not in browser.cookies


async def test_one_session_ends_another_from_the_list(world: World) -> None:
    first = await world.browser().enrol(world)
    second = world.browser(device=first.device)
    await second.get("/sign-in")
    said = second.device.get(second.begun("/sign-in/passkey"))
    await second.submit("/sign-in/passkey", response=said)
    assert (await second.follow()).title == "Hello, Camille Exemple"
    page = await first.get("/account/sessions")
    ends = [each for each in Forms(page.text).forms if each.endswith("/end")]
    assert len(ends) == 2
    current = [entry.session for entry in await world.people.sessions.entries(_account(world))]
    assert sorted(ends) == sorted(f"/account/sessions/{each}/end" for each in current)
    await first.submit("/account/sessions/end-others")
    assert (await first.follow()).text.count('/end"') == 1
    assert path_of((await second.get("/account")).location) == "/sign-in"


async def test_nobody_ends_the_session_of_somebody_else(world: World) -> None:
    victim = await world.browser().enrol(world, "victim")
    session = (await world.people.sessions.entries(_account(world)))[0].session
    other = await world.browser().enrol(world, "other")
    action = f"/account/sessions/{session}/end"
    token = world.web._site.forms.token(other.cookies["__Host-egide-session"], action)
    answer = await other.post(action, {"form_token": token})
    assert answer.status == 404
    assert (await victim.get("/account")).status == 200


async def test_the_last_means_cannot_be_taken_away(world: World) -> None:
    browser = await world.browser().enrol(world)
    page = await browser.get("/account")
    remove = next(each for each in Forms(page.text).forms if each.endswith("/remove"))
    answer = await browser.submit(remove)
    assert answer.status == 409
    assert "It is your last way in" in answer.text
    assert (await browser.get("/account")).text.count("Telephone") > 0


async def test_signing_in_gives_a_cookie_nobody_had_before(world: World) -> None:
    """https://owasp.org/www-community/attacks/Session_fixation"""
    browser = await world.browser().enrol(world)
    await browser.submit("/sign-out") if "/sign-out" in browser.page.text else None
    planted = world.browser(device=browser.device)
    planted.cookies["__Host-egide-session"] = "egw_" + "A" * 43
    await planted.get("/sign-in")
    before = dict(planted.cookies)
    said = planted.device.get(planted.begun("/sign-in/passkey"))
    await planted.submit("/sign-in/passkey", response=said)
    session = planted.cookies["__Host-egide-session"]
    assert session not in {*before.values(), "egw_" + "A" * 43}
    assert "__Host-egide-visit" not in planted.cookies
    assert "__Host-egide-ceremony" not in planted.cookies


@pytest.mark.parametrize(
    "path", ["/account/passkey", "/account/password", "/account/authenticator"]
)
async def test_changing_means_asks_for_a_fresh_proof(path: str, world: World) -> None:
    browser = await world.browser().enrol(world)
    assert (await browser.get(path)).status == 200
    async with world.database.connection() as connection:
        await connection.execute(
            "update person_session set authenticated = authenticated - interval '1 hour'"
        )
    world.people.sessions._remembered.forget()
    answer = await browser.get(path)
    assert (answer.status, path_of(answer.location)) == (303, "/step-up")
    await browser.follow()
    said = browser.device.get(browser.begun("/step-up/passkey"))
    old = browser.cookies["__Host-egide-session"]
    await browser.submit("/step-up/passkey", response=said)
    assert browser.page.location == path
    assert browser.cookies["__Host-egide-session"] != old
    assert (await browser.follow()).status == 200


def _account(world: World) -> int:
    """The one who enrolled first."""
    return next(event.account for event in world.events if event.kind == "person-invited")
