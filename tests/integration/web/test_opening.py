"""A person opens an application on a record: negative first, then to its own address alone."""

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.integration.web.conftest import HTTPS, Answer, Forms, Surfer, World, nothing_happens
from tests.integration.web.test_consenting import BACK, CHALLENGE, answered

from egide.accounts import Registration
from egide.accounts.people import Bound
from egide.actor import Actor
from egide.clock import system_clock
from egide.record import Record

LAUNCH = "https://app.example/launch?for=egide"
SCOPE = "launch openid patient/Observation.rs"


@dataclass
class Opening:
    """An application to open, and the ids of two patients: Zoe is somebody's own."""

    world: World
    client_id: str
    zoe: str
    yves: str

    @property
    def action(self) -> str:
        return f"/applications/{self.client_id}/open"

    async def patient(self) -> Surfer:
        """A browser Zoe is signed in with."""
        bound = Bound(patient=self.zoe)
        return await self.world.browser().enrol(self.world, roles=["patient"], bound=bound)

    async def professional(self, *roles: str) -> Surfer:
        """A browser a professional is signed in with."""
        bound = Bound(practitioner="synthetic-practitioner")
        return await self.world.browser().enrol(
            self.world, roles=list(roles), bound=bound, trained=system_clock() + timedelta(days=1)
        )

    async def send(self, browser: Surfer, **fields: str) -> Answer:
        """The form that opens it, with the token our own page would hold."""
        cookie = browser.cookies["__Host-egide-session"]
        token = self.world.web._site.forms.token(cookie, self.action)
        return await browser.post(self.action, {"form_token": token} | fields)

    def launches(self) -> int:
        return [event.kind for event in self.world.events].count("launch-made")


@pytest.fixture
async def opening(world: World, record: Record, system: Actor) -> Opening:
    async with record.open(system) as session:
        named = (
            b'{"resourceType":"Patient","name":[{"family":"%s","given":["%s"]}],"birthDate":"%s"}'
        )
        zoe = await session.create("Patient", named % (b"Quillfeather", b"Zoe", b"1948-07-04"))
        yves = await session.create("Patient", named % (b"Otherwise", b"Yves", b"1950-01-02"))
    client_id = await _registered(world, "Carnet <b>de</b> Suivi", LAUNCH)
    return Opening(world, client_id, zoe.id, yves.id)


async def test_a_stranger_signs_in_first(opening: Opening) -> None:
    browser = opening.world.browser()
    for address in ("/applications", f"/applications/{opening.client_id}"):
        assert (await browser.get(address)).location.startswith("/sign-in?")


async def test_a_patient_opens_no_record_but_the_own_one(opening: Opening) -> None:
    browser = await opening.patient()
    answer = await opening.send(browser, patient=opening.yves)
    assert (answer.status, answer.location) == (403, "")
    assert (await browser.get(f"/applications/{opening.client_id}")).status == 404
    assert opening.launches() == 0


async def test_a_patient_out_of_reach_looks_like_none(opening: Opening) -> None:
    browser = await opening.professional("clinician")
    hidden = await opening.send(browser, patient=opening.zoe)
    absent = await opening.send(browser, patient="nobody-here")
    strange = await opening.send(browser, patient="../no id/")
    assert [each.status for each in (hidden, absent, strange)] == [404, 404, 404]
    assert _alike(hidden) == _alike(absent) == _alike(strange)
    assert "Quillfeather" not in hidden.text
    assert opening.launches() == 0


async def test_without_a_patient_a_professional_opens_nothing(opening: Opening) -> None:
    browser = await opening.professional("system")
    assert (await opening.send(browser)).status == 400
    assert opening.launches() == 0


async def test_a_disabled_application_is_neither_offered_nor_opened(opening: Opening) -> None:
    browser = await opening.patient()
    await opening.world.accounts.clients.disable(opening.client_id)
    page = await browser.get("/applications")
    assert "None can be opened from here." in page.text
    assert 'href="/applications"' not in (await browser.get("/")).text
    assert (await opening.send(browser)).status == 404
    assert opening.launches() == 0


async def test_an_application_without_a_launch_address_is_neither_offered_nor_opened(
    opening: Opening,
) -> None:
    browser = await opening.patient()
    opening.client_id = await _registered(opening.world, "No launch", None)
    assert "No launch" not in (await browser.get("/applications")).text
    assert (await opening.send(browser)).status == 404


