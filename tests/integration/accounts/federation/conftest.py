"""A relying party over a real database, a real issuer over HTTP, and a browser between them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from tests.integration.accounts.federation.issuing import DISCOVERY, Client, Face, Issuer, issuing

from egide.accounts import AccountEvent
from egide.accounts.federation import Federation, FederationRefused, Identity, Registration
from egide.accounts.federation import issuer as issuers
from egide.accounts.federation.credential import credential
from egide.accounts.federation.fetch import Fetch
from egide.accounts.federation.recipient import Recipient
from egide.app.fetching import fetching
from egide.clock import system_clock
from egide.db import Database

CALLBACK = "https://egide.example/login"
SECRET = "s3cret of the client+&="
BROWSER = b"b" * 32
KEY = b"k" * 32

PROFESSIONAL: dict[str, Any] = {
    "sub": "f:550dc1c8:ANS-SYNTHETIC-1",
    "SubjectNameID": "ANS-SYNTHETIC-1",
    "given_name": "Synthetic",
    "family_name": "Podologue",
    "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
    "SubjectRole": ["80^1.2.250.1.213.1.1.5.5"],
    "SubjectRefPro": {
        "exercices": [
            {
                "codeProfession": "80",
                "codeCategorieProfessionnelle": "C",
                "codeSavoirFaire": "",
                "activities": [
                    {
                        "codeModeExercice": "S",
                        "codeSecteurDactivite": "SA01",
                        "numeroFinessSite": "750000001",
                        "numeroSiretSite": "",
                        "identifiantTechniqueDeLaStructure": "R80001",
                        "raisonSocialeSite": "HOPITAL SYNTHETIQUE",
                    }
                ],
            }
        ]
    },
}
"""Userinfo of a professional in the shape of Pro Santé Connect, with one exercise situation."""

CITIZEN: dict[str, Any] = {
    "sub": "b6048e95bb134ec5b1d1e1fa69f287172e91722b9354d637a1bcf2ebb0fd2ef5v1",
    "given_name": "Synthetic Second",
    "family_name": "CITIZEN",
    "birthdate": "1962-08-24",
    "gender": "female",
    "birthplace": "75107",
    "birthcountry": "99100",
}
"""Userinfo in the shape of FranceConnect's identité pivot."""


def issuer(face: Face, address: str, **changes: Any) -> issuers.Issuer:
    """The configuration of an issuer of this face."""
    professional = face == "pro-sante-connect"
    given: dict[str, Any] = {
        "name": "psc" if professional else "fc",
        "title": "Issuer of the tests",
        "kind": "professional" if professional else "citizen",
        "issuer": address,
        "discovery": DISCOVERY[face],
        "client_id": "egide",
        "authentication": issuers.Authentication("client_secret_basic", "unread"),
        "scopes": ("openid", "scope_all") if professional else ("openid", "given_name"),
        "ask": "eidas1",
        "levels": (
            (issuers.Level("eidas1", 2),)
            if professional
            else tuple(issuers.Level(f"eidas{n}", 1 if n == 1 else 2) for n in (1, 2, 3))
        ),
        "algorithms": ("RS256", "ES256"),
        "userinfo": "plain" if professional else "signed",
        "roles": (
            (issuers.Rule(("clinician",), profession=frozenset({"80", "10"})),)
            if professional
            else ()
        ),
        "establishments": {"750000001": "org-1"} if professional else {},
    }
    return issuers.Issuer(**(given | changes))


@dataclass
class World:
    """One process of Égide, one issuer, one browser, a clock one can turn."""

    database: Database
    issuer: Issuer
    fetch: Fetch
    face: Face
    ahead: timedelta = timedelta()
    stopped: datetime | None = None
    events: list[AccountEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.configure()

    @property
    def name(self) -> str:
        return "psc" if self.face == "pro-sante-connect" else "fc"

    def now(self) -> datetime:
        return (self.stopped or system_clock()) + self.ahead

    def stop_clock(self) -> None:
        """From here on time goes by only as `ahead` says, however slow the machine is."""
        self.stopped = system_clock()

    async def append(self, event: AccountEvent) -> None:
        self.events.append(event)

    def configure(
        self, *, raw: bytes = SECRET.encode(), ours: Recipient | None = None, **changes: Any
    ) -> None:
        """The federation anew, with `changes` to the configuration of the issuer."""
        known = issuer(self.face, self.issuer.address, **changes)
        self.federation = Federation(
            [Registration(known, credential(known.authentication, raw), ours)],
            self.database,
            self.now,
            KEY,
            self.append,
            self.fetch,
            callback=CALLBACK,
        )

    async def come_back(self, url: str, callback: str = "") -> list[tuple[str, str]]:
        """What the browser brings back, once the person has logged in at `url`."""
        async with httpx2.AsyncClient(trust_env=False) as browser:
            answer = await browser.get(url)
        assert answer.status_code == 302, answer.text
        place = urlsplit(answer.headers["location"])
        assert place._replace(query="").geturl() == (callback or f"{CALLBACK}/{self.name}")
        return parse_qsl(place.query)

    async def begin(self, return_to: str = "/home") -> list[tuple[str, str]]:
        begun = await self.federation.begin(self.name, return_to, BROWSER)
        return await self.come_back(begun.url)

    async def log_in(self) -> Identity:
        """A whole log-in, as it should be."""
        return await self.federation.finish(
            self.name, BROWSER, await self.begin(), address="192.0.2.1"
        )

    async def refusal(self) -> str:
        """The reason for which a log-in is refused, which the ledger is told too."""
        before = len(self.events)
        with pytest.raises(FederationRefused) as refused:
            await self.log_in()
        [event] = self.events[before:]
        assert (event.kind, event.outcome, event.account) == ("identity-refused", "refused", 0)
        assert (event.reason, event.issuer) == (refused.value.reason, self.name)
        return refused.value.reason

    async def scalar(self, statement: str) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(statement)


async def world(face: Face, person: dict[str, Any], database: Database) -> AsyncIterator[World]:
    name = "psc" if face == "pro-sante-connect" else "fc"
    client = Client("egide", SECRET, [f"{CALLBACK}/{name}"])
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(issuing(face, client))
        fetch = await stack.enter_async_context(fetching())
        served.person = person
        yield World(database, served, fetch, face)


@pytest.fixture
async def psc(database: Database) -> AsyncIterator[World]:
    """An issuer in the shape of Pro Santé Connect, and a professional of one situation."""
    async for made in world("pro-sante-connect", PROFESSIONAL, database):
        yield made


@pytest.fixture
async def fc(database: Database) -> AsyncIterator[World]:
    """An issuer in the shape of FranceConnect, and a citizen."""
    async for made in world("franceconnect", CITIZEN, database):
        yield made
