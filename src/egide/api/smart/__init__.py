"""OAuth 2.0 as SMART App Launch uses it. https://hl7.org/fhir/smart-app-launch/STU2.2/

The pages of consent are given `Authorization`; its module says in which order to call it.
"""

from egide.api.smart.authorization import Authorization
from egide.api.smart.authorization_request import AuthorizationRequest
from egide.api.smart.configuration import Offer
from egide.api.smart.consent import Approver, BehalfNeeded, Consent
from egide.api.smart.key_sets import KeySets
from egide.api.smart.refusals import GrantRefused, SentBack, UntrustedRequest
from egide.api.smart.token import Token
from egide.api.smart.words import Line

__all__ = [
    "Approver",
    "Authorization",
    "AuthorizationRequest",
    "BehalfNeeded",
    "Consent",
    "GrantRefused",
    "KeySets",
    "Line",
    "Offer",
    "SentBack",
    "Token",
    "UntrustedRequest",
]
