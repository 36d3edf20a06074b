"""Every interaction × role × kind of resource × (out of reach, denied, masked, in reach).

The expected answers are the table below, written by hand and read apart from the roles; a role, an
interaction or a kind of resource without a cell fails. Negative cases come first.
"""

from collections.abc import Iterator

import pytest

from egide.actor import PURPOSES
from egide.gate import (
    INTERACTIONS,
    ROLES,
    Decision,
    Exceptions,
    Facts,
    ResourceFacts,
    decide,
    grants_of,
)
from egide.gate.labels import (
    HIDDEN_FROM_PATIENT,
    HIDDEN_FROM_PROFESSIONALS,
    HIDDEN_FROM_REPRESENTATIVES,
)
from egide.gate.roles import BUNDLES, CHANGES

OWN, CARED, STRANGER = 11, 22, 33

KINDS = {
    "record": "Observation",
    "admission": "Appointment",
    "directory": "Practitioner",
    "knowledge": "ValueSet",
    "audit": "AuditEvent",
}

# One letter an interaction, in the order of the columns: a = every patient, s = the patients cared
# for, o = one's own, n = only what concerns no patient, + = may send it, . = no.
HEAD = """
role          kind      purpose     read vread history search $everything create update delete
                                    transaction batch import erase audit index export
"""
COLUMNS = HEAD.split()[3:]
TABLE = """
administrator record     HSYSADMIN  . . . . . . . . . . a a a a .
administrator admission  HSYSADMIN  . . . . . . . . . . a a a a .
administrator directory  HSYSADMIN  . . . . . . . . . . a a a a .
administrator knowledge  HSYSADMIN  . . . . . . . . . . a a a a .
administrator audit      HSYSADMIN  . . . . . . . . . . a a a a .
administrator -          HSYSADMIN  . . . . . . . . . . + + + + .
system        record     TREAT      a a a a a a a a . . . . . . a
system        admission  TREAT      a a a a a a a a . . . . . . a
system        directory  TREAT      a a a a a a a a . . . . . . a
system        knowledge  TREAT      a a a a a a a a . . . . . . a
system        audit      TREAT      . . . . . a . . . . . . . . .
system        -          TREAT      . . + + + . . . + + . . . . .
clinician     record     TREAT      s s s s s s s s . . . . . . .
clinician     admission  TREAT      s s s s s s s s . . . . . . .
clinician     directory  TREAT      n n n n . . . . . . . . . . .
clinician     knowledge  TREAT      n n n n . . . . . . . . . . .
clinician     audit      TREAT      . . . . . . . . . . . . . . .
clinician     -          TREAT      . . + + + . . . + + . . . . .
clinician     record     BTG        s s s s s . . . . . . . . . .
clinician     admission  BTG        s s s s s . . . . . . . . . .
clinician     directory  BTG        n n n n . . . . . . . . . . .
clinician     knowledge  BTG        n n n n . . . . . . . . . . .
clinician     audit      BTG        . . . . . . . . . . . . . . .
clinician     -          BTG        . . + + + . . . . . . . . . .
registrar     record     HOPERAT    . . . . . . . . . . . . . . .
registrar     admission  HOPERAT    a a a a . a a . . . . . . . .
registrar     directory  HOPERAT    n n n n . . . . . . . . . . .
registrar     knowledge  HOPERAT    n n n n . . . . . . . . . . .
registrar     audit      HOPERAT    . . . . . . . . . . . . . . .
registrar     -          HOPERAT    . . + + . . . . + + . . . . .
patient       record     PATRQT     o o o o o . . . . . . . . . .
patient       admission  PATRQT     o o o o o . . . . . . . . . .
patient       directory  PATRQT     n n n n . . . . . . . . . . .
patient       knowledge  PATRQT     n n n n . . . . . . . . . . .
patient       audit      PATRQT     o o o o o . . . . . . . . . .
patient       -          PATRQT     . . + + + . . . . + . . . . .
auditor       record     HOPERAT    . . . . . . . . . . . . . . .
auditor       admission  HOPERAT    . . . . . . . . . . . . . . .
auditor       directory  HOPERAT    . . . . . . . . . . . . . . .
auditor       knowledge  HOPERAT    . . . . . . . . . . . . . . .
auditor       audit      HOPERAT    a a a a . . . . . . . . a . .
auditor       -          HOPERAT    . . + + . . . . . . . . + . .
"""

# (role, kind, purpose, interaction, letter)
Cell = tuple[str, str, str, str, str]


def cells() -> Iterator[Cell]:
    for line in TABLE.strip().splitlines():
        role, kind, purpose, *letters = line.split()
        for interaction, letter in zip(COLUMNS, letters, strict=True):
            yield role, kind, purpose, interaction, letter


CELLS = list(cells())
PLACES = {
    "stranger": ((STRANGER,), "a"),
    "cared for and stranger": ((CARED, STRANGER), "a"),
    "cared for and own": ((CARED, OWN), "a"),
    "cared for": ((CARED,), "as"),
    "own": ((OWN,), "ao"),
    "nobody": ((), "an"),
}


def asked(cell: Cell, **more: object) -> Decision:
    role, kind, purpose, interaction, _ = cell
    facts = Facts(
        interaction,
        KINDS.get(kind),
        purpose,
        grants_of(frozenset({role})),
        own=OWN,
        assurance=2,
        emergency=purpose == "BTG",
        **more,  # type: ignore[arg-type]
    )
    return decide(facts)


def resource(kind: str, patients: tuple[int, ...], *labels: str) -> ResourceFacts:
    return ResourceFacts(KINDS[kind], patients, frozenset({CARED}), frozenset(labels))


