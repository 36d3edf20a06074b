"""A person lets an application in, or does not: the pages around the rules of SMART."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.integration.web.conftest import HTTPS, Forms, Surfer, World, path_of

from egide.accounts import Registration
from egide.accounts.people import Bound
from egide.actor import Actor
from egide.api.smart.words import lines_of
from egide.record import Record

BACK = "https://app.example/back"
VERIFIER = "v" * 43
CHALLENGE = (
    urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode("ascii")
)
SCOPE = "openid offline_access launch/patient patient/Observation.rs patient/Condition.rs"
PATIENT = "synthetic-patient-1"


@dataclass
class Asking:
    """A registered application, and a browser it sends here."""

    world: World
    client_id: str
    browser: Surfer

    def address(self, **changes: str) -> str:
        said = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "scope": SCOPE,
            "state": "s" * 32,
            "aud": f"{HTTPS}/fhir",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"/oauth/authorize?{urlencode(said | changes)}"


def answered(location: str) -> dict[str, str]:
    """What the application is told, at its own address."""
    assert location.startswith(f"{BACK}?"), location
    return {name: value for name, [value] in parse_qs(urlsplit(location).query).items()}


@pytest.fixture
async def asking(world: World) -> Asking:
    new = await world.accounts.applications.register(
        Registration(
            label="Carnet <b>de</b> Suivi",
            proof="none",
            scope=SCOPE + " user/Patient.rs",
            redirect_uris=(BACK,),
        )
    )
    return Asking(world, new.client_id, world.browser())


@pytest.fixture
async def patient(asking: Asking) -> Asking:
    """The browser is signed in, as a patient."""
    more = {"roles": ["patient"], "bound": _bound(patient=PATIENT)}
    await asking.browser.enrol(asking.world, **more)
    return asking


async def test_a_stranger_signs_in_before_anything_is_shown(asking: Asking) -> None:
    answer = await asking.browser.get(asking.address())
    assert (answer.status, path_of(answer.location)) == (303, "/sign-in")
    assert parse_qs(urlsplit(answer.location).query)["next"] == [asking.address()]


async def test_an_unknown_application_is_shown_and_led_nowhere(asking: Asking) -> None:
    for changes in (
        {"client_id": "client-0123456789abcdef"},
        {"redirect_uri": "https://elsewhere.example/back"},
        {"redirect_uri": BACK + "/more"},
    ):
        answer = await asking.browser.get(asking.address(**changes))
        assert (answer.status, answer.title) == (400, "This application is not known here")
        assert answer.location == ""
        assert "elsewhere.example" not in answer.text.split("<main")[1]


async def test_the_page_names_application_scopes_record_and_duration(patient: Asking) -> None:
    page = await patient.browser.get(patient.address())
    assert page.status == 200
    assert "Carnet &lt;b&gt;de&lt;/b&gt; Suivi" in page.text
    assert escape(lines_of("patient/Observation.rs")[0].english) in page.text
    assert "<dd>yours</dd>" in page.text
    assert "90 days, also while you are away" in page.text
    assert '<dd class="mono">app.example</dd>' in page.text


async def test_only_the_applications_own_place_can_follow_the_form(patient: Asking) -> None:
    page = await patient.browser.get(patient.address())
    policy = (page.header(b"content-security-policy") or b"").decode()
    assert "form-action 'self' https://app.example;" in policy


async def test_a_yes_brings_a_code(patient: Asking) -> None:
    await patient.browser.get(patient.address())
    answer = await patient.browser.submit("/oauth/consent", answer="allow")
    assert answer.status == 303
    said = answered(answer.location)
    assert said["state"] == "s" * 32 and said["iss"] == HTTPS and len(said["code"]) > 40
    assert patient.world.events[-1].kind == "application-approved"


async def test_a_no_brings_no_code(patient: Asking) -> None:
    await patient.browser.get(patient.address())
    said = answered((await patient.browser.submit("/oauth/consent", answer="refuse")).location)
    assert said["error"] == "access_denied" and "code" not in said


async def test_what_was_given_is_listed_and_taken_back(patient: Asking) -> None:
    await patient.browser.get(patient.address())
    await patient.browser.submit("/oauth/consent", answer="allow")
    page = await patient.browser.get("/account/applications")
    [action] = [each for each in Forms(page.text).forms if each.endswith("/take-back")]
    assert "Carnet &lt;b&gt;de&lt;/b&gt; Suivi" in page.text
    await patient.browser.submit(action)
    assert (await patient.browser.follow()).text.count("take-back") == 0
    assert patient.world.events[-1].kind == "approval-ended"


async def test_nobody_takes_back_what_somebody_else_gave(patient: Asking) -> None:
    await patient.browser.get(patient.address())
    await patient.browser.submit("/oauth/consent", answer="allow")
    page = await patient.browser.get("/account/applications")
    [action] = [each for each in Forms(page.text).forms if each.endswith("/take-back")]
    other = await patient.world.browser().enrol(patient.world, "other")
    cookie = other.cookies["__Host-egide-session"]
    token = patient.world.web._site.forms.token(cookie, action)
    assert (await other.post(action, {"form_token": token})).status == 404
    assert "take-back" in (await patient.browser.get("/account/applications")).text


async def test_silence_is_a_no(patient: Asking) -> None:
    await patient.browser.get(patient.address())
    said = answered((await patient.browser.submit("/oauth/consent")).location)
    assert said["error"] == "access_denied"


async def test_what_is_not_ticked_is_not_granted(patient: Asking) -> None:
    page = await patient.browser.get(patient.address())
    fields = Forms(page.text).forms["/oauth/consent"]
    dropped = {name for name, value in fields.items() if value in ("patient/Condition.rs",)}
    assert len(dropped) == 1
    kept = {name: value for name, value in fields.items() if name not in dropped}
    await patient.browser.post("/oauth/consent", kept | {"answer": "allow"})
    assert "patient/Condition.rs" not in patient.world.events[-1].scope
    assert "patient/Observation.rs" in patient.world.events[-1].scope


async def test_a_scope_nobody_asked_for_is_not_granted_by_writing_it_in(patient: Asking) -> None:
    await patient.browser.get(patient.address(scope="launch/patient patient/Observation.rs"))
    await patient.browser.submit("/oauth/consent", answer="allow", **{"keep-9": "user/*.cruds"})
    assert "user/" not in patient.world.events[-1].scope


async def test_a_patient_cannot_choose_the_record_of_another(patient: Asking) -> None:
    await patient.browser.get(patient.address())
    answer = await patient.browser.submit("/oauth/consent", answer="allow", patient="another")
    assert answer.status == 403
    assert [event.kind for event in patient.world.events].count("application-approved") == 0


async def test_a_request_changed_on_the_way_is_examined_again(patient: Asking) -> None:
    page = await patient.browser.get(patient.address())
    carried = Forms(page.text).forms["/oauth/consent"]["request"]
    changed = carried.replace("app.example", "elsewhere.example")
    answer = await patient.browser.submit("/oauth/consent", answer="allow", request=changed)
    assert (answer.status, answer.location) == (400, "")


async def test_what_cannot_be_granted_is_told_to_the_application(asking: Asking) -> None:
    answer = await asking.browser.get(asking.address(code_challenge_method="plain"))
    assert answered(answer.location)["error"] == "invalid_request"


async def test_a_professional_chooses_among_the_patients_open_to_him(
    asking: Asking, record: Record, system: Actor
) -> None:
    async with record.open(system) as session:
        body = b'{"resourceType":"Patient","name":[{"family":"Quillfeather","given":["Zoe"]}],'
        made = await session.create("Patient", body + b'"birthDate":"1948-07-04"}')
    more = {"roles": ["system"], "bound": _bound(practitioner="synthetic-practitioner")}
    browser = await asking.browser.enrol(asking.world, **more)
    page = await browser.get(asking.address())
    assert page.title == "Whose record?"
    page = await browser.submit("/oauth/patients", name="quillfeather", birthdate="1948-07-05")
    assert "Nobody of that name" in page.text
    page = await browser.submit("/oauth/patients", name="quillfeather", birthdate="")
    assert (page.status, "Both are needed" in page.text) == (422, True)
    page = await browser.submit("/oauth/patients", name="quillfeather", birthdate="1948-07-04")
    assert "Quillfeather Zoe" in page.text
    page = await browser.submit("/oauth/patient")
    assert "Quillfeather Zoe" in page.text and "<h1>Let " in page.text
    assert Forms(page.text).forms["/oauth/consent"]["patient"] == made.id
    answer = await browser.submit("/oauth/consent", answer="allow")
    assert "code" in answered(answer.location)


def _bound(**ids: str) -> Bound:
    return Bound(**ids)
