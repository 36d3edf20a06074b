"""Introspection (RFC 7662) and revocation (RFC 7009): who is told what, and who may end what."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.smart.conftest import ISSUER, World, basic
from tests.unit.http.asking import Answer
from tests.unit.http.asking import request as asked

from egide.accounts import NewClient
from egide.errors import Unauthenticated
from egide.http import answer as answer_to
from egide.record import StepUp

OFFLINE = "openid fhirUser launch/patient offline_access patient/*.rs"


async def resource_server(world: World, **changes: Any) -> NewClient:
    known: dict[str, Any] = {
        "label": "Resource server",
        "proof": "secret",
        "scope": "system/*.rs",
        "roles": ("system",),
        "redirect_uris": (),
        "introspects": True,
    }
    return await world.registered(**known | changes)


async def introspect(world: World, client: NewClient, token: str) -> tuple[Answer, dict[str, Any]]:
    proof = basic(client.client_id, client.secret)
    return await world.post({"token": token}, proof, path="/oauth/introspect")


async def revoke(world: World, client: NewClient, token: str) -> tuple[Answer, dict[str, Any]]:
    form = {"token": token, "client_id": client.client_id}
    return await world.post(form, path="/oauth/revoke")


async def test_without_proof_nothing_is_told(world: World) -> None:
    client = await world.registered()
    _, said = await world.exchange(client, await world.code(client))
    asker = await resource_server(world)
    token = {"token": said["access_token"]}
    for form, headers in (
        (token, []),
        (token | {"client_id": asker.client_id}, []),
        (token | {"client_id": client.client_id}, []),
        (token, [basic(asker.client_id, "egs_wrong")]),
        (token, [(b"authorization", f"Bearer {said['access_token']}".encode())]),
    ):
        answer, told = await world.post(form, *headers, path="/oauth/introspect")
        assert (answer.status, told["error"]) == (401, "invalid_client")


async def test_without_the_right_to_ask_it_looks_unknown_and_is_filed(world: World) -> None:
    client = await world.registered()
    _, said = await world.exchange(client, await world.code(client))
    asker = await resource_server(world, introspects=False)
    answer, told = await introspect(world, asker, said["access_token"])
    assert (answer.status, told) == (200, {"active": False})
    event = world.events[-1]
    assert (event.kind, event.outcome, event.client) == (
        "access-token-asked-about",
        "refused",
        asker.client_id,
    )


async def test_what_is_not_good_is_inactive_and_no_more_is_said(world: World) -> None:
    client, asker = await world.registered(), await resource_server(world)
    _, said = await world.exchange(client, await world.code(client, scope=OFFLINE))
    for text in ("egd_" + "A" * 43, "x", said["refresh_token"], said["id_token"]):
        answer, told = await introspect(world, asker, text)
        assert (answer.status, told) == (200, {"active": False})
    world.later(hours=1)
    assert (await introspect(world, asker, said["access_token"]))[1] == {"active": False}


async def test_a_good_one_is_told_with_whose_it_is_and_for_which_record(world: World) -> None:
    client, asker = await world.registered(), await resource_server(world)
    _, said = await world.exchange(client, await world.code(client, scope=OFFLINE))
    answer, told = await introspect(world, asker, said["access_token"])
    assert answer.headers[b"cache-control"] == b"no-store"
    subject = told.pop("sub")
    assert len(subject) == 32
    assert told == {
        "active": True,
        "scope": "fhirUser launch/patient offline_access openid patient/*.rs",
        "client_id": client.client_id,
        "token_type": "Bearer",
        "iat": int(world.now.timestamp()),
        "exp": int(world.now.timestamp()) + 3600,
        "iss": ISSUER,
        "aud": f"{ISSUER}/fhir",
        "acr": "2",
        "auth_time": int(world.now.timestamp()) - 120,
        "patient": "synthetic-patient",
        "fhirUser": f"{ISSUER}/fhir/Practitioner/synthetic-doctor",
    }
    assert world.events[-1].outcome == "success"


async def test_a_proof_nobody_dates_is_told_no_date(world: World) -> None:
    """An issuer may vouch for a session of its own that it does not say the age of."""
    client, asker = await world.registered(), await resource_server(world)
    person = replace(await world.person(), authenticated=None)
    _, said = await world.exchange(client, await world.code(client, person, scope=OFFLINE))
    _, told = await introspect(world, asker, said["access_token"])
    assert (told["active"], told["acr"]) == (True, "2")
    assert "auth_time" not in told
    body = said["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims["acr"] == "2"
    assert "auth_time" not in claims


async def test_one_factor_is_told_by_the_name_the_challenge_would_not_take(world: World) -> None:
    client, asker = await world.registered(), await resource_server(world)
    person = await world.person()
    person = replace(person, actor=replace(person.actor, assurance=1))
    _, said = await world.exchange(client, await world.code(client, person))
    _, told = await introspect(world, asker, said["access_token"])
    assert told["acr"] == "1"


async def test_the_levels_published_are_those_the_challenge_and_the_tokens_name(
    world: World,
) -> None:
    published = await world.get("/.well-known/openid-configuration")
    challenge = dict(answer_to(StepUp("Said so"), asked()).headers)[b"www-authenticate"].decode()
    wanted = challenge.split('acr_values="')[1].split('"')[0]
    assert published["acr_values_supported"] == ["1", wanted]
    client, asker = await world.registered(), await resource_server(world)
    code = await world.code(client, scope=OFFLINE, acr_values=wanted)
    _, said = await world.exchange(client, code)
    _, told = await introspect(world, asker, said["access_token"])
    assert told["acr"] == wanted


async def test_an_application_may_ask_about_its_own(world: World) -> None:
    client = await resource_server(world, introspects=False)
    grant = {"grant_type": "client_credentials"}
    _, said = await world.post(grant, basic(client.client_id, client.secret))
    _, told = await introspect(world, client, said["access_token"])
    assert (told["active"], told["client_id"]) == (True, client.client_id)
    assert not {"sub", "patient", "fhirUser"} & told.keys()


async def test_another_application_ends_nothing(world: World) -> None:
    client, other = await world.registered(), await world.registered(label="Other")
    _, said = await world.exchange(client, await world.code(client, scope=OFFLINE))
    for name in ("access_token", "refresh_token"):
        answer, told = await revoke(world, other, said[name])
        assert (answer.status, told["error"]) == (400, "unauthorized_client")
    await world.accounts.resolve(said["access_token"])
    answer, _ = await world.refresh(client, said["refresh_token"])
    assert answer.status == 200


async def test_a_confidential_application_proves_itself_to_give_back(world: World) -> None:
    client = await world.registered(proof="secret")
    proof = basic(client.client_id, client.secret)
    _, said = await world.exchange(client, await world.code(client), proof)
    answer, told = await revoke(world, client, said["access_token"])
    assert (answer.status, told["error"]) == (401, "invalid_client")
    answer, _ = await world.post({"token": said["access_token"]}, proof, path="/oauth/revoke")
    assert answer.status == 200
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(said["access_token"])


async def test_an_access_token_ends_alone_and_a_refresh_token_with_everything(
    world: World,
) -> None:
    client = await world.registered()
    _, first = await world.exchange(client, await world.code(client, scope=OFFLINE))
    answer, _ = await revoke(world, client, first["access_token"])
    assert answer.status == 200
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(first["access_token"])
    _, second = await world.refresh(client, first["refresh_token"])
    await world.accounts.resolve(second["access_token"])
    answer, _ = await revoke(world, client, second["refresh_token"])
    assert answer.status == 200
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(second["access_token"])
    answer, _ = await world.refresh(client, second["refresh_token"])
    assert answer.status == 400


async def test_what_is_unknown_is_answered_like_what_ends(world: World) -> None:
    client = await world.registered()
    for text in ("x", "egd_" + "A" * 43, "egr_" + "A" * 43):
        answer, told = await revoke(world, client, text)
        assert (answer.status, told) == (200, {})
    answer, told = await world.post({"client_id": client.client_id}, path="/oauth/revoke")
    assert (answer.status, told["error"]) == (400, "invalid_request")
