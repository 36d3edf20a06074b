"""An application's proof by its private key: a signed assertion, good once and for minutes.

https://www.rfc-editor.org/rfc/rfc7523#section-3, as narrowed by
https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html. The algorithm is
one of ours or it is refused; the key is found by kid and kind before anything is verified. That an
assertion is good once is for whoever remembers it (`Applications.use_assertion`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError

from egide.api.smart.keys import KINDS, find
from egide.errors import Incorrect

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST = timedelta(minutes=5)
SKEW = timedelta(seconds=30)
"""How far the application's clock may be from ours."""
_MOST = 8 * 1024


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that verified: whose, its one-time id, until when."""

    client_id: str
    jti: str
    expires: datetime


def claimed(text: str) -> str:
    """Whose assertion this says it is, before anything is believed. Raises Incorrect."""
    return _string(_unverified(text)[1], "sub")


def kid_of(text: str) -> str:
    """Which key this says it is signed with, before anything is believed. Raises Incorrect."""
    kid = _unverified(text)[0].get("kid")
    if not isinstance(kid, str):
        raise Incorrect("the assertion names its key (kid)")
    return kid


def verify(
    text: str, client_id: str, jwks: str | bytes, audiences: Collection[str], now: datetime
) -> Assertion:
    """`text`, if it proves `client_id` to one of `audiences`, exactly. Raises Incorrect."""
    header, _ = _unverified(text)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in KINDS:
        raise Incorrect(f"the algorithm is one of {', '.join(KINDS)}")
    if not isinstance(kid, str):
        raise Incorrect("the assertion names its key (kid)")
    if header.get("typ", "JWT") not in ("JWT", "client-authentication+jwt") or "crit" in header:
        raise Incorrect("the assertion is not a JWT we read")
    key = find(jwks, kid, algorithm)
    try:
        claims = jwt.decode(text, key, algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError):
        raise Incorrect("the signature is not of the key it names") from None
    if _string(claims, "iss") != client_id or _string(claims, "sub") != client_id:
        raise Incorrect("iss and sub are the client's id")
    if not _meant(claims.get("aud"), audiences):
        raise Incorrect("aud is the address of the token endpoint")
    jti = _string(claims, "jti")
    expires = _instant(claims, "exp")
    if expires <= now - SKEW:
        raise Incorrect("the assertion has expired")
    if expires > now + LONGEST + SKEW:
        raise Incorrect("the assertion is good for more than five minutes")
    for name in ("nbf", "iat"):
        if name in claims and _instant(claims, name) > now + SKEW:
            raise Incorrect("the assertion is not good yet")
    return Assertion(client_id, jti, expires + SKEW)


def _unverified(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(text) > _MOST or not text.isascii() or text.count(".") != 2:
        raise Incorrect("the assertion is not a signed JWT")
    try:
        compact = jws.extract_compact(text.encode())
        header = compact.headers()
        claims = msgspec.json.decode(compact.payload, type=dict[str, Any])
    except (JoseError, msgspec.MsgspecError, ValueError, TypeError):
        raise Incorrect("the assertion is not a signed JWT") from None
    return header, claims


def _meant(audience: object, taken: Collection[str]) -> bool:
    """One address, or a list of one: an assertion for several could be replayed between them."""
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    return isinstance(audience, str) and audience in taken


def _string(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 500:
        raise Incorrect(f"{name} is a text")
    return value


def _instant(claims: dict[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**33:
        raise Incorrect(f"{name} is a number of seconds")
    return datetime.fromtimestamp(value, UTC)
