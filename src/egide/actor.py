"""Who asks: the facts about a caller that every floor above the ground may know."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

PURPOSES = frozenset(
    {
        "TREAT",
        "ETREAT",
        "BTG",
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


@dataclass(frozen=True, slots=True)
class Actor:
    """One authenticated caller.

    `account` is the internal random number of the account, `roles` the names of its roles (see
    `egide.gate.roles`), `client` the public id of the application, `session` the internal number
    of the session the ledger files the access under, `assurance` the strength of authentication
    (1 = one factor or a machine's secret, 2 = two factors).

    Whom the account is bound to, as ids of resources: `patient`, `practitioner`, `relative` (a
    RelatedPerson); `establishment` is the Organization the person works in at the moment, `held`
    the one the account's roles are held for (None: for the whole house).
    `behalf` is the patient a relative acts for now.

    `scope` are the SMART scopes the application was granted, which narrow what the roles allow
    (None: they do not), `launched` the patient it was launched with. `zone` is the network zone
    the request came from, `cleared` whether trainings and charters are in order.
    """

    account: int
    client: str
    roles: frozenset[str]
    session: int
    assurance: int = 1
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
