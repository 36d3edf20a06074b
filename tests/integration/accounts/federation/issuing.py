"""An OpenID Connect issuer on loopback: Authlib decides about codes, PKCE and client proofs.

It has two faces, as the issuers are described: Pro Santé Connect (metadata at a path of its own,
userinfo in plain JSON, RS256) and FranceConnect (the usual path, userinfo signed, ES256). What it
signs and answers can be spoilt, one thing at a time.
"""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    OAuth2Error,
    OAuth2Request,
    grants,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from granian.constants import Interfaces
from granian.server.embed import Server
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, RSAKey

Face = Literal["pro-sante-connect", "franceconnect"]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Claims = dict[str, Any]

DISCOVERY = {
    "pro-sante-connect": ".well-known/wallet-openid-configuration",
    "franceconnect": ".well-known/openid-configuration",
}
ALGORITHM = {"pro-sante-connect": "RS256", "franceconnect": "ES256"}
_KEYS = {
    "RS256": RSAKey.generate_key(2048, {"kid": "first", "alg": "RS256", "use": "sig"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "first", "alg": "ES256", "use": "sig"}),
}
"""Made once: an RSA key takes a while."""


@dataclass
class Answer:
    """What goes over the wire: `pause` seconds before each piece of the body."""

    status: int
    headers: list[tuple[str, str]]
    pieces: list[bytes]
    pause: float = 0.0


@dataclass
class Client:
    """The relying party, as the issuer has registered it."""

    client_id: str
    secret: str
    redirect_uris: list[str]
    method: str = "client_secret_basic"
    public_key: Any = None

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uris[0]

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, secret: str) -> bool:
        return secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code:
    """An authorization code, and what was asked for with it."""

    code: str
    asked: dict[str, str]
    person: Claims
    at: int = field(default_factory=lambda: int(time.time()))

    @property
    def code_challenge(self) -> str:
        return self.asked["code_challenge"]

    @property
    def code_challenge_method(self) -> str:
        return self.asked["code_challenge_method"]

    def get_redirect_uri(self) -> str:
        return self.asked["redirect_uri"]

    def get_scope(self) -> str:
        return self.asked["scope"]

    def get_nonce(self) -> str:
        return self.asked["nonce"]

    def get_auth_time(self) -> int:
        return self.at

    def get_acr(self) -> str:
        return self.asked["acr_values"]

    def get_amr(self) -> list[str]:
        return ["pwd", "mfa"]


class Issuer:
    """One issuer and what it is told to do wrong.

    `person` is who logs in. `spoil_*` change what is about to be said; `sign` replaces the
    signature of a JWT, `encrypt` is done to what was signed; `wire` answers in the place of the
    issuer at a path.
    """

    def __init__(self, face: Face, client: Client, port: int) -> None:
        self.face = face
        self.client = client
        self.address = f"http://127.0.0.1:{port}/realms/test"
        self.algorithm = ALGORITHM[face]
        self.key: Any = _KEYS[self.algorithm]
        self.published: list[Any] = [self.key]
        self.person: Claims = {"sub": "person-1"}
        self.asked: list[str] = []
        self.spoil_metadata: Callable[[Claims], Any] = lambda said: None
        self.spoil_id_token: Callable[[Claims], Any] = lambda said: None
        self.spoil_userinfo: Callable[[Claims], Any] = lambda said: None
        self.spoil_answer: Callable[[Claims], Any] = lambda said: None
        self.sign: Callable[[Claims], str] = self.signed
        self.sign_userinfo: Callable[[Claims], str] | None = None
        self.encrypt: Callable[[str], str] = lambda text: text
        self.wire: dict[str, Answer] = {}
        self.says_iss = True
        self._codes: dict[str, Code] = {}
        self._access_tokens: dict[str, Claims] = {}
        self._server = _server(self)

    def signed(self, claims: Claims, **header: Any) -> str:
        """`claims` signed as they should be, but for what `header` changes."""
        full = {"alg": self.algorithm, "kid": self.key.get("kid"), "typ": "JWT"} | header
        full = {name: value for name, value in full.items() if value is not None}
        return jws.serialize_compact(full, json.dumps(claims), self.key, [full["alg"]])

    def metadata(self) -> Claims:
        said: Claims = {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "jwks_uri": f"{self.address}/jwks",
            "end_session_endpoint": f"{self.address}/logout",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": self.says_iss,
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256"],
        }
        self.spoil_metadata(said)
        return said

    def answer(self, method: str, path: str, query: str, headers: Claims, body: str) -> Answer:
        self.asked.append(path)
        if path in self.wire:
            return self.wire[path]
        if path == DISCOVERY[self.face]:
            return _json(200, self.metadata())
        if path == "jwks":
            keys = [key.as_dict(private=False) for key in self.published]
            return _json(200, {"keys": keys})
        if path == "authorize":
            return self._authorize(query)
        if path == "token" and method == "POST":
            return self._server.create_token_response(self._request(method, path, headers, body))
        if path == "userinfo":
            return self._userinfo(headers.get("authorization", ""))
        return Answer(404, [], [b""])

    def _authorize(self, query: str) -> Answer:
        request = self._request("GET", "authorize", {}, query)
        try:
            grant = self._server.get_consent_grant(request, self.person)
        except OAuth2Error as error:
            return _json(400, {"error": error.error, "description": str(error.description)})
        said: Answer = self._server.create_authorization_response(request, self.person, grant)
        if self.says_iss:
            location = f"{dict(said.headers)['Location']}&iss={self.address}"
            said.headers = [("location", location)]
        return said

    def _userinfo(self, authorization: str) -> Answer:
        person = self._access_tokens.get(authorization.removeprefix("Bearer "))
        if person is None:
            return _json(401, {"error": "invalid_token"})
        said = dict(person)
        if self.face == "franceconnect":
            now = int(time.time())
            said |= {"iss": self.address, "aud": self.client.client_id, "iat": now}
            said |= {"exp": now + 60}
        self.spoil_userinfo(said)
        if self.face == "pro-sante-connect":
            return _json(200, said)
        text = self.encrypt((self.sign_userinfo or self.signed)(said))
        return Answer(200, [("content-type", "application/jwt")], [text.encode()])

    def _request(self, method: str, path: str, headers: Claims, form: str) -> "_Request":
        return _Request(method, f"{self.address}/{path}", dict(parse_qsl(form)), headers)


