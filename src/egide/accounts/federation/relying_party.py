"""The relying party of one issuer: the request it sends the browser with, and what it believes.

Authorization code with PKCE: https://www.rfc-editor.org/rfc/rfc6749#section-4.1,
https://www.rfc-editor.org/rfc/rfc7636, https://www.rfc-editor.org/rfc/rfc9700. Nothing here is
stored; `federation` does that.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from egide.accounts.federation.claims import (
    Logout,
    check_access_token,
    check_again,
    check_id_token,
    check_logout,
    check_userinfo,
    subject_of,
)
from egide.accounts.federation.configuration import Registration
from egide.accounts.federation.directory import Directory, asked
from egide.accounts.federation.fetch import Fetch
from egide.accounts.federation.metadata import Metadata
from egide.accounts.federation.refusal import FederationRefused, IssuerUnavailable
from egide.accounts.federation.signed import Signed
from egide.accounts.federation.waiting import Begins
from egide.clock import Clock

_MOST_CODE = 2000


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str
    token_type: str


class Vouched(msgspec.Struct, frozen=True):
    """What the issuer said: the id token as it was signed, its claims, and userinfo."""

    id_token: str
    claims: dict[str, Any]
    userinfo: dict[str, Any]

    def __repr__(self) -> str:
        return "Vouched(…)"


class RelyingParty:
    """What we are to one issuer; `callback` is the address it sends browsers back to."""

    def __init__(
        self, registration: Registration, clock: Clock, fetch: Fetch, callback: str
    ) -> None:
        self.issuer = registration.issuer
        self._credential = registration.credential
        self._recipient = registration.recipient
        self._clock = clock
        self._fetch = fetch
        self._callback = callback
        self._directory = Directory(registration.issuer, clock, fetch)

    async def check(self) -> None:
        """Raises IssuerUnavailable when no log-in can be begun now."""
        await self._directory.metadata()

    def prepared(self, return_to: str, browser: bytes, session: int = 0) -> Begins:
        """A log-in with a nonce and a verifier of its own: 256 random bits each."""
        return Begins(
            issuer=self.issuer.name,
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(32),
            return_to=return_to,
            browser=browser,
            at=int(self._clock().timestamp()),
            session=session,
        )

    async def address(self, begins: Begins, state: str) -> str:
        """Where to send the browser. Raises IssuerUnavailable."""
        metadata = await self._directory.metadata()
        challenge = hashlib.sha256(begins.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.issuer.client_id,
            "redirect_uri": self._callback,
            "scope": " ".join(self.issuer.scopes),
            "state": state,
            "nonce": begins.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "acr_values": self.issuer.ask,
        }
        if self.issuer.max_age is not None:
            query["max_age"] = str(self.issuer.max_age)
        if begins.session:
            query |= {"prompt": "login", "max_age": "0"}
        return _with(metadata.authorization_endpoint, query)

    async def vouched(self, query: Mapping[str, str], begins: Begins) -> Vouched:
        """What the issuer vouches for, by what the browser brought back, all of it verified.

        Raises FederationRefused and IssuerUnavailable.
        """
        metadata = await self._directory.metadata()
        code = self._code(query, metadata)
        tokens = await self._tokens(metadata, code, begins)
        id_token = self._signed(tokens.id_token)
        claims = id_token.claims(await self._directory.key_of(id_token))
        now = self._clock()
        check_id_token(claims, self.issuer, begins.nonce, now)
        if begins.session:
            check_again(claims, begins.at)
        check_access_token(claims, tokens.access_token, id_token.algorithm)
        userinfo = await self._userinfo(metadata, tokens.access_token)
        check_userinfo(userinfo, self.issuer, subject_of(claims), now)
        return Vouched(id_token.text, claims, userinfo)

    async def ends(self, logout_token: str) -> Logout:
        """What the issuer's logout token ends.

        Raises FederationRefused and IssuerUnavailable.
        """
        signed = self._signed(logout_token)
        claims = signed.claims(await self._directory.key_of(signed))
        return check_logout(claims, self.issuer, self._clock())

    async def farewell(self, id_token: str, return_to: str) -> str | None:
        """Where to send the browser to end the session there too; None: the issuer has no place.

        `return_to` is the absolute address it comes back to, registered at the issuer.
        """
        metadata = await self._directory.metadata()
        if metadata.end_session_endpoint is None:
            return None
        query = {
            "id_token_hint": id_token,
            "client_id": self.issuer.client_id,
            "post_logout_redirect_uri": return_to,
            "state": secrets.token_urlsafe(16),
        }
        return _with(metadata.end_session_endpoint, query)

    def key_set(self) -> dict[str, Any]:
        """Our public keys for this issuer, as a JWK set to register there."""
        keys = (self._credential.public, self._recipient and self._recipient.public)
        return {"keys": [key for key in keys if key is not None]}

    def _signed(self, text: str) -> Signed:
        opened = text if self._recipient is None else self._recipient.open(text)
        return Signed(opened, self.issuer.algorithms)

    def _code(self, query: Mapping[str, str], metadata: Metadata) -> str:
        """The code, once the answer is of this issuer: https://www.rfc-editor.org/rfc/rfc9207."""
        said = query.get("iss")
        if said is None and metadata.authorization_response_iss_parameter_supported:
            raise FederationRefused("other-issuer")
        if said is not None and said != self.issuer.issuer:
            raise FederationRefused("other-issuer")
        if "error" in query:
            raise FederationRefused("issuer-refused")
        code = query.get("code", "")
        if not 0 < len(code) <= _MOST_CODE:
            raise FederationRefused("answer")
        return code

    async def _tokens(self, metadata: Metadata, code: str, begins: Begins) -> _Tokens:
        proof, headers = self._credential.proof(
            self.issuer.issuer, self.issuer.client_id, self._clock()
        )
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": begins.verifier,
        }
        answer = await asked(
            self._fetch, metadata.token_endpoint, form=form | proof, headers=headers
        )
        if answer.status in (400, 401, 403):
            raise FederationRefused("code-refused")
        if answer.status != 200:
            raise IssuerUnavailable("it answers, but not with what was asked for")
        try:
            tokens = msgspec.json.decode(answer.body, type=_Tokens)
        except msgspec.DecodeError:
            raise FederationRefused("answer") from None
        if tokens.token_type.lower() != "bearer" or not _is_header_value(tokens.access_token):
            raise FederationRefused("answer")
        return tokens

    async def _userinfo(self, metadata: Metadata, access_token: str) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {access_token}"}
        answer = await asked(self._fetch, metadata.userinfo_endpoint, headers=headers)
        if answer.status != 200:
            raise IssuerUnavailable("it answers, but not with what was asked for")
        if self.issuer.userinfo == "signed":
            if answer.media != "application/jwt":
                raise FederationRefused("userinfo-form")
            signed = self._signed(answer.body.decode("ascii", "replace"))
            return signed.claims(await self._directory.key_of(signed))
        if answer.media != "application/json":
            raise FederationRefused("userinfo-form")
        try:
            return msgspec.json.decode(answer.body, type=dict[str, Any])
        except msgspec.DecodeError:
            raise FederationRefused("userinfo-form") from None


def _with(endpoint: str, query: Mapping[str, str]) -> str:
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"


def _is_header_value(text: str) -> bool:
    return 0 < len(text) <= 16_384 and text.isascii() and text.isprintable() and " " not in text
