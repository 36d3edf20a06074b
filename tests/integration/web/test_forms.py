"""Every form there is: taken from our own pages, in this browser, for this address alone.

The list is made from the table of addresses, so that a new form is tested the day it appears.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.integration.web.conftest import HTTPS, Forms, Surfer, World, nothing_happens

from egide.web import FOREIGN, OPEN, PERSONAL
from egide.web.forms import FIELD

VARIABLES = {
    "token": "egl_none",
    "number": "7",
    "session": "7",
    "issuer": "none",
    "client": "none",
    "held": "none",
}
POSTS = [
    (route.template.format(**VARIABLES), table is PERSONAL)
    for table in (OPEN, PERSONAL)
    for route in table
    if "POST" in route.answers
]
REFUSED = "This form was not accepted"


@dataclass
class Tried:
    """Two browsers, somebody signed in in the first, nobody in the second."""

    world: World
    signed_in: Surfer
    stranger: Surfer

    def each(self) -> Iterator[tuple[str, Surfer]]:
        """Every form, with a browser it is for."""
        for action, personal in POSTS:
            yield action, self.signed_in if personal else self.stranger

    def token(self, browser: Surfer, action: str) -> str:
        """The one our own page would hold."""
        name = "session" if browser is self.signed_in else "visit"
        cookie = browser.cookies[f"__Host-egide-{name}"]
        return self.world.web._site.forms.token(cookie, action)


@pytest.fixture
async def tried(world: World) -> Tried:
    signed_in = await world.browser().enrol(world)
    stranger = world.browser()
    await stranger.get("/sign-in")
    return Tried(world, signed_in, stranger)


def test_there_are_forms_to_try() -> None:
    assert len(POSTS) > 20


async def test_a_form_without_its_token_is_refused(tried: Tried) -> None:
    for action, browser in tried.each():
        with nothing_happens(tried.world):
            answer = await browser.post(action, {})
        assert (action, answer.status, answer.title) == (action, 403, REFUSED)


async def test_the_token_of_another_browser_is_refused(tried: Tried) -> None:
    for action, browser in tried.each():
        other = tried.stranger if browser is tried.signed_in else tried.signed_in
        with nothing_happens(tried.world):
            answer = await browser.post(action, {FIELD: tried.token(other, action)})
        assert (action, answer.status, answer.title) == (action, 403, REFUSED)


async def test_the_token_of_another_form_is_refused(tried: Tried) -> None:
    for action, browser in tried.each():
        with nothing_happens(tried.world):
            answer = await browser.post(action, {FIELD: tried.token(browser, "/another/form")})
        assert (action, answer.status, answer.title) == (action, 403, REFUSED)


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
    headers: dict[str, str | None], tried: Tried
) -> None:
    for action, browser in tried.each():
        right = {FIELD: tried.token(browser, action)}
        with nothing_happens(tried.world):
            answer = await browser.post(action, right, **headers)
        assert (action, answer.status, answer.title) == (action, 403, REFUSED)


async def test_a_body_that_is_no_form_is_refused(tried: Tried) -> None:
    for action, browser in tried.each():
        with nothing_happens(tried.world):
            answer = await browser.post(
                action, {FIELD: tried.token(browser, action)}, content_type="text/plain"
            )
        assert (action, answer.status) == (action, 415)


async def test_the_right_form_is_taken_as_one(tried: Tried) -> None:
    """What the tests above see refused is refused for the form, and for nothing else."""
    ending = {"/sign-out", "/account/sessions/end-others"}
    for action, browser in tried.each():
        if action not in ending:
            answer = await browser.post(action, {FIELD: tried.token(browser, action)}, origin=HTTPS)
            assert answer.status == 303 or answer.title != REFUSED, action
    for action in sorted(ending):
        right = {FIELD: tried.token(tried.signed_in, action)}
        assert (await tried.signed_in.post(action, right)).status == 303


async def test_a_field_that_is_there_twice_is_refused(tried: Tried) -> None:
    browser = tried.stranger
    action = "/sign-in/password"
    body = f"{FIELD}={tried.token(browser, action)}&login=a&login=b".encode()
    answer = await browser.ask(
        "POST",
        action,
        body,
        content_type="application/x-www-form-urlencoded",
        sec_fetch_site="same-origin",
    )
    assert answer.status == 400


async def test_a_form_that_is_too_long_is_refused(tried: Tried) -> None:
    answer = await tried.stranger.post("/sign-in/password", {"login": "a" * 70_000})
    assert answer.status == 413


async def test_a_form_opened_before_signing_in_is_refused_after_it(world: World) -> None:
    browser = world.browser()
    await browser.get("/sign-in")
    before = Forms(browser.page.text).forms["/sign-in/password"]
    await browser.enrol(world)
    answer = await browser.post("/sign-in/password", before)
    assert (answer.status, answer.title) == (403, REFUSED)


async def test_every_form_of_a_page_carries_a_token(tried: Tried) -> None:
    browser = tried.signed_in
    seen = 0
    for path in ("/", "/account", "/account/sessions", "/account/passkey", "/step-up"):
        page = await browser.get(path)
        for action, fields in Forms(page.text).forms.items():
            seen += 1
            assert fields[FIELD] == tried.token(browser, action)
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
