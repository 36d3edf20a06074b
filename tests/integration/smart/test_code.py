"""The code grant: RFC 6749 §4.1, RFC 7636, RFC 9700, SMART App Launch 2.2. Attacks first."""

import asyncio
import json
from datetime import timedelta

import pytest
from joserfc import jwk, jwt
from tests.integration.smart.conftest import ISSUER, REDIRECT, World, basic

from egide.accounts import NewClient
from egide.accounts.approvals import CODE_LIFETIME
from egide.api.smart import UntrustedRequest
from egide.errors import Unauthenticated


async def test_a_replayed_code_is_refused_and_ends_what_the_first_one_brought(
    world: World,
) -> None:
    client = await world.registered()
    code = await world.code(client, scope="launch/patient offline_access patient/*.rs")
    first, said = await world.exchange(client, code)
    assert first.status == 200
    await world.accounts.resolve(said["access_token"])
    second, refused = await world.exchange(client, code)
    assert (second.status, refused["error"]) == (400, "invalid_grant")
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(said["access_token"])
    third, refused = await world.refresh(client, said["refresh_token"])
    assert (third.status, refused["error"]) == (400, "invalid_grant")
    assert "replayed-code" in world.reasons


async def test_of_a_code_sent_many_times_at_once_one_at_most_is_good(world: World) -> None:
    client = await world.registered()
    code = await world.code(client)
    answers = await asyncio.gather(*(world.exchange(client, code) for _ in range(8)))
    assert sum(answer.status == 200 for answer, _ in answers) <= 1
    for _, said in answers:
        if "access_token" in said:
            with pytest.raises(Unauthenticated):
                await world.accounts.resolve(said["access_token"])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "A" * 43}, "invalid_grant"),
        ({"code_verifier": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://app.example.org/"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code": "ega_" + "A" * 43}, "invalid_grant"),
        ({"code": "' or 1=1 --"}, "invalid_grant"),
    ],
)
async def test_a_code_without_what_it_was_given_for_is_refused(
    world: World, changes: dict[str, str | None], error: str
) -> None:
    client = await world.registered()
    code = await world.code(client)
    answer, said = await world.exchange(client, code, **changes)
    assert (answer.status, said["error"]) == (400, error)
    assert "access_token" not in said


async def test_a_wrong_verifier_uses_the_code_up(world: World) -> None:
    """Whoever stole the code does not get to guess."""
    client = await world.registered()
    code = await world.code(client)
    await world.exchange(client, code, code_verifier="A" * 43)
    answer, said = await world.exchange(client, code)
    assert (answer.status, said["error"]) == (400, "invalid_grant")
    assert "wrong-verifier" in world.reasons


async def test_a_code_of_another_application_is_refused(world: World) -> None:
    mine, other = await world.registered(), await world.registered(label="Other")
    code = await world.code(mine)
    answer, said = await world.exchange(other, code)
    assert (answer.status, said["error"]) == (400, "invalid_grant")
    assert "code-of-another" in world.reasons


async def test_a_code_ends_after_a_minute(world: World) -> None:
    client = await world.registered()
    code = await world.code(client)
    world.later(seconds=CODE_LIFETIME.total_seconds())
    answer, said = await world.exchange(client, code)
    assert (answer.status, said["error"]) == (400, "invalid_grant")


async def test_a_confidential_application_has_to_prove_itself(world: World) -> None:
    client = await world.registered(proof="secret")
    code = await world.code(client)
    answer, said = await world.exchange(client, code)
    assert (answer.status, said["error"]) == (401, "invalid_client")
    answer, said = await world.exchange(client, code, basic(client.client_id, "egs_wrong"))
    assert (answer.status, said["error"]) == (401, "invalid_client")
    answer, said = await world.exchange(client, code, basic(client.client_id, client.secret))
    assert answer.status == 200


async def test_a_public_application_has_no_secret_to_prove_itself_with(world: World) -> None:
    client = await world.registered()
    assert client.secret == ""
    code = await world.code(client)
    answer, said = await world.exchange(client, code, client_secret="egs_guess")
    assert (answer.status, said["error"]) == (401, "invalid_client")


async def test_a_disabled_application_gets_nothing_and_what_it_had_ends(world: World) -> None:
    client = await world.registered()
    person = await world.person()
    _, said = await world.exchange(client, await world.code(client, person))
    code = await world.code(client, person)
    await world.accounts.resolve(said["access_token"])
    await world.accounts.clients.disable(client.client_id)
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(said["access_token"])
    answer, refused = await world.exchange(client, code)
    assert (answer.status, refused["error"]) == (401, "invalid_client")


