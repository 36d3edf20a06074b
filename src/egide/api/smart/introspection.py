"""Introspection: what a resource server may know about an access token it was shown.

https://www.rfc-editor.org/rfc/rfc7662#section-2.2,
https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html. An application is told about
its own access tokens; about others only when it is registered with the right to ask. The ledger
knows who asked.
"""

from typing import Any

from egide.accounts import About, Accounts, Context
from egide.api.smart.answers import answer, answering
from egide.api.smart.fhir_user import fhir_user
from egide.api.smart.issuer import issuer_of
from egide.api.smart.proving import Proving
from egide.api.smart.refusals import GrantRefused
from egide.api.smart.scopes import words
from egide.http.levels import LEVELS
from egide.http.request import Request
from egide.http.response import Response

PATH = "/oauth/introspect"

INACTIVE: dict[str, Any] = {"active": False}
"""All that is said of one that is unknown, expired, revoked, or not the asker's business."""


def told(
    about: About,
    *,
    issuer: str,
    audience: str,
    subject: str | None = None,
    context: Context | None = None,
    assurance: int = 1,
    who: str | None = None,
) -> dict[str, Any]:
    """The answer for an access token that is good.

    The rest is there when it acts for a person: `assurance` is how strongly he was authenticated
    (https://www.rfc-editor.org/rfc/rfc9470#section-6.2), `who` the address of his own resource.
    """
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
    if context is not None:
        said["acr"] = LEVELS[assurance]
        if context.authenticated is not None:
            said["auth_time"] = context.authenticated
    if context is not None and context.launched:
        said["patient"] = context.launched
    if context is not None and context.encounter:
        said["encounter"] = context.encounter
    if who is not None:
        said["fhirUser"] = who
    return said


class Introspection:
    """Answers `POST /oauth/introspect`."""

    def __init__(
        self, accounts: Accounts, proving: Proving, *, base_url: str | None = None
    ) -> None:
        self._accounts = accounts
        self._base_url = base_url
        self._proving = proving

    async def respond(self, request: Request) -> Response:
        """200 with what may be told, or an error of RFC 6749 §5.2."""
        return await answering(self._tell(request))

    async def _tell(self, request: Request) -> Response:
        presented = await self._proving.presented(request)
        issuer = issuer_of(request, self._base_url)
        asker, access_token = presented.by, presented.token
        if asker.registration.proof == "none":
            raise GrantRefused("invalid_client", "A public application cannot ask", 401)
        about = await self._accounts.about(access_token)
        if about is None:
            return answer(200, INACTIVE)
        allowed = asker.registration.introspects or about.client_id == asker.client_id
        await self._accounts.asked_about(about, asker.client_id, allowed, address=request.address)
        if not allowed:
            return answer(200, INACTIVE)
        approval = await self._accounts.approvals.of_access_token(access_token)
        audience = f"{issuer}/fhir"
        if approval is None:
            said = told(about, issuer=issuer, audience=audience)
        else:
            named = "fhirUser" in words(about.scope)
            said = told(
                about,
                issuer=issuer,
                audience=audience,
                subject=self._accounts.signing.subject(approval.account, about.client_id),
                context=approval.context,
                assurance=approval.assurance,
                who=fhir_user(approval.context, audience) if named else None,
            )
        return answer(200, said)
