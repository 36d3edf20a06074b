"""Every form there is: taken from our own pages, in this browser, for this address alone.

The list is made from the table of addresses, so that a new form is tested the day it appears.
"""

import pytest
from tests.integration.web.conftest import HTTPS, Forms, Surfer, World, nothing_happens

from egide.web import FOREIGN, OPEN, PERSONAL
from egide.web.forms import FIELD

VARIABLES = {
    "token": "egl_none",
    "number": "7",
    "session": "7",
    "issuer": "none",
}
POSTS = [
    pytest.param(route.template.format(**VARIABLES), table is PERSONAL, id=f"POST {route.template}")
    for table in (OPEN, PERSONAL)
    for route in table
    if "POST" in route.answers
]
REFUSED = "This form was not accepted"


async def surfer(world: World, personal: bool) -> Surfer:
    """A browser with a cookie that forms are bound to."""
    browser = world.browser()
    if personal:
        await browser.enrol(world)
    await browser.get("/sign-in/help" if personal else "/sign-in")
    return browser


def token(world: World, browser: Surfer, action: str) -> str:
    """The token our own page would hold."""
    cookie = browser.cookies.get("__Host-egide-session") or browser.cookies["__Host-egide-visit"]
    return world.web._site.forms.token(cookie, action)


def test_there_are_forms_to_test() -> None:
    assert len(POSTS) > 20


@pytest.mark.parametrize("action, personal", POSTS)
async def test_a_form_without_its_token_is_refused(
    action: str, personal: bool, world: World
) -> None:
    browser = await surfer(world, personal)
    with nothing_happens(world):
        answer = await browser.post(action, {})
    assert (answer.status, answer.title) == (403, REFUSED)


@pytest.mark.parametrize("action, personal", POSTS)
async def test_the_token_of_another_browser_is_refused(
    action: str, personal: bool, world: World
) -> None:
    browser, other = await surfer(world, personal), await surfer(world, False)
    with nothing_happens(world):
        answer = await browser.post(action, {FIELD: token(world, other, action)})
    assert (answer.status, answer.title) == (403, REFUSED)


@pytest.mark.parametrize("action, personal", POSTS)
async def test_the_token_of_another_form_is_refused(
    action: str, personal: bool, world: World
) -> None:
    browser = await surfer(world, personal)
    with nothing_happens(world):
        answer = await browser.post(action, {FIELD: token(world, browser, "/another/form")})
    assert (answer.status, answer.title) == (403, REFUSED)


@pytest.mark.parametrize("action, personal", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "https://elsewhere.example"},
        {"origin": "https://elsewhere.example", "sec_fetch_site": None},
        {"origin": None, "sec_fetch_site": None},
        {"origin": "null", "sec_fetch_site": None},
    ],
    ids=str,
)
async def test_a_form_another_site_sends_is_refused_even_with_its_token(
    action: str, personal: bool, headers: dict[str, str | None], world: World
) -> None:
    browser = await surfer(world, personal)
    right = {FIELD: token(world, browser, action)}
    with nothing_happens(world):
        answer = await browser.post(action, right, **headers)
    assert (answer.status, answer.title) == (403, REFUSED)


@pytest.mark.parametrize("action, personal", POSTS)
async def test_the_right_form_is_taken_as_one(action: str, personal: bool, world: World) -> None:
    """What the tests above see refused is refused for the form, and for nothing else."""
    browser = await surfer(world, personal)
    right = {FIELD: token(world, browser, action)}
    answer = await browser.post(action, right, origin=HTTPS)
    assert answer.status in (200, 303) or answer.title != REFUSED


@pytest.mark.parametrize("action, personal", POSTS)
async def test_a_body_that_is_no_form_is_refused(action: str, personal: bool, world: World) -> None:
    browser = await surfer(world, personal)
    with nothing_happens(world):
        answer = await browser.ask(
            "POST",
            action,
            b"{}",
            content_type="application/json",
            sec_fetch_site="same-origin",
            origin=HTTPS,
        )
    assert answer.status == 415


async def test_a_field_that_is_there_twice_is_refused(world: World) -> None:
    browser = await surfer(world, False)
    action = "/sign-in/password"
    body = f"{FIELD}={token(world, browser, action)}&login=a&login=b".encode()
    answer = await browser.ask(
        "POST",
        action,
        body,
        content_type="application/x-www-form-urlencoded",
        sec_fetch_site="same-origin",
    )
    assert answer.status == 400


async def test_a_form_that_is_too_long_is_refused(world: World) -> None:
    browser = await surfer(world, False)
    answer = await browser.post("/sign-in/password", {"login": "a" * 70_000})
    assert answer.status == 413


async def test_a_form_opened_before_signing_in_is_refused_after_it(world: World) -> None:
    browser = world.browser()
    await browser.get("/sign-in")
    before = Forms(browser.page.text).forms["/sign-in/password"]
    await browser.enrol(world)
    answer = await browser.post("/sign-in/password", before)
    assert (answer.status, answer.title) == (403, REFUSED)


async def test_every_form_of_a_page_carries_a_token(world: World) -> None:
    browser = await world.browser().enrol(world)
    seen = 0
    for path in ("/", "/account", "/account/sessions", "/account/passkey", "/step-up"):
        page = await browser.get(path)
        for action, fields in Forms(page.text).forms.items():
            seen += 1
            assert fields[FIELD] == token(world, browser, action)
    assert seen > 6


async def test_what_an_application_asks_by_post_changes_nothing(world: World) -> None:
    """The one POST without a token leads to a GET of the same, on this server."""
    for route in FOREIGN:
        browser = world.browser()
        with nothing_happens(world):
            answer = await browser.post(
                route.template, {"client_id": "x"}, origin="https://app.example"
            )
        assert (answer.status, answer.location) == (303, f"{route.template}?client_id=x")
    assert len(list(FOREIGN)) == 1