async def test_a_disabled_person_lets_nobody_in(world: World) -> None:
    client, person = await world.registered(), await world.person()
    _, said = await world.exchange(client, await world.code(client, person))
    code = await world.code(client, person)
    async with world.database.connection() as connection:
        await connection.execute(
            "update account set disabled = now() where account = $1", person.actor.account
        )
    with pytest.raises(Unauthenticated):
        await world.accounts.resolve(said["access_token"])
    answer, refused = await world.exchange(client, code)
    assert (answer.status, refused["error"]) == (400, "invalid_grant")


async def test_whom_a_person_stands_for_is_what_he_stands_for_now(world: World) -> None:
    """An account bound to the wrong patient, and corrected, does not go on reading."""
    client, person = await world.registered(), await world.person(patient="wrong")
    code = await world.code(client, person, patient=None)
    _, said = await world.exchange(client, code)
    assert (await world.accounts.resolve(said["access_token"])).patient == "wrong"
    account = person.actor.account
    async with world.database.connection() as connection:
        await connection.execute(
            "update person set sealed = $2, trained = null where account = $1",
            account,
            world.sealed(account, patient="right"),
        )
    world.later(seconds=5)
    actor = await world.accounts.resolve(said["access_token"])
    assert (actor.patient, actor.launched, actor.cleared) == ("right", "wrong", False)


async def test_a_training_runs_out_behind_an_access_token_at_its_very_instant(
    world: World,
) -> None:
    client, person = await world.registered(), await world.person()
    _, said = await world.exchange(client, await world.code(client, person))
    end = world.now + timedelta(seconds=2)
    async with world.database.connection() as connection:
        await connection.execute("update person set trained = $1", end)
    assert (await world.accounts.resolve(said["access_token"])).cleared
    world.now = end
    actor = await world.accounts.resolve(said["access_token"])
    assert actor.clearance is not None
    assert (actor.cleared, actor.clearance.lacks) == (False, ("training",))


async def test_a_charter_comes_in_force_behind_an_access_token_at_its_very_instant(
    world: World,
) -> None:
    client, person = await world.registered(), await world.person()
    _, said = await world.exchange(client, await world.code(client, person))
    start = world.now + timedelta(seconds=2)
    async with world.database.connection() as connection:
        await connection.execute("insert into charter values ('2026-1', $1)", start)
    assert (await world.accounts.resolve(said["access_token"])).cleared
    world.now = start
    actor = await world.accounts.resolve(said["access_token"])
    assert actor.clearance is not None
    assert (actor.cleared, actor.clearance.lacks) == (False, ("charter",))


async def test_nothing_that_lets_in_is_stored(world: World) -> None:
    client = await world.registered()
    code = await world.code(client, scope="launch/patient offline_access patient/*.rs")
    _, said = await world.exchange(client, code)
    secrets = (code, said["access_token"], said["refresh_token"])
    tables = (
        "account",
        "client",
        "application",
        "approval",
        "authorization_code",
        "refresh_token",
        "access_token",
    )
    async with world.database.connection() as connection:
        for table in tables:
            rows = await connection.fetch(f"select row_to_json(t)::text as r from {table} t")
            assert rows, table
            for row in rows:
                assert not [each for each in secrets if each in row["r"]], table
                assert "synthetic-patient" not in row["r"], table
                assert "synthetic-doctor" not in row["r"], table


async def test_a_code_brings_an_access_token_with_its_launch(world: World) -> None:
    client, person = await world.registered(), await world.person()
    scope = "launch/patient launch/encounter patient/Observation.rs"
    code = await world.code(client, person, scope=scope, encounter="synthetic-stay")
    answer, said = await world.exchange(client, code)
    assert answer.status == 200
    assert answer.headers[b"cache-control"] == b"no-store"
    assert answer.headers[b"pragma"] == b"no-cache"
    token = said.pop("access_token")
    assert said == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "launch/encounter launch/patient patient/Observation.rs",
        "patient": "synthetic-patient",
        "encounter": "synthetic-stay",
        "need_patient_banner": True,
    }
    actor = await world.accounts.resolve(token)
    assert (actor.account, actor.client) == (person.actor.account, client.client_id)
    assert actor.roles == person.actor.roles
    assert (actor.scope, actor.launched) == (
        "launch/encounter launch/patient patient/Observation.rs",
        "synthetic-patient",
    )
    assert (actor.practitioner, actor.patient, actor.relative) == ("synthetic-doctor", None, None)
    assert (actor.assurance, actor.authenticated) == (2, person.authenticated)
    assert actor.session != person.actor.session
    approved, issued = world.events[-2:]
    assert (approved.kind, issued.kind) == ("application-approved", "access-token-issued")
    assert (issued.account, issued.client) == (person.actor.account, client.client_id)
    assert (issued.roles, issued.session) == (("clinician",), actor.session)


