"""Every page, in both languages, light and dark, wide and narrow: it loads, holds and is readable.

Pictures are left in the folder `EGIDE_PICTURES` names, for whoever wants to look.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from tests.browser.conftest import PASSWORD, Meet, Place, Visitor
from tests.browser.drawn import DRAWN, drawn

import egide.web

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (1280, 390, 320)
TEMPLATES = Path(egide.web.__file__).parent / "templates"
MET = {
    "no-way-in": "no_way_in.html",
    "signed-out": "signed_out.html",
    "not-found": "error.html",
    "link-ended": "link_ended.html",
    "untrusted": "error.html",
    "invited": "invited.html",
    "enrolment": "enrolment.html",
    "passkey": "passkey.html",
    "enrolment-ready": "enrolment.html",
    "password": "password.html",
    "password-refused": "password.html",
    "authenticator": "authenticator.html",
    "codes": "codes.html",
    "codes-shown": "codes_shown.html",
    "home": "home.html",
    "account": "account.html",
    "sessions": "sessions.html",
    "step-up": "step_up.html",
}
"""What is looked at on the way of a person, and the template it is of."""
LOCALES = {"fr": "fr-FR", "en": "en-GB"}


@dataclass
class Looking:
    """Looks at pages one after the other, and keeps what it finds wrong."""

    language: str
    folder: Path
    found: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def at(self, page: Page, name: str) -> None:
        self.seen.add(name)
        for each in page.locator("main details").all():
            if each.get_attribute("open") is None:
                each.locator("summary").click()
        if page.locator("html").get_attribute("lang") != self.language:
            self.found.append(f"{name}: in another language")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    self.found.append(f"{name}: {wide} px wide in {width}")
                if width != WIDTHS[-1]:
                    picture = self.folder / f"{name}-{self.language}-{theme}-{width}.png"
                    page.screenshot(path=picture, full_page=True)
            self.found += self._barriers(page, f"{name}, {theme}")
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})

    def _barriers(self, page: Page, where: str) -> Iterator[str]:
        said = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response
        for each in said["violations"]:
            for node in each["nodes"]:
                yield f"{where}: {each['id']} at {node['target']}: {node.get('failureSummary')}"


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = os.environ.get("EGIDE_PICTURES")
    if folder is None:
        return tmp_path_factory.mktemp("pictures")
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_hold_in_both_languages_light_and_dark_wide_and_narrow(
    language: str, meet: Meet, place: Place, pictures: Path
) -> None:
    looking = Looking(language, pictures)
    visitor = meet(LOCALES[language])
    visitor.authenticator()
    person = place.invite()
    _before_signing_in(visitor, looking)
    _enrolling(visitor, looking, person.link)
    _signed_in(visitor, looking)
    assert looking.found == []
    assert looking.seen == MET.keys()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_that_need_another_site_hold_too(
    language: str, meet: Meet, place: Place, pictures: Path
) -> None:
    looking = Looking(language, pictures)
    visitor = meet(LOCALES[language])
    for name in DRAWN:
        with drawn(visitor.page, place.url, name, language):
            looking.at(visitor.page, name)
    assert looking.found == []
    assert looking.seen == DRAWN.keys()


def test_every_page_is_looked_at() -> None:
    pages = {
        each.name
        for each in TEMPLATES.glob("*.html")
        if '{% extends "base.html" %}' in each.read_text()
    }
    assert len(pages) > 20
    assert pages == {*MET.values(), *(template for template, _ in DRAWN.values())}


def _before_signing_in(visitor: Visitor, looking: Looking) -> None:
    for path, name in (
        ("/sign-in/help", "no-way-in"),
        ("/signed-out", "signed-out"),
        ("/nothing/here", "not-found"),
        ("/enrol/none", "link-ended"),
    ):
        looking.at(visitor.go(path), name)
    looking.at(visitor.go("/oauth/authorize?client_id=none"), "untrusted")


def _enrolling(visitor: Visitor, looking: Looking, link: str) -> None:
    page = visitor.go(link)
    looking.at(page, "invited")
    _submit(page, "/enrol/")
    looking.at(page, "enrolment")
    looking.at(visitor.go("/enrolment/passkey"), "passkey")
    page.locator("#name").fill("test device")
    _submit(page, "/enrolment/passkey")
    page.locator(".tag.good").wait_for()
    looking.at(page, "enrolment-ready")
    looking.at(visitor.go("/enrolment/password"), "password")
    page.locator("#password").fill("123456789012")
    _submit(page, "/enrolment/password")
    looking.at(page, "password-refused")
    page.locator("#password").fill(PASSWORD)
    _submit(page, "/enrolment/password")
    page.locator("#code").fill("000000")
    _submit(page, "/enrolment/authenticator")
    looking.at(page, "authenticator")
    _prove(visitor)
    looking.at(page, "codes")
    _submit(page, "/enrolment/codes")
    looking.at(page, "codes-shown")
    visitor.go("/enrolment")
    _submit(page, "/enrolment/complete")


def _prove(visitor: Visitor) -> None:
    visitor.secret = visitor.page.locator("#secret").inner_text().replace(" ", "")
    visitor.page.locator("#code").fill(visitor.now())
    _submit(visitor.page, "/enrolment/authenticator")


def _signed_in(visitor: Visitor, looking: Looking) -> None:
    page = visitor.page
    looking.at(page, "home")
    for path, name in (
        ("/account", "account"),
        ("/account/sessions", "sessions"),
        ("/step-up", "step-up"),
    ):
        looking.at(visitor.go(path), name)


def _submit(page: Page, action: str) -> None:
    page.locator(f'form[action^="{action}"] button').first.click()
    page.wait_for_load_state()