class _Request(OAuth2Request):
    def __init__(self, method: str, uri: str, form: dict[str, str], headers: Claims) -> None:
        super().__init__(method, uri, headers={k.title(): v for k, v in headers.items()})
        self.payload = BasicOAuth2Payload(form)

    @property
    def args(self) -> Claims:
        return self.payload.data

    @property
    def form(self) -> Claims:
        return self.payload.data


def _server(issuer: Issuer) -> AuthorizationServer:
    """Authlib's authorization server: one client, codes with PKCE, id tokens."""

    class Authority(AuthorizationServer):
        def query_client(self, client_id: str) -> Client | None:
            return issuer.client if client_id == issuer.client.client_id else None

        def save_token(self, token: Claims, request: Any) -> None:
            issuer._access_tokens[token["access_token"]] = request.user

        def create_oauth2_request(self, request: Any) -> Any:
            return request

        def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
            if isinstance(body, dict):
                issuer.spoil_answer(body)
                return _json(status, body)
            return Answer(status, list(headers), [body.encode()])

        def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
            pass

    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = (
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        )

        def save_authorization_code(self, code: str, request: Any) -> None:
            issuer._codes[code] = Code(code, dict(request.payload.data), request.user)

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return issuer._codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            del issuer._codes[authorization_code.code]

        def authenticate_user(self, authorization_code: Code) -> Claims:
            return authorization_code.person

    class IdToken(OpenIDCode):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(code.get_nonce() == nonce for code in issuer._codes.values())

        def get_client_claims(self, client: Client) -> Claims:
            return {"iss": issuer.address, "aud": client.client_id}

        def get_client_algorithm(self, client: Client) -> str:
            return issuer.algorithm

        def resolve_client_private_key(self, client: Client) -> Any:
            return issuer.key

        def generate_user_info(self, user: Claims, scope: str) -> Claims:
            return {"sub": user["sub"]}

        def encode_id_token(self, token: Claims, request: Any) -> str:
            made = super().encode_id_token(token, request)
            claims = json.loads(jws.extract_compact(made.encode()).payload)
            issuer.spoil_id_token(claims)
            return issuer.encrypt(issuer.sign(claims))

    class Assertion(JWTBearerClientAssertion):
        CLIENT_AUTH_METHOD = "private_key_jwt"

        def get_audiences(self) -> list[str]:
            return [issuer.address]

        def validate_jti(self, claims: Claims, jti: str) -> bool:
            return len(jti) > 10

        def resolve_client_public_key(self, client: Client) -> Any:
            return KeySet([client.public_key])

    server = Authority()
    server.register_client_auth_method("private_key_jwt", Assertion())
    server.register_token_generator(
        "default",
        lambda **asked: {
            "token_type": "Bearer",
            "access_token": f"at-{time.time_ns()}",
            "scope": asked["scope"],
            "expires_in": 120,
        },
    )
    server.register_grant(CodeGrant, [CodeChallenge(required=True), IdToken(require_nonce=True)])
    return server


def _json(status: int, said: Any) -> Answer:
    return Answer(status, [("content-type", "application/json")], [json.dumps(said).encode()])


@asynccontextmanager
async def issuing(face: Face, client: Client) -> AsyncIterator[Issuer]:
    """An issuer, served over HTTP on a free port of loopback until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    issuer = Issuer(face, client, port)

    async def app(scope: Any, receive: Any, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        path = scope["path"].removeprefix(urlsplit(issuer.address).path).lstrip("/")
        query = scope["query_string"].decode()
        answer = issuer.answer(scope["method"], path, query, headers, body.decode())
        given = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": given})
        for piece in answer.pieces:
            await asyncio.sleep(answer.pause)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.get_running_loop().create_task(server.serve())
    for _ in range(200):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            break
        await asyncio.sleep(0.01)
    yield issuer
    server.stop()
    await asyncio.wait_for(serving, 5)
