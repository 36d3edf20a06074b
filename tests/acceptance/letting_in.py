"""Applications a clinician has let in, and what they exchange for an access token.

The page of consent is played by what it calls, in the installation a running server serves.
"""

import asyncio
import base64
from dataclasses import dataclass
from datetime import timedelta

from tests.acceptance.client import Answer, Client
from tests.acceptance.installation import Installation, Server

from egide.accounts import Approval, Context, Registration
from egide.accounts.people import Bound, Visitor
from egide.api.smart.pkce import challenge_of
from egide.app.installation import open_installation
from egide.settings import settings

REDIRECT = "https://app.example.org/cb"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
SCOPE = "openid fhirUser offline_access user/*.cruds"


@dataclass(frozen=True)
class App:
    """A confidential application, with a code a clinician has just approved for it."""

    client_id: str
    secret: str
    code: str
    account: int
    """The clinician's, by its internal number."""

    @property
    def proof(self) -> str:
        joined = base64.b64encode(f"{self.client_id}:{self.secret}".encode())
        return f"Basic {joined.decode()}"


def let_in(
    installation: Installation,
    login: str,
    *,
    scope: str = SCOPE,
    number: int = 1,
    assurance: int = 2,
    shown: timedelta = timedelta(),
) -> list[App]:
    """Applications that one clinician has let in, each with a code of its own.

    `assurance` is how strongly she was authenticated then, `shown` how long before now.
    """
    here = settings(installation.environment({}))

    async def made() -> list[App]:
        async with open_installation(here) as parts:
            invited = await parts.people.directory.invite(
                login,
                "Synthetic Clinician",
                ["clinician"],
                bound=Bound(practitioner=f"practitioner-{login}"),
                trained=parts.clock() + timedelta(days=1),
            )
            now = parts.clock()
            opened = await parts.people.sessions.open(
                invited.account, ("pop", "mfa"), Visitor(), at=now - shown
            )
            found = []
            for place in range(number):
                registered = await parts.accounts.applications.register(
                    Registration(
                        label=f"Application {place}",
                        proof="secret",
                        scope=scope,
                        redirect_uris=(REDIRECT,),
                    )
                )
                approval = Approval(
                    account=invited.account,
                    application=registered.account,
                    client_id=registered.client_id,
                    session=opened.session.session,
                    scope=scope,
                    assurance=assurance,
                    lasting="offline",
                    context=Context(
                        practitioner=f"practitioner-{login}",
                        authenticated=int((now - shown).timestamp()),
                    ),
                    expires=now + timedelta(days=1),
                )
                code = await parts.accounts.approvals.approve(
                    approval, redirect_uri=REDIRECT, challenge=challenge_of(VERIFIER), nonce=None
                )
                found.append(App(registered.client_id, registered.secret, code, invited.account))
            return found

    return asyncio.run(made())


def post(server: Server, app: App, path: str, **form: str) -> Answer:
    """A form with the proof of an application."""
    return Client(server.port).form(path, form, Authorization=app.proof)


def exchange(server: Server, app: App, code: str) -> Answer:
    return post(
        server,
        app,
        "/oauth/token",
        grant_type="authorization_code",
        code=code,
        redirect_uri=REDIRECT,
        code_verifier=VERIFIER,
    )


def access_token(server: Server, app: App) -> str:
    """What its code brings."""
    return str(exchange(server, app, app.code).json()["access_token"])
