"""The code grant: a code is exchanged by the application it was given to, with its verifier.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3, https://www.rfc-editor.org/rfc/rfc7636#section-4.5.
"""

from collections.abc import Mapping

from egide.accounts import Application, Redeemed
from egide.api.smart import pkce
from egide.api.smart.refusals import GrantRefused


def code_of(form: Mapping[str, str]) -> str:
    """The code of a request that has all it needs. Raises GrantRefused."""
    for name in ("code", "redirect_uri", "code_verifier"):
        if name not in form:
            raise GrantRefused("invalid_request", f"{name} is missing")
    return form["code"]


def fault(form: Mapping[str, str], redeemed: Redeemed, application: Application) -> str:
    """Why a code that was good is not this request's, as a code for the ledger; "" when it is."""
    if redeemed.approval.application != application.account:
        return "code-of-another"
    if form["redirect_uri"] != redeemed.redirect_uri:
        return "wrong-redirect"
    if not pkce.verified(form["code_verifier"], redeemed.challenge):
        return "wrong-verifier"
    return ""
