"""Requests to the outside: bounded, and they go where they were sent."""

import gzip

import pytest
from tests.integration.accounts.federation.conftest import World
from tests.integration.accounts.federation.issuing import Answer

from egide.accounts.federation import Answer as Fetched
from egide.accounts.federation import Unreachable
from egide.app.fetching import fetching


async def get(world: World, path: str, *, most: int = 1000, seconds: float = 10.0) -> Fetched:
    return await world.fetch(f"{world.issuer.address}/{path}", most=most, seconds=seconds)


async def test_an_answer_is_there_with_its_media_type(psc: World) -> None:
    psc.issuer.wire["x"] = Answer(418, [("content-type", "Text/Plain; charset=utf-8")], [b"tea"])
    answer = await get(psc, "x")
    assert (answer.status, answer.media, answer.body) == (418, "text/plain", b"tea")
    assert "tea" not in repr(answer)


async def test_an_answer_that_is_too_large_is_given_up(psc: World) -> None:
    psc.issuer.wire["x"] = Answer(200, [], [b"a" * 1000])
    assert len((await get(psc, "x")).body) == 1000
    with pytest.raises(Unreachable, match="too-large"):
        await get(psc, "x", most=999)


async def test_an_answer_that_is_compressed_is_not_blown_up(psc: World) -> None:
    bomb = gzip.compress(b"a" * 100_000)
    assert len(bomb) < 1000
    psc.issuer.wire["x"] = Answer(200, [("content-encoding", "gzip")], [bomb])
    with pytest.raises(Unreachable, match="too-large"):
        await get(psc, "x")


async def test_an_answer_that_does_not_end_is_given_up(psc: World) -> None:
    psc.issuer.wire["x"] = Answer(200, [], [b"a"] * 100, pause=0.05)
    with pytest.raises(Unreachable, match="slow"):
        await get(psc, "x", seconds=0.3)


async def test_a_redirect_is_not_followed(psc: World) -> None:
    psc.issuer.wire["x"] = Answer(302, [("location", f"{psc.issuer.address}/y")], [b""])
    assert (await get(psc, "x")).status == 302
    assert "y" not in psc.issuer.asked


async def test_a_cookie_of_an_issuer_is_not_sent_back(psc: World) -> None:
    seen: list[str] = []
    answer = psc.issuer.answer

    def watching(method: str, path: str, query: str, headers: dict[str, str], body: str) -> Answer:
        seen.append(headers.get("cookie", ""))
        return answer(method, path, query, headers, body)

    psc.issuer.answer = watching  # type: ignore[method-assign]
    psc.issuer.wire["x"] = Answer(200, [("set-cookie", "a=b; Path=/")], [b""])
    await get(psc, "x")
    await get(psc, "x")
    assert seen == ["", ""]


async def test_a_proxy_of_the_environment_is_not_used(
    psc: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    psc.issuer.wire["x"] = Answer(200, [], [b"here"])
    async with fetching() as fetch:
        answer = await fetch(f"{psc.issuer.address}/x", most=10, seconds=10)
    assert answer.body == b"here"


async def test_nobody_there_is_said(psc: World) -> None:
    for address in ("http://127.0.0.1:1/", "http://nowhere.invalid/", "nonsense:"):
        with pytest.raises(Unreachable, match="network"):
            await psc.fetch(address, most=10, seconds=10)
