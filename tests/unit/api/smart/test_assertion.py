"""Assertions by a private key: RFC 7523 §3 and SMART's asymmetric clients, refused cases first."""

import base64
import hmac
import json
from datetime import UTC, datetime
from hashlib import sha384
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwk, jwt

from egide.api.smart.assertion import claimed, verify
from egide.api.smart.keys import checked
from egide.errors import Incorrect

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
CLIENT = "client-0123456789abcdef"
TOKEN = "https://egide.example/oauth/token"
EC = jwk.generate_key("EC", "P-384", {"kid": "ec"})
RSA = jwk.generate_key("RSA", 2048, {"kid": "rsa"})
OTHER = jwk.generate_key("EC", "P-384", {"kid": "ec"})
SMALL = jwk.generate_key("EC", "P-256", {"kid": "small"})
JWKS = json.dumps({"keys": [EC.as_dict(private=False), RSA.as_dict(private=False)]})
SHORT = base64.urlsafe_b64encode(b"\xc1" * 128).decode().rstrip("=")
CLAIMS = {
    "iss": CLIENT,
    "sub": CLIENT,
    "aud": TOKEN,
    "exp": SECONDS + 240,
    "jti": "one",
}


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def signed(key: Any = EC, header: dict[str, Any] | None = None, **claims: object) -> str:
    said = {"alg": "ES384", "kid": "ec"} if header is None else header
    body = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(said, body, key, algorithms=["ES384", "RS384", "ES256", "RS256", "PS384"])


def read(text: str, jwks: str = JWKS, client: str = CLIENT) -> Any:
    return verify(text, client, jwks, [TOKEN], NOW)


def hmac_with_public_key() -> str:
    """The old trick: the public key, which everybody has, as the secret of an HMAC."""
    public = RSA.as_dict(private=False)
    opened = RSA.get_op_key("verify").public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert public["kid"] == "rsa"
    head = encoded({"alg": "HS384", "kid": "rsa", "typ": "JWT"})
    body = f"{head}.{encoded(CLAIMS)}"
    mac = hmac.new(opened, body.encode(), sha384).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        f"{encoded({'alg': 'none', 'kid': 'ec'})}.{encoded(CLAIMS)}.",
        f"{encoded({'alg': 'None', 'kid': 'ec'})}.{encoded(CLAIMS)}.",
        f"{encoded({'alg': 'HS256', 'kid': 'ec'})}.{encoded(CLAIMS)}.AAAA",
        f"{encoded({'kid': 'ec'})}.{encoded(CLAIMS)}.AAAA",
        f"{encoded({'alg': ['ES384'], 'kid': 'ec'})}.{encoded(CLAIMS)}.AAAA",
        f"{encoded({'alg': 'ES384', 'kid': 'ec'})}.{encoded(CLAIMS)}.",
        f"{encoded({'alg': 'ES384', 'kid': 'ec'})}.{encoded([1])}.AAAA",
        hmac_with_public_key(),
        signed(header={"alg": "ES384"}),
        signed(header={"alg": "ES384", "kid": "unknown"}),
        signed(header={"alg": "ES384", "kid": "rsa"}),
        signed(RSA, {"alg": "RS384", "kid": "ec"}),
        signed(RSA, {"alg": "RS256", "kid": "rsa"}),
        signed(RSA, {"alg": "PS384", "kid": "rsa"}),
        signed(SMALL, {"alg": "ES256", "kid": "small"}),
        signed(OTHER),
        signed(header={"alg": "ES384", "kid": "ec", "typ": "at+jwt"}),
        signed()[:-4] + "AAAA",
        signed() + "é",
        signed(padding="a" * 9000),
    ],
)
def test_what_is_not_signed_by_a_registered_key_proves_nothing(text: str) -> None:
    with pytest.raises(Incorrect):
        read(text)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"sub": None},
        {"aud": None},
        {"exp": None},
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
        {"iss": "client-ffffffffffffffff"},
        {"sub": "client-ffffffffffffffff"},
        {"aud": "https://egide.example/oauth/token/"},
        {"aud": "https://egide.example"},
        {"aud": "https://egide.example/fhir"},
        {"aud": "https://other.example/oauth/token"},
        {"aud": [TOKEN, "https://other.example/oauth/token"]},
        {"aud": []},
        {"exp": SECONDS - 31},
        {"exp": SECONDS + 331},
        {"exp": SECONDS + 3600},
        {"exp": str(SECONDS + 60)},
        {"exp": True},
        {"exp": 2**40},
        {"exp": -1},
        {"nbf": SECONDS + 60},
        {"iat": SECONDS + 60},
        {"iat": "now"},
    ],
)
def test_claims_that_are_missing_or_of_another_are_refused(claims: dict[str, object]) -> None:
    with pytest.raises(Incorrect):
        read(signed(**claims))


