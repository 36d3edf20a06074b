"""Applications that people let in, over HTTP: another's tokens serve nobody, a person's own do.

The page of consent is played by what it calls, in the installation a running server serves; all
the rest is asked of that server.
"""

import asyncio
import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.acceptance.client import Answer, Client
from tests.acceptance.installation import Installation, Server
from tests.acceptance.records import observation, patient
from tests.acceptance.test_access import given

from egide.accounts import Approval, Context, Registration
from egide.accounts.people import Bound, Visitor
from egide.api.smart.pkce import challenge_of
from egide.app.installation import open_installation
from egide.settings import settings

REDIRECT = "https://app.example.org/cb"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
SCOPE = "openid fhirUser offline_access user/*.cruds"
WHY = given(code__Code="cannot-speak", text__String="found unconscious at home")
EMERGENCY = {"X-Purpose-Of-Use": "BTG"}


@dataclass(frozen=True)
class App:
    """A confidential application, with a code a clinician has just approved for it."""

    client_id: str
    secret: str
    code: str

    @property
    def proof(self) -> str:
        joined = base64.b64encode(f"{self.client_id}:{self.secret}".encode())
        return f"Basic {joined.decode()}"


def let_in(
    installation: Installation, login: str, *, scope: str = SCOPE, number: int = 1
) -> list[App]:
    """Applications that one clinician has let in, each with a code of its own."""
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
                invited.account, ("pop", "mfa"), Visitor(), at=now
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
                    assurance=2,
                    lasting="offline",
                    context=Context(practitioner=f"practitioner-{login}"),
                    expires=now + timedelta(days=1),
                )
                code = await parts.accounts.approvals.approve(
                    approval, redirect_uri=REDIRECT, challenge=challenge_of(VERIFIER), nonce=None
                )
                found.append(App(registered.client_id, registered.secret, code))
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


def renewed(server: Server, app: App, refresh_token: str) -> Answer:
    return post(
        server, app, "/oauth/token", grant_type="refresh_token", refresh_token=refresh_token
    )


def status(server: Server, token: str) -> int:
    """What a request with this access token is answered."""
    return Client(server.port, token).get("/Practitioner").status


def test_what_one_application_was_given_serves_no_other(server: Server) -> None:
    """Its access token is told to none and ended by none; its refresh token serves the other not,
    and one that got out serves nobody any more."""
    one, other = let_in(server.installation, "tokens", number=2)
    said: dict[str, Any] = exchange(server, one, one.code).json()
    access, refresh = said["access_token"], said["refresh_token"]
    assert post(server, one, "/oauth/introspect", token=access).json()["active"] is True
    for token in (access, refresh):
        answer = post(server, other, "/oauth/introspect", token=token)
        assert (answer.status, answer.json()) == (200, {"active": False})
        answer = post(server, other, "/oauth/revoke", token=token)
        assert (answer.status, answer.json()["error"]) == (400, "unauthorized_client")
    assert status(server, access) == 200
    answer = renewed(server, other, refresh)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")
    assert status(server, access) == 401
    assert renewed(server, one, refresh).status == 400


def test_a_code_of_one_application_brings_another_nothing(server: Server) -> None:
    one, other = let_in(server.installation, "codes", number=2)
    answer = exchange(server, other, one.code)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")


def test_what_is_for_one_door_opens_no_other(server: Server) -> None:
    """An id token is for the application, a refresh token and a code for the token endpoint."""
    (app,) = let_in(server.installation, "doors")
    assert status(server, app.code) == 401
    said = exchange(server, app, app.code).json()
    for name in ("id_token", "refresh_token"):
        assert status(server, said[name]) == 401
    assert status(server, app.secret) == 401
    assert renewed(server, app, said["access_token"]).status == 400
    assert exchange(server, app, said["access_token"]).status == 400
    assert exchange(server, app, said["id_token"]).status == 400
    assert status(server, said["access_token"]) == 200


@pytest.mark.parametrize("scope", ["user/*.rs", "user/Observation.cruds", "user/Patient.r"])
def test_a_narrow_token_breaks_no_glass(server: Server, client: Client, scope: str) -> None:
    """What a person may do herself, an application does for her within its scope alone."""
    made = client.ask("POST", "/Patient", patient()).json()["id"]
    login = f"narrow-{scope.replace('/', '-').replace('*', 'all')}".lower()
    (app,) = let_in(server.installation, login, scope=scope)
    person = Client(server.port, exchange(server, app, app.code).json()["access_token"])
    person.ask("POST", f"/Patient/{made}/$break-glass", WHY).refused(403)
    listed = server.installation.run("access", "glass").stdout
    assert f"Patient/{made}" not in listed


def test_a_glass_is_broken_with_a_persons_own_token(server: Server, client: Client) -> None:
    made = client.ask("POST", "/Patient", patient()).json()["id"]
    seen = client.ask("POST", "/Observation", observation(f"Patient/{made}")).json()["id"]
    (app,) = let_in(server.installation, "glass")
    person = Client(server.port, exchange(server, app, app.code).json()["access_token"])
    person.ask("GET", f"/Observation/{seen}").refused(404)
    person.ask("GET", f"/Observation/{seen}", headers=EMERGENCY).refused(403)
    opened = person.ask("POST", f"/Patient/{made}/$break-glass", WHY)
    assert opened.status == 200, opened.body
    assert person.ask("GET", f"/Observation/{seen}", headers=EMERGENCY).status == 200
    person.ask("GET", f"/Observation/{seen}").refused(404)
    listed = server.installation.run("access", "glass").stdout
    assert f"Patient/{made}" in listed
