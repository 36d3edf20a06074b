"""Who asks: the Authorization header becomes an Actor.

https://www.rfc-editor.org/rfc/rfc6750#section-2.1: the header only, never a query string or a
form, since addresses end up in logs.
"""

import re
from typing import Final, Protocol

from egide.actor import Actor, Zone
from egide.errors import Unauthenticated
from egide.http.request import Request
from egide.http.response import Header

_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9\-._~+/]{1,512}=*)", re.ASCII)


class Accounts(Protocol):
    """Whoever knows access tokens: `egide.accounts.Accounts`."""

    async def resolve(
        self, access_token: str, *, address: str = "", zone: Zone = "outside"
    ) -> Actor:
        """The actor of an access token. Raises Unauthenticated when it is not, or no more, one."""
        ...


class AccessTokenRefused(Unauthenticated):
    """The access token is not one of ours, or no longer."""

    challenge: Final[Header] = (
        b"www-authenticate",
        b'Bearer realm="egide", error="invalid_token"',
    )


async def actor_of(request: Request, accounts: Accounts) -> Actor:
    """The actor behind `request`. Raises Unauthenticated, with the challenge RFC 6750 asks for."""
    credentials = request.headers.get(b"authorization")
    if credentials is None:
        raise Unauthenticated("This request carries no access token")
    found = _BEARER.fullmatch(credentials)
    if found is None:
        raise Unauthenticated("The Authorization header carries no bearer access token")
    try:
        return await accounts.resolve(
            found[1].decode("ascii"), address=request.address, zone=request.zone
        )
    except Unauthenticated as error:
        raise AccessTokenRefused(error.message) from None
