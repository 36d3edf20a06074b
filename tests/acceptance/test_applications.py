"""Applications that people let in, over HTTP: another's tokens serve nobody, a person's own do.

The page of consent is played by what it calls, in the installation a running server serves; all
the rest is asked of that server.
"""

from typing import Any

import pytest
from tests.acceptance.client import Answer, Client
from tests.acceptance.installation import Server
from tests.acceptance.letting_in import App, exchange, let_in, post
from tests.acceptance.records import observation, patient
from tests.acceptance.test_access import given

WHY = given(code__Code="cannot-speak", text__String="found unconscious at home")
EMERGENCY = {"X-Purpose-Of-Use": "BTG"}


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
