"""Logging in by the word of an identity issuer (OpenID Connect): Pro Santé Connect, FranceConnect.

`Federation` is the face. Answers of issuers are fetched by a `Fetch` it is given.
"""

from egide.accounts.federation.configuration import Registration, registrations
from egide.accounts.federation.federation import Federation, Proof
from egide.accounts.federation.fetch import Answer, Fetch, Unreachable
from egide.accounts.federation.identity import (
    Begun,
    Chosen,
    Evidence,
    Identity,
    Link,
    Pivot,
    Situation,
)
from egide.accounts.federation.issuer import Issuer
from egide.accounts.federation.refusal import FederationRefused, IssuerUnavailable, NoSituation

__all__ = [
    "Answer",
    "Begun",
    "Chosen",
    "Evidence",
    "Federation",
    "FederationRefused",
    "Fetch",
    "Identity",
    "Issuer",
    "IssuerUnavailable",
    "Link",
    "NoSituation",
    "Pivot",
    "Proof",
    "Registration",
    "Situation",
    "Unreachable",
    "registrations",
]
