"""What a signed id token or userinfo must say to be ours, of now and strong enough: pure.

https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, and for userinfo
https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from egide.accounts.federation.issuer import Issuer
from egide.accounts.federation.refusal import FederationRefused

SKEW = 60
"""Seconds the clocks of an issuer and ours may differ."""
RECENT = 180
"""Seconds after which a logout token is too old."""
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_MOST = 255
"""Characters of a subject, as the standard has it, and of other short values."""

Claims = Mapping[str, Any]


def check_id_token(claims: Claims, issuer: Issuer, nonce: str, now: datetime) -> None:
    """Raises FederationRefused, naming what does not hold."""
    at = now.timestamp()
    _check_source(claims, issuer)
    expires = _number(claims, "exp")
    issued = _number(claims, "iat")
    if expires is None or at >= expires + SKEW:
        raise FederationRefused("expired")
    if issued is None or issued > at + SKEW or (_number(claims, "nbf") or 0) > at + SKEW:
        raise FederationRefused("not-yet")
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise FederationRefused("nonce")
    if issuer.assurance(_text(claims, "acr")) is None:
        raise FederationRefused("assurance")
    if issuer.max_age is not None:
        authenticated = _number(claims, "auth_time")
        if authenticated is None or at > authenticated + issuer.max_age + SKEW:
            raise FederationRefused("too-old")
    subject_of(claims)


def check_again(claims: Claims, begun: int) -> None:
    """The person was authenticated after `begun` (seconds since 1970), and it says so.

    Raises FederationRefused: `too-old`.
    """
    authenticated = _number(claims, "auth_time")
    if authenticated is None or authenticated + SKEW < begun:
        raise FederationRefused("too-old")


def check_access_token(claims: Claims, access_token: str, algorithm: str) -> None:
    """When the id token has `at_hash`, it is of this access token. Raises FederationRefused."""
    if "at_hash" not in claims:
        return
    digest = hashlib.new(f"sha{algorithm[-3:]}", access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    said = claims["at_hash"]
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), half):
        raise FederationRefused("access-token-hash")


def check_userinfo(claims: Claims, issuer: Issuer, subject: str, now: datetime) -> None:
    """Userinfo is about the person of the id token and, when signed, from and for the same.

    Raises FederationRefused.
    """
    if issuer.userinfo == "signed":
        _check_source(claims, issuer)
        expires = _number(claims, "exp")
        if expires is not None and now.timestamp() >= expires + SKEW:
            raise FederationRefused("expired")
    if subject_of(claims) != subject:
        raise FederationRefused("subject")


class Logout(NamedTuple):
    """What a logout token says: the subject and the session it ends, either "" when it names none;
    its id (`jti`), and from when it is too old."""

    subject: str
    sid: str
    jti: str
    until: datetime


def check_logout(claims: Claims, issuer: Issuer, now: datetime) -> Logout:
    """What a logout token says, once it holds.

    https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation. Raises
    FederationRefused; one made more than `RECENT` ago is `too-old`, so that it cannot be kept.
    """
    at = now.timestamp()
    _check_source(claims, issuer)
    issued, expires = _number(claims, "iat"), _number(claims, "exp")
    if expires is not None and at >= expires + SKEW:
        raise FederationRefused("expired")
    if issued is None or issued > at + SKEW:
        raise FederationRefused("not-yet")
    if at >= issued + RECENT:
        raise FederationRefused("too-old")
    events = claims.get("events")
    if not isinstance(events, dict) or LOGOUT not in events or "nonce" in claims:
        raise FederationRefused("claims")
    subject = subject_of(claims) if "sub" in claims else ""
    sid = sid_of(claims)
    if not subject and not sid:
        raise FederationRefused("subject")
    jti = _text(claims, "jti")
    if not 0 < len(jti) <= _MOST:
        raise FederationRefused("claims")
    return Logout(subject, sid, jti, datetime.fromtimestamp(issued + RECENT, UTC))


def sid_of(claims: Claims) -> str:
    """The issuer's own name for its session, "" when it says none."""
    sid = _text(claims, "sid")
    return sid if len(sid) <= _MOST else ""


def subject_of(claims: Claims) -> str:
    """The `sub`, 1 to 255 ASCII characters. Raises FederationRefused (`subject`)."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MOST or not subject.isascii():
        raise FederationRefused("subject")
    return subject


def authenticated_at(claims: Claims) -> datetime | None:
    """When the person was authenticated (`auth_time`); None when the issuer does not say.

    It is not when the id token was made: a session still open at the issuer gives one of now.
    """
    at = _number(claims, "auth_time")
    return None if at is None else datetime.fromtimestamp(at, UTC)


def methods(claims: Claims) -> tuple[str, ...]:
    """The `amr`: ten at most, each short."""
    found = claims.get("amr")
    if not isinstance(found, list):
        return ()
    return tuple(each for each in found[:10] if isinstance(each, str) and len(each) <= _MOST)


def _check_source(claims: Claims, issuer: Issuer) -> None:
    """From the issuer, for us: with several audiences, `azp` must say that it is us."""
    if claims.get("iss") != issuer.issuer:
        raise FederationRefused("issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if issuer.client_id not in audiences:
        raise FederationRefused("audience")
    if claims.get("azp", None if len(audiences) > 1 else issuer.client_id) != issuer.client_id:
        raise FederationRefused("audience")


def _number(claims: Claims, name: str) -> float | None:
    """A date in seconds; None when there is none. Raises FederationRefused (`claims`)."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 35:
        raise FederationRefused("claims")
    return float(value)


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
