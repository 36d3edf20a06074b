"""What this authorization server does, told to applications before they ask.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known,
https://www.rfc-editor.org/rfc/rfc8414, https://openid.net/specs/openid-connect-discovery-1_0.html.
Everything is said from what is true of this installation.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from egide.accounts.signing import ALGORITHM
from egide.api.smart import introspection, pkce, revocation, token
from egide.api.smart.keys import KINDS
from egide.gate.scopes import CONTEXT
from egide.http.levels import LEVELS
from egide.http.negotiation import PLAIN_JSON
from egide.http.response import Response

AUTHORIZE = "/oauth/authorize"
JWKS = "/oauth/jwks"
REGISTER = "/oauth/register"
SMART = "/fhir/.well-known/smart-configuration"
METADATA = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"

_ALWAYS = (
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "permission-v1",
    "permission-v2",
)
_WITH_PEOPLE = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "sso-openid-connect",
    "context-banner",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "context-standalone-encounter",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
)
_BY_KEY_OR_SECRET = ("client_secret_basic", "client_secret_post", "private_key_jwt")


@dataclass(frozen=True, slots=True)
class Offer:
    """What of an authorization server there is besides tokens for applications by themselves.

    `authorizes`: people can approve applications (a page of consent is there); `registers`:
    applications can register themselves.
    """

    authorizes: bool = False
    registers: bool = False


def smart(issuer: str, offer: Offer) -> dict[str, Any]:
    """The body of `/fhir/.well-known/smart-configuration`."""
    return {
        **_endpoints(issuer, offer),
        **({"issuer": issuer, "jwks_uri": f"{issuer}{JWKS}"} if offer.authorizes else {}),
        "capabilities": [*_ALWAYS, *(_WITH_PEOPLE if offer.authorizes else ())],
    }


def metadata(issuer: str, offer: Offer) -> dict[str, Any]:
    """The body of `/.well-known/oauth-authorization-server`, and of OpenID's own page."""
    said = {"issuer": issuer, "jwks_uri": f"{issuer}{JWKS}", **_endpoints(issuer, offer)}
    if offer.authorizes:
        said |= {
            "authorization_response_iss_parameter_supported": True,
            "response_modes_supported": ["query"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "acr_values_supported": list(LEVELS.values()),
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }
    return said


def published(said: dict[str, Any]) -> Response:
    """A page everybody may read, from any site, and keep for some minutes."""
    headers = [(b"cache-control", b"public, max-age=300"), (b"access-control-allow-origin", b"*")]
    return Response(200, msgspec.json.encode(said), headers, PLAIN_JSON)


def _endpoints(issuer: str, offer: Offer) -> dict[str, Any]:
    ways = list(_BY_KEY_OR_SECRET)
    said: dict[str, Any] = {
        "token_endpoint": f"{issuer}{token.PATH}",
        "token_endpoint_auth_methods_supported": [*ways, *(["none"] if offer.authorizes else [])],
        "token_endpoint_auth_signing_alg_values_supported": list(KINDS),
        "introspection_endpoint": f"{issuer}{introspection.PATH}",
        "introspection_endpoint_auth_methods_supported": ways,
        "revocation_endpoint": f"{issuer}{revocation.PATH}",
        "code_challenge_methods_supported": list(pkce.METHODS),
        "scopes_supported": ["system/*.cruds"],
    }
    grants = ["client_credentials"]
    if offer.authorizes:
        grants = list(token.GRANTS)
        said["authorization_endpoint"] = f"{issuer}{AUTHORIZE}"
        said["scopes_supported"] = [*sorted(CONTEXT), "patient/*.cruds", "user/*.cruds"]
        said["scopes_supported"].append("system/*.cruds")
    said["response_types_supported"] = ["code"] if offer.authorizes else []
    said["grant_types_supported"] = grants
    if offer.registers:
        said["registration_endpoint"] = f"{issuer}{REGISTER}"
    return said
