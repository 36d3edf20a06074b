"""Who asks: the facts about a caller that every floor above the ground may know."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args

PURPOSES = frozenset(
    {
        "TREAT",
        "ETREAT",
        "BTG",
        "COC",
        "CAREMGT",
        "HPAYMT",
        "HOPERAT",
        "HRESCH",
        "HSYSADMIN",
        "PATRQT",
        "FAMRQT",
        "PUBHLTH",
    }
)
"""Purposes of use we take, from http://terminology.hl7.org/ValueSet/v3-PurposeOfUse."""


Zone = Literal["inside", "outside"]
"""Where a request comes from: the establishment's own networks, or elsewhere."""

ZONES: Final[tuple[Zone, ...]] = get_args(Zone)


Lack = Literal["training", "charter"]


@dataclass(frozen=True, slots=True)
class Clearance:
    """Whether a person is in order at an instant: trained, and bound by the charter in force.

    `trained` is until when the trainings hold or held (None: there were none), `charter` the
    version in force `since` an instant (None: there is none to sign), `signed` when he signed that
    one (None: he did not). `until` is the next instant at which any of it may be otherwise without
    anybody doing anything (None: there is none).
    """

    at: datetime
    trained: datetime | None = None
    charter: str | None = None
    since: datetime | None = None
    signed: datetime | None = None
    until: datetime | None = None

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """What is missing or has run out."""
        found: list[Lack] = []
        if self.trained is None or self.trained <= self.at:
            found.append("training")
        if self.charter is not None and self.signed is None:
            found.append("charter")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Actor:
    """One authenticated caller.

    `account` is the internal random number of the account, `roles` the names of its roles (see
    `egide.gate.roles`), `client` the public id of the application, `session` the internal number
    of the session the ledger files the access under, `assurance` the strength of authentication
    (1 = one factor or a machine's secret, 2 = two factors), `authenticated` when it was last shown
    (None: nobody says). An application that acts for a person has both from the session in which
    he let it in.

    Whom the account is bound to, as ids of resources: `patient`, `practitioner`, `relative` (a
    RelatedPerson); `establishment` is the Organization the person works in at the moment, `held`
    the one the account's roles are held for (None: for the whole house).
    `behalf` is the patient a relative acts for now.

    `scope` are the SMART scopes the application was granted, which narrow what the roles allow
    (None: they do not), `launched` the patient it was launched with. `zone` is the network zone
    the request came from, `cleared` whether training and charter are in order, `clearance` why, for
    who explains it.
    """

    account: int
    client: str
    roles: frozenset[str]
    session: int
    assurance: int = 1
    authenticated: datetime | None = None
    patient: str | None = None
    practitioner: str | None = None
    relative: str | None = None
    establishment: str | None = None
    behalf: str | None = None
    scope: str | None = None
    launched: str | None = None
    zone: Zone = "inside"
    cleared: bool = True
    held: str | None = None
    clearance: Clearance | None = field(default=None, compare=False)
