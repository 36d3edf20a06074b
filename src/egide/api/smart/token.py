"""The token endpoint: a client application exchanges its secret for an access token.

https://www.rfc-editor.org/rfc/rfc6749#section-4.4 (client credentials), #section-2.3.1 (Basic, or
the form), #section-5 (answers and errors). Secrets are never read from the address. The only scope
there is says "what my roles allow"; asking for another is refused rather than granted wider.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from egide.accounts import SCOPE, Accounts, ClientRefused, Issued, TooManyAttempts
from egide.errors import EgideError, Incorrect
from egide.http.form import MEDIA, plain
from egide.http.negotiation import PLAIN_JSON, check_body
from egide.http.refusals import MediaTypeUnsupported, MethodNotAllowed
from egide.http.request import Request
from egide.http.response import Header, Response

_FORM = frozenset({MEDIA.decode("ascii")})
_BASIC = re.compile(rb"[Bb][Aa][Ss][Ii][Cc] +([A-Za-z0-9+/]+=*)")
_KNOWN = ("grant_type", "client_id", "client_secret", "scope")
_SAME = frozenset({SCOPE, "system/*.*"})
"""The scope there is, in SMART's second and first spelling."""
_MOST = 16 * 1024
"""Bytes of a form: nobody has proved anything yet."""
_KEPT_NOWHERE: tuple[Header, ...] = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_BASIC_CHALLENGE: Header = (b"www-authenticate", b'Basic realm="egide", charset="UTF-8"')


class GrantRefused(EgideError):
    """The request for an access token is refused, in the words of RFC 6749 §5.2."""

    category = "incorrect"

    def __init__(
        self, error: str, description: str, status: int = 400, headers: Sequence[Header] = ()
    ) -> None:
        super().__init__(description)
        self.error = error
        self.status = status
        self.headers = tuple(headers)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client application says to prove itself, and whether in the header."""

    client_id: str
    secret: str
    basic: bool


class Token:
    """Answers `POST /oauth/token`."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def respond(self, request: Request) -> Response:
        """200 with an access token, or an error of RFC 6749 §5.2 (401, 400, 429)."""
        if request.method != "POST":
            raise MethodNotAllowed(["POST"])
        try:
            issued = await self._grant(request)
        except GrantRefused as error:
            said = {"error": error.error, "error_description": error.message}
            return _answer(error.status, said, error.headers)
        granted = {
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "expires_in": issued.seconds,
            "scope": issued.scope,
        }
        return _answer(200, granted)

    async def _grant(self, request: Request) -> Issued:
        try:
            check_body(request.headers.get(b"content-type"), _FORM)
            form = once(await request.form(_MOST))
        except (MediaTypeUnsupported, Incorrect) as error:
            raise GrantRefused("invalid_request", error.message) from None
        credentials = credentials_of(request.headers.get(b"authorization"), form)
        check_grant(form)
        try:
            client = await self._accounts.clients.authenticate(
                credentials.client_id, credentials.secret, address=request.address
            )
            return await self._accounts.issue(client)
        except ClientRefused as error:
            challenge = [_BASIC_CHALLENGE] if credentials.basic else []
            raise GrantRefused("invalid_client", error.message, 401, challenge) from None
        except TooManyAttempts as error:
            later: Header = (b"retry-after", b"%d" % error.retry_after)
            raise GrantRefused("temporarily_unavailable", error.message, 429, [later]) from None


def once(form: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The parameters we know; one that is there twice is refused, an empty one is as absent."""
    found: dict[str, str] = {}
    for name, value in form:
        if name in _KNOWN and value:
            if name in found:
                raise GrantRefused("invalid_request", f"{name} is there twice")
            found[name] = value
    return found


def credentials_of(authorization: bytes | None, form: Mapping[str, str]) -> Credentials:
    """The client's id and secret, from the header or the form, not both. Raises GrantRefused."""
    if authorization is None:
        if "client_id" not in form or "client_secret" not in form:
            raise GrantRefused(
                "invalid_client",
                "A client proves itself by HTTP Basic, or by client_id and client_secret",
                401,
                [_BASIC_CHALLENGE],
            )
        return Credentials(form["client_id"], form["client_secret"], basic=False)
    found = _BASIC.fullmatch(authorization)
    if found is None:
        raise GrantRefused(
            "invalid_client", "This endpoint takes HTTP Basic", 401, [_BASIC_CHALLENGE]
        )
    if "client_secret" in form:
        raise GrantRefused("invalid_request", "The client proves itself in two ways at once")
    try:
        name, colon, secret = base64.b64decode(found[1], validate=True).partition(b":")
        # Both are form-encoded before they are joined: RFC 6749 §2.3.1.
        client_id, client_secret = plain(name), plain(secret)
    except (binascii.Error, Incorrect):
        colon = b""
        client_id = client_secret = ""
    if not colon:
        raise GrantRefused(
            "invalid_client", "The HTTP Basic credentials do not read", 401, [_BASIC_CHALLENGE]
        )
    if form.get("client_id", client_id) != client_id:
        raise GrantRefused("invalid_request", "client_id differs from the one in the header")
    return Credentials(client_id, client_secret, basic=True)


def check_grant(form: Mapping[str, str]) -> None:
    """Refuses every grant but client credentials, and every scope but the one there is."""
    if "grant_type" not in form:
        raise GrantRefused("invalid_request", "grant_type is missing")
    if form["grant_type"] != "client_credentials":
        raise GrantRefused("unsupported_grant_type", "The grant here is client_credentials")
    if not set(form.get("scope", SCOPE).split()) <= _SAME:
        raise GrantRefused(
            "invalid_scope", f"The scope here is {SCOPE}: what the client's roles allow"
        )


def _answer(status: int, said: Mapping[str, object], headers: Sequence[Header] = ()) -> Response:
    body = msgspec.json.encode(said)
    return Response(status, body, [*_KEPT_NOWHERE, *headers], PLAIN_JSON)
