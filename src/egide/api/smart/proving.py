"""Applications prove themselves at the endpoints they call by themselves.

A failure is counted and filed as a wrong secret is; which proof was wrong is not told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from egide.accounts import Accounts, Application, Client, ClientRefused, TooManyAttempts
from egide.api.smart import assertion, credentials
from egide.api.smart.assertion import Assertion
from egide.api.smart.credentials import BASIC_CHALLENGE, Credentials, once
from egide.api.smart.issuer import issuer_of
from egide.api.smart.key_sets import KeySets
from egide.api.smart.refusals import GrantRefused
from egide.clock import Clock
from egide.errors import EgideError, Incorrect, Unavailable
from egide.http.form import MEDIA
from egide.http.negotiation import check_body
from egide.http.refusals import MediaTypeUnsupported
from egide.http.request import Request
from egide.http.response import Header

MEANT_FOR = "/oauth/token"
"""Whatever endpoint an assertion is shown at, it is meant for this one."""
_FORM = frozenset({MEDIA.decode("ascii")})
_PRESENTED = ("token", "token_type_hint", *credentials.NAMES)
_MOST = 16 * 1024
"""Bytes of a form: nobody has proved anything yet."""


@dataclass(frozen=True, slots=True)
class Proved:
    """An application, and what it proved itself with (nothing, when it is public)."""

    application: Application
    client: Client


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that an application shows, to ask about it or to give it back."""

    by: Application
    token: str = field(repr=False)


async def form_of(request: Request, known: Sequence[str]) -> dict[str, str]:
    """The form of a request, of the parameters in `known`. Raises GrantRefused."""
    try:
        check_body(request.headers.get(b"content-type"), _FORM)
        return once(await request.form(_MOST), known)
    except (MediaTypeUnsupported, Incorrect) as error:
        raise GrantRefused("invalid_request", error.message) from None


class Proving:
    """Tells which application asks."""

    def __init__(
        self,
        accounts: Accounts,
        clock: Clock,
        *,
        base_url: str | None = None,
        key_sets: KeySets | None = None,
    ) -> None:
        """`key_sets` are those applications publish; None: they are not fetched."""
        self._accounts = accounts
        self._clock = clock
        self._base_url = base_url
        self._key_sets = key_sets

    async def proved(self, said: Credentials, request: Request) -> Proved:
        """The application that says `said` in `request`.

        Raises GrantRefused: 401, or 429 after too many failures.
        """
        address = request.address
        try:
            if said.assertion is not None:
                audience = f"{issuer_of(request, self._base_url)}{MEANT_FOR}"
                return await self._by_key(said, audience, address)
            if said.secret is not None:
                return await self._by_secret(said, address)
            return await self._by_name(said, address)
        except (ClientRefused, TooManyAttempts) as error:
            challenge = [BASIC_CHALLENGE] if said.basic else []
            raise refused(error, "invalid_client", 401, challenge) from None

    async def presented(self, request: Request) -> Presented:
        """The token in the form of `request`, once who shows it has proved itself.

        https://www.rfc-editor.org/rfc/rfc7009#section-2.1,
        https://www.rfc-editor.org/rfc/rfc7662#section-2.1. Raises GrantRefused.
        """
        form = await form_of(request, _PRESENTED)
        if "token" not in form:
            raise GrantRefused("invalid_request", "token is missing")
        said = credentials.credentials_of(request.headers.get(b"authorization"), form)
        return Presented((await self.proved(said, request)).application, form["token"])

    async def _by_secret(self, said: Credentials, address: str) -> Proved:
        client = await self._accounts.clients.authenticate(
            said.client_id, said.secret or "", address=address
        )
        application = await self._accounts.applications.find(client.client_id)
        if application is None:
            raise ClientRefused("The client is not known or its secret is wrong")
        return Proved(application, client)

    async def _by_key(self, said: Credentials, audience: str, address: str) -> Proved:
        text = said.assertion or ""
        client_id = said.client_id
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
            proof = await self._verified(text, application, audience)
        except Incorrect:
            raise await self._refuse("wrong-assertion", client_id, address) from None
        except Unavailable:
            raise await self._refuse("keys-unreachable", client_id, address) from None
        first = await self._accounts.applications.use_assertion(
            application, proof.jti, proof.expires
        )
        if not first:
            raise await self._refuse("replayed-assertion", client_id, address)
        return _proved(application)

    async def _by_name(self, said: Credentials, address: str) -> Proved:
        application = await self._accounts.applications.find(said.client_id)
        if (
            application is None
            or application.disabled is not None
            or application.registration.proof != "none"
        ):
            raise await self._refuse("no-proof", said.client_id, address)
        return _proved(application)

    async def _verified(self, text: str, application: Application, audience: str) -> Assertion:
        """The assertion, by a key that is the application's now. Raises Incorrect, Unavailable.

        Where keys were changed with an overlap, either set will do.
        """
        now = self._clock()
        wrong = Incorrect("the application's keys are not known here")
        for jwks in application.given_keys(now):
            try:
                return assertion.verify(text, application.client_id, jwks, [audience], now)
            except Incorrect as error:
                wrong = error
        published = application.registration.jwks_uri
        if published is None or self._key_sets is None:
            raise wrong
        fetched = await self._key_sets.find(published, assertion.kid_of(text))
        return assertion.verify(text, application.client_id, fetched, [audience], now)

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
