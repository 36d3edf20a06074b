"""The token endpoint: RFC 6749 §4.4 and §5."""

import pytest
from tests.integration.smart.conftest import FORM, World, basic
from tests.unit.http.asking import ask

from egide.accounts.failures import FAILURES_PER_CLIENT

GRANT = {"grant_type": "client_credentials"}


async def test_a_wrong_secret_brings_401_and_a_challenge_of_the_way_it_came(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    answer, said = await world.post(GRANT, basic(new.client_id, "egs_wrong"))
    assert (answer.status, said["error"]) == (401, "invalid_client")
    assert answer.headers[b"www-authenticate"].startswith(b"Basic ")
    in_form = {**GRANT, "client_id": new.client_id, "client_secret": "egs_wrong"}
    answer, said = await world.post(in_form)
    assert (answer.status, said["error"]) == (401, "invalid_client")
    assert b"www-authenticate" not in answer.headers
    assert "access_token" not in said


async def test_an_unknown_client_and_a_wrong_secret_look_the_same(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    wrong, _ = await world.post(GRANT, basic(new.client_id, "egs_wrong"))
    unknown, _ = await world.post(GRANT, basic("client-0123456789abcdef", new.secret))
    assert (wrong.status, wrong.body) == (unknown.status, unknown.body)
    ours = {b"x-request-id"}
    assert {k: v for k, v in wrong.headers.items() if k not in ours} == {
        k: v for k, v in unknown.headers.items() if k not in ours
    }


async def test_a_secret_in_the_address_is_not_read(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    target = (
        f"/oauth/token?grant_type=client_credentials"
        f"&client_id={new.client_id}&client_secret={new.secret}"
    )
    answer = await ask(world.entrance, "POST", target, [FORM], b"grant_type=client_credentials")
    assert answer.status == 401


async def test_too_many_failures_are_told_to_wait_and_a_right_secret_is_not(world: World) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    for _ in range(FAILURES_PER_CLIENT):
        await world.post(GRANT, basic(new.client_id, "egs_wrong"))
    answer, said = await world.post(GRANT, basic(new.client_id, "egs_wrong"))
    assert (answer.status, said["error"]) == (429, "temporarily_unavailable")
    assert int(answer.headers[b"retry-after"]) > 0
    answer, _ = await world.post(GRANT, basic(new.client_id, new.secret))
    assert answer.status == 200


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([(b"content-type", b"application/json")], b'{"grant_type":"client_credentials"}'),
        ([], b"grant_type=client_credentials"),
        ([FORM], b"grant_type=client_credentials&client_id=%zz"),
        ([FORM], b"grant_type=client_credentials&grant_type=client_credentials"),
        ([FORM], b"\xff"),
    ],
)
async def test_what_is_no_form_is_an_invalid_request(
    world: World, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    answer = await ask(world.entrance, "POST", "/oauth/token", headers, body)
    assert answer.status == 400
    assert b'"error":"invalid_request"' in answer.body


async def test_a_large_form_is_refused_before_anyone_has_proved_anything(world: World) -> None:
    answer = await ask(world.entrance, "POST", "/oauth/token", [FORM], b"a=" + b"a" * 20_000)
    assert answer.status == 413


async def test_only_post_is_answered(world: World) -> None:
    answer = await ask(world.entrance, "GET", "/oauth/token")
    assert (answer.status, answer.headers[b"allow"]) == (405, b"POST")


@pytest.mark.parametrize("in_header", [True, False])
async def test_a_right_secret_brings_an_access_token_that_works(
    world: World, in_header: bool
) -> None:
    new = await world.accounts.clients.create("Lab", ["system"])
    if in_header:
        answer, said = await world.post(GRANT, basic(new.client_id, new.secret))
    else:
        form = {**GRANT, "client_id": new.client_id, "client_secret": new.secret}
        answer, said = await world.post(form)
    assert answer.status == 200
    assert answer.headers[b"cache-control"] == b"no-store"
    assert answer.headers[b"pragma"] == b"no-cache"
    assert said.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (said["token_type"], said["expires_in"], said["scope"]) == (
        "Bearer",
        3600,
        "system/*.cruds",
    )
    actor = await world.accounts.resolve(said["access_token"])
    assert (actor.client, actor.roles) == (new.client_id, {"system"})
    assert world.events[-1].kind == "access-token-issued"
