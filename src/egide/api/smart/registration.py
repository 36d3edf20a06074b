"""What an application may be registered with, and its registration by itself where that is on.

https://www.rfc-editor.org/rfc/rfc7591, in its least: with an initial access token, for acting for
people only. The same checks hold for the command line.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from egide.accounts import Accounts, NewClient, Proof, Registration
from egide.api.smart import keys, redirect, scopes
from egide.api.smart.answers import answer, answering
from egide.api.smart.refusals import GrantRefused
from egide.clock import Clock
from egide.errors import Forbidden, Incorrect
from egide.gate.scopes import parse
from egide.http import actor_of
from egide.http.negotiation import check_body
from egide.http.request import Request
from egide.http.response import Response

INITIAL = "administrator"
"""The role of the access token that lets an application register: `egide access-token --role`."""
_JSON = frozenset({"application/json"})
_MOST = 64 * 1024
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_WAYS: Mapping[str, Proof] = {
    "none": "none",
    "client_secret_basic": "secret",
    "client_secret_post": "secret",
    "private_key_jwt": "key",
}


def checked(registration: Registration) -> Registration:
    """A registration as it is kept, once every part of it holds. Raises Incorrect."""
    scope = scopes.checked(registration.scope)
    levels = {each.level for each in parse(scope)}
    uris = [redirect.registrable(each, native=registration.native)
            for each in registration.redirect_uris]  # fmt: skip
    if not scope:
        raise Incorrect("an application is registered with the scopes it may have")
    if uris and not levels & scopes.FOR_PEOPLE and not scopes.words(scope):
        raise Incorrect("an application with a redirect URI has scopes people can approve")
    if not uris and (levels & scopes.FOR_PEOPLE or scopes.words(scope)):
        raise Incorrect("an application that acts for people has a redirect URI")
    if "system" in levels and (registration.proof == "none" or not registration.roles):
        raise Incorrect("an application with system scopes proves itself and has a role")
    if registration.native and not uris:
        raise Incorrect("an application without a redirect URI is not a native one")
    if registration.launch_uri is not None:
        redirect.launchable(registration.launch_uri)
        if "launch" not in scopes.words(scope):
            raise Incorrect("an application that is opened from a record has the scope launch")
    given = registration.jwks is not None or registration.jwks_uri is not None
    if given != (registration.proof == "key"):
        raise Incorrect("an application proves itself by keys, a secret or nothing: one of them")
    if registration.jwks is not None and registration.jwks_uri is not None:
        raise Incorrect("keys are given or published, not both")
    if registration.publisher is not None and not _TEXT.fullmatch(registration.publisher):
        raise Incorrect("a publisher's name has 1 to 100 characters, none of them a control one")
    for address in (registration.homepage, registration.jwks_uri):
        if address is not None:
            _https(address)
    jwks = None if registration.jwks is None else keys.checked(registration.jwks)
    return replace(registration, scope=scope, redirect_uris=tuple(uris), jwks=jwks)


def registration_of(body: bytes) -> Registration:
    """What an application asks to be registered with. Raises GrantRefused, as RFC 7591 §3.2.2."""
    try:
        asked = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        raise GrantRefused("invalid_client_metadata", "The body is not a JSON object") from None
    native = _text(asked, "application_type", "web") == "native"
    uris = asked.get("redirect_uris", [])
    if not isinstance(uris, list) or not uris or not all(isinstance(each, str) for each in uris):
        raise GrantRefused("invalid_redirect_uri", "redirect_uris is a list of addresses")
    if len(uris) > 10:
        raise GrantRefused("invalid_redirect_uri", "There are more than ten redirect URIs")
    try:
        for each in uris:
            redirect.registrable(each, native=native)
    except Incorrect as error:
        raise GrantRefused("invalid_redirect_uri", error.message) from None
    way = _text(asked, "token_endpoint_auth_method", "client_secret_basic")
    if way not in _WAYS:
        raise GrantRefused("invalid_client_metadata", "token_endpoint_auth_method is not one taken")
    _within(asked, "grant_types", {"authorization_code", "refresh_token"})
    _within(asked, "response_types", {"code"})
    jwks = asked.get("jwks")
    try:
        return checked(
            Registration(
                label=_text(asked, "client_name", ""),
                proof=_WAYS[way],
                scope=_text(asked, "scope", ""),
                redirect_uris=tuple(uris),
                native=native,
                jwks=None if jwks is None else msgspec.json.encode(jwks).decode(),
                jwks_uri=_text(asked, "jwks_uri", "") or None,
                homepage=_text(asked, "client_uri", "") or None,
            )
        )
    except Incorrect as error:
        raise GrantRefused("invalid_client_metadata", error.message) from None


def registered(made: NewClient, registration: Registration, way: str, at: int) -> dict[str, Any]:
    """What the application is told: RFC 7591 §3.2.1."""
    said: dict[str, Any] = {
        "client_id": made.client_id,
        "client_id_issued_at": at,
        "client_name": registration.label,
        "redirect_uris": list(registration.redirect_uris),
        "scope": registration.scope,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": way,
        "application_type": "native" if registration.native else "web",
    }
    if made.secret:
        said |= {"client_secret": made.secret, "client_secret_expires_at": 0}
    return said


class Registering:
    """Answers `POST /oauth/register`, where that is on."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    async def respond(self, request: Request) -> Response:
        """201 with the registration. Raises Unauthenticated, Forbidden, MediaTypeUnsupported."""
        actor = await actor_of(request, self._accounts)
        narrowed = actor.scope is not None or actor.held is not None
        if INITIAL not in actor.roles or narrowed:
            raise Forbidden("This access token does not let an application register")
        check_body(request.headers.get(b"content-type"), _JSON)
        return await answering(self._register(await request.body(_MOST), actor.account))

    async def _register(self, body: bytes, by: int) -> Response:
        registration = registration_of(body)
        try:
            made = await self._accounts.applications.register(registration, by=by)
        except Incorrect as error:
            raise GrantRefused("invalid_client_metadata", error.message) from None
        way = {"none": "none", "secret": "client_secret_basic", "key": "private_key_jwt"}
        at = int(self._clock().timestamp())
        return answer(201, registered(made, registration, way[registration.proof], at))


def _https(address: str) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme != "https" or len(address) > 500 or not address.isascii():
        raise Incorrect("an address of the application is https")


def _text(asked: Mapping[str, Any], name: str, otherwise: str) -> str:
    value = asked.get(name, otherwise)
    if not isinstance(value, str) or len(value) > 4096:
        raise GrantRefused("invalid_client_metadata", f"{name} is a text")
    return value


def _within(asked: Mapping[str, Any], name: str, taken: set[str]) -> None:
    value = asked.get(name, [])
    if not isinstance(value, list) or not all(each in taken for each in value):
        raise GrantRefused("invalid_client_metadata", f"{name}: {', '.join(sorted(taken))}")
