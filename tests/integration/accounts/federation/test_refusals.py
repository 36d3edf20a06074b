"""What an issuer, or who plays one, may not get away with: each refused, and told to the ledger."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey
from tests.integration.accounts.federation.conftest import (
    BROWSER,
    CALLBACK,
    KEY,
    PROFESSIONAL,
    SECRET,
    World,
    issuer,
)
from tests.integration.accounts.federation.issuing import Answer

from egide.accounts.failures import FAILURES_PER_ADDRESS
from egide.accounts.federation import Federation, FederationRefused, Identity, Registration
from egide.accounts.federation.credential import credential

Claims = dict[str, Any]
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "first"})
"""A key of the same name that the issuer does not publish."""


def unsigned(claims: Claims, algorithm: str = "none") -> str:
    header = {"alg": algorithm, "kid": "first"}
    parts = (json.dumps(each).encode() for each in (header, claims))
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts) + "."


def with_shared_secret(secret: bytes, claims: Claims) -> str:
    signing = unsigned(claims, "HS256").rstrip(".")
    tag = hmac.new(secret, signing.encode(), "sha256").digest()
    return f"{signing}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"


async def test_an_id_token_signed_by_another_key_is_refused(psc: World) -> None:
    psc.issuer.sign = lambda claims: jws.serialize_compact(
        {"alg": "RS256", "kid": "first"}, json.dumps(claims), OTHER_KEY, ["RS256"]
    )
    assert await psc.refusal() == "signature"


async def test_an_id_token_changed_after_it_was_signed_is_refused(psc: World) -> None:
    def changed(claims: Claims) -> str:
        head, _, signature = psc.issuer.signed(claims).split(".")
        body = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "somebody"}).encode())
        return f"{head}.{body.rstrip(b'=').decode()}.{signature}"

    psc.issuer.sign = changed
    assert await psc.refusal() == "signature"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "RS1"])
async def test_an_id_token_without_a_listed_algorithm_is_refused(
    psc: World, algorithm: str
) -> None:
    psc.issuer.sign = lambda claims: unsigned(claims, algorithm)
    assert await psc.refusal() == "algorithm"


async def test_a_public_key_used_as_a_shared_secret_is_refused(psc: World) -> None:
    key = psc.issuer.key
    for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()):
        psc.issuer.sign = lambda claims, secret=secret: with_shared_secret(secret, claims)
        assert await psc.refusal() == "algorithm"


async def test_our_client_secret_signs_nothing(psc: World) -> None:
    secret = psc.issuer.client.secret.encode()
    psc.issuer.sign = lambda claims: with_shared_secret(secret, claims)
    assert await psc.refusal() == "algorithm"


async def test_an_algorithm_outside_the_list_is_refused(psc: World) -> None:
    psc.configure(algorithms=("ES256",))
    assert await psc.refusal() == "algorithm"


async def test_a_key_made_for_another_algorithm_is_not_used(psc: World) -> None:
    psc.configure(algorithms=("RS256", "PS256"))
    same = RSAKey.import_key(psc.issuer.key.as_pem(private=True))
    psc.issuer.sign = lambda claims: jws.serialize_compact(
        {"alg": "PS256", "kid": "first"}, json.dumps(claims), same, ["PS256"]
    )
    assert await psc.refusal() == "unknown-key"


async def test_a_key_in_the_token_itself_is_not_used(psc: World) -> None:
    header = {
        "alg": "RS256",
        "kid": "inside",
        "jwk": OTHER_KEY.as_dict(private=False),
        "jku": f"{psc.issuer.address}/other",
    }
    psc.issuer.sign = lambda claims: jws.serialize_compact(
        header, json.dumps(claims), OTHER_KEY, ["RS256"]
    )
    assert await psc.refusal() == "unknown-key"
    assert "other" not in psc.issuer.asked


async def test_what_is_no_jwt_is_refused(psc: World) -> None:
    for text in ("", "x", "a.b", "a.b.c", "a.b.c.d.e", "é.é.é", "x" * 60_000):
        psc.issuer.sign = lambda claims, text=text: text
        assert await psc.refusal() == "form"


async def test_a_header_that_must_be_understood_and_is_not_is_refused(psc: World) -> None:
    def critical(claims: Claims) -> str:
        registry = jws.JWSRegistry({"b64": jws.JWSRegistry.default_header_registry["b64"]})
        registry.strict_check_header = False
        header = {"alg": "RS256", "kid": "first", "crit": ["b64"], "b64": True}
        return jws.serialize_compact(
            header, json.dumps(claims), psc.issuer.key, ["RS256"], registry
        )

    psc.issuer.sign = critical
    assert await psc.refusal() == "form"


SPOILT: list[tuple[str, str, Callable[[Claims], Any]]] = [
    ("a nonce of another log-in", "nonce", lambda c: c.update(nonce="another")),
    ("no nonce", "nonce", lambda c: c.pop("nonce")),
    ("a nonce that is no text", "nonce", lambda c: c.update(nonce=["x"])),
    ("another issuer", "issuer", lambda c: c.update(iss="https://other.example")),
    ("the issuer with a slash", "issuer", lambda c: c.update(iss=c["iss"] + "/")),
    ("no issuer", "issuer", lambda c: c.pop("iss")),
    ("another audience", "audience", lambda c: c.update(aud="other-client")),
    ("no audience", "audience", lambda c: c.pop("aud")),
    ("an empty audience", "audience", lambda c: c.update(aud=[])),
    ("several audiences without azp", "audience", lambda c: c.update(aud=["egide", "other"])),
    (
        "several audiences, for another",
        "audience",
        lambda c: c.update(aud=["egide", "other"], azp="other"),
    ),
    ("one audience, made for another", "audience", lambda c: c.update(azp="other")),
    ("expired", "expired", lambda c: c.update(exp=c["iat"] - 61)),
    ("no expiry", "expired", lambda c: c.pop("exp")),
    ("an expiry that is no number", "claims", lambda c: c.update(exp="tomorrow")),
    ("an expiry that is no date", "claims", lambda c: c.update(exp=1e30)),
    ("issued in the future", "not-yet", lambda c: c.update(iat=c["iat"] + 120)),
    ("no date of issue", "not-yet", lambda c: c.pop("iat")),
    ("not valid yet", "not-yet", lambda c: c.update(nbf=c["iat"] + 120)),
    ("a hash of another access token", "access-token-hash", lambda c: c.update(at_hash="x" * 22)),
    ("an access token's hash of another kind", "access-token-hash", lambda c: c.update(at_hash=1)),
    ("no level", "assurance", lambda c: c.pop("acr")),
    ("an unknown level", "assurance", lambda c: c.update(acr="eidas9")),
    ("levels in a list", "assurance", lambda c: c.update(acr=["eidas1"])),
    ("no subject", "subject", lambda c: c.pop("sub")),
    ("an empty subject", "subject", lambda c: c.update(sub="")),
    ("a subject that is too long", "subject", lambda c: c.update(sub="a" * 256)),
    ("a subject that is a number", "subject", lambda c: c.update(sub=7)),
]


@pytest.mark.parametrize(("reason", "spoil"), [each[1:] for each in SPOILT],
                         ids=[each[0] for each in SPOILT])  # fmt: skip
async def test_an_id_token_that_does_not_hold_is_refused(
    psc: World, reason: str, spoil: Callable[[Claims], Any]
) -> None:
    psc.issuer.spoil_id_token = spoil
    assert await psc.refusal() == reason


async def test_several_audiences_are_taken_when_it_was_made_for_us(psc: World) -> None:
    psc.issuer.spoil_id_token = lambda claims: claims.update(aud=["egide", "other"], azp="egide")
    await psc.log_in()


async def test_a_level_below_what_was_asked_is_refused(fc: World) -> None:
    fc.configure(ask="eidas2")
    fc.issuer.spoil_id_token = lambda claims: claims.update(acr="eidas1")
    assert await fc.refusal() == "assurance"


async def test_an_authentication_too_long_ago_is_refused(psc: World) -> None:
    psc.configure(max_age=300)
    await psc.log_in()
    psc.issuer.spoil_id_token = lambda claims: claims.update(auth_time=claims["iat"] - 361)
    assert await psc.refusal() == "too-old"
    psc.issuer.spoil_id_token = lambda claims: claims.pop("auth_time")
    assert await psc.refusal() == "too-old"


async def test_a_state_works_once(psc: World) -> None:
    query = await psc.begin()
    await psc.federation.finish("psc", BROWSER, query)
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish("psc", BROWSER, query)
    assert refused.value.reason == "unknown-login"


async def test_a_state_that_comes_five_times_at_once_works_once(psc: World) -> None:
    query = await psc.begin()
    ends = await asyncio.gather(
        *(psc.federation.finish("psc", BROWSER, query) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(end, Identity) for end in ends) == 1
    refused = [end.reason for end in ends if isinstance(end, FederationRefused)]
    assert refused == ["unknown-login"] * 4
    assert psc.issuer.asked.count("token") == 1


async def test_a_state_is_spent_by_a_log_in_that_failed(psc: World) -> None:
    query = await psc.begin()
    psc.issuer.spoil_id_token = lambda claims: claims.update(nonce="another")
    for reason in ("nonce", "unknown-login"):
        with pytest.raises(FederationRefused) as refused:
            await psc.federation.finish("psc", BROWSER, query)
        assert refused.value.reason == reason
    assert psc.issuer.asked.count("token") == 1


async def test_a_state_nobody_made_is_refused(psc: World) -> None:
    query = dict(await psc.begin())
    for state in ("", "x", "é", "x" * 101, query["state"][:-1], query["state"] + "x"):
        with pytest.raises(FederationRefused) as refused:
            await psc.federation.finish("psc", BROWSER, list((query | {"state": state}).items()))
        assert refused.value.reason == "unknown-login"
    del query["state"]
    with pytest.raises(FederationRefused):
        await psc.federation.finish("psc", BROWSER, list(query.items()))
    assert "token" not in psc.issuer.asked


async def test_a_state_of_another_browser_is_refused(psc: World) -> None:
    query = await psc.begin()
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish("psc", b"o" * 32, query)
    assert refused.value.reason == "other-browser"
    assert "token" not in psc.issuer.asked


async def test_a_state_is_good_for_ten_minutes(psc: World) -> None:
    query = await psc.begin()
    psc.ahead = timedelta(minutes=10)
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish("psc", BROWSER, query)
    assert refused.value.reason == "unknown-login"


async def test_an_answer_of_another_issuer_is_refused(psc: World) -> None:
    query = dict(await psc.begin()) | {"iss": "https://other.example"}
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish("psc", BROWSER, list(query.items()))
    assert refused.value.reason == "other-issuer"
    assert "token" not in psc.issuer.asked


async def test_an_answer_that_should_name_its_issuer_and_does_not_is_refused(psc: World) -> None:
    query = dict(await psc.begin())
    del query["iss"]
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish("psc", BROWSER, list(query.items()))
    assert refused.value.reason == "other-issuer"


async def test_an_issuer_that_never_names_itself_may_leave_it_out(psc: World) -> None:
    psc.issuer.says_iss = False
    assert "iss" not in dict(await psc.begin())
    await psc.log_in()


async def test_an_answer_at_the_address_of_another_issuer_is_refused(psc: World) -> None:
    known = issuer("pro-sante-connect", psc.issuer.address)
    credentials = credential(known.authentication, SECRET.encode())
    psc.federation = Federation(
        [
            Registration(each, credentials)
            for each in (known, msgspec.structs.replace(known, name="other"))
        ],
        psc.database,
        psc.now,
        KEY,
        psc.append,
        psc.fetch,
        callback=CALLBACK,
    )
    query = await psc.begin()
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish("other", BROWSER, query)
    assert refused.value.reason == "other-issuer"
    assert "token" not in psc.issuer.asked


async def test_a_parameter_that_comes_twice_is_refused(psc: World) -> None:
    query = await psc.begin()
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish("psc", BROWSER, [*query, ("code", "another")])
    assert refused.value.reason == "answer"
    assert "token" not in psc.issuer.asked


async def test_a_person_who_says_no_is_not_let_in(psc: World) -> None:
    query = dict(await psc.begin())
    del query["code"]
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish(
            "psc", BROWSER, list((query | {"error": "access_denied"}).items())
        )
    assert refused.value.reason == "issuer-refused"


async def test_an_answer_without_a_code_is_refused(psc: World) -> None:
    query = dict(await psc.begin())
    del query["code"]
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish("psc", BROWSER, list(query.items()))
    assert refused.value.reason == "answer"


async def test_a_code_of_another_log_in_is_refused_by_its_verifier(psc: World) -> None:
    stolen = dict(await psc.begin())["code"]
    query = dict(await psc.begin()) | {"code": stolen}
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.finish("psc", BROWSER, list(query.items()))
    assert refused.value.reason == "code-refused"


async def test_a_client_with_another_secret_is_refused(psc: World) -> None:
    psc.configure(raw=b"another secret")
    assert await psc.refusal() == "code-refused"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said.pop("id_token"),
        lambda said: said.pop("access_token"),
        lambda said: said.update(token_type="mac"),
        lambda said: said.update(access_token="a\r\nx-injected: b"),
        lambda said: said.update(id_token=7),
    ],
)
async def test_tokens_of_another_shape_are_refused(
    psc: World, spoil: Callable[[Claims], Any]
) -> None:
    psc.issuer.spoil_answer = spoil
    assert await psc.refusal() == "answer"


async def test_userinfo_of_another_person_is_refused(psc: World) -> None:
    psc.issuer.spoil_userinfo = lambda said: said.update(sub="somebody-else")
    assert await psc.refusal() == "subject"
    psc.issuer.spoil_userinfo = lambda said: said.pop("sub")
    assert await psc.refusal() == "subject"


async def test_signed_userinfo_of_another_person_is_refused(fc: World) -> None:
    fc.issuer.spoil_userinfo = lambda said: said.update(sub="somebody-else")
    assert await fc.refusal() == "subject"


async def test_unsigned_userinfo_is_refused_where_signed_is_asked(fc: World) -> None:
    fc.issuer.sign_userinfo = unsigned
    assert await fc.refusal() == "algorithm"
    fc.issuer.face = "pro-sante-connect"  # from here on it answers plain JSON
    fc.configure(discovery=".well-known/wallet-openid-configuration")
    assert await fc.refusal() == "userinfo-form"


async def test_plain_userinfo_is_taken_only_as_json(psc: World) -> None:
    psc.issuer.face = "franceconnect"  # from here on it answers signed
    psc.configure(discovery=".well-known/openid-configuration")
    assert await psc.refusal() == "userinfo-form"


async def test_json_that_does_not_say_it_is_json_is_not_taken(psc: World) -> None:
    body = json.dumps(PROFESSIONAL).encode()
    for media, taken in (("text/html", False), ("", False), ("application/json", True)):
        psc.issuer.wire["userinfo"] = Answer(200, [("content-type", media)], [body])
        if taken:
            await psc.log_in()
        else:
            assert await psc.refusal() == "userinfo-form"


async def test_userinfo_signed_by_another_key_is_refused(fc: World) -> None:
    other = ECKey.generate_key("P-256", {"kid": "first"})
    fc.issuer.sign_userinfo = lambda claims: jws.serialize_compact(
        {"alg": "ES256", "kid": "first"}, json.dumps(claims), other, ["ES256"]
    )
    assert await fc.refusal() == "signature"


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("issuer", lambda said: said.update(iss="https://other.example")),
        ("issuer", lambda said: said.pop("iss")),
        ("audience", lambda said: said.update(aud="other-client")),
        ("audience", lambda said: said.pop("aud")),
        ("expired", lambda said: said.update(exp=said["iat"] - 61)),
        ("claims", lambda said: said.pop("birthdate")),
        ("claims", lambda said: said.update(gender="robot")),
        ("claims", lambda said: said.update(birthcountry="France")),
    ],
)
async def test_signed_userinfo_that_does_not_hold_is_refused(
    fc: World, reason: str, spoil: Callable[[Claims], Any]
) -> None:
    fc.issuer.spoil_userinfo = spoil
    assert await fc.refusal() == reason


async def test_a_key_the_issuer_does_not_publish_is_looked_for_once_a_minute(psc: World) -> None:
    psc.stop_clock()
    await psc.log_in()
    psc.issuer.sign = lambda claims: psc.issuer.signed(claims, kid="nobody-knows")
    for _ in range(3):
        assert await psc.refusal() == "unknown-key"
    assert psc.issuer.asked.count("jwks") == 1
    psc.ahead = timedelta(seconds=59)
    assert await psc.refusal() == "unknown-key"
    assert psc.issuer.asked.count("jwks") == 1
    psc.ahead = timedelta(seconds=61)
    for _ in range(3):
        assert await psc.refusal() == "unknown-key"
    assert psc.issuer.asked.count("jwks") == 2


@pytest.mark.filterwarnings("ignore:Key size should be")
async def test_a_weak_or_symmetric_key_of_the_issuer_is_not_used(psc: World) -> None:
    weak = RSAKey.generate_key(1024, {"kid": "weak"})
    psc.issuer.published = [weak, OctKey.generate_key(256, {"kid": "shared"})]
    psc.issuer.key = weak
    assert await psc.refusal() == "unknown-key"


async def test_a_flood_of_refusals_is_summed_up(psc: World) -> None:
    for _ in range(FAILURES_PER_ADDRESS + 20):
        with pytest.raises(FederationRefused):
            await psc.federation.finish("psc", BROWSER, [("state", "x")], address="192.0.2.9")
    assert len(psc.events) == FAILURES_PER_ADDRESS + 1
    await psc.federation.sweep()
    assert sum(event.count for event in psc.events) == FAILURES_PER_ADDRESS + 20
    assert psc.events[-1].reason == "too-many"


async def test_a_refusal_tells_outside_only_that_it_is_one(psc: World) -> None:
    told = set()
    for spoil in (
        lambda claims: claims.update(nonce="another"),
        lambda claims: claims.update(aud="other"),
    ):
        psc.issuer.spoil_id_token = spoil
        with pytest.raises(FederationRefused) as refused:
            await psc.log_in()
        told.add(str(refused.value))
        assert PROFESSIONAL["sub"] not in str(refused.value)
    assert len(told) == 1