async def test_an_id_token_says_who_to_this_application_alone(world: World) -> None:
    one, other = await world.registered(), await world.registered(label="Other")
    person = await world.person()
    subjects = []
    for client in (one, other):
        code = await world.code(
            client, person, scope="openid fhirUser patient/*.rs", nonce="n-0S6_WzA2Mj"
        )
        _, said = await world.exchange(client, code)
        assert said["fhirUser"] == f"{ISSUER}/fhir/Practitioner/synthetic-doctor"
        assert "refresh_token" not in said
        keys = jwk.KeySet.import_key_set(await world.get("/oauth/jwks"))
        token = jwt.decode(said["id_token"], keys, algorithms=["ES256"])
        subjects.append(token.claims.pop("sub"))
        assert token.claims == {
            "iss": ISSUER,
            "aud": client.client_id,
            "iat": int(world.now.timestamp()),
            "exp": int(world.now.timestamp()) + 300,
            "auth_time": int(world.now.timestamp()) - 120,
            "acr": "2",
            "amr": ["pop", "mfa"],
            "nonce": "n-0S6_WzA2Mj",
            "fhirUser": f"{ISSUER}/fhir/Practitioner/synthetic-doctor",
        }
    assert subjects[0] != subjects[1]
    assert str(person.actor.account) not in json.dumps(subjects)


async def test_a_native_application_comes_back_to_the_port_it_has(world: World) -> None:
    client = await world.registered(native=True, redirect_uris=("http://127.0.0.1/cb",))
    uri = "http://127.0.0.1:51004/cb"
    asked = await world.authorization.examine(
        world.request(client.client_id, redirect_uri=uri), ISSUER
    )
    location = await world.authorization.approve(asked, await world.person(), patient="p")
    assert location.startswith(f"{uri}?code=ega_")
    code = location.partition("code=")[2].partition("&")[0]
    answer, _ = await world.exchange(client, code, redirect_uri="http://127.0.0.1/cb")
    assert answer.status == 400
    asked = await world.authorization.examine(
        world.request(client.client_id, redirect_uri=uri), ISSUER
    )
    location = await world.authorization.approve(asked, await world.person(), patient="p")
    code = location.partition("code=")[2].partition("&")[0]
    answer, _ = await world.exchange(client, code, redirect_uri=uri)
    assert answer.status == 200


@pytest.mark.parametrize("how", ["replay", "disable"])
async def test_what_ends_here_ends_in_every_other_process(world: World, how: str) -> None:
    """By a notice: the clock stands still, so nothing remembered would end by itself."""
    client = await world.registered()
    code = await world.code(client)
    _, said = await world.exchange(client, code)
    other = World(world.database, now=world.now)
    await other.accounts.open()
    await other.accounts.resolve(said["access_token"])
    if how == "replay":
        await world.exchange(client, code)
    else:
        await world.accounts.clients.disable(client.client_id)
    async with asyncio.timeout(10):
        while True:
            try:
                await other.accounts.resolve(said["access_token"])
            except Unauthenticated:
                return
            await asyncio.sleep(0.01)


async def test_a_code_on_its_way_to_an_address_given_up_is_good_no_more(world: World) -> None:
    new = "https://new.example.org/cb"
    client = await world.registered(redirect_uris=(REDIRECT, new))
    given_up, kept = await world.code(client), await moved_code(world, client, new)
    application = await world.accounts.applications.find(client.client_id)
    assert application is not None
    await world.accounts.applications.set_addresses(application, [new], None)
    assert world.events[-1].kind == "client-addresses-changed"
    answer, said = await world.exchange(client, given_up)
    assert (answer.status, said["error"]) == (400, "invalid_grant")
    with pytest.raises(UntrustedRequest):
        await world.authorization.examine(world.request(client.client_id), ISSUER)
    answer, _ = await world.exchange(client, kept, redirect_uri=new)
    assert answer.status == 200


async def moved_code(world: World, client: NewClient, uri: str) -> str:
    """A code that goes to `uri`."""
    asked = await world.authorization.examine(
        world.request(client.client_id, redirect_uri=uri), ISSUER
    )
    location = await world.authorization.approve(asked, await world.person(), patient="p")
    return location.partition("code=")[2].partition("&")[0]
