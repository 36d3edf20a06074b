"""Where browsers are sent, what they keep and what they may do: never what a visitor chose."""

import re
from html import unescape
from urllib.parse import quote

import pytest
from tests.integration.web.conftest import Forms, Surfer, World
from tests.integration.web.test_signed_in import PAGES

from egide.web import OPEN

ELSEWHERE = [
    "https://elsewhere.example",
    "//elsewhere.example",
    "/\\elsewhere.example",
    "/\t/elsewhere.example",
    "\\\\elsewhere.example",
    "javascript:alert(1)",
    "/\r\nset-cookie: a=b",
    "elsewhere",
    "",
    "/é",
]


@pytest.fixture
async def signed_in(world: World) -> Surfer:
    return await world.browser().enrol(world)


@pytest.mark.parametrize("place", ELSEWHERE)
async def test_signing_in_leads_to_this_server_alone(place: str, signed_in: Surfer) -> None:
    answer = await signed_in.get(f"/sign-in?next={_encoded(place)}")
    if answer.status == 303:
        assert answer.location == "/"
    else:
        assert answer.status == 400
    assert signed_in.cookies.get("a") is None


@pytest.mark.parametrize(
    "path", ["/account", "/account/sessions", "/nothing", "/step-up", "/acting"]
)
async def test_nothing_a_visitor_asked_goes_along_through_signing_in(
    path: str, world: World, signed_in: Surfer
) -> None:
    stranger = world.browser()
    answer = await stranger.get(f"{path}?name=Zephyrine&next=%2Fapplications%3Fname%3DZephyrine")
    if answer.status == 303:
        assert answer.location == f"/sign-in?next={quote(path, safe='')}"
        answer = await stranger.follow()
    assert "Zephyrine" not in answer.text


async def test_a_place_in_a_form_or_an_address_loses_its_query_and_its_fragment(
    signed_in: Surfer,
) -> None:
    for place in ("/account?name=Zephyrine", "/account#Zephyrine", "/account?a#b?c"):
        answer = await signed_in.get(f"/sign-in?next={_encoded(place)}")
        assert (answer.status, answer.location) == (303, "/account")
        page = await signed_in.get(f"/step-up?next={_encoded(place)}")
        assert Forms(page.text).forms["/step-up/passkey"]["next"] == "/account"


@pytest.mark.parametrize(
    "place",
    [
        "//elsewhere.example/oauth/authorize?client_id=x",
        "/oauth/authorize/../../account?name=Zephyrine",
        "/oauth/authorizes?name=Zephyrine",
        "/oauth/authorize/?name=Zephyrine",
        "/account?/oauth/authorize?name=Zephyrine",
    ],
)
async def test_only_the_request_of_an_application_keeps_its_query(
    place: str, signed_in: Surfer
) -> None:
    answer = await signed_in.get(f"/sign-in?next={_encoded(place)}")
    assert "Zephyrine" not in answer.location + answer.text
    assert "elsewhere" not in answer.location + answer.text


async def test_signing_in_leads_back_to_where_one_was(signed_in: Surfer) -> None:
    answer = await signed_in.get("/sign-in?next=%2Faccount%2Fsessions")
    assert answer.location == "/account/sessions"


@pytest.mark.parametrize("place", [*ELSEWHERE[:3], *ELSEWHERE[4:6]])
async def test_a_form_is_not_led_elsewhere_either(place: str, world: World) -> None:
    enrolled = await world.browser().enrol(world)
    browser = world.browser(device=enrolled.device)
    await browser.get("/sign-in")
    said = browser.device.get(browser.begun("/sign-in/passkey"))
    answer = await browser.submit("/sign-in/passkey", response=said, next=place)
    assert (answer.status, answer.location) == (303, "/")


async def test_an_application_waiting_is_gone_to_by_a_page_of_its_own(signed_in: Surfer) -> None:
    answer = await signed_in.get("/sign-in?next=%2Foauth%2Fauthorize%3Fclient_id%3Dx")
    assert answer.status == 200
    assert 'content="0; url=/oauth/authorize?client_id=x"' in answer.text


