"""Introspection: what a resource server may know about an access token it was shown.

https://www.rfc-editor.org/rfc/rfc7662#section-2.2,
https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html.
"""

from typing import Any

from egide.accounts import About, Context

INACTIVE: dict[str, Any] = {"active": False}
"""All that is said of one that is unknown, expired, revoked, or not the asker's business."""


def told(
    about: About,
    *,
    issuer: str,
    audience: str,
    subject: str | None = None,
    context: Context | None = None,
    fhir_user: str | None = None,
) -> dict[str, Any]:
    """The answer for an access token that is good; the rest is there when it acts for a person."""
    said: dict[str, Any] = {
        "active": True,
        "scope": about.scope,
        "client_id": about.client_id,
        "token_type": "Bearer",
        "iat": int(about.issued.timestamp()),
        "exp": int(about.expires.timestamp()),
        "iss": issuer,
        "aud": audience,
    }
    if subject is not None:
        said["sub"] = subject
    if context is not None and context.launched:
        said["patient"] = context.launched
    if context is not None and context.encounter:
        said["encounter"] = context.encounter
    if fhir_user is not None:
        said["fhirUser"] = fhir_user
    return said
