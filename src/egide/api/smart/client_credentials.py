"""The client-credentials grant: an application acts for itself, within what it is registered with.

https://www.rfc-editor.org/rfc/rfc6749#section-4.4,
https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html.
"""

from collections.abc import Mapping
from datetime import timedelta

from egide.accounts import LIFETIME, Application
from egide.api.smart import scopes
from egide.api.smart.refusals import GrantRefused
from egide.errors import Incorrect
from egide.gate.scopes import parse

BY_KEY = timedelta(minutes=5)
"""How long an access token is good that a private key brought: it can ask again at any time."""


def lifetime(application: Application) -> timedelta:
    """How long its access tokens are good."""
    return BY_KEY if application.registration.proof == "key" else LIFETIME


def scope_of(form: Mapping[str, str], application: Application) -> str:
    """The scope granted; without one asked for, all it is registered with. Raises GrantRefused."""
    registration = application.registration
    if registration.proof == "none" or not registration.roles:
        raise GrantRefused("unauthorized_client", "This application acts for people only")
    try:
        asked = scopes.asked_for(form["scope"]) if "scope" in form else registration.scope
        granted = scopes.granted(asked, registration.scope, scopes.FOR_ITSELF)
        if "scope" in form and not _for_itself(asked):
            raise Incorrect("an application by itself asks for system scopes only")
    except Incorrect as error:
        raise GrantRefused("invalid_scope", error.message) from None
    if not granted:
        raise GrantRefused(
            "invalid_scope", "nothing asked for is among what the application may have"
        )
    return granted


def _for_itself(asked: str) -> bool:
    return not scopes.words(asked) and all(
        scope.level in scopes.FOR_ITSELF for scope in parse(asked)
    )
