"""Key sets that applications publish: fetched from where they may be, kept, and not too often."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk
from tests.integration.smart.conftest import World
from tests.integration.smart.publishing import NAME, Publisher, publishing
from tests.integration.smart.test_backend import assertion, backend, form

from egide.accounts import NewClient
from egide.accounts.federation import Fetch, Unreachable
from egide.api.smart.key_sets import KEPT, PAUSE, KeySets
from egide.api.smart.server import Server
from egide.app.fetching import fetching
from egide.app.places import Places
from egide.errors import Unavailable

LOOPBACK = (ip_network("127.0.0.0/8"),)
FIRST = jwk.generate_key("EC", "P-384", {"kid": "ec"})
SECOND = jwk.generate_key("EC", "P-384", {"kid": "second"})


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": [each.as_dict(private=False) for each in keys]}).encode()


async def here(name: str, port: int) -> Sequence[str]:
    """The names of these tests are this machine; a network address is itself."""
    return ["127.0.0.1"] if name == NAME else [name]


@pytest.fixture
async def publisher(tmp_path: Path) -> AsyncIterator[Publisher]:
    async with publishing(tmp_path) as serving:
        serving.body = key_set(FIRST)
        yield serving


@pytest.fixture
async def fetch(publisher: Publisher) -> AsyncIterator[Fetch]:
    async with fetching(Places(LOOPBACK, here), trust=publisher.trust) as made:
        yield made


def serve(world: World, fetch: Fetch) -> None:
    """From now on the server of `world` fetches key sets by `fetch`."""
    key_sets = KeySets(fetch, world.clock)
    world.server = Server(
        world.accounts, world.clock, world.offer, base_url=None, key_sets=key_sets
    )


@pytest.fixture
async def client(world: World, publisher: Publisher, fetch: Fetch) -> NewClient:
    """A backend service whose keys are published."""
    serve(world, fetch)
    return await backend(world, jwks=None, jwks_uri=publisher.address)


class Shown:
    """Shows assertions, each with an id of its own."""

    def __init__(self, world: World, client: NewClient) -> None:
        self.world, self.client, self.number = world, client, 0

    async def status(self, key: Any = FIRST, kid: str = "ec") -> int:
        self.number += 1
        text = assertion(self.world, self.client, key, kid=kid, jti=f"number {self.number}")
        answer, _ = await self.world.post(form(text))
        return answer.status


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/jwks",
        "https://127.1/jwks",
        "https://2130706433/jwks",
        "https://0x7f000001/jwks",
        "https://localhost/jwks",
        "https://[::1]/jwks",
        "https://[::]/jwks",
        "https://[::ffff:127.0.0.1]/jwks",
        "https://[::ffff:10.0.0.1]/jwks",
        "https://[::7f00:1]/jwks",
        "https://[64:ff9b::7f00:1]/jwks",
        "https://[2002:7f00:1::]/jwks",
        "https://[fe80::1]/jwks",
        "https://[fd00::1]/jwks",
        "https://[ff02::1]/jwks",
        "https://[fec0::1]/jwks",
        "https://[feff:ffff::1]/jwks",
        "https://[3fff::1]/jwks",
        "https://[5f00::1]/jwks",
        "https://[4000::1]/jwks",
        "https://[::ffff:0:7f00:1]/jwks",
        "https://[::ffff:192.88.99.1]/jwks",
        "https://0.0.0.0/jwks",
        "https://10.0.0.1/jwks",
        "https://172.16.0.1/jwks",
        "https://192.168.0.1/jwks",
        "https://100.64.0.1/jwks",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.0.0.1/jwks",
        "https://192.0.0.9/jwks",
        "https://192.0.0.170/jwks",
        "https://192.88.99.1/jwks",
        "https://198.18.0.1/jwks",
        "https://224.0.0.1/jwks",
        "https://255.255.255.255/jwks",
        "http://example.org/jwks",
        "ftp://example.org/jwks",
        "file:///etc/passwd",
        "https://user:secret@example.org/jwks",
        "https:///jwks",
        "nonsense",
    ],
)
async def test_no_place_inside_is_asked(address: str) -> None:
    with pytest.raises(Unreachable) as refused:
        await Places().pinned(address)
    assert refused.value.reason == "not-allowed"


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
async def test_a_public_place_may_be_asked(address: str) -> None:
    assert Places().may_be_asked(ip_address(address))


async def test_a_name_that_also_means_a_place_inside_is_not_asked() -> None:
    async def two(name: str, port: int) -> Sequence[str]:
        return ["93.184.215.14", "10.0.0.1"]

    with pytest.raises(Unreachable, match="not-allowed"):
        await Places(resolve=two).pinned("https://example.org/jwks")


async def test_a_name_that_means_nothing_is_not_reached() -> None:
    async def none(name: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(Unreachable, match="network"):
        await Places(resolve=none).pinned("https://nowhere.invalid/jwks")


async def test_a_publisher_inside_hears_nothing_unless_it_is_allowed(
    world: World, publisher: Publisher
) -> None:
    async with fetching(Places((), here), trust=publisher.trust) as fetch:
        serve(world, fetch)
        client = await backend(world, jwks=None, jwks_uri=publisher.address)
        assert await Shown(world, client).status() == 401
    assert (publisher.connections, world.reasons) == (0, ["keys-unreachable"])


async def test_a_name_that_changes_its_meaning_leads_to_the_place_that_was_looked_at(
    publisher: Publisher,
) -> None:
    meanings = ["127.0.0.1", "10.0.0.1"]

    async def rebound(name: str, port: int) -> Sequence[str]:
        return [meanings.pop(0)]

    async with fetching(Places(LOOPBACK, rebound), trust=publisher.trust) as fetch:
        answer = await fetch(publisher.address, most=10_000, seconds=10)
        assert answer.body == publisher.body
        with pytest.raises(Unreachable, match="not-allowed"):
            await fetch(publisher.address, most=10_000, seconds=10)
    assert publisher.asked == [("/jwks", f"{NAME}:{publisher.port}")]


async def test_a_certificate_is_for_the_name_and_not_for_the_place(tmp_path: Path) -> None:
    async with (
        publishing(tmp_path, ["other.example", "127.0.0.1"]) as other,
        fetching(Places(LOOPBACK, here), trust=other.trust) as fetch,
    ):
        with pytest.raises(Unreachable, match="network"):
            await fetch(other.address, most=10_000, seconds=10)
    assert other.asked == []


async def test_a_certificate_nobody_trusts_is_refused(publisher: Publisher) -> None:
    async with fetching(Places(LOOPBACK, here)) as fetch:
        with pytest.raises(Unreachable, match="network"):
            await fetch(publisher.address, most=10_000, seconds=10)
    assert publisher.asked == []


async def test_no_connection_is_kept_for_another_name(publisher: Publisher, fetch: Fetch) -> None:
    for _ in range(2):
        await fetch(publisher.address, most=10_000, seconds=10)
    assert publisher.connections == 2


async def test_a_redirect_to_a_place_inside_is_not_followed(
    world: World, publisher: Publisher, client: NewClient
) -> None:
    publisher.status = "302 Found"
    publisher.headers = ["Location: https://169.254.169.254/latest/meta-data/"]
    assert await Shown(world, client).status() == 401
    assert len(publisher.asked) == 1


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"keys":1}', b" " * 70_000])
async def test_what_is_no_key_set_proves_nothing(
    world: World, publisher: Publisher, client: NewClient, body: bytes
) -> None:
    publisher.body = body
    assert await Shown(world, client).status() == 401
    assert world.reasons == ["keys-unreachable"]


async def test_a_published_key_proves_its_application(
    world: World, publisher: Publisher, client: NewClient
) -> None:
    shown = Shown(world, client)
    other = jwk.generate_key("EC", "P-384", {"kid": "ec"})
    assert await shown.status(other) == 401
    assert await shown.status() == 200
    assert await shown.status() == 200
    assert publisher.asked == [("/jwks", f"{NAME}:{publisher.port}")]


async def test_a_new_key_is_found_and_an_old_one_is_good_no_more(
    world: World, publisher: Publisher, client: NewClient
) -> None:
    shown = Shown(world, client)
    assert await shown.status() == 200
    publisher.body = key_set(SECOND)
    world.later(seconds=PAUSE.total_seconds())
    assert await shown.status(SECOND, "second") == 200
    assert await shown.status() == 401


async def test_a_key_that_is_published_no_more_is_believed_for_minutes_at_most(
    world: World, publisher: Publisher, client: NewClient
) -> None:
    shown = Shown(world, client)
    assert await shown.status() == 200
    publisher.body = key_set(SECOND)
    world.now += KEPT - timedelta(seconds=1)
    assert await shown.status() == 200
    world.later(seconds=1)
    assert await shown.status() == 401


@pytest.mark.parametrize("said", ["no-store", "private, max-age=10", "max-age=0, no-cache"])
async def test_a_publisher_says_how_long_its_keys_may_be_kept(
    world: World, publisher: Publisher, client: NewClient, said: str
) -> None:
    publisher.headers = [f"Cache-Control: {said}"]
    shown = Shown(world, client)
    assert await shown.status() == 200
    publisher.body = key_set(SECOND)
    world.now += PAUSE
    assert await shown.status() == 401


async def test_an_unknown_key_makes_nobody_ask_more_often_than_the_pause_allows(
    world: World, publisher: Publisher, client: NewClient
) -> None:
    shown = Shown(world, client)
    assert await shown.status() == 200
    for _ in range(5):
        assert await shown.status(SECOND, "second") == 401
    assert len(publisher.asked) == 1
    world.now += PAUSE
    for _ in range(5):
        assert await shown.status(SECOND, "second") == 401
    assert len(publisher.asked) == 2


async def test_many_at_once_ask_the_publisher_once(
    world: World, publisher: Publisher, client: NewClient
) -> None:
    shown = Shown(world, client)
    publisher.pause = 0.05
    assert await asyncio.gather(*(shown.status() for _ in range(5))) == [200] * 5
    assert len(publisher.asked) == 1


async def test_a_publisher_that_fails_is_left_alone_and_what_is_kept_stays_good(
    world: World, publisher: Publisher, client: NewClient
) -> None:
    shown = Shown(world, client)
    publisher.status = "503 Service Unavailable"
    assert [await shown.status(), await shown.status()] == [401, 401]
    assert len(publisher.asked) == 1
    publisher.status = "200 OK"
    world.now += PAUSE
    assert await shown.status() == 200
    publisher.status = "503 Service Unavailable"
    world.now += PAUSE
    assert await shown.status(SECOND, "second") == 401
    assert await shown.status() == 200


async def test_addresses_nobody_needs_any_more_are_forgotten(world: World) -> None:
    asked: list[str] = []

    async def fetch(url: str, **more: Any) -> Any:
        asked.append(url)
        raise Unreachable("network")

    key_sets = KeySets(fetch, world.clock)
    for number in range(1_001):
        with pytest.raises(Unavailable):
            await key_sets.find(f"https://{number}.example/", "ec")
    assert len(key_sets._published) == 1_000