def test_every_role_kind_and_interaction_has_its_cell() -> None:
    assert set(COLUMNS) == INTERACTIONS
    present = {(role, kind) for role, kind, *_ in CELLS}
    assert present == {(role, kind) for role in ROLES for kind in [*KINDS, "-"]}


NO = [cell for cell in CELLS if cell[4] == "."]
OPEN = [cell for cell in CELLS if cell[4] in "ason"]
name = "-".join


@pytest.mark.parametrize("cell", NO, ids=name)
def test_what_is_not_granted_is_denied_and_opens_nothing(cell: Cell) -> None:
    decision = asked(cell)
    assert (decision.outcome, decision.types) == ("deny", frozenset())
    for kind in KINDS:
        for patients, _ in PLACES.values():
            assert decision.permits(resource(kind, patients)) == "no"
            assert decision.reach_of(KINDS[kind]).kind == "none"


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_no_role_decides_for_a_purpose_that_is_not_its_own(cell: Cell) -> None:
    role, kind, _, interaction, _ = cell
    own = {p for r, k, p, i, letter in CELLS if (r, k, i) == (role, kind, interaction)}
    grants = grants_of(frozenset({role}))
    granted = {p for grant in grants if interaction in grant.interactions for p in grant.purposes}
    for purpose in (PURPOSES - own - granted) | {"", "FRAUD", "treat"}:
        decision = decide(Facts(interaction, KINDS.get(kind), purpose, grants, own=OWN))
        assert decision.outcome == "deny"


@pytest.mark.parametrize("cell", OPEN, ids=name)
@pytest.mark.parametrize("place", PLACES)
def test_out_of_reach_is_closed_and_in_reach_is_open(cell: Cell, place: str) -> None:
    patients, letters = PLACES[place]
    decision = asked(cell)
    assert decision.outcome == "allow"
    expected = "yes" if cell[4] in letters else "no"
    assert decision.permits(resource(cell[1], patients)) == expected


@pytest.mark.parametrize("cell", OPEN, ids=name)
@pytest.mark.parametrize("place", PLACES)
def test_deny_wins_over_every_grant(cell: Cell, place: str) -> None:
    patients, _ = PLACES[place]
    everyone = frozenset({OWN, CARED, STRANGER})
    decision = asked(cell, exceptions=Exceptions(everyone, everyone, everyone))
    expected = "yes" if not patients and cell[4] in "an" else "no"
    assert decision.permits(resource(cell[1], patients)) == expected


@pytest.mark.parametrize("cell", OPEN, ids=name)
@pytest.mark.parametrize("place", PLACES)
def test_a_masked_patient_is_read_masked_and_never_written(cell: Cell, place: str) -> None:
    patients, letters = PLACES[place]
    decision = asked(cell, exceptions=Exceptions(masked=frozenset({OWN, CARED, STRANGER})))
    expected = "no"
    if cell[4] in letters:
        masked = "no" if cell[3] in CHANGES else "masked"
        expected = masked if patients else "yes"
    assert decision.permits(resource(cell[1], patients)) == expected


@pytest.mark.parametrize("cell", OPEN, ids=name)
def test_broken_glass_opens_a_stranger_in_an_emergency_only(cell: Cell) -> None:
    decision = asked(cell, exceptions=Exceptions(broken_glass=frozenset({STRANGER})))
    opened = cell[4] == "a" or (cell[4] == "s" and cell[2] == "BTG")
    expected = "yes" if opened else "no"
    assert decision.permits(resource(cell[1], (STRANGER,))) == expected


@pytest.mark.parametrize("cell", OPEN, ids=name)
@pytest.mark.parametrize(
    "label", [HIDDEN_FROM_PROFESSIONALS, HIDDEN_FROM_PATIENT, HIDDEN_FROM_REPRESENTATIVES]
)
def test_a_label_closes_what_it_says(cell: Cell, label: str) -> None:
    role, kind, _, interaction, letter = cell
    patients = {"a": (STRANGER,), "s": (CARED,), "o": (OWN,), "n": ()}[letter]
    hidden = (
        role == "clinician"
        and letter == "s"
        and interaction != "create"
        and label == HIDDEN_FROM_PROFESSIONALS
    ) or (role == "patient" and letter == "o" and label == HIDDEN_FROM_PATIENT)
    decision = asked(cell)
    assert decision.permits(resource(kind, patients, label)) == ("no" if hidden else "yes")
    assert (label in decision.withheld_of(KINDS[kind])) == hidden


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell[4] == "+"], ids=name)
def test_an_envelope_opens_nothing_by_itself(cell: Cell) -> None:
    decision = asked(cell)
    assert decision.outcome == "allow"
    if cell[3] in BUNDLES:
        for kind in KINDS:
            assert decision.permits(resource(kind, (CARED,))) == "no"


def test_rows_of_one_role_and_kind_differ_only_by_purpose() -> None:
    rows = [(role, kind, purpose) for role, kind, purpose, i, _ in CELLS if i == "read"]
    assert len(rows) == len(set(rows)) == len(TABLE.strip().splitlines())


def test_one_factor_exports_nothing() -> None:
    grants = grants_of(frozenset({"system"}))
    decision = decide(Facts("export", "Observation", "HOPERAT", grants, assurance=1))
    assert (decision.outcome, decision.rule) == ("deny", "assurance")
    assert decide(Facts("export", "Observation", "HOPERAT", grants, assurance=2)).allowed


def test_an_export_names_a_type() -> None:
    grants = grants_of(frozenset({"system"}))
    decision = decide(Facts("export", None, "HOPERAT", grants, assurance=2))
    assert (decision.outcome, decision.rule) == ("deny", "no-type")
