"""What the server says of itself: RFC 8414, SMART's configuration, the CapabilityStatement."""

import json
from typing import Any

import pytest
from tests.integration.smart.conftest import ISSUER, World
from tests.unit.http.asking import ask

from egide.api.application import routes
from egide.api.rest.capabilities import capabilities
from egide.api.smart import Offer
from egide.api.smart.server import Server

SMART = "/fhir/.well-known/smart-configuration"
PAGES = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


def endpoints(said: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in said.items() if name.endswith(("_endpoint", "_uri"))}


@pytest.mark.parametrize("path", [SMART, *PAGES])
async def test_without_a_page_of_consent_nothing_of_it_is_claimed(world: World, path: str) -> None:
    world.server = Server(world.accounts, world.clock, Offer(), base_url=None)
    said = await world.get(path)
    assert not {"authorization_endpoint", "registration_endpoint"} & said.keys()
    assert said["grant_types_supported"] == ["client_credentials"]
    assert "none" not in said["token_endpoint_auth_methods_supported"]
    told = json.dumps(said)
    for word in ("launch", "openid", "offline", "sso", "client-public"):
        assert f'"{word}' not in told.replace(ISSUER, "")


async def test_what_smart_requires_is_there(world: World) -> None:
    said = await world.get(SMART)
    assert said["issuer"] == ISSUER
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert set(said["grant_types_supported"]) == {
        "authorization_code",
        "client_credentials",
        "refresh_token",
    }
    assert set(said["token_endpoint_auth_signing_alg_values_supported"]) == {"RS384", "ES384"}
    assert {"launch-ehr", "launch-standalone", "permission-v2"} <= set(said["capabilities"])
    assert said["response_types_supported"] == ["code"]


@pytest.mark.parametrize("path", PAGES)
async def test_what_rfc_8414_and_9207_require_is_there(world: World, path: str) -> None:
    said = await world.get(path)
    assert said["issuer"] == ISSUER
    assert said["authorization_response_iss_parameter_supported"] is True
    assert said["id_token_signing_alg_values_supported"] == ["ES256"]


@pytest.mark.parametrize("path", [SMART, *PAGES])
async def test_every_endpoint_that_is_told_is_answered(world: World, path: str) -> None:
    """All but the page of consent, which is a page."""
    templates = {route.template for route in routes()} | {"/oauth/authorize"}
    told = endpoints(await world.get(path))
    assert len(told) >= 6
    for address in told.values():
        assert address.removeprefix(ISSUER) in templates


async def test_pages_that_are_well_known_may_be_read_from_any_site(world: World) -> None:
    for path in (SMART, *PAGES, "/oauth/jwks"):
        answer = await ask(world.entrance, "GET", path)
        assert answer.headers[b"access-control-allow-origin"] == b"*"
        assert b"public" in answer.headers[b"cache-control"]
        assert answer.headers[b"content-type"].startswith(b"application/json")


async def test_nobody_chooses_by_the_host_header_who_we_are(world: World) -> None:
    world.server = Server(
        world.accounts, world.clock, world.offer, base_url="https://egide.example"
    )
    said = await world.get(SMART)
    assert {value.split("/")[2] for value in endpoints(said).values()} == {"egide.example"}


def test_the_capability_statement_says_where_to_go() -> None:
    for offer, more in ((Offer(), set()), (Offer(True, True), {"authorize", "register"})):
        said = json.loads(capabilities(f"{ISSUER}/fhir", pretty=False, offer=offer))
        security = said["rest"][0]["security"]
        assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
        [extension] = security["extension"]
        assert extension["url"].endswith("/oauth-uris")
        told = {each["url"]: each["valueUri"] for each in extension["extension"]}
        assert told.keys() == {"token", "introspect", "revoke"} | more
        assert told["token"] == f"{ISSUER}/oauth/token"
