"""Applications prove themselves at the endpoints they call by themselves.

A failure is counted and filed as a wrong secret is; which proof was wrong is not told.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from egide.accounts import Accounts, Application, Client, ClientRefused, TooManyAttempts
from egide.api.smart import assertion
from egide.api.smart.credentials import BASIC_CHALLENGE, Credentials, once
from egide.api.smart.refusals import GrantRefused
from egide.clock import Clock
from egide.errors import EgideError, Incorrect
from egide.http.form import MEDIA
from egide.http.negotiation import check_body
from egide.http.refusals import MediaTypeUnsupported
from egide.http.request import Request
from egide.http.response import Header

Fetch = Callable[[str], Awaitable[bytes]]
"""Brings the key set published at an address. Raises EgideError."""

_FORM = frozenset({MEDIA.decode("ascii")})
_MOST = 16 * 1024
"""Bytes of a form: nobody has proved anything yet."""


@dataclass(frozen=True, slots=True)
class Proved:
    """An application, and what it proved itself with (nothing, when it is public)."""

    application: Application
    client: Client


async def form_of(request: Request, known: Sequence[str]) -> dict[str, str]:
    """The form of a request, of the parameters in `known`. Raises GrantRefused."""
    try:
        check_body(request.headers.get(b"content-type"), _FORM)
        return once(await request.form(_MOST), known)
    except (MediaTypeUnsupported, Incorrect) as error:
        raise GrantRefused("invalid_request", error.message) from None


class Proving:
    """Tells which application asks. `fetch` is how published key sets are brought; None: not."""

    def __init__(self, accounts: Accounts, clock: Clock, fetch: Fetch | None = None) -> None:
        self._accounts = accounts
        self._clock = clock
        self._fetch = fetch

    async def proved(
        self, credentials: Credentials, audience: Callable[[], str], address: str
    ) -> Proved:
        """The application that says `credentials` from the network address `address`.

        `audience` gives the address that assertions are meant for.

        Raises GrantRefused: 401, or 429 after too many failures.
        """
        try:
            if credentials.assertion is not None:
                return await self._by_key(credentials, audience(), address)
            if credentials.secret is not None:
                return await self._by_secret(credentials, address)
            return await self._by_name(credentials, address)
        except (ClientRefused, TooManyAttempts) as error:
            challenge = [BASIC_CHALLENGE] if credentials.basic else []
            raise refused(error, "invalid_client", 401, challenge) from None

    async def _by_secret(self, credentials: Credentials, address: str) -> Proved:
        client = await self._accounts.clients.authenticate(
            credentials.client_id, credentials.secret or "", address=address
        )
        application = await self._accounts.applications.find(client.client_id)
        if application is None:
            raise ClientRefused("The client is not known or its secret is wrong")
        return Proved(application, client)

    async def _by_key(self, credentials: Credentials, audience: str, address: str) -> Proved:
        text = credentials.assertion or ""
        client_id = credentials.client_id
        try:
            claimed = assertion.claimed(text)
            if client_id not in ("", claimed):
                raise Incorrect("client_id differs from the one in the assertion")
            client_id = claimed
            application = await self._accounts.applications.find(client_id)
            if application is None or application.disabled is not None:
                raise Incorrect("there is no such application")
            if application.registration.proof != "key":
                raise Incorrect("the application does not prove itself by a key")
            jwks = await self._jwks(application)
            proof = assertion.verify(text, client_id, jwks, [audience], self._clock())
        except Incorrect:
            raise await self._refuse("wrong-assertion", client_id, address) from None
        first = await self._accounts.applications.use_assertion(
            application, proof.jti, proof.expires
        )
        if not first:
            raise await self._refuse("replayed-assertion", client_id, address)
        return _proved(application)

    async def _by_name(self, credentials: Credentials, address: str) -> Proved:
        application = await self._accounts.applications.find(credentials.client_id)
        if (
            application is None
            or application.disabled is not None
            or application.registration.proof != "none"
        ):
            raise await self._refuse("no-proof", credentials.client_id, address)
        return _proved(application)

    async def _jwks(self, application: Application) -> str | bytes:
        registration = application.registration
        if registration.jwks is not None:
            return registration.jwks
        if registration.jwks_uri is None or self._fetch is None:
            raise Incorrect("the application's keys are not known here")
        try:
            return await self._fetch(registration.jwks_uri)
        except EgideError:
            raise Incorrect("the application's keys cannot be fetched") from None

    async def _refuse(self, reason: str, client_id: str, address: str) -> EgideError:
        return await self._accounts.clients.refused(reason, client_id, address=address)


def refused(
    error: EgideError, word: str, status: int = 400, headers: Sequence[Header] = ()
) -> GrantRefused:
    """What was refused, in the words of OAuth; told to wait when it was refused too often."""
    if isinstance(error, TooManyAttempts):
        later: Header = (b"retry-after", b"%d" % error.retry_after)
        return GrantRefused("temporarily_unavailable", error.message, 429, [later])
    return GrantRefused(word, error.message, status, headers)


def _proved(application: Application) -> Proved:
    roles = frozenset(application.registration.roles)
    client = Client(application.client_id, application.account, roles, application.stamp)
    return Proved(application, client)
