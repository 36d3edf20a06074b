"""Why somebody an issuer sent back is not let in: one answer outside, a code for the ledger."""

from typing import Literal

from egide.errors import Forbidden, Unauthenticated, Unavailable

Reason = Literal[
    "unknown-login",
    "other-browser",
    "issuer-refused",
    "other-issuer",
    "answer",
    "code-refused",
    "encryption",
    "form",
    "algorithm",
    "unknown-key",
    "signature",
    "issuer",
    "audience",
    "expired",
    "not-yet",
    "nonce",
    "access-token-hash",
    "assurance",
    "too-old",
    "replayed",
    "subject",
    "userinfo-form",
    "claims",
]
"""`unknown-login`: the state is unknown, used or older than ten minutes. `issuer-refused`: the
issuer said no, or the person did. `encryption`: not encrypted to us. `form`: not a signed JWT. The
rest name what did not hold."""


class FederationRefused(Unauthenticated):
    """The log-in at the issuer did not hold; begin again. `reason` is for the ledger."""

    def __init__(self, reason: Reason) -> None:
        super().__init__("The log-in at the identity issuer could not be verified: begin again")
        self.reason = reason


class NoSituation(Forbidden):
    """The issuer knows the person; `reason` says what is missing for a log-in here.

    `no-profession`: the issuer names no profession. `no-situation`: no place of exercise.
    `no-role`: no situation of theirs has a role in this establishment.
    """

    def __init__(self, reason: Literal["no-profession", "no-situation", "no-role"]) -> None:
        super().__init__(
            {
                "no-profession": "The identity issuer names no health profession for this person",
                "no-situation": "The identity issuer names no place of exercise for this person",
                "no-role": "None of this person's exercise situations has a role here",
            }[reason]
        )
        self.reason = reason


class IssuerUnavailable(Unavailable):
    """The issuer does not answer, or with something that cannot be used."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The identity issuer cannot be used now: {what}")
        self.what = what
