"""Roles, and what each is granted: data that `decide` reads, not code.

Nothing is granted that is not written here; purposes are those of
http://terminology.hl7.org/ValueSet/v3-PurposeOfUse, interactions those of
https://hl7.org/fhir/R4/http.html. Invariant: every role and every interaction has its rows in the
table of tests/unit/gate/test_table.py, which fails when one appears without.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Literal

import msgspec

from egide.actor import Zone
from egide.gate.labels import (
    HIDDEN_FROM_PATIENT,
    HIDDEN_FROM_PROFESSIONALS,
    HIDDEN_FROM_REPRESENTATIVES,
    RESTRICTED,
    VERY_RESTRICTED,
)
from egide.gate.types import ADMISSION, ALL, AUDIT, DIRECTORY, KNOWLEDGE, RECORD

READS = frozenset({"read", "vread", "history", "search"})
WRITES = frozenset({"create", "update", "delete"})
BUNDLES = frozenset({"transaction", "batch"})
"""Envelopes: the grant lets one send them; every entry is decided by itself."""
OPERATIONS = frozenset({"$everything"})
BREAK_GLASS = "$break-glass"
"""Opens the record of a patient out of reach, for a short time, for a reason."""
EXPORTS = frozenset({"export"})
"""Many records at once, as files: asked for by type, for a purpose, with strong authentication."""
ACTS = frozenset({"import", "erase", "index", "grant", "derive"})
"""Work on the installation: load records, erase a patient, change what is indexed, let an account
reach a patient, derive anew who reaches whom."""
CONTROLS = frozenset({"audit", "review", "$explain"})
"""Looking after who may what: read and verify the ledger, review broken glass and rights, explain
a decision."""
HOUSE = ACTS | CONTROLS
"""On the whole installation: roles held for an establishment have none of these."""
INTERACTIONS = READS | WRITES | BUNDLES | OPERATIONS | EXPORTS | ACTS | CONTROLS | {BREAK_GLASS}
FRESH = timedelta(hours=12)
"""How old a proof of who one is may be for what asks for a fresh one: a working day."""
CHANGES = WRITES | {"import", "erase"}
"""After which a resource is not what it was."""

Span = Literal["all", "set", "self", "behalf", "unbound"]
"""Whose resources: everyone's; those of the patients in reach; those of the patient the account is
bound to; those of the patient a relative acts for, by a tie and a consent; those that concern no
patient."""


class Grant(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Lets its holder do `interactions` on `types` of the patients in `reach`, for `purposes`.

    `withheld` labels are not opened by this grant, `masked` ones only masked, and then `mask` says
    what is still shown (a name of `egide.gate.masks.MASKS`).
    `heeds`: it is bound by what patients decided. `labels`: it may change security labels,
    `identifies`: it may choose ids. `assurance` is the least strength of authentication, `fresh`
    whether it must have been shown within `FRESH`, `zones` where requests may come from, `opening`
    whether only in the establishment's opening hours, `cleared` whether training and charter must
    be in order; `obligations` bind whoever uses it.
    `name` is the rule shown in explanations.

    `launched` and `criteria` come from the scopes of an application (`granted`): only the patient
    it was launched with, only what matches.
    """

    name: str
    interactions: frozenset[str]
    purposes: frozenset[str]
    types: frozenset[str] = frozenset()
    reach: Span = "unbound"
    withheld: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()
    mask: str = "envelope"
    heeds: bool = False
    labels: bool = False
    identifies: bool = False
    assurance: int = 1
    fresh: bool = False
    zones: frozenset[Zone] = frozenset({"inside", "outside"})
    opening: bool = False
    cleared: bool = False
    obligations: frozenset[str] = frozenset()
    launched: bool = False
    criteria: tuple[tuple[str, str], ...] = ()


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A name for a bundle of grants, with one sentence a person can read in each language."""

    english: str
    french: str
    grants: tuple[Grant, ...]


_TREATMENT = frozenset({"TREAT", "COC", "CAREMGT"})
"""Treatment, and what is a kind of it: coordinating and managing care."""
_CARE = _TREATMENT | {"ETREAT"}
_BACKEND = _CARE | {"HPAYMT", "HOPERAT", "PUBHLTH"}
_DESK = frozenset({"HOPERAT", "HPAYMT"})
_BREAK_GLASS = frozenset({"BTG"})
_ASK = frozenset({"PATRQT"})
_FAMILY = frozenset({"FAMRQT"})
_FROM_PROFESSIONALS = frozenset({HIDDEN_FROM_PROFESSIONALS, VERY_RESTRICTED})
_RESTRICTED = frozenset({RESTRICTED})
_INSIDE: frozenset[Zone] = frozenset({"inside"})
_CONTROL = frozenset({"HOPERAT", "HSYSADMIN"})
_RESEARCH = frozenset({"HRESCH"})
_MANAGEMENT = frozenset({"HOPERAT"})
_ORGANISATION = frozenset(
    {
        "HealthcareService",
        "Location",
        "Organization",
        "OrganizationAffiliation",
        "Practitioner",
        "PractitionerRole",
    }
)
_REFERENCE = DIRECTORY | KNOWLEDGE


def _oversight(role: str) -> tuple[Grant, ...]:
    """The ledger, and who may what: no record."""
    return (
        Grant(
            name=f"{role}/ledger",
            interactions=READS | {"audit"},
            types=AUDIT,
            reach="all",
            purposes=_CONTROL,
        ),
        Grant(
            name=f"{role}/rights",
            interactions=frozenset({"review", "$explain"}),
            types=ALL,
            reach="all",
            purposes=_CONTROL,
        ),
    )


ROLES: Mapping[str, Role] = {
    "administrator": Role(
        english="Runs the installation: loads, erases and checks, and opens no record.",
        french="Exploite l’installation : charge, efface et contrôle, sans ouvrir aucun dossier.",
        grants=(
            Grant(
                name="administrator/installation",
                interactions=ACTS | CONTROLS,
                types=ALL,
                reach="all",
                purposes=frozenset({"HSYSADMIN"}),
                labels=True,
                identifies=True,
                zones=_INSIDE,
            ),
        ),
    ),
    "system": Role(
        english="A trusted application that keeps records for everyone: all types, all patients.",
        french="Une application de confiance qui tient les dossiers de tous les patients.",
        grants=(
            Grant(
                name="system/record",
                interactions=READS | WRITES | OPERATIONS,
                types=RECORD | _REFERENCE,
                reach="all",
                purposes=_BACKEND,
                labels=True,
                identifies=True,
            ),
            Grant(
                name="system/export",
                interactions=EXPORTS,
                types=RECORD | _REFERENCE,
                reach="all",
                purposes=_BACKEND,
                assurance=2,
                zones=_INSIDE,
            ),
            Grant(
                name="system/report-access",
                interactions=frozenset({"create"}),
                types=AUDIT,
                reach="all",
                purposes=_BACKEND,
                labels=True,
            ),
            Grant(name="system/bundle", interactions=BUNDLES, purposes=_BACKEND),
        ),
    ),
    "clinician": Role(
        english="A care professional: the records of the patients in his or her care.",
        french="Un professionnel de santé : les dossiers des patients qu’il prend en charge.",
        grants=(
            Grant(
                name="clinician/care",
                interactions=READS | OPERATIONS | {"update", "delete"},
                types=RECORD,
                reach="set",
                purposes=_CARE,
                withheld=_FROM_PROFESSIONALS,
                heeds=True,
                labels=True,
                assurance=2,
                cleared=True,
            ),
            Grant(
                name="clinician/write",
                interactions=frozenset({"create"}),
                types=RECORD,
                reach="set",
                purposes=_CARE,
                heeds=True,
                labels=True,
                assurance=2,
                cleared=True,
            ),
            Grant(
                name="clinician/break-glass",
                interactions=READS | OPERATIONS,
                types=RECORD,
                reach="set",
                purposes=_BREAK_GLASS,
                withheld=_FROM_PROFESSIONALS,
                masked=_RESTRICTED,
                mask="outline",
                heeds=True,
                assurance=2,
                cleared=True,
                zones=_INSIDE,
                obligations=frozenset({"give-reason", "notify-patient"}),
            ),
            Grant(
                name="clinician/open-in-emergency",
                interactions=frozenset({BREAK_GLASS}),
                types=frozenset({"Patient"}),
                reach="all",
                purposes=_BREAK_GLASS,
                withheld=_FROM_PROFESSIONALS,
                heeds=True,
                assurance=2,
                fresh=True,
                cleared=True,
                zones=_INSIDE,
                obligations=frozenset({"give-reason", "notify-patient"}),
            ),
            Grant(
                name="clinician/reference",
                interactions=READS,
                types=_REFERENCE | {"Schedule", "Slot", "Device"},
                purposes=_CARE | _BREAK_GLASS,
            ),
            Grant(name="clinician/bundle", interactions=BUNDLES, purposes=_CARE),
        ),
    ),
    "registrar": Role(
        english="An admission desk: who comes, when, and who pays, and nothing of the care.",
        french="Un bureau des admissions : qui vient, quand, qui paie, et rien des soins.",
        grants=(
            Grant(
                name="registrar/admission",
                interactions=READS | {"create", "update"},
                types=ADMISSION,
                reach="all",
                purposes=_DESK,
                withheld=frozenset({VERY_RESTRICTED}),
                masked=_RESTRICTED,
                mask="agenda",
                zones=_INSIDE,
                opening=True,
            ),
            Grant(name="registrar/reference", interactions=READS, types=_REFERENCE, purposes=_DESK),
            Grant(name="registrar/bundle", interactions=BUNDLES, purposes=_DESK),
        ),
    ),
    "patient": Role(
        english="A patient: his or her own record, and who looked at it.",
        french="Un patient : son propre dossier, et qui l’a consulté.",
        grants=(
            Grant(
                name="patient/own-record",
                interactions=READS | OPERATIONS,
                types=RECORD | AUDIT,
                reach="self",
                purposes=_ASK,
                withheld=frozenset({HIDDEN_FROM_PATIENT}),
            ),
            Grant(name="patient/reference", interactions=READS, types=_REFERENCE, purposes=_ASK),
            Grant(name="patient/bundle", interactions=frozenset({"batch"}), purposes=_ASK),
        ),
    ),
    "relative": Role(
        english="A relative or trusted person: the record of a patient who, or for whom a Consent, "
        "agreed to it.",
        french="Un proche ou une personne de confiance : le dossier d’un patient, si un "
        "consentement l’y autorise.",
        grants=(
            Grant(
                name="relative/on-behalf",
                interactions=READS | OPERATIONS,
                types=RECORD,
                reach="behalf",
                purposes=_FAMILY,
                withheld=frozenset(
                    {HIDDEN_FROM_REPRESENTATIVES, HIDDEN_FROM_PATIENT, VERY_RESTRICTED}
                ),
                heeds=True,
            ),
            Grant(
                name="relative/reference", interactions=READS, types=_REFERENCE, purposes=_FAMILY
            ),
            Grant(name="relative/bundle", interactions=frozenset({"batch"}), purposes=_FAMILY),
        ),
    ),
    "auditor": Role(
        english="Checks who looked at what: the ledger, and no record.",
        french="Contrôle qui a consulté quoi : le registre des accès, et aucun dossier.",
        grants=_oversight("auditor"),
    ),
    "dpo": Role(
        english="The data protection officer: who looked at what and who may, and no record.",
        french="Le délégué à la protection des données : qui a consulté quoi, qui le peut, et "
        "aucun dossier.",
        grants=_oversight("dpo"),
    ),
    "rssi": Role(
        english="The security officer: the ledger verified and the rights of accounts, and nothing "
        "of anybody's health.",
        french="Le responsable de la sécurité : le registre vérifié et les droits des comptes, et "
        "rien de la santé de personne.",
        grants=(
            # No types: rights are reviewed, but no emergency opening, whose reason tells of
            # somebody's health.
            Grant(
                name="rssi/rights",
                interactions=frozenset({"audit", "review"}),
                purposes=_CONTROL,
            ),
        ),
    ),
    "researcher": Role(
        english="A researcher: definitions and studies, and no record until a study opens some.",
        french="Un chercheur : les définitions et les études, et aucun dossier tant qu’une étude "
        "n’en ouvre pas.",
        grants=(
            Grant(
                name="researcher/knowledge",
                interactions=READS,
                types=KNOWLEDGE | {"ResearchStudy"},
                purposes=_RESEARCH,
            ),
            Grant(name="researcher/bundle", interactions=frozenset({"batch"}), purposes=_RESEARCH),
        ),
    ),
    "manager": Role(
        english="A manager: who works where, and no record.",
        french="Un cadre ou un directeur : qui travaille où, et aucun dossier.",
        grants=(
            # To read only: who writes a PractitionerRole gives somebody the reach of that role.
            Grant(
                name="manager/directory",
                interactions=READS,
                types=_ORGANISATION,
                purposes=_MANAGEMENT,
            ),
            Grant(name="manager/bundle", interactions=frozenset({"batch"}), purposes=_MANAGEMENT),
        ),
    ),
}


@lru_cache(maxsize=1024)
def grants_of(roles: Collection[str]) -> tuple[Grant, ...]:
    """The grants of `roles` (a frozenset), in the order of `ROLES`; an unknown role brings none."""
    return tuple(grant for name, role in ROLES.items() if name in roles for grant in role.grants)
