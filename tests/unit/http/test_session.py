"""The Authorization header becomes an actor, or a challenge."""

from dataclasses import replace

import pytest
from tests.unit.http.asking import request

from egide.actor import Actor, Zone
from egide.errors import Unauthenticated
from egide.http import actor_of, answer

ACTOR = Actor(account=1, client="c", roles=frozenset({"system"}), session=2)


class Known:
    """Knows one access token, and where it was asked from."""

    address = ""

    async def resolve(
        self, access_token: str, *, address: str = "", zone: Zone = "outside"
    ) -> Actor:
        self.address = address
        if access_token != "egd_good":
            raise Unauthenticated("The access token is unknown, expired or revoked")
        return ACTOR


@pytest.mark.parametrize(
    "credentials",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"egd_good",
        b"Basic egd_good",
        b"Bearer egd_good egd_good",
        b"Bearer egd_good, Bearer egd_good",
        b"Bearer egd_g\xc3\xb6\xc3\xb6d",
        b"Bearer egd_good\x00",
        b"Bearer " + b"a" * 10_000,
        b" Bearer egd_good",
        b"Bearer egd_wrong",
    ],
)
async def test_without_a_good_access_token_nobody_gets_in(credentials: bytes | None) -> None:
    headers = [] if credentials is None else [(b"authorization", credentials)]
    with pytest.raises(Unauthenticated) as caught:
        await actor_of(request(headers=headers), Known())
    given = answer(caught.value, request())
    assert given.status == 401
    challenge = dict(given.headers)[b"www-authenticate"]
    wrong = credentials == b"Bearer egd_wrong"
    assert challenge == b'Bearer realm="egide"' + (b', error="invalid_token"' if wrong else b"")


async def test_the_scope_of_an_access_token_goes_to_the_gate() -> None:
    class Narrow(Known):
        async def resolve(
            self, access_token: str, *, address: str = "", zone: Zone = "outside"
        ) -> Actor:
            return replace(ACTOR, scope="system/Patient.rs")

    asked = request(headers=[(b"authorization", b"Bearer egd_good")])
    assert (await actor_of(asked, Narrow())).scope == "system/Patient.rs"


@pytest.mark.parametrize("target", ["/?access_token=egd_good", "/?authorization=Bearer+egd_good"])
async def test_an_access_token_in_the_address_is_not_one(target: str) -> None:
    with pytest.raises(Unauthenticated):
        await actor_of(request(target=target), Known())


@pytest.mark.parametrize(
    "credentials", [b"Bearer egd_good", b"bearer egd_good", b"BEARER  egd_good"]
)
async def test_a_good_access_token_brings_its_actor(credentials: bytes) -> None:
    known = Known()
    assert await actor_of(request(headers=[(b"authorization", credentials)]), known) == ACTOR
    assert known.address == "192.0.2.7"
