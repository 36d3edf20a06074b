"""The pages over a real database, and browsers in a few lines: cookies, links, forms."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
from tests.integration.accounts.people.authenticator import Authenticator

from egide.accounts import AccountEvent, Accounts
from egide.accounts.federation import Federation
from egide.accounts.people import Begun, People
from egide.api.smart import Authorization
from egide.clock import system_clock
from egide.db import Database
from egide.errors import EgideError
from egide.http import Entrance, Request, Response, answer
from egide.record import Record
from egide.telemetry import Metrics
from egide.web import Web, web

HTTPS = "https://egide.example"
HOST = "egide.example"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PASSWORD = "quince-ladder-49-umbrella"


@dataclass
class Answer:
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: bytes) -> bytes | None:
        found = [value for each, value in self.headers if each == name]
        assert len(found) < 2 or name == b"set-cookie", name
        return found[0] if found else None

    @property
    def location(self) -> str:
        return (self.header(b"location") or b"").decode()

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def title(self) -> str:
        found = re.search("<h1>(.*?)</h1>", self.text)
        assert found is not None, (self.status, self.text[:500])
        return found[1].replace("\u202f", " ")


class Forms(HTMLParser):
    """The forms of a page: action → fields as they stand."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.options: dict[str, str] = {}
        self._at: dict[str, str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert said["method"] == "post"
            self._at = self.forms.setdefault(said["action"], {})
            if "data-options" in said:
                self.options[said["action"]] = said["data-options"]
        elif tag == "input" and self._at is not None and "name" in said:
            if said.get("type") in ("radio", "checkbox") and "checked" not in said:
                return
            self._at[said["name"]] = said.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._at = None


@dataclass
class Surfer:
    """A browser: it keeps cookies and says where its forms come from."""

    entrance: Entrance
    scheme: str = "https"
    host: str = HOST
    cookies: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    page: Answer = field(default_factory=Answer)
    device: Authenticator = field(default_factory=Authenticator)

    async def ask(
        self, method: str, target: str, body: bytes = b"", **headers: str | None
    ) -> Answer:
        """One request; `headers` with underscores for hyphens, None for one not sent."""
        sent: dict[str, str | None] = {
            "host": self.host,
            "user-agent": AGENT,
            "accept": "text/html,application/xhtml+xml",
            "accept-language": "en",
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()) or None,
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST":
            sent["content-length"] = str(len(body))
        path, _, query = target.partition("?")
        got = Answer()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                got.status, got.headers = message["status"], list(message["headers"])
            else:
                got.body += message["body"]

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": self.scheme,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "client": ("192.0.2.1", 50000),
            "headers": [
                (name.encode(), value.encode("latin-1"))
                for name, value in sent.items()
                if value is not None
            ],
        }
        await self.entrance(scope, receive, send)
        self._keep(got)
        return got

    async def get(self, target: str, **headers: str | None) -> Answer:
        self.page = await self.ask("GET", target, **headers)
        return self.page

    async def post(self, action: str, fields: Mapping[str, str], **headers: str | None) -> Answer:
        """A form as a browser sends it from our own page."""
        form: dict[str, str | None] = {
            "content-type": "application/x-www-form-urlencoded",
            "origin": "null",
            "sec-fetch-site": "same-origin",
        }
        form |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.page = await self.ask("POST", action, urlencode(fields).encode(), **form)
        return self.page

    async def submit(self, action: str, **fields: str) -> Answer:
        """The form of the page at hand that is sent to `action`, filled in."""
        return await self.post(action, Forms(self.page.text).forms[action] | fields)

    async def follow(self) -> Answer:
        """To where the answer at hand leads."""
        assert self.page.status == 303, self.page.text
        return await self.get(self.page.location)

    def begun(self, action: str) -> Begun:
        """The ceremony the page at hand asks for."""
        options = json.loads(Forms(self.page.text).options[action])
        return Begun("", options, system_clock())

    async def enrol(self, world: "World", login: str = "exemple", **more: Any) -> "Surfer":
        """Somebody invited follows the link and enrols with a passkey."""
        named = {"name": "Camille Exemple", "roles": ["clinician"], **more}
        invitation = await world.people.directory.invite(login, **named)
        await self.get(f"/enrol/{invitation.token}")
        await self.submit(f"/enrol/{invitation.token}")
        await self.get("/enrolment/passkey")
        said = self.device.create(self.begun("/enrolment/passkey"))
        await self.submit("/enrolment/passkey", response=said, name="Telephone")
        await self.follow()
        await self.submit("/enrolment/complete")
        assert self.page.location == "/?welcome=1"
        return self

    def _keep(self, got: Answer) -> None:
        for name, value in got.headers:
            if name != b"set-cookie":
                continue
            line = value.decode()
            self.lines.append(line)
            pair, *attributes = line.split("; ")
            cookie, _, kept = pair.partition("=")
            if "Max-Age=0" in attributes:
                self.cookies.pop(cookie, None)
            else:
                self.cookies[cookie] = kept


@dataclass
class World:
    """One process: its pages and what they stand on."""

    database: Database
    record: Record
    base_url: str | None = HTTPS
    federation: Federation | None = None
    events: list[AccountEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people = People(
            self.database, system_clock, self.append, b"p" * 32, base_url=self.base_url
        )
        self.accounts = Accounts(self.database, system_clock, self.append, b"a" * 32)
        self.open()

    def open(self) -> None:
        """The door anew, with what has changed."""
        self.web: Web = web(
            people=self.people,
            smart=Authorization(self.accounts, system_clock),
            record=self.record,
            federation=self.federation,
            clock=system_clock,
            zone=ZoneInfo("Europe/Paris"),
            key=b"w" * 32,
            base_url=self.base_url,
        )

        def failed(error: EgideError, request: Request) -> Response:
            return self.web.failed(error, request) or answer(error, request)

        self.entrance = Entrance(self.web.respond, metrics=Metrics(), failed=failed)

    async def append(self, event: AccountEvent) -> None:
        self.events.append(event)

    def browser(self, **more: Any) -> Surfer:
        return Surfer(self.entrance, **more)


@pytest.fixture
async def world(database: Database, record: Record) -> AsyncIterator[World]:
    made = World(database, record)
    yield made
    made.people.close()


@contextmanager
def nothing_happens(world: World) -> Iterator[None]:
    """No event is appended meanwhile."""
    before = list(world.events)
    yield
    assert world.events == before


def path_of(address: str) -> str:
    return urlsplit(address).path
