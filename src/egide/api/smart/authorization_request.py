"""The authorization request: what an application asks a person for, read and checked.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1,
https://www.rfc-editor.org/rfc/rfc7636#section-4.3 and
https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code. Until the
redirect URI is known to be the application's nothing is sent there; from then on refusals are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from egide.accounts import Application
from egide.api.smart import pkce, redirect, scopes
from egide.api.smart.refusals import SentBack, UntrustedRequest
from egide.errors import Incorrect

KNOWN = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "aud",
    "launch",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "response_mode",
    "prompt",
    "request",
    "request_uri",
)
_MOST = {"state": 1024, "nonce": 512, "launch": 256}
"""Characters of what is given back or kept."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that may be shown to the person.

    `scope` is what can be granted of what was asked for, `parameters` the request as it came, for
    the page to carry along, `issuer` our address, told with the answer (RFC 9207).
    """

    application: Application
    redirect_uri: str
    scope: str
    state: str = field(repr=False)
    challenge: str = field(repr=False)
    issuer: str
    nonce: str | None = field(default=None, repr=False)
    launch: str | None = field(default=None, repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def context(self) -> frozenset[str]:
        """The scopes of context and lasting that can be granted."""
        return scopes.words(self.scope)

    def sent_back(self, error: str, message: str) -> SentBack:
        """The refusal of this request, for its application to hear."""
        said = {"error": error, "error_description": message}
        return _sent_back(self.redirect_uri, said, self.state, self.issuer)

    def answered(self, code: str) -> str:
        """The address that brings `code` to the application."""
        said = {"code": code, "state": self.state, "iss": self.issuer}
        return redirect.answered(self.redirect_uri, said)


def client_of(parameters: Sequence[tuple[str, str]]) -> str:
    """The application a request names. Raises UntrustedRequest when it names none, or two."""
    return _only(parameters, "client_id", "unknown-application")


def read(
    parameters: Sequence[tuple[str, str]],
    application: Application | None,
    *,
    issuer: str,
    audience: str,
) -> AuthorizationRequest:
    """The request in `parameters`, of `application` as registered.

    `audience` is the address of our `/fhir`. Raises UntrustedRequest, or SentBack.
    """
    if application is None or application.disabled is not None:
        raise UntrustedRequest("unknown-application", "There is no such application")
    registration = application.registration
    uri = _only(parameters, "redirect_uri", "redirect-missing")
    if not redirect.matches(registration.redirect_uris, uri, native=registration.native):
        raise UntrustedRequest(
            "redirect-unknown", "The application is not registered with this redirect URI"
        )
    given, twice = _once(parameters)
    state = given.get("state", "")

    def refuse(error: str, message: str) -> SentBack:
        said = {"error": error, "error_description": message}
        return _sent_back(uri, said, "" if "state" in twice else state, issuer)

    if twice:
        raise refuse("invalid_request", f"{twice[0]} is there twice")
    if any(len(given.get(name, "")) > most for name, most in _MOST.items()):
        state = ""
        raise refuse("invalid_request", "state, nonce or launch is too long")
    if not state:
        raise refuse("invalid_request", "state is missing")
    if "request" in given:
        raise refuse("request_not_supported", "request objects are not taken")
    if "request_uri" in given:
        raise refuse("request_uri_not_supported", "request objects are not taken")
    if given.get("response_type") != "code":
        raise refuse("unsupported_response_type", "response_type is code")
    if given.get("response_mode", "query") != "query":
        raise refuse("invalid_request", "response_mode is query")
    if not pkce.challenged(given.get("code_challenge"), given.get("code_challenge_method")):
        raise refuse("invalid_request", "code_challenge is needed, with the method S256")
    if given.get("aud") != audience:
        raise refuse("invalid_request", "aud is the address of this server's FHIR endpoint")
    if given.get("prompt") == "none":
        raise refuse("interaction_required", "the person has to be asked")
    try:
        asked = scopes.asked_for(given.get("scope"))
        scope = scopes.granted(asked, registration.scope, scopes.FOR_PEOPLE)
    except Incorrect as error:
        raise refuse("invalid_scope", error.message) from None
    if not scope:
        raise refuse("invalid_scope", "nothing asked for is among what the application may have")
    launched = "launch" in scopes.words(scope)
    if "launch" in given and not launched:
        raise refuse("invalid_scope", "a launch needs the scope launch")
    if launched and "launch" not in given:
        raise refuse("invalid_request", "the scope launch needs the parameter launch")
    return AuthorizationRequest(
        application=application,
        redirect_uri=uri,
        scope=scope,
        state=state,
        challenge=given["code_challenge"],
        issuer=issuer,
        nonce=given.get("nonce"),
        launch=given.get("launch"),
        parameters=tuple(given.items()),
    )


def _only(parameters: Sequence[tuple[str, str]], name: str, error: str) -> str:
    values = [value for each, value in parameters if each == name]
    if len(values) != 1 or not values[0]:
        raise UntrustedRequest(error, f"{name} is missing or there twice")
    return values[0]


def _once(parameters: Sequence[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """The parameters we know, empty ones as absent, and the names that are there twice."""
    given: dict[str, str] = {}
    twice = []
    for name, value in parameters:
        if name in KNOWN and value:
            if name in given:
                twice.append(name)
            given.setdefault(name, value)
    return given, twice


def _sent_back(uri: str, said: dict[str, str], state: str, issuer: str) -> SentBack:
    told = {**said, **({"state": state} if state else {}), "iss": issuer}
    location = redirect.answered(uri, told)
    return SentBack(said["error"], said["error_description"], location)
