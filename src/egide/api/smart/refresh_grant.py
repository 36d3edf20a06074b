"""The refresh grant: an approval that lasts gives another access token, never a wider one.

https://www.rfc-editor.org/rfc/rfc6749#section-6.
"""

from collections.abc import Mapping

from egide.api.smart import scopes
from egide.api.smart.refusals import GrantRefused
from egide.errors import Incorrect


def refresh_token_of(form: Mapping[str, str]) -> str:
    """The refresh token of a request. Raises GrantRefused."""
    if "refresh_token" not in form:
        raise GrantRefused("invalid_request", "refresh_token is missing")
    return form["refresh_token"]


def scope_of(form: Mapping[str, str], approved: str) -> str:
    """The scope of the new access token: what was approved, or the part asked for.

    Raises GrantRefused when more is asked for.
    """
    if "scope" not in form:
        return approved
    try:
        asked = scopes.checked(form["scope"])
        if not asked or not scopes.within(asked, approved):
            raise Incorrect("the scope is wider than what was approved")
    except Incorrect as error:
        raise GrantRefused("invalid_scope", error.message) from None
    return asked