async def test_no_address_a_visitor_names_is_gone_to(opening: Opening) -> None:
    browser = await opening.patient()
    changes = {"launch_uri": "https://elsewhere.example/", "iss": "https://elsewhere.example/"}
    page = await opening.send(browser, **changes)
    assert "elsewhere.example" not in page.text
    assert _place(page).startswith("https://app.example/launch?")


async def test_a_form_from_elsewhere_opens_nothing(opening: Opening) -> None:
    browser = await opening.patient()
    await browser.get("/applications")
    fields = Forms(browser.page.text).forms[opening.action]
    with nothing_happens(opening.world):
        assert (await browser.post(opening.action, {})).status == 403
        answer = await browser.post(opening.action, fields, sec_fetch_site="cross-site")
        assert answer.status == 403


async def test_a_patient_opens_it_on_the_own_record(opening: Opening) -> None:
    browser = await opening.patient()
    assert 'href="/applications"' in (await browser.get("/")).text
    page = await browser.get("/applications")
    assert "Carnet &lt;b&gt;de&lt;/b&gt; Suivi" in page.text
    page = await browser.submit(opening.action)
    assert page.status == 200 and "Quillfeather Zoe" in page.text
    place = _place(page)
    said = {name: value for name, [value] in parse_qs(urlsplit(place).query).items()}
    assert place.startswith(LAUNCH) and said["iss"] == f"{HTTPS}/fhir"
    assert opening.zoe not in place and "Quillfeather" not in place
    consent = await browser.get(_asked(opening.client_id, said["launch"]))
    assert "Quillfeather Zoe" in consent.text
    answer = await browser.submit("/oauth/consent", answer="allow")
    assert "code" in answered(answer.location)


async def test_a_professional_opens_it_on_a_patient_in_reach(opening: Opening) -> None:
    browser = await opening.professional("system")
    page = await browser.get("/applications")
    assert Forms(page.text).forms.keys() == {"/sign-out"}
    page = await browser.get(f"/applications/{opening.client_id}")
    assert page.title == "Whose record?"
    search = f"/applications/{opening.client_id}/patients"
    assert (await browser.submit(search, name="quillfeather", birthdate="")).status == 422
    page = await browser.submit(search, name="nobody", birthdate="1948-07-04")
    assert "Nobody of that name" in page.text
    page = await browser.submit(search, name="quillfeather", birthdate="1948-07-04")
    assert "Quillfeather Zoe" in page.text
    page = await browser.submit(opening.action)
    assert _place(page).startswith(LAUNCH) and "Quillfeather Zoe" in page.text


async def test_a_launch_is_good_for_nobody_else_and_no_other_application(opening: Opening) -> None:
    browser = await opening.patient()
    page = await opening.send(browser)
    [launch] = parse_qs(urlsplit(_place(page)).query)["launch"]
    bound = Bound(patient=opening.yves)
    other = await opening.world.browser().enrol(
        opening.world, "other", roles=["patient"], bound=bound
    )
    answer = await other.get(_asked(opening.client_id, launch))
    assert answered(answer.location)["error"] == "invalid_request"
    second = await _registered(opening.world, "Another", LAUNCH)
    answer = await browser.get(_asked(second, launch))
    assert answered(answer.location)["error"] == "invalid_request"


async def _registered(world: World, label: str, launch_uri: str | None) -> str:
    new = await world.accounts.applications.register(
        Registration(
            label=label,
            proof="none",
            scope=SCOPE,
            redirect_uris=(BACK,),
            launch_uri=launch_uri,
        )
    )
    return new.client_id


def _asked(client_id: str, launch: str) -> str:
    said = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": BACK,
        "scope": SCOPE,
        "state": "s" * 32,
        "aud": f"{HTTPS}/fhir",
        "launch": launch,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"/oauth/authorize?{urlencode(said)}"


def _place(page: Answer) -> str:
    """Where the page leads by itself, and by its button."""
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert found is not None, page.text
    place = unescape(found[1])
    assert f'href="{found[1]}"' in page.text
    return place


def _alike(page: Answer) -> str:
    """A page without what differs at each asking: reference, time, tokens of forms."""
    text = re.sub(r'value="[^"]+"|<dd class="mono">.*?</dd>|<time.*?</time>', "", page.text)
    return re.sub(r"\d\d:\d\d", "", text)
