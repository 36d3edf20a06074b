"""Revocation: an application gives back what it no longer needs.

https://www.rfc-editor.org/rfc/rfc7009. A refresh token ends everything that was approved with it;
an access token ends alone. What is unknown, or ended already, is answered like what ends now; what
is another application's is refused (§2.1).
"""

from egide.accounts import Accounts
from egide.api.smart.answers import answer, answering
from egide.api.smart.proving import Proving
from egide.api.smart.refusals import GrantRefused
from egide.http.request import Request
from egide.http.response import Response

PATH = "/oauth/revoke"


class Revocation:
    """Answers `POST /oauth/revoke`."""

    def __init__(self, accounts: Accounts, proving: Proving) -> None:
        self._accounts = accounts
        self._proving = proving

    async def respond(self, request: Request) -> Response:
        """200, or an error of RFC 6749 §5.2."""
        return await answering(self._revoke(request))

    async def _revoke(self, request: Request) -> Response:
        presented = await self._proving.presented(request)
        own = presented.by
        about = await self._accounts.about(presented.token)
        if about is not None:
            if about.client_id != own.client_id:
                raise _anothers()
            await self._accounts.revoke_session(about.session, account=about.account)
            return answer(200, {})
        approval = await self._accounts.approvals.of_refresh_token(presented.token)
        if approval is not None:
            if approval.application != own.account:
                raise _anothers()
            await self._accounts.approvals.end(approval.number, reason="given-back")
        return answer(200, {})


def _anothers() -> GrantRefused:
    return GrantRefused("unauthorized_client", "It was not issued to this application")
