"""What an issuer publishes about itself, checked before anything in it is believed.

OpenID Connect Discovery 1.0: https://openid.net/specs/openid-connect-discovery-1_0.html.

Invariant: no address of a document leads to a host the configuration does not name
(test_a_token_endpoint_on_a_foreign_host_is_not_asked).
"""

import msgspec

from egide.accounts.federation.issuer import Issuer
from egide.accounts.federation.refusal import IssuerUnavailable

MOST_BYTES = 64 * 1024


class Metadata(msgspec.Struct, frozen=True):
    """The members of a discovery document that are used here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False
    code_challenge_methods_supported: tuple[str, ...] | None = None


def read(body: bytes, issuer: Issuer) -> Metadata:
    """The metadata in `body`.

    Raises IssuerUnavailable when it is not such a document, when it is another issuer's, or when
    an endpoint is on a host that is neither the issuer's nor listed.
    """
    try:
        found = msgspec.json.decode(body, type=Metadata)
    except msgspec.DecodeError:
        raise IssuerUnavailable("its metadata do not read") from None
    if found.issuer != issuer.issuer:
        raise IssuerUnavailable("its metadata name another issuer")
    endpoints = (
        found.authorization_endpoint,
        found.token_endpoint,
        found.userinfo_endpoint,
        found.jwks_uri,
        *((found.end_session_endpoint,) if found.end_session_endpoint else ()),
    )
    if not all(issuer.allows(endpoint) for endpoint in endpoints):
        raise IssuerUnavailable("an endpoint of its metadata is on a host that is not listed")
    methods = found.code_challenge_methods_supported
    if methods is not None and "S256" not in methods:
        raise IssuerUnavailable("it does not take PKCE with S256")
    return found