async def test_every_page_keeps_to_the_policy(world: World, signed_in: Surfer) -> None:
    paths = [*PAGES, "/sign-in", "/sign-in/help", "/signed-out", "/none", "/enrol/egl_none"]
    for path in paths:
        browser = world.browser() if path.startswith("/sign") else signed_in
        answer = await browser.get(path)
        if answer.status == 303:
            continue
        policy = (answer.header(b"content-security-policy") or b"").decode()
        scripted = "data-passkey" in answer.text
        assert policy == (
            "default-src 'none'; style-src 'self'; "
            + ("script-src 'self'; " if scripted else "")
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ), path
        assert answer.header(b"cache-control") == b"no-store"
        assert answer.header(b"referrer-policy") == b"no-referrer"
        assert answer.header(b"x-content-type-options") == b"nosniff"
        assert not re.search(r"<[^>]*\s(style|on\w+)\s*=", answer.text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|<img|<iframe|<object", answer.text)
        assert ("<script" in answer.text) is scripted


async def test_every_page_offers_the_other_language(world: World, signed_in: Surfer) -> None:
    for path in ("/sign-in/help", "/account", "/none"):
        english = await signed_in.get(path)
        assert 'lang="en"' in english.text.split("<head>")[0]
        french = await signed_in.get(f"{path}?lang=fr")
        assert 'lang="fr"' in french.text.split("<head>")[0]
        assert (french.status, french.header(b"content-language")) == (english.status, b"fr")
        assert f'href="{path}?lang=fr"' in english.text
        signed_in.cookies.pop("__Host-egide-language", None)


async def test_the_language_chosen_is_kept(world: World) -> None:
    browser = world.browser()
    await browser.get("/sign-in/help?lang=fr")
    assert 'lang="fr"' in (await browser.get("/sign-in/help")).text.split("<head>")[0]
    assert 'lang="fr"' in (await browser.get("/none")).text.split("<head>")[0]


async def test_cookies_are_of_this_host_and_of_https_alone(world: World, signed_in: Surfer) -> None:
    assert len(signed_in.lines) > 3
    for line in signed_in.lines:
        name, *attributes = line.split("; ")
        assert name.startswith("__Host-egide-")
        assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} <= set(attributes)
        assert not any(each.startswith("Domain") for each in attributes)


async def test_over_plain_http_from_elsewhere_there_are_no_pages(world: World) -> None:
    world.web._site = type(world.web._site)(
        **{
            name: getattr(world.web._site, name)
            for name in world.web._site.__slots__
            if name != "origin"
        },
        origin=None,
    )
    browser = world.browser(scheme="http", host="hospital.example")
    answer = await browser.get("/sign-in")
    assert (answer.status, answer.title) == (403, "This connection is not encrypted")
    assert browser.lines == []
    for host in ("localhost:8600", "127.0.0.1:8600", "[::1]:8600"):
        here = world.browser(scheme="http", host=host)
        assert (await here.get("/sign-in")).status == 200
        assert all(line.startswith("egide-") and "Secure" not in line for line in here.lines)


async def test_errors_are_pages_for_people_and_outcomes_for_programs(world: World) -> None:
    browser = world.browser()
    page = await browser.get("/none")
    assert (page.status, page.title) == (404, "There is nothing here, or nothing for you")
    for accept in ("*/*", "application/fhir+json", "text/html;q=0, */*", None):
        outcome = await browser.get("/none", accept=accept)
        assert outcome.status == 404
        assert b'"resourceType":"OperationOutcome"' in outcome.body
    outcome = await browser.get("/fhir/none")
    assert b'"resourceType":"OperationOutcome"' in outcome.body


async def test_an_error_shows_nothing_of_what_was_asked(world: World) -> None:
    browser = world.browser()
    for path in ("/<script>alert(1)</script>", "/none?name=Zephyrine", "/%ff", "/none%00"):
        page = await browser.get(path)
        assert page.status in (400, 404)
        assert "Zephyrine" not in page.text
        assert "<script" not in unescape(page.text)


async def test_a_name_with_markup_is_shown_as_text(world: World) -> None:
    browser = await world.browser().enrol(world, name='<b>Camille</b> & "Exemple"')
    page = await browser.get("/")
    assert "&lt;b&gt;Camille&lt;/b&gt; &amp; &#34;Exemple&#34;" in page.text
    assert "<b>Camille" not in page.text


async def test_files_are_kept_for_ever_under_their_digest_and_nowhere_else(world: World) -> None:
    browser = world.browser()
    page = await browser.get("/sign-in")
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert len(addresses) == 2
    for address in addresses:
        file = await browser.get(address)
        assert (file.status, b"immutable" in (file.header(b"cache-control") or b"")) == (200, True)
        old = re.sub(r"\.[0-9a-f]{16}\.", ".0123456789abcdef.", address)
        assert (await browser.get(old)).status == 404
    for path in ("/static/egide.css", "/static/..%2F..%2Fdoor.py", "/static/"):
        assert (await browser.get(path)).status == 404
    assert [route.template for route in OPEN if "static" in route.template] == []
    assert Forms(page.text).forms


def _encoded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
