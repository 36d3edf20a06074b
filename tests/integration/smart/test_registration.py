"""Dynamic registration (RFC 7591): off by default, then with an initial access token only."""

import json
from typing import Any

import pytest
from joserfc import jwk
from tests.integration.smart.conftest import REDIRECT, World
from tests.unit.http.asking import Answer, ask

from egide.accounts import Registration
from egide.api.smart import Offer
from egide.api.smart.registration import checked
from egide.api.smart.server import Server
from egide.errors import Incorrect
from egide.settings import settings

JSON = (b"content-type", b"application/json")
GOOD = {
    "client_name": "Growth chart",
    "redirect_uris": [REDIRECT],
    "scope": "launch/patient patient/*.read",
    "token_endpoint_auth_method": "none",
}
KEYS = {"keys": [jwk.generate_key("EC", "P-384", {"kid": "a"}).as_dict(private=False)]}


async def register(world: World, body: object, token: str | None = None) -> Answer:
    if token is None:
        issued = await world.accounts.issue_to_operator(["administrator"])
        token = issued.access_token
    headers = [JSON, (b"authorization", f"Bearer {token}".encode())] if token else [JSON]
    return await ask(world.entrance, "POST", "/oauth/register", headers, json.dumps(body).encode())


def test_it_is_off_unless_it_is_set() -> None:
    assert settings({}).registration is False
    assert settings({"EGIDE_REGISTRATION": "on"}).registration is True
    with pytest.raises(Incorrect):
        settings({"EGIDE_REGISTRATION": "yes"})


async def test_where_it_is_off_there_is_nothing(world: World) -> None:
    world.server = Server(world.accounts, world.clock, Offer(), base_url=None)
    assert (await register(world, GOOD)).status == 404


async def test_without_the_right_access_token_nobody_registers(world: World) -> None:
    assert (await register(world, GOOD, "")).status == 401
    assert (await register(world, GOOD, "egd_" + "A" * 43)).status == 401
    issued = await world.accounts.issue_to_operator(["system"])
    assert (await register(world, GOOD, issued.access_token)).status == 403
    new = await world.accounts.clients.create("Desk", ["administrator"])
    proved = await world.accounts.clients.authenticate(new.client_id, new.secret)
    issued = await world.accounts.issue(proved)
    await world.accounts.holding.hold(new.account, "establishment")
    assert (await register(world, GOOD, issued.access_token)).status == 403
    async with world.database.connection() as connection:
        assert await connection.fetchval("select count(*) from application") == 0


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://a.example/"}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://a.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [REDIRECT] * 11}, "invalid_redirect_uri"),
        ({"scope": ""}, "invalid_client_metadata"),
        ({"scope": "everything"}, "invalid_client_metadata"),
        ({"scope": "system/*.cruds"}, "invalid_client_metadata"),
        ({"scope": "patient/*.rs system/*.rs"}, "invalid_client_metadata"),
        ({"client_name": ""}, "invalid_client_metadata"),
        ({"client_name": "a\nb"}, "invalid_client_metadata"),
        ({"client_name": 5}, "invalid_client_metadata"),
        ({"client_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"jwks": KEYS}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}},
         "invalid_client_metadata"),
    ],
)  # fmt: skip
async def test_what_may_not_be_registered_is_refused(
    world: World, changes: dict[str, Any], error: str
) -> None:
    answer = await register(world, GOOD | changes)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, error)


@pytest.mark.parametrize("body", [[], "text", None, 5])
async def test_what_is_no_object_is_refused(world: World, body: object) -> None:
    answer = await register(world, body)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_client_metadata")


async def test_a_registered_application_can_be_approved(world: World) -> None:
    answer = await register(world, GOOD | {"software_id": "x", "introspects": True, "roles": ["a"]})
    assert answer.status == 201
    assert answer.headers[b"cache-control"] == b"no-store"
    said = json.loads(answer.body)
    assert "client_secret" not in said
    assert said["scope"] == "launch/patient patient/*.rs"
    found = await world.accounts.applications.find(said["client_id"])
    assert found is not None
    assert (found.registration.introspects, found.registration.roles) == (False, ())
    asked = await world.authorization.examine(
        world.request(said["client_id"]), "http://localhost:8600"
    )
    assert asked.application.client_id == said["client_id"]
    created = [event for event in world.events if event.kind == "client-created"]
    assert created[0].by != 0


async def test_a_confidential_one_gets_its_secret_once_or_keeps_its_keys(world: World) -> None:
    known = {name: value for name, value in GOOD.items() if name != "token_endpoint_auth_method"}
    said = json.loads((await register(world, known)).body)
    assert said["client_secret"].startswith("egs_")
    assert said["client_secret_expires_at"] == 0
    way = {"token_endpoint_auth_method": "private_key_jwt", "jwks": KEYS}
    said = json.loads((await register(world, GOOD | way)).body)
    assert "client_secret" not in said
    found = await world.accounts.applications.find(said["client_id"])
    assert found is not None
    assert found.registration.proof == "key"


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "patient/*.rs", "redirect_uris": ()},
        {"scope": "system/*.rs", "redirect_uris": (REDIRECT,), "roles": ("system",)},
        {"scope": "system/*.rs", "redirect_uris": ()},
        {"scope": "system/*.rs", "redirect_uris": (), "roles": ("system",), "proof": "none"},
        {"scope": "patient/*.rs", "proof": "key"},
        {"scope": "patient/*.rs", "proof": "secret", "jwks": json.dumps(KEYS)},
        {"scope": "patient/*.rs", "proof": "key", "jwks": json.dumps(KEYS),
         "jwks_uri": "https://a.example/"},
        {"scope": "patient/*.rs", "proof": "key", "jwks_uri": "http://a.example/"},
        {"scope": "system/*.rs", "redirect_uris": (), "roles": ("system",), "native": True,
         "proof": "secret"},
    ],
)  # fmt: skip
def test_registrations_that_contradict_themselves_are_refused(changes: dict[str, Any]) -> None:
    known: dict[str, Any] = {"label": "App", "proof": "none", "redirect_uris": (REDIRECT,)}
    with pytest.raises(Incorrect):
        checked(Registration(**known | changes))
