"""The way to the issuer and back, when all is well."""

import base64
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey, RSAKey
from tests.integration.accounts.federation.conftest import BROWSER, CALLBACK, World

from egide.accounts.federation.issuer import Authentication
from egide.errors import Incorrect, NotFound


async def test_a_professional_logs_in(psc: World) -> None:
    identity = await psc.log_in()
    assert (identity.issuer, identity.kind, identity.assurance) == ("psc", "professional", 2)
    assert (identity.number, identity.display) == ("ANS-SYNTHETIC-1", "Synthetic Podologue")
    assert identity.return_to == "/home"
    assert identity.pivot is None
    evidence = identity.evidence
    assert (evidence.issuer, evidence.acr, evidence.amr) == ("psc", "eidas1", ("pwd", "mfa"))
    assert evidence.means == "APPPRIP3^1.2.250.1.213.1.5.1.1.1"
    assert evidence.at is not None
    assert abs(evidence.at - psc.now()) < timedelta(minutes=1)


async def test_a_citizen_logs_in_with_signed_userinfo(fc: World) -> None:
    identity = await fc.log_in()
    assert (identity.kind, identity.assurance, identity.situations) == ("citizen", 1, ())
    assert identity.pivot is not None
    assert (identity.pivot.birthdate, identity.pivot.birthplace) == ("1962-08-24", "75107")
    assert (identity.pivot.family_name, identity.pivot.gender) == ("CITIZEN", "female")
    assert identity.number == ""


async def test_a_stronger_level_counts_as_two_factors(fc: World) -> None:
    fc.configure(ask="eidas2")
    assert (await fc.log_in()).assurance == 2


async def test_a_level_above_what_was_asked_is_taken(fc: World) -> None:
    fc.issuer.spoil_id_token = lambda claims: claims.update(acr="eidas3")
    assert (await fc.log_in()).assurance == 2


async def test_the_issuer_is_asked_with_all_that_protects_the_way_back(psc: World) -> None:
    psc.configure(max_age=3600)
    begun = await psc.federation.begin("psc", "/home", BROWSER)
    asked = dict(parse_qsl(urlsplit(begun.url).query))
    assert begun.url.startswith(f"{psc.issuer.address}/authorize?")
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == f"{CALLBACK}/psc"
    assert asked["scope"] == "openid scope_all"
    assert (asked["acr_values"], asked["max_age"]) == ("eidas1", "3600")
    assert asked["code_challenge_method"] == "S256"
    assert len(base64.urlsafe_b64decode(asked["code_challenge"] + "=")) == sha256().digest_size
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    again = await psc.federation.begin("psc", "/home", BROWSER)
    other = dict(parse_qsl(urlsplit(again.url).query))
    assert not {other[each] for each in ("state", "nonce", "code_challenge")} & set(asked.values())


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_a_signed_proof_opens_the_token_endpoint(psc: World, algorithm: str) -> None:
    key: Any = ECKey.generate_key() if algorithm == "ES256" else RSAKey.generate_key(2048)
    key.ensure_kid()
    psc.issuer.client.method = "private_key_jwt"
    psc.issuer.client.public_key = key
    psc.configure(
        raw=key.as_pem(private=True),
        authentication=Authentication("private_key_jwt", "unread", algorithm=algorithm),
    )
    assert (await psc.log_in()).number == "ANS-SYNTHETIC-1"


async def test_a_secret_in_the_form_opens_the_token_endpoint(psc: World) -> None:
    psc.issuer.client.method = "client_secret_post"
    psc.configure(authentication=Authentication("client_secret_post", "unread"))
    assert (await psc.log_in()).number == "ANS-SYNTHETIC-1"


async def test_metadata_and_keys_are_asked_for_once_an_hour(psc: World) -> None:
    for _ in range(3):
        await psc.log_in()
    told = [
        path
        for path in psc.issuer.asked
        if path in ("jwks", ".well-known/wallet-openid-configuration")
    ]
    assert len(told) == 2
    psc.ahead = timedelta(minutes=61)
    psc.issuer.spoil_id_token = lambda claims: claims.update(
        iat=claims["iat"] + 3660, exp=claims["exp"] + 3660
    )
    await psc.log_in()
    assert psc.issuer.asked.count("jwks") == 2


async def test_a_key_that_was_rotated_is_found(psc: World) -> None:
    await psc.log_in()
    psc.issuer.key = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
    psc.issuer.published.append(psc.issuer.key)
    psc.ahead = timedelta(minutes=2)
    await psc.log_in()
    assert psc.issuer.asked.count("jwks") == 2


async def test_a_token_without_key_id_is_taken_when_one_key_could_have_signed(psc: World) -> None:
    psc.issuer.published = [ECKey.generate_key("P-256", {"kid": "other"}), psc.issuer.key]
    psc.issuer.sign = lambda claims: psc.issuer.signed(claims, kid=None)
    await psc.log_in()
    psc.issuer.published.append(RSAKey.generate_key(2048, {"kid": "another"}))
    psc.configure()
    assert await psc.refusal() == "unknown-key"


@pytest.mark.parametrize("return_to", ["/", "/patients/1?tab=labs#top", "/%C3%A9t%C3%A9", "/a//b"])
async def test_the_way_leads_back_to_a_page_of_this_server(psc: World, return_to: str) -> None:
    query = await psc.begin(return_to)
    assert (await psc.federation.finish("psc", BROWSER, query)).return_to == return_to


@pytest.mark.parametrize(
    "elsewhere",
    [
        "",
        "home",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/%2Fevil.example",
        "/%5Cevil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        " /home",
        "/\t/evil.example",
        "/home\r\nset-cookie: a=b",
        "/home%0d%0aset-cookie: a=b",
        "/\u2044evil.example",
        "/" + "a" * 2000,
    ],
)
async def test_the_way_leads_back_nowhere_else(psc: World, elsewhere: str) -> None:
    with pytest.raises(Incorrect):
        await psc.federation.begin("psc", elsewhere, BROWSER)
    assert await psc.scalar("select count(*) from federation_login") == 0


async def test_there_is_no_way_to_an_issuer_that_is_not_configured(psc: World) -> None:
    for wrong in ("", "fc", "psc/../fc"):
        with pytest.raises(NotFound):
            await psc.federation.begin(wrong, "/", BROWSER)
        with pytest.raises(NotFound):
            await psc.federation.finish(wrong, BROWSER, [])


async def test_a_browser_that_can_be_guessed_is_not_taken(psc: World) -> None:
    for guessed in (b"", b"short"):
        with pytest.raises(Incorrect):
            await psc.federation.begin("psc", "/", guessed)


async def test_a_log_in_is_in_the_ledger_with_its_evidence(psc: World) -> None:
    identity = await psc.log_in()
    [event] = psc.events
    assert (event.kind, event.outcome, event.account) == ("identity-verified", "success", 0)
    assert (event.issuer, event.acr, event.amr) == ("psc", "eidas1", ("pwd", "mfa"))
    assert event.address == "192.0.2.1"
    for personal in (identity.number, identity.display, psc.issuer.person["sub"]):
        assert personal not in repr(event)
        assert personal not in repr(identity)
