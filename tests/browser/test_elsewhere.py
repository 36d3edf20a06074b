"""Other sites, other browsers and applications, as a real browser lets them meet our pages."""

import hashlib
import re
from base64 import urlsafe_b64encode
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.browser.conftest import Meet, Place

BACK = "https://app.example/back"
NEIGHBOUR = "http://localhost:9/page"
"""Another port of the same host: cookies go there and back, origins do not."""
STRANGER = "https://stranger.example/page"


@pytest.mark.parametrize(
    "elsewhere, told",
    [(NEIGHBOUR, "This form was not accepted"), (STRANGER, "Hello, Camille Exemple")],
)
def test_a_form_on_another_site_does_nothing(
    elsewhere: str, told: str, meet: Meet, place: Place
) -> None:
    """From a stranger the form comes without the cookie, so that nobody is there to sign out."""
    visitor = meet()
    visitor.authenticator()
    person = place.invite()
    visitor.enrol_by_passkey(person)
    token = visitor.page.locator("form[action='/sign-out'] input").first.get_attribute("value")
    forged = (
        f'<form method="post" action="{place.url}/sign-out">'
        f'<input name="form_token" value="{escape(token or "")}"><button>press</button></form>'
    )
    visitor.context.route(elsewhere, lambda route: route.fulfill(body=forged, content_type=HTML))
    visitor.page.goto(elsewhere)
    visitor.page.get_by_role("button", name="press").click()
    visitor.page.wait_for_url(f"{place.url}/**")
    assert visitor.heading().startswith(told)
    visitor.go("/account")
    assert visitor.heading() == "My means to sign in"


def test_a_page_of_ours_is_not_framed(meet: Meet, place: Place) -> None:
    visitor = meet()
    frame = f'<iframe src="{place.url}/sign-in"></iframe>'
    visitor.context.route(NEIGHBOUR, lambda route: route.fulfill(body=frame, content_type=HTML))
    visitor.page.goto(NEIGHBOUR)
    visitor.page.wait_for_load_state("networkidle")
    assert visitor.page.frames[1].url.startswith("chrome-error://")
    visitor.complaints.clear()


def test_a_session_is_listed_and_ended_from_another_browser(meet: Meet, place: Place) -> None:
    first, second = meet(java_script_enabled=False), meet(java_script_enabled=False)
    person = place.invite()
    first.enrol_by_password(person)
    second.give_password(person.login)
    second.press("I do not have my authenticator: use a recovery code")
    second.page.get_by_label("Recovery code").fill(first.codes[0])
    second.press("Sign in and use up this code")
    assert second.heading() == f"Hello, {person.name}"
    first.go("/account/sessions")
    assert first.page.locator(".rows > li").count() == 2
    first.press("End all but this one")
    assert first.page.locator(".rows > li").count() == 1
    second.go("/account")
    assert second.heading() == "Sign in"


def test_an_application_is_let_in_after_signing_in(meet: Meet, place: Place) -> None:
    """Through the whole chain of redirects, which a browser holds to each page's policy."""
    made = place.installation.run(
        *("clients", "create", "Carnet de Suivi", "--public", "--redirect-uri", BACK),
        *("--scope", "openid launch/patient patient/Observation.rs"),
        EGIDE_BASE_URL=place.url,
    )
    client = re.search(r"client_id\s+(\S+)", made.stdout)
    assert client is not None, made.stdout
    visitor = meet()
    visitor.authenticator()
    visitor.enrol_by_passkey(place.invite("--patient", "synthetic-patient", role="patient"))
    visitor.sign_out()
    visitor.context.route(f"{BACK}*", lambda route: route.fulfill(body="back", content_type=HTML))
    challenge = urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    said = {
        "response_type": "code",
        "client_id": client[1],
        "redirect_uri": BACK,
        "scope": "openid launch/patient patient/Observation.rs",
        "state": "s" * 32,
        "aud": f"{place.url}/fhir",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    visitor.page.goto(f"{place.url}/oauth/authorize?{urlencode(said)}")
    visitor.page.get_by_role("heading", name="Let Carnet de Suivi in?").wait_for()
    visitor.page.get_by_role("button", name="Let it in with what is ticked").click()
    visitor.page.wait_for_url(f"{BACK}*")
    answer = parse_qs(urlsplit(visitor.page.url).query)
    assert answer["state"] == ["s" * 32] and answer["iss"] == [place.url] and answer["code"]


HTML = "text/html"
