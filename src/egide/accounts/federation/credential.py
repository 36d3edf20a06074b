"""What we prove ourselves to an issuer's token endpoint with.

RFC 6749 §2.3.1: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1, and private_key_jwt:
https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication.
"""

import base64
import secrets
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import quote

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from egide.accounts.federation.issuer import Authentication
from egide.errors import Fault

LIFETIME = 60
"""Seconds a signed proof is good for."""
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Credential:
    """A client secret or a private key; no text made from it shows it."""

    __slots__ = ("_authentication", "_key", "_secret")

    def __init__(
        self, authentication: Authentication, secret: str, key: ECKey | RSAKey | None
    ) -> None:
        self._authentication = authentication
        self._secret = secret
        self._key = key

    def proof(
        self, issuer: str, client_id: str, now: datetime
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The fields of a form and the headers that prove we are `client_id`.

        A signed proof names the issuer as its only audience, so that no other can use it.
        """
        if self._key is not None:
            return {
                "client_id": client_id,
                "client_assertion_type": _ASSERTION,
                "client_assertion": self._assertion(self._key, issuer, client_id, now),
            }, {}
        if self._authentication.method == "client_secret_post":
            return {"client_id": client_id, "client_secret": self._secret}, {}
        # Form-encoded, a space as %20: some issuers decode a plus sign and some do not.
        pair = f"{quote(client_id, safe='')}:{quote(self._secret, safe='')}"
        return {}, {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    @property
    def public(self) -> dict[str, Any] | None:
        """The key that verifies signed proofs, as a JWK; None for a secret."""
        if self._key is None:
            return None
        return dict(self._key.as_dict(private=False)) | {
            "use": "sig",
            "alg": self._authentication.algorithm,
            "kid": self._authentication.key_id or self._key.thumbprint(),
        }

    def _assertion(self, key: ECKey | RSAKey, issuer: str, client_id: str, now: datetime) -> str:
        at = int(now.timestamp())
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": at,
            "exp": at + LIFETIME,
        }
        algorithm = self._authentication.algorithm
        header = {
            "alg": algorithm,
            "typ": "JWT",
            "kid": self._authentication.key_id or key.thumbprint(),
        }
        return jws.serialize_compact(header, msgspec.json.encode(claims), key, [algorithm])

    def __repr__(self) -> str:
        return "Credential(…)"

    def __reduce__(self) -> NoReturn:
        raise Fault("a credential is not pickled or copied")


def credential(authentication: Authentication, raw: bytes) -> Credential:
    """The credential whose file holds `raw`: a secret, or a private key in PEM.

    Raises ValueError, which quotes nothing, when it is not what the method needs.
    """
    if authentication.method != "private_key_jwt":
        secret = raw.decode("utf-8").strip()
        if not secret or not secret.isprintable():
            raise ValueError("not a secret")
        return Credential(authentication, secret, None)
    kind = ECKey if authentication.algorithm.startswith("ES") else RSAKey
    try:
        key = kind.import_key(raw)
        made = Credential(authentication, "", key)
        made.proof("https://issuer.invalid", "client", datetime.fromtimestamp(0))
    except (JoseError, ValueError, TypeError):
        raise ValueError("not a key for the algorithm") from None
    if not key.is_private:
        raise ValueError("not a private key")
    return made
