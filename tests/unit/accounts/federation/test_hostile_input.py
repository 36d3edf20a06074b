"""Whatever an issuer or a browser sends, the answer is a refusal of ours and never a crash."""

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from tests.unit.accounts.federation.test_situations import issuer

from egide.accounts.federation import FederationRefused, IssuerUnavailable, NoSituation
from egide.accounts.federation import metadata as documents
from egide.accounts.federation.claims import (
    authenticated_at,
    check_access_token,
    check_id_token,
    check_logout,
    check_userinfo,
    methods,
)
from egide.accounts.federation.pivot import pivot
from egide.accounts.federation.place import local
from egide.accounts.federation.signed import Signed, key_set
from egide.accounts.federation.situations import professional
from egide.errors import Incorrect

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ISSUER = issuer()
KEY = ECKey.generate_key("P-256", {"kid": "first"})

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
GOOD: dict[str, Any] = {
    "iss": "https://issuer.example",
    "aud": "egide",
    "sub": "somebody",
    "exp": NOW.timestamp() + 60,
    "iat": NOW.timestamp(),
    "nonce": "nonce",
    "acr": "eidas1",
}
claims = st.dictionaries(
    st.sampled_from([*GOOD, "azp", "nbf", "at_hash", "auth_time", "amr", "sid", "events"]),
    values,
    max_size=4,
).map(lambda spoilt: GOOD | spoilt)


@given(claims)
def test_claims_are_believed_or_refused(said: dict[str, Any]) -> None:
    with suppress(FederationRefused):
        check_id_token(said, ISSUER, "nonce", NOW)
        check_access_token(said, "access-token", "ES256")
        check_userinfo(said, ISSUER, "somebody", NOW)
        authenticated_at(said)
        methods(said)
    with suppress(FederationRefused):
        check_logout(said, ISSUER, NOW)


def test_good_claims_are_believed() -> None:
    check_id_token(GOOD, ISSUER, "nonce", NOW)
    assert authenticated_at(GOOD | {"auth_time": NOW.timestamp() - 3600}) == NOW - timedelta(
        hours=1
    )


def test_when_the_token_was_made_is_not_when_the_person_was_authenticated() -> None:
    """A session still open at the issuer has a token made now."""
    assert authenticated_at(GOOD) is None


professionals = st.fixed_dictionaries(
    {"SubjectNameID": values},
    optional={
        "SubjectRole": values | st.lists(st.text(max_size=5), min_size=1, max_size=2),
        "SubjectRefPro": values
        | st.fixed_dictionaries(
            {
                "exercices": st.lists(
                    st.fixed_dictionaries({"codeProfession": values, "activities": values}),
                    max_size=2,
                )
            }
        ),
    },
)


@given(professionals)
def test_a_professional_is_taken_or_refused(said: dict[str, Any]) -> None:
    with suppress(FederationRefused, NoSituation):
        professional(said, ISSUER)


@given(
    st.fixed_dictionaries(
        dict.fromkeys(
            ("given_name", "family_name", "birthdate", "gender", "birthcountry", "birthplace"),
            values,
        )
    )
)
def test_a_pivot_identity_is_taken_or_refused(said: dict[str, Any]) -> None:
    with suppress(FederationRefused):
        pivot(said)


@given(st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()))
def test_a_document_is_taken_or_refused(body: bytes) -> None:
    with suppress(IssuerUnavailable):
        documents.read(body, ISSUER)
    with suppress(IssuerUnavailable):
        key_set(body)


jwks = st.lists(
    st.fixed_dictionaries(
        {"kty": st.sampled_from(["RSA", "EC", "OKP", "oct"]) | values},
        optional=dict.fromkeys(("n", "e", "crv", "x", "y", "kid", "alg", "use", "k", "d"), values),
    ),
    max_size=3,
)


@given(jwks)
def test_a_key_is_taken_or_passed_over(keys: list[dict[str, Any]]) -> None:
    with suppress(IssuerUnavailable):
        key_set(json.dumps({"keys": keys}).encode())


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


headers = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "x5c", "zip"]), values, max_size=4
)
tokens = st.text(max_size=100) | st.tuples(
    headers.map(lambda header: part({"alg": "ES256", "kid": "first"} | header)) | values.map(part),
    values.map(part),
    st.text(alphabet="abcXYZ019-_=", max_size=90),
).map(".".join)


@given(tokens)
def test_a_token_nobody_signed_is_refused(text: str) -> None:
    refused = False
    try:
        signed = Signed(text, ("ES256",))
        if signed.key([KEY]) is not None:
            signed.claims(KEY)
            raise AssertionError("it was believed")
    except FederationRefused:
        refused = True
    assert refused or signed.key([KEY]) is None


paths = st.text(alphabet="/\\.@:?#%25cfFabe\t\n é", max_size=12).map(lambda rest: f"/{rest}")


@given(paths | st.text(max_size=12))
def test_a_place_that_is_taken_is_on_this_server(path: str) -> None:
    with suppress(Incorrect):
        taken = local(path)
        there = urlsplit(urljoin("https://egide.example/sign-in", taken))
        assert (there.scheme, there.netloc) == ("https", "egide.example")
        assert "\\" not in taken and "\n" not in taken
