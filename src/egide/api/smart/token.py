"""The token endpoint: an application exchanges what it has for an access token.

https://www.rfc-editor.org/rfc/rfc6749#section-3.2: its own proof (client credentials), a code a
person's approval brought, or a refresh token.
https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-access-token
"""

from collections.abc import Mapping
from typing import Any

from egide.accounts import (
    LIFETIME,
    Accounts,
    Approval,
    ClientRefused,
    CodeRefused,
    Issued,
)
from egide.api.smart import client_credentials, code_grant, credentials, id_token, refresh_grant
from egide.api.smart.answers import answer, answering
from egide.api.smart.credentials import Credentials
from egide.api.smart.fhir_user import fhir_user
from egide.api.smart.issuer import issuer_of
from egide.api.smart.proving import MEANT_FOR, Proved, Proving, form_of, refused
from egide.api.smart.refusals import GrantRefused
from egide.api.smart.scopes import asked_for, words
from egide.clock import Clock, system_clock
from egide.errors import Incorrect
from egide.gate.scopes import parse
from egide.http.refusals import MethodNotAllowed
from egide.http.request import Request
from egide.http.response import Response

PATH = MEANT_FOR
GRANTS = ("authorization_code", "client_credentials", "refresh_token")
KNOWN = (
    "grant_type",
    "scope",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    *credentials.NAMES,
)


class Token:
    """Answers `POST /oauth/token`."""

    def __init__(
        self,
        accounts: Accounts,
        proving: Proving,
        clock: Clock = system_clock,
        *,
        base_url: str | None = None,
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._base_url = base_url
        self._proving = proving

    async def respond(self, request: Request) -> Response:
        """200 with an access token, or an error of RFC 6749 §5.2 (401, 400, 429)."""
        if request.method != "POST":
            raise MethodNotAllowed(["POST"])
        return await answering(self._grant(request))

    async def _grant(self, request: Request) -> Response:
        form = await form_of(request, KNOWN)
        said_by = await self._credentials(request, form)
        check_grant(form)
        proved = await self._proving.proved(said_by, request)
        try:
            if form["grant_type"] == "client_credentials":
                said = await self._for_itself(form, proved)
            elif form["grant_type"] == "refresh_token":
                said = await self._refreshed(form, proved, request)
            else:
                said = await self._exchanged(form, proved, request)
        except ClientRefused as error:
            raise refused(error, "invalid_grant") from None
        return answer(200, said)

    async def _credentials(self, request: Request, form: Mapping[str, str]) -> Credentials:
        """Whom the application says it is; one that only shows a refresh token, whose that is.

        SMART asks a public application for no more, and its own JavaScript client sends no more.
        It is then held to be public: one that can prove itself is refused.
        https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#refresh-access-token
        """
        authorization = request.headers.get(b"authorization")
        alone = authorization is None and not any(name in form for name in credentials.NAMES)
        if alone and form.get("grant_type") == "refresh_token" and "refresh_token" in form:
            holder = await self._accounts.approvals.holder(form["refresh_token"])
            return Credentials(holder, None, False)
        return credentials.credentials_of(authorization, form)

    async def _for_itself(self, form: Mapping[str, str], proved: Proved) -> dict[str, Any]:
        scope = client_credentials.scope_of(form, proved.application)
        lifetime = client_credentials.lifetime(proved.application)
        try:
            issued = await self._accounts.issue(proved.client, scope=scope, lifetime=lifetime)
        except ClientRefused as error:
            raise refused(error, "invalid_client", 401) from None
        return _said(issued)

    async def _exchanged(
        self, form: Mapping[str, str], proved: Proved, request: Request
    ) -> dict[str, Any]:
        code = code_grant.code_of(form)
        try:
            redeemed = await self._accounts.approvals.redeem(code)
        except CodeRefused:
            raise await self._refuse("wrong-code", proved, request) from None
        approval = redeemed.approval
        reason = code_grant.fault(form, redeemed, proved.application)
        if reason:
            await self._accounts.approvals.end(approval.number, reason=reason)
            raise await self._refuse(reason, proved, request)
        issued = await self._accounts.issue_from(approval, lifetime=LIFETIME)
        said = self._with_context(_said(issued), approval, request)
        if approval.lasting != "brief":
            said["refresh_token"] = await self._accounts.approvals.refresh_token(approval)
        if "openid" in words(approval.scope):
            said["id_token"] = await self._id_token(approval, redeemed.nonce, request)
        return said

    async def _refreshed(
        self, form: Mapping[str, str], proved: Proved, request: Request
    ) -> dict[str, Any]:
        text = refresh_grant.refresh_token_of(form)
        approvals = self._accounts.approvals
        known = await approvals.of_refresh_token(text)
        if known is not None and known.application == proved.application.account:
            refresh_grant.scope_of(form, known.scope)
        try:
            refreshed = await approvals.refresh(text, proved.application.account)
        except CodeRefused:
            raise await self._refuse("wrong-refresh-token", proved, request) from None
        approval = refreshed.approval
        scope = refresh_grant.scope_of(form, approval.scope)
        issued = await self._accounts.issue_from(approval, scope=scope, lifetime=LIFETIME)
        said = self._with_context(_said(issued), approval, request)
        said["refresh_token"] = refreshed.refresh_token
        return said

    def _with_context(
        self, said: dict[str, Any], approval: Approval, request: Request
    ) -> dict[str, Any]:
        """With the launch context: SMART App Launch §2.0.9, and whose the access token is."""
        context = approval.context
        if context.launched is not None:
            said["patient"] = context.launched
            said["need_patient_banner"] = context.banner
        if context.encounter is not None:
            said["encounter"] = context.encounter
        if "fhirUser" in words(approval.scope):
            who = fhir_user(context, f"{issuer_of(request, self._base_url)}/fhir")
            if who is not None:
                said["fhirUser"] = who
        return said

    async def _id_token(self, approval: Approval, nonce: str | None, request: Request) -> str:
        issuer = issuer_of(request, self._base_url)
        signing = self._accounts.signing
        who = None
        if "fhirUser" in words(approval.scope):
            who = fhir_user(approval.context, f"{issuer}/fhir")
        said = id_token.claims(
            issuer=issuer,
            subject=signing.subject(approval.account, approval.client_id),
            client_id=approval.client_id,
            now=self._clock(),
            authenticated=approval.context.authenticated,
            means=approval.context.means,
            assurance=approval.assurance,
            nonce=nonce,
            fhir_user=who,
        )
        key = await signing.current()
        return id_token.signed(said, key.kid, key.private)

    async def _refuse(self, reason: str, proved: Proved, request: Request) -> GrantRefused:
        error = await self._accounts.clients.refused(
            reason, proved.application.client_id, address=request.address
        )
        refusal = refused(error, "invalid_grant")
        if refusal.status == 429:
            return refusal
        return GrantRefused("invalid_grant", "What was presented is not good, or not yours")


def check_grant(form: Mapping[str, str]) -> None:
    """Refuses unknown grants, and scopes that do not read, before anybody proves anything."""
    if "grant_type" not in form:
        raise GrantRefused("invalid_request", "grant_type is missing")
    if form["grant_type"] not in GRANTS:
        raise GrantRefused("unsupported_grant_type", f"The grants here: {', '.join(GRANTS)}")
    if "scope" in form:
        try:
            parse(asked_for(form["scope"]))
        except Incorrect as error:
            raise GrantRefused("invalid_scope", error.message) from None


def _said(issued: Issued) -> dict[str, Any]:
    return {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.seconds,
        "scope": issued.scope,
    }
