"""Backend services: RFC 7523 and SMART's system scopes, over a real database."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwk, jwt
from tests.integration.smart.conftest import ISSUER, World, basic

from egide.accounts import NewClient
from egide.api.smart.assertion import TYPE
from egide.api.smart.server import Server
from egide.errors import Unauthenticated

KEY = jwk.generate_key("EC", "P-384", {"kid": "ec"})
OTHER = jwk.generate_key("EC", "P-384", {"kid": "ec"})
JWKS = json.dumps({"keys": [KEY.as_dict(private=False)]})
SCOPE = "system/Patient.rs system/Observation.rs"


async def backend(world: World, **changes: Any) -> NewClient:
    known: dict[str, Any] = {
        "proof": "key",
        "jwks": JWKS,
        "scope": SCOPE,
        "roles": ("system",),
        "redirect_uris": (),
    }
    return await world.registered(**known | changes)


def assertion(
    world: World, client: NewClient, key: Any = KEY, *, kid: str = "ec", **changes: object
) -> str:
    seconds = int(world.now.timestamp())
    claims: dict[str, Any] = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": f"{ISSUER}/oauth/token",
        "exp": seconds + 240,
        "jti": "one",
    }
    return jwt.encode({"alg": "ES384", "kid": kid}, claims | changes, key, algorithms=["ES384"])


def form(text: str, **more: str) -> dict[str, str]:
    known = {"grant_type": "client_credentials", "client_assertion_type": TYPE}
    return known | {"client_assertion": text} | more


async def test_an_assertion_is_good_once_whoever_is_asked(world: World) -> None:
    client = await backend(world)
    text = assertion(world, client)
    other = World(world.database, now=world.now)
    answers = await asyncio.gather(
        *(each.post(form(text)) for each in (world, other) for _ in range(4))
    )
    assert sorted(answer.status for answer, _ in answers) == [200] + [401] * 7
    assert "replayed-assertion" in world.reasons + other.reasons


async def test_an_assertion_may_not_be_used_again_after_a_refusal_for_its_scope(
    world: World,
) -> None:
    client = await backend(world)
    text = assertion(world, client)
    answer, said = await world.post(form(text, scope="system/Condition.rs"))
    assert (answer.status, said["error"]) == (400, "invalid_scope")
    answer, said = await world.post(form(text))
    assert (answer.status, said["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://localhost:8600/oauth/token/"},
        {"aud": "https://evil.example/oauth/token"},
        {"exp": 1},
        {"exp": 2**32},
        {"iss": "client-0123456789abcdef"},
        {"sub": "client-0123456789abcdef"},
    ],
)
async def test_an_assertion_that_is_not_for_here_and_now_is_refused(
    world: World, changes: dict[str, object]
) -> None:
    client = await backend(world)
    answer, said = await world.post(form(assertion(world, client, **changes)))
    assert (answer.status, said["error"]) == (401, "invalid_client")
    assert world.reasons == ["wrong-assertion"]


async def test_a_key_of_somebody_else_is_refused(world: World) -> None:
    client = await backend(world)
    answer, said = await world.post(form(assertion(world, client, OTHER)))
    assert (answer.status, said["error"]) == (401, "invalid_client")


async def test_an_unknown_application_and_a_wrong_key_look_the_same(world: World) -> None:
    client = await backend(world)
    unknown = NewClient("client-0123456789abcdef", "", 0)
    wrong, _ = await world.post(form(assertion(world, client, OTHER)))
    other, _ = await world.post(form(assertion(world, unknown)))
    assert (wrong.status, wrong.body) == (other.status, other.body)


async def test_an_application_proves_itself_in_its_own_way_only(world: World) -> None:
    by_key = await backend(world)
    by_secret = await world.accounts.clients.create("Lab", ["system"])
    answer, _ = await world.post(form(assertion(world, by_secret)))
    assert answer.status == 401
    grant = {"grant_type": "client_credentials"}
    answer, _ = await world.post(grant, basic(by_key.client_id, ""))
    assert answer.status == 401
    answer, _ = await world.post(grant | {"client_id": by_key.client_id})
    assert answer.status == 401


async def test_two_proofs_at_once_are_refused(world: World) -> None:
    client = await backend(world)
    text = assertion(world, client)
    for answer, said in (
        await world.post(form(text, client_secret="egs_x")),
        await world.post(form(text), basic(client.client_id, "egs_x")),
    ):
        assert (answer.status, said["error"]) == (400, "invalid_request")


async def test_an_assertion_of_another_type_or_with_another_name_is_refused(world: World) -> None:
    client = await backend(world)
    sent = form(assertion(world, client))
    for changed in (
        sent | {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2"},
        {name: value for name, value in sent.items() if name != "client_assertion_type"},
        sent | {"client_id": "client-0123456789abcdef"},
    ):
        answer, said = await world.post(changed)
        assert (answer.status, said["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "scope",
    ["user/Patient.rs", "patient/Patient.rs", "system/Patient.rs openid", "system/Condition.r"],
)
async def test_by_itself_an_application_gets_registered_system_scopes_only(
    world: World, scope: str
) -> None:
    client = await backend(world)
    answer, said = await world.post(form(assertion(world, client), scope=scope))
    assert (answer.status, said["error"]) == (400, "invalid_scope")


async def test_an_application_for_people_gets_nothing_by_itself(world: World) -> None:
    client = await world.registered(proof="key", jwks=JWKS)
    answer, said = await world.post(form(assertion(world, client)))
    assert (answer.status, said["error"]) == (400, "unauthorized_client")
    public = await world.registered()
    answer, said = await world.post(
        {"grant_type": "client_credentials", "client_id": public.client_id}
    )
    assert (answer.status, said["error"]) == (400, "unauthorized_client")


async def test_a_disabled_application_is_refused(world: World) -> None:
    client = await backend(world)
    await world.accounts.clients.disable(client.client_id)
    answer, _ = await world.post(form(assertion(world, client)))
    assert answer.status == 401


async def test_an_audience_is_not_what_the_host_header_says(world: World) -> None:
    """Whoever writes the Host header would otherwise use what was meant for another server."""
    client = await backend(world)
    world.server = Server(
        world.accounts, world.clock, world.offer, base_url="https://egide.example"
    )
    answer, _ = await world.post(form(assertion(world, client)))
    assert answer.status == 401
    text = assertion(world, client, aud="https://egide.example/oauth/token")
    answer, _ = await world.post(form(text))
    assert answer.status == 200


async def test_a_published_key_set_proves_nothing_where_none_is_fetched(world: World) -> None:
    client = await backend(world, jwks=None, jwks_uri="https://lab.example/jwks")
    answer, _ = await world.post(form(assertion(world, client)))
    assert answer.status == 401


async def test_a_proof_brings_a_short_access_token_for_what_is_registered(world: World) -> None:
    client = await backend(world)
    answer, said = await world.post(form(assertion(world, client)))
    assert answer.status == 200
    token = said.pop("access_token")
    assert said == {"token_type": "Bearer", "expires_in": 300, "scope": SCOPE}
    actor = await world.accounts.resolve(token)
    assert (actor.client, actor.scope, actor.roles) == (client.client_id, SCOPE, {"system"})
    answer, said = await world.post(
        form(assertion(world, client, jti="two"), scope="system/*.read")
    )
    assert said["scope"] == SCOPE
    world.later(seconds=300)
    with pytest.raises(Exception, match="expired"):
        await world.accounts.resolve(token)


async def test_a_secret_with_a_narrow_scope_gets_the_narrow_one(world: World) -> None:
    client = await world.accounts.clients.create("Lab", ["system"])
    proof = basic(client.client_id, client.secret)
    grant = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
    answer, said = await world.post(grant, proof)
    assert (answer.status, said["scope"]) == (200, "system/Patient.rs")
    assert (await world.accounts.resolve(said["access_token"])).scope == "system/Patient.rs"
    _, said = await world.post(grant | {"scope": "system/*.*"}, proof)
    assert (await world.accounts.resolve(said["access_token"])).scope is None


async def test_failures_are_slowed_and_a_right_proof_is_not(world: World) -> None:
    client = await backend(world)
    for _ in range(10):
        await world.post(form(assertion(world, client, OTHER)))
    answer, said = await world.post(form(assertion(world, client, OTHER)))
    assert (answer.status, said["error"]) == (429, "temporarily_unavailable")
    assert int(answer.headers[b"retry-after"]) > 0
    answer, _ = await world.post(form(assertion(world, client)))
    assert answer.status == 200


async def test_used_assertions_are_forgotten_when_they_have_expired(world: World) -> None:
    client = await backend(world)
    await world.post(form(assertion(world, client)))
    await world.accounts.sweep()
    async with world.database.connection() as connection:
        assert await connection.fetchval("select count(*) from used_assertion") == 1
        world.later(minutes=6)
        await world.accounts.sweep()
        assert await connection.fetchval("select count(*) from used_assertion") == 0


async def test_both_keys_prove_an_application_while_they_overlap_and_no_longer(
    world: World,
) -> None:
    client = await backend(world)
    other = json.dumps({"keys": [OTHER.as_dict(private=False)]})
    day = timedelta(days=1)
    await world.accounts.clients.set_keys(client.client_id, jwks=other, overlap=day)
    for number, key in enumerate((KEY, OTHER)):
        answer, _ = await world.post(form(assertion(world, client, key, jti=f"{number}")))
        assert answer.status == 200
    world.now += day
    statuses = []
    for number, key in enumerate((KEY, OTHER)):
        answer, _ = await world.post(form(assertion(world, client, key, jti=f"later {number}")))
        statuses.append(answer.status)
    assert statuses == [401, 200]


async def test_keys_replaced_without_overlap_end_what_they_brought(world: World) -> None:
    client = await backend(world)
    _, said = await world.post(form(assertion(world, client)))
    other = json.dumps({"keys": [OTHER.as_dict(private=False)]})
    await world.accounts.clients.set_keys(client.client_id, jwks=other)
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(said["access_token"])
    answer, _ = await world.post(form(assertion(world, client, jti="two")))
    assert answer.status == 401
