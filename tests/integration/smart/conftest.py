"""The authorization server over a real database, asked as an application and a person would."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.unit.http.asking import Answer, ask

from egide.accounts import AccountEvent, Accounts, NewClient, Registration
from egide.accounts.people.sealing import Known, Sealing
from egide.actor import Actor
from egide.api.smart import Approver, Authorization, Offer
from egide.api.smart.pkce import challenge_of
from egide.api.smart.registration import checked
from egide.api.smart.server import ROUTES, Server
from egide.db import Database
from egide.http import Entrance, Request, Response
from egide.http.routes import Routes
from egide.ids import internal_number
from egide.telemetry import Metrics

FORM = (b"content-type", b"application/x-www-form-urlencoded")
ISSUER = "http://localhost:8600"
REDIRECT = "https://app.example.org/cb"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CONTEXT = "openid fhirUser launch launch/patient launch/encounter offline_access online_access"
SCOPE = f"{CONTEXT} patient/*.rs"


@dataclass
class World:
    """One process: the server, its accounts, a clock one can turn, and the events appended."""

    database: Database
    offer: Offer = Offer(authorizes=True, registers=True)  # noqa: RUF009
    now: datetime = datetime(2026, 3, 1, 8, tzinfo=UTC)
    events: list[AccountEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sealing = Sealing(b"p" * 32)
        self.accounts = Accounts(
            self.database, self.clock, self.append, b"k" * 32, self.sealing.open_known
        )
        self.server = Server(self.accounts, self.clock, self.offer, base_url=None)
        self.entrance = Entrance(self.respond, metrics=Metrics())
        self.authorization = Authorization(self.accounts, self.clock)

    def clock(self) -> datetime:
        return self.now

    def later(self, **more: float) -> None:
        self.now += timedelta(**more)

    async def append(self, event: AccountEvent) -> None:
        self.events.append(event)

    @property
    def reasons(self) -> list[str]:
        return [event.reason for event in self.events if event.reason]

    async def respond(self, request: Request) -> Response:
        found = Routes(ROUTES).find(request.segments)
        assert found is not None
        return await found.route.answer(request.method).respond(self.server, request)

    async def post(
        self,
        form: Mapping[str, str],
        *headers: tuple[bytes, bytes],
        path: str = "/oauth/token",
    ) -> tuple[Answer, dict[str, Any]]:
        body = urlencode(form).encode()
        answer = await ask(self.entrance, "POST", path, [FORM, *headers], body)
        return answer, json.loads(answer.body)

    async def get(self, path: str) -> dict[str, Any]:
        answer = await ask(self.entrance, "GET", path)
        assert answer.status == 200, answer.body
        return dict(json.loads(answer.body))

    async def registered(self, **changes: Any) -> NewClient:
        """An application: public, with a redirect URI, unless `changes` say otherwise."""
        known: dict[str, Any] = {
            "label": "Growth chart",
            "proof": "none",
            "scope": SCOPE,
            "redirect_uris": (REDIRECT,),
        }
        return await self.accounts.applications.register(checked(Registration(**known | changes)))

    async def person(self, **bound: Any) -> Approver:
        """Somebody signed in with two factors; a professional unless `bound` says otherwise."""
        account, session = internal_number(), internal_number()
        behalf = bound.pop("behalf", None)
        bound = bound or {"practitioner": "synthetic-doctor"}
        async with self.database.connection() as connection:
            await connection.execute(
                "insert into account (account, kind, label, roles, created)"
                " values ($1, 'person', $2, $3, $4)",
                account,
                f"person {account}",
                ["clinician"],
                self.now,
            )
            await connection.execute(
                "insert into person (account, login, handle, sealed, trained)"
                " values ($1, $2, $2, $3, $4)",
                account,
                account.to_bytes(8, "big"),
                self.sealed(account, **bound),
                self.now + timedelta(days=365),
            )
            await connection.execute(
                "insert into person_session (hash, session, account, device, assurance, means,"
                " opened, authenticated, seen, expires)"
                " values ($1, $2, $3, '', 2, '{}', $4, $4, $4, $4)",
                session.to_bytes(8, "big"),
                session,
                account,
                self.now,
            )
        ties = bound.pop("relatives", (None,))
        actor = Actor(
            account,
            "egide-web",
            frozenset({"clinician"}),
            session,
            assurance=2,
            authenticated=self.now - timedelta(minutes=2),
            behalf=behalf,
            relative=ties[0],
            **bound,
        )
        return Approver(actor, self.now - timedelta(minutes=2), ("pop", "mfa"))

    def sealed(self, account: int, **bound: Any) -> bytes:
        """What is kept of a person bound to some resources."""
        return self.sealing.seal_known(account, Known("synthetic", "Synthetic Person", **bound))

    def request(self, client_id: str, /, **changes: str | None) -> list[tuple[str, str]]:
        """The parameters of a good authorization request, with changes."""
        known: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "scope": "launch/patient patient/Observation.rs",
            "state": "xyz",
            "aud": f"{ISSUER}/fhir",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        return [(name, value) for name, value in (known | changes).items() if value is not None]

    async def code(
        self,
        client: NewClient,
        person: Approver | None = None,
        *,
        patient: str | None = "synthetic-patient",
        encounter: str | None = None,
        **changes: str | None,
    ) -> str:
        """The code of an approval by `person`."""
        person = person or await self.person()
        asked = await self.authorization.examine(self.request(client.client_id, **changes), ISSUER)
        location = await self.authorization.approve(
            asked, person, patient=patient, encounter=encounter
        )
        return answered(location)["code"]

    async def exchange(
        self, client: NewClient, code: str, /, *headers: tuple[bytes, bytes], **changes: str | None
    ) -> tuple[Answer, dict[str, Any]]:
        """What the token endpoint answers to a code."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            "client_id": client.client_id,
        }
        sent = {name: value for name, value in (form | changes).items() if value is not None}
        return await self.post(sent, *headers)

    async def refresh(
        self, client: NewClient, refresh_token: str, **more: str
    ) -> tuple[Answer, dict[str, Any]]:
        """What the token endpoint answers to a refresh token."""
        form = {"grant_type": "refresh_token", "client_id": client.client_id}
        return await self.post(form | {"refresh_token": refresh_token} | more)


def answered(location: str) -> dict[str, str]:
    """The parameters an application gets at its redirect URI."""
    assert location.startswith(f"{REDIRECT}?")
    return {name: value for name, [value] in parse_qs(urlsplit(location).query).items()}


def basic(client_id: str, secret: str) -> tuple[bytes, bytes]:
    joined = base64.b64encode(f"{client_id}:{secret}".encode())
    return (b"authorization", b"Basic " + joined)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)