def test_an_assertion_of_another_client_is_refused() -> None:
    with pytest.raises(Incorrect):
        read(signed(), client="client-ffffffffffffffff")


def test_a_key_of_one_algorithm_is_not_taken_for_another() -> None:
    only = {**RSA.as_dict(private=False), "alg": "ES384"}
    with pytest.raises(Incorrect):
        read(signed(RSA, {"alg": "RS384", "kid": "rsa"}), json.dumps({"keys": [only]}))


@pytest.mark.parametrize(
    ("key", "header"),
    [(EC, {"alg": "ES384", "kid": "ec"}), (RSA, {"alg": "RS384", "kid": "rsa"})],
)
def test_both_algorithms_prove_the_client(key: Any, header: dict[str, Any]) -> None:
    text = signed(key, header)
    assert claimed(text) == CLIENT
    proof = read(text)
    assert (proof.client_id, proof.jti) == (CLIENT, "one")
    assert proof.expires > datetime.fromtimestamp(SECONDS + 240, UTC)


def test_one_audience_in_a_list_is_taken_and_clocks_may_differ_a_little() -> None:
    read(signed(aud=[TOKEN]))
    read(signed(exp=SECONDS - 29))
    read(signed(exp=SECONDS + 329, nbf=SECONDS + 29, iat=SECONDS - 500))


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [EC.as_dict(private=True)],
        [RSA.as_dict(private=True)],
        [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}],
        [{"kty": "oct", "kid": "a"}],
        [SMALL.as_dict(private=False)],
        [{"kty": "RSA", "n": SHORT, "e": "AQAB", "kid": "a"}],
        [RSA.as_dict(private=False) | {"e": "AQ"}],
        [jwk.generate_key("OKP", "Ed25519", {"kid": "a"}).as_dict(private=False)],
        [{**EC.as_dict(private=False), "kid": ""}],
        [{name: value for name, value in EC.as_dict(private=False).items() if name != "kid"}],
        [EC.as_dict(private=False), OTHER.as_dict(private=False)],
        [{**EC.as_dict(private=False), "use": "enc"}],
        [{**EC.as_dict(private=False), "key_ops": ["sign"]}],
        [{**EC.as_dict(private=False), "alg": "none"}],
        [{**EC.as_dict(private=False), "x": "AAAA"}],
        [{**EC.as_dict(private=False), "x": "!"}],
        [{"kty": "EC", "crv": "P-384", "kid": "a"}],
        [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "a"}],
        ["key"],
        [EC.as_dict(private=False) | {"kid": str(number)} for number in range(21)],
    ],
)
def test_a_key_set_with_a_key_that_is_not_good_is_not_registered(keys: list[Any]) -> None:
    with pytest.raises(Incorrect):
        checked(json.dumps({"keys": keys}))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": {}}', "{" * 100, "a" * 70_000])
def test_what_is_no_key_set_is_not_registered(text: str) -> None:
    with pytest.raises(Incorrect):
        checked(text)


def test_public_keys_of_both_kinds_are_registered() -> None:
    assert json.loads(checked(JWKS))["keys"][0]["kid"] == "ec"
