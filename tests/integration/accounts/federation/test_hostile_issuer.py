"""An issuer that leads elsewhere, says too much, too slowly or nothing: we ask it no further."""

from datetime import timedelta

import pytest
from tests.integration.accounts.federation.conftest import BROWSER, CALLBACK, SECRET, World
from tests.integration.accounts.federation.issuing import Answer, Client, issuing

from egide.accounts.federation import IssuerUnavailable, directory

ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
)
JSON = [("content-type", "application/json")]


async def refused_to_begin(world: World) -> str:
    with pytest.raises(IssuerUnavailable) as refused:
        await world.federation.begin(world.name, "/", BROWSER)
    assert await world.scalar("select count(*) from federation_login") == 0
    return refused.value.what


async def test_metadata_of_another_issuer_are_refused(psc: World) -> None:
    for other in ("https://other.example", psc.issuer.address + "/", ""):
        psc.issuer.spoil_metadata = lambda said, other=other: said.update(issuer=other)
        psc.configure()
        assert await refused_to_begin(psc) == "its metadata name another issuer"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_an_endpoint_on_a_foreign_host_is_refused(psc: World, endpoint: str) -> None:
    here = psc.issuer.address.removeprefix("http://")
    for foreign in (
        "https://evil.example/token",
        "http://169.254.169.254/latest/meta-data",
        f"https://{here.partition('/')[0]}@evil.example/token",
        "http://127.0.0.1:1/token",
        f"http://evil.example/{here}",
        "file:///etc/passwd",
        "//evil.example/token",
        "/token",
        f"http://{here}/token#x",
        f"http://{here}\\@evil.example",
        "",
    ):
        psc.issuer.spoil_metadata = lambda said, foreign=foreign: said.update({endpoint: foreign})
        psc.configure()
        if endpoint == "end_session_endpoint" and not foreign:
            continue
        what = await refused_to_begin(psc)
        assert what == "an endpoint of its metadata is on a host that is not listed"


async def test_a_token_endpoint_on_a_foreign_host_is_not_asked(psc: World) -> None:
    async with issuing("pro-sante-connect", Client("egide", SECRET, [CALLBACK])) as foreign:
        address = f"{foreign.address}/token"
        psc.issuer.spoil_metadata = lambda said: said.update(token_endpoint=address)
        await refused_to_begin(psc)
        assert foreign.asked == []


async def test_an_endpoint_on_a_listed_host_is_taken(psc: World) -> None:
    address = "https://wallet.example/auth"
    psc.issuer.spoil_metadata = lambda said: said.update(authorization_endpoint=address)
    psc.configure(hosts=frozenset({"wallet.example"}))
    begun = await psc.federation.begin("psc", "/", BROWSER)
    assert begun.url.startswith(f"{address}?")


async def test_an_issuer_without_pkce_is_refused(psc: World) -> None:
    psc.issuer.spoil_metadata = lambda said: said.update(code_challenge_methods_supported=["plain"])
    assert await refused_to_begin(psc) == "it does not take PKCE with S256"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"issuer": 7}', b"\xff"])
async def test_metadata_that_do_not_read_are_refused(psc: World, body: bytes) -> None:
    psc.issuer.wire[".well-known/wallet-openid-configuration"] = Answer(200, JSON, [body])
    assert await refused_to_begin(psc) == "its metadata do not read"


@pytest.mark.parametrize("path", [".well-known/wallet-openid-configuration", "jwks", "token",
                                  "userinfo"])  # fmt: skip
async def test_an_answer_that_is_too_large_is_not_read(psc: World, path: str) -> None:
    psc.issuer.wire[path] = Answer(200, JSON, [b" " * 40_000] * 2)
    with pytest.raises(IssuerUnavailable) as refused:
        await psc.log_in()
    assert refused.value.what == "its answer is too large"


@pytest.mark.parametrize("path", [".well-known/wallet-openid-configuration", "jwks", "token",
                                  "userinfo"])  # fmt: skip
async def test_an_answer_that_drips_is_not_waited_for(
    psc: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "SECONDS", 0.5)
    psc.issuer.wire[path] = Answer(200, JSON, [b" "] * 40, pause=0.1)
    with pytest.raises(IssuerUnavailable) as refused:
        await psc.log_in()
    assert refused.value.what == "its answer takes too long"


@pytest.mark.parametrize("path", [".well-known/wallet-openid-configuration", "jwks", "token",
                                  "userinfo"])  # fmt: skip
async def test_a_redirect_of_the_issuer_is_not_followed(psc: World, path: str) -> None:
    psc.issuer.wire[path] = Answer(307, [("location", f"{psc.issuer.address}/elsewhere")], [b""])
    with pytest.raises(IssuerUnavailable):
        await psc.log_in()
    assert "elsewhere" not in psc.issuer.asked


async def test_keys_that_do_not_read_are_refused(psc: World) -> None:
    for body in (b"", b"[]", b'{"keys": 7}', b'{"keys": [7]}'):
        psc.issuer.wire["jwks"] = Answer(200, JSON, [body])
        psc.configure()
        with pytest.raises(IssuerUnavailable, match="key set does not read"):
            await psc.log_in()


async def test_a_key_that_does_not_read_is_passed_over(psc: World) -> None:
    keys = psc.issuer.key.as_dict(private=False)
    broken = '{"kty": "EC"}, {"kty": 7}, {"kty": "RSA", "n": "!", "e": "AQAB"}, {}'
    n, e = keys["n"], keys["e"]
    good = f'{{"kty": "RSA", "kid": "first", "n": "{n}", "e": "{e}"}}'
    body = f'{{"keys": [{broken}, {good}]}}'.encode()
    psc.issuer.wire["jwks"] = Answer(200, JSON, [body])
    await psc.log_in()


async def test_an_issuer_with_too_many_keys_is_refused(psc: World) -> None:
    body = b'{"keys": [' + b",".join([b'{"kty": "x"}'] * 51) + b"]}"
    psc.issuer.wire["jwks"] = Answer(200, JSON, [body])
    with pytest.raises(IssuerUnavailable, match="too many keys"):
        await psc.log_in()


async def test_an_issuer_that_fails_is_not_asked_again_for_ten_seconds(psc: World) -> None:
    psc.stop_clock()
    discovery = ".well-known/wallet-openid-configuration"
    psc.issuer.wire[discovery] = Answer(500, [], [b""])
    for _ in range(3):
        await refused_to_begin(psc)
    assert psc.issuer.asked == [discovery]
    del psc.issuer.wire[discovery]
    psc.ahead = timedelta(seconds=11)
    await psc.federation.begin("psc", "/", BROWSER)


async def test_an_issuer_that_is_not_there_is_told_to_the_ledger(psc: World) -> None:
    query = await psc.begin()
    psc.issuer.wire["token"] = Answer(503, [], [b""])
    with pytest.raises(IssuerUnavailable):
        await psc.federation.finish("psc", BROWSER, query, address="192.0.2.1")
    [event] = psc.events
    assert (event.kind, event.reason) == ("identity-refused", "unavailable")


async def test_nobody_answering_is_told_apart_from_nothing(psc: World) -> None:
    psc.configure(issuer="http://127.0.0.1:1")
    assert await refused_to_begin(psc) == "nobody answers"
