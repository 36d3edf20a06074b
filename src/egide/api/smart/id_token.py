"""Who the person is, told to the application in a signed statement.

https://openid.net/specs/openid-connect-core-1_0.html#IDToken, with SMART's `fhirUser`. The subject
is another one for each application, so that two of them cannot compare.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc import jwk, jwt

from egide.accounts.signing import ALGORITHM
from egide.http.levels import LEVELS

LASTS = timedelta(minutes=5)


def claims(
    *,
    issuer: str,
    subject: str,
    client_id: str,
    now: datetime,
    authenticated: int | None,
    means: Sequence[str],
    assurance: int,
    nonce: str | None,
    fhir_user: str | None,
) -> dict[str, Any]:
    """What an id_token says; `fhir_user` is the whole address of the person's own resource."""
    said: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + LASTS).timestamp()),
        "acr": LEVELS[assurance],
    }
    if authenticated is not None:
        said["auth_time"] = authenticated
    if means:
        said["amr"] = list(means)
    if nonce is not None:
        said["nonce"] = nonce
    if fhir_user is not None:
        said["fhirUser"] = fhir_user
    return said


def signed(said: dict[str, Any], kid: str, private: bytes) -> str:
    """The statement as a JWT; `private` is the signing key's JWK as JSON."""
    key = jwk.import_key(msgspec.json.decode(private, type=dict[str, Any]))
    return jwt.encode({"alg": ALGORITHM, "kid": kid}, said, key, algorithms=[ALGORITHM])
