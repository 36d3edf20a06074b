"""The authorization server's addresses that need no page: one object for the door to mount."""

import msgspec

from egide.accounts import Accounts
from egide.api.smart import configuration, introspection, revocation, token
from egide.api.smart.configuration import Offer, published
from egide.api.smart.introspection import Introspection
from egide.api.smart.issuer import issuer_of
from egide.api.smart.key_sets import KeySets
from egide.api.smart.proving import Proving
from egide.api.smart.registration import Registering
from egide.api.smart.revocation import Revocation
from egide.api.smart.token import Token
from egide.clock import Clock
from egide.errors import NotFound
from egide.http.request import Request
from egide.http.response import Response
from egide.http.routes import Answer, Route


class Server:
    """Answers `/oauth/…` and what is well known about it."""

    def __init__(
        self,
        accounts: Accounts,
        clock: Clock,
        offer: Offer,
        *,
        base_url: str | None,
        key_sets: KeySets | None = None,
    ) -> None:
        """`key_sets` are those applications publish; None: they are not fetched."""
        self.offer = offer
        self._accounts = accounts
        self._base_url = base_url
        proving = Proving(accounts, clock, base_url=base_url, key_sets=key_sets)
        self.token = Token(accounts, proving, clock, base_url=base_url)
        self.introspection = Introspection(accounts, proving, base_url=base_url)
        self.revocation = Revocation(accounts, proving)
        self._registering = Registering(accounts, clock)

    async def smart(self, request: Request) -> Response:
        """What SMART applications look up first."""
        return published(configuration.smart(issuer_of(request, self._base_url), self.offer))

    async def metadata(self, request: Request) -> Response:
        """The same for any client of OAuth and OpenID Connect."""
        return published(configuration.metadata(issuer_of(request, self._base_url), self.offer))

    async def jwks(self, request: Request) -> Response:
        """The keys to check our signatures with."""
        keys = await self._accounts.signing.public()
        return published({"keys": [msgspec.json.decode(each) for each in keys]})

    async def register(self, request: Request) -> Response:
        """An application registers itself. Raises NotFound where that is off."""
        if not self.offer.registers:
            raise NotFound("applications do not register themselves here")
        return await self._registering.respond(request)


async def _token(server: Server, request: Request) -> Response:
    return await server.token.respond(request)


async def _introspect(server: Server, request: Request) -> Response:
    return await server.introspection.respond(request)


async def _revoke(server: Server, request: Request) -> Response:
    return await server.revocation.respond(request)


async def _register(server: Server, request: Request) -> Response:
    return await server.register(request)


async def _jwks(server: Server, request: Request) -> Response:
    return await server.jwks(request)


async def _smart(server: Server, request: Request) -> Response:
    return await server.smart(request)


async def _metadata(server: Server, request: Request) -> Response:
    return await server.metadata(request)


ROUTES = (
    Route(token.PATH, {"POST": Answer(_token)}),
    Route(introspection.PATH, {"POST": Answer(_introspect)}),
    Route(revocation.PATH, {"POST": Answer(_revoke)}),
    Route(configuration.REGISTER, {"POST": Answer(_register)}),
    Route(configuration.JWKS, {"GET": Answer(_jwks)}),
    Route(configuration.SMART, {"GET": Answer(_smart)}),
    Route(configuration.METADATA, {"GET": Answer(_metadata)}),
    Route(configuration.OPENID, {"GET": Answer(_metadata)}),
)
"""Answers are given the server and the request."""
