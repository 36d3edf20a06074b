"""A started server, and Debian's Chromium in front of it: `make test-browser`."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    Page,
    Playwright,
    sync_playwright,
)
from tests.acceptance.installation import Installation, Server, free_port

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PASSWORD = "quatre mots sans rapport aucun"
ESTABLISHMENT = "CH de Valfictif"


@dataclass
class Place:
    """The server under test, by the name passkeys are bound to."""

    installation: Installation
    server: Server
    url: str
    invited: int = 0

    def invite(self, *more: str, role: str = "clinician") -> "Invited":
        """Somebody made up, with a link to enrol by."""
        self.invited += 1
        login = f"exemple{self.invited}"
        done = self.installation.run(
            *("accounts", "invite", login, "--name", f"Camille Exemple {self.invited}"),
            *("--role", role, *more),
            EGIDE_BASE_URL=self.url,
        )
        link = re.search(r"https?://\S+/enrol/\S+", done.stdout)
        assert link is not None, done.stdout
        return Invited(login, f"Camille Exemple {self.invited}", link[0])


@dataclass(frozen=True)
class Invited:
    login: str
    name: str
    link: str


@dataclass
class Visitor:
    """A browser of its own: cookies, passkeys, and what its console complained of."""

    place: Place
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    secret: str = ""
    codes: tuple[str, ...] = ()

    def go(self, path: str) -> Page:
        self.page.goto(path if path.startswith("http") else f"{self.place.url}{path}")
        return self.page

    def press(self, name: str) -> None:
        """A button or a link by its words, then the page it leads to."""
        spot = self.page.get_by_role("button", name=name, exact=True)
        if not spot.count():
            spot = self.page.get_by_role("link", name=name, exact=True)
        spot.first.click()
        self.page.wait_for_load_state()

    def now(self) -> str:
        """The code the authenticator shows."""
        return pyotp.TOTP(self.secret).now()

    def heading(self) -> str:
        return self.page.locator("h1").inner_text().replace("\u202f", " ")

    def authenticator(self) -> "Authenticator":
        return Authenticator(self.context.new_cdp_session(self.page))

    def begin(self, person: Invited) -> None:
        """Follow a link."""
        self.go(person.link)
        self.press("Begin")
        assert self.heading() == "How I will sign in"

    def enrol_by_passkey(self, person: Invited) -> None:
        self.begin(person)
        self.press("Set up a passkey")
        self.page.get_by_label("Name of this device").fill("test device")
        self.press("Create the passkey")
        self.page.get_by_text("Ready").wait_for()
        self.press("Finish and sign in")
        assert self.heading() == f"Hello, {person.name}"

    def set_up_password(self) -> None:
        """From the choice of means to recovery codes that were kept."""
        self.press("Set up a password and an authenticator")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Keep this password")
        self.secret = self.page.locator("#secret").inner_text().replace(" ", "")
        self.page.get_by_label("Type the code it shows").fill(self.now())
        self.press("Use this authenticator")
        self.press("Make ten codes and show them")
        self.codes = tuple(self.page.locator(".codes li").all_inner_texts())
        self.press("I have kept them")

    def enrol_by_password(self, person: Invited) -> None:
        self.begin(person)
        self.set_up_password()
        self.press("Finish and sign in")
        assert self.heading() == f"Hello, {person.name}"

    def give_password(self, login: str, password: str = PASSWORD) -> None:
        """The first of two proofs."""
        self.go("/sign-in")
        way = self.page.locator("details:not(.menu)")
        if way.get_attribute("open") is None:
            way.locator("summary").click()
        self.page.get_by_label("Login name").fill(login)
        self.page.get_by_label("Password").fill(password)
        self.press("Continue: the code comes next")

    def sign_out(self) -> None:
        self.page.locator("details.menu summary").click()
        self.press("Sign out")
        assert self.heading() == "You are signed out"


class Authenticator:
    """A virtual authenticator of Chromium's: https://www.w3.org/TR/webauthn-2/#sctn-automation"""

    def __init__(self, cdp: CDPSession) -> None:
        self._cdp = cdp
        cdp.send("WebAuthn.enable", {"enableUI": False})
        made = cdp.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self._id = made["authenticatorId"]

    def fail(self) -> None:
        """Nobody shows a finger any more."""
        self._cdp.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": False}
        )

    def passkeys(self) -> list[dict[str, object]]:
        said = self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        found: list[dict[str, object]] = said["credentials"]
        return found


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    installation = Installation(tmp_path_factory.mktemp("browser")).init()
    port = free_port()
    url = f"http://localhost:{port}"
    server = installation.serve(
        workers=1, port=port, EGIDE_BASE_URL=url, EGIDE_ESTABLISHMENT=ESTABLISHMENT
    )
    yield Place(installation, server, url)
    installation.end()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"there is no {CHROMIUM}: run make test-browser, which installs it")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
    yield browser
    browser.close()


Meet = Callable[..., Visitor]


@pytest.fixture
def meet(place: Place, chromium: Browser) -> Iterator[Meet]:
    """Opens browsers for one test; none may have complained at its end."""
    met: list[Visitor] = []

    def make(language: str = "en-GB", width: int = 1280, **settings: object) -> Visitor:
        context = chromium.new_context(
            locale=language,
            viewport={"width": width, "height": 900},
            **settings,  # type: ignore[arg-type]
        )
        context.set_default_timeout(15_000)
        visitor = Visitor(place, context, context.new_page())
        visitor.page.on("console", lambda said: _note(visitor, said.type, said.text))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        met.append(visitor)
        return visitor

    yield make
    complaints = [said for visitor in met for said in visitor.complaints]
    for visitor in met:
        visitor.context.close()
    assert complaints == []


def _note(visitor: Visitor, kind: str, text: str) -> None:
    """What a console says of a refused form is the refusal itself; all else is a complaint."""
    if kind in ("error", "warning") and "the server responded with a status of 4" not in text:
        visitor.complaints.append(text)
