"""Who asks: the facts about a caller that every floor above the ground may know."""

from dataclasses import dataclass

PURPOSES = frozenset(
    {"TREAT", "ETREAT", "BTG", "HPAYMT", "HOPERAT", "HRESCH", "HSYSADMIN", "PATRQT", "PUBHLTH"}
)
"""Purposes of use we take, from http://terminology.hl7.org/ValueSet/v3-PurposeOfUse."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One authenticated caller.

    `account` is the internal random number of the account, `roles` the names of its roles (see
    `egide.gate.roles`), `client` the public id of the application, `session` the internal number
    of the session the ledger files the access under, `assurance` the strength of authentication
    (1 = one factor or a machine's secret, 2 = two factors), `patient` the id of the Patient the
    account is bound to, if any.
    """

    account: int
    client: str
    roles: frozenset[str]
    session: int
    assurance: int = 1
    patient: str | None = None
