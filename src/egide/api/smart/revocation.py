"""Revocation: an application gives back what it no longer needs.

https://www.rfc-editor.org/rfc/rfc7009. A refresh token ends everything that was approved with it;
an access token ends alone. What is unknown, or ended already, is answered like what ends now; what
is another application's is refused (§2.1).
"""

from egide.accounts import Accounts
from egide.api.smart import credentials
from egide.api.smart.answers import answer, answering
from egide.api.smart.issuer import issuer_of
from egide.api.smart.proving import Fetch, Proving, form_of
from egide.api.smart.refusals import GrantRefused
from egide.api.smart.token import PATH as TOKEN_PATH
from egide.clock import Clock
from egide.http.request import Request
from egide.http.response import Response

PATH = "/oauth/revoke"
_KNOWN = ("token", "token_type_hint", *credentials.NAMES)


class Revocation:
    """Answers `POST /oauth/revoke`."""

    def __init__(
        self,
        accounts: Accounts,
        clock: Clock,
        *,
        base_url: str | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        self._accounts = accounts
        self._base_url = base_url
        self._proving = Proving(accounts, clock, fetch)

    async def respond(self, request: Request) -> Response:
        """200, or an error of RFC 6749 §5.2."""
        return await answering(self._revoke(request))

    async def _revoke(self, request: Request) -> Response:
        form = await form_of(request, _KNOWN)
        if "token" not in form:
            raise GrantRefused("invalid_request", "token is missing")
        proved = await self._proving.proved(
            credentials.credentials_of(request.headers.get(b"authorization"), form),
            lambda: f"{issuer_of(request, self._base_url)}{TOKEN_PATH}",
            request.address,
        )
        own = proved.application
        about = await self._accounts.about(form["token"])
        if about is not None:
            if about.client_id != own.client_id:
                raise _anothers()
            await self._accounts.revoke_session(about.session, account=about.account)
            return answer(200, {})
        approval = await self._accounts.approvals.of_refresh_token(form["token"])
        if approval is not None:
            if approval.application != own.account:
                raise _anothers()
            await self._accounts.approvals.end(approval.number, reason="given-back")
        return answer(200, {})


def _anothers() -> GrantRefused:
    return GrantRefused("unauthorized_client", "It was not issued to this application")
