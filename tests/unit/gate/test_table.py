"""Every interaction × role × kind of resource × (out of reach, in reach, by consent alone, opposed,
masked, hidden from the parents, by a label of its own or of its stay, glass broken).

The expected answers are the table below, written by hand and read apart from the roles; a role, an
interaction or a kind of resource without a cell fails. Negative cases come first.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from egide.actor import PURPOSES, Clearance
from egide.gate import (
    INTERACTIONS,
    ROLES,
    Decision,
    Facts,
    ResourceFacts,
    decide,
    grants_of,
)
from egide.gate.choices import Choices, choice
from egide.gate.episodes import Episode, episodes
from egide.gate.labels import (
    HIDDEN_FROM_PATIENT,
    HIDDEN_FROM_PROFESSIONALS,
    HIDDEN_FROM_REPRESENTATIVES,
    NORMAL,
    RESTRICTED,
    VERY_RESTRICTED,
)
from egide.gate.roles import BREAK_GLASS, BUNDLES, CHANGES

HOSPITAL = frozenset({"hospital"})
OWN, CARED, STRANGER, BEHALF = 11, 22, 33, 44
UTC = ZoneInfo("UTC")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def decided(**provision: object) -> Choices:
    """What a patient says in one Consent."""
    consent = {"id": "c", "status": "active", "provision": provision}
    compiled = choice(consent, UTC)
    assert compiled is not None
    return Choices((compiled,))


OPPOSED, AGREED = decided(type="deny"), decided(type="permit")

KINDS = {
    "record": "Observation",
    "admission": "Appointment",
    "directory": "Practitioner",
    "knowledge": "ValueSet",
    "audit": "AuditEvent",
}

# One letter an interaction, in the order of the columns: a = every patient, s = the patients cared
# for, o = one's own, b = the one a relative acts for, n = only what concerns no patient, + = may
# send it, . = no.
HEAD = """
role          kind      purpose     read vread history search $everything create update delete
                                    transaction batch import erase audit index export
                                    $break-glass review $explain grant derive
"""
COLUMNS = HEAD.split()[3:]
TABLE = """
administrator record     HSYSADMIN  . . . . . . . . . . a a a a . . a a a a
administrator admission  HSYSADMIN  . . . . . . . . . . a a a a . . a a a a
administrator directory  HSYSADMIN  . . . . . . . . . . a a a a . . a a a a
administrator knowledge  HSYSADMIN  . . . . . . . . . . a a a a . . a a a a
administrator audit      HSYSADMIN  . . . . . . . . . . a a a a . . a a a a
administrator -          HSYSADMIN  . . . . . . . . . . + + + + . . + + + +
system        record     TREAT      a a a a a a a a . . . . . . a . . . . .
system        admission  TREAT      a a a a a a a a . . . . . . a . . . . .
system        directory  TREAT      a a a a a a a a . . . . . . a . . . . .
system        knowledge  TREAT      a a a a a a a a . . . . . . a . . . . .
system        audit      TREAT      . . . . . a . . . . . . . . . . . . . .
system        -          TREAT      . . + + + . . . + + . . . . . . . . . .
clinician     record     TREAT      s s s s s s s s . . . . . . . . . . . .
clinician     admission  TREAT      s s s s s s s s . . . . . . . . . . . .
clinician     directory  TREAT      n n n n . . . . . . . . . . . . . . . .
clinician     knowledge  TREAT      n n n n . . . . . . . . . . . . . . . .
clinician     audit      TREAT      . . . . . . . . . . . . . . . . . . . .
clinician     -          TREAT      . . + + + . . . + + . . . . . . . . . .
clinician     record     BTG        s s s s s . . . . . . . . . . . . . . .
clinician     admission  BTG        s s s s s . . . . . . . . . . . . . . .
clinician     directory  BTG        n n n n . . . . . . . . . . . . . . . .
clinician     knowledge  BTG        n n n n . . . . . . . . . . . . . . . .
clinician     audit      BTG        . . . . . . . . . . . . . . . . . . . .
clinician     -          BTG        . . + + + . . . . . . . . . . + . . . .
registrar     record     HOPERAT    . . . . . . . . . . . . . . . . . . . .
registrar     admission  HOPERAT    a a a a . a a . . . . . . . . . . . . .
registrar     directory  HOPERAT    n n n n . . . . . . . . . . . . . . . .
registrar     knowledge  HOPERAT    n n n n . . . . . . . . . . . . . . . .
registrar     audit      HOPERAT    . . . . . . . . . . . . . . . . . . . .
registrar     -          HOPERAT    . . + + . . . . + + . . . . . . . . . .
patient       record     PATRQT     o o o o o . . . . . . . . . . . . . . .
patient       admission  PATRQT     o o o o o . . . . . . . . . . . . . . .
patient       directory  PATRQT     n n n n . . . . . . . . . . . . . . . .
patient       knowledge  PATRQT     n n n n . . . . . . . . . . . . . . . .
patient       audit      PATRQT     o o o o o . . . . . . . . . . . . . . .
patient       -          PATRQT     . . + + + . . . . + . . . . . . . . . .
relative      record     FAMRQT     b b b b b . . . . . . . . . . . . . . .
relative      admission  FAMRQT     b b b b b . . . . . . . . . . . . . . .
relative      directory  FAMRQT     n n n n . . . . . . . . . . . . . . . .
relative      knowledge  FAMRQT     n n n n . . . . . . . . . . . . . . . .
relative      audit      FAMRQT     . . . . . . . . . . . . . . . . . . . .
relative      -          FAMRQT     . . + + + . . . . + . . . . . . . . . .
auditor       record     HOPERAT    . . . . . . . . . . . . . . . . a a . .
auditor       admission  HOPERAT    . . . . . . . . . . . . . . . . a a . .
auditor       directory  HOPERAT    . . . . . . . . . . . . . . . . a a . .
auditor       knowledge  HOPERAT    . . . . . . . . . . . . . . . . a a . .
auditor       audit      HOPERAT    a a a a . . . . . . . . a . . . a a . .
auditor       -          HOPERAT    . . + + . . . . . . . . + . . . + + . .
dpo           record     HOPERAT    . . . . . . . . . . . . . . . . a a . .
dpo           admission  HOPERAT    . . . . . . . . . . . . . . . . a a . .
dpo           directory  HOPERAT    . . . . . . . . . . . . . . . . a a . .
dpo           knowledge  HOPERAT    . . . . . . . . . . . . . . . . a a . .
dpo           audit      HOPERAT    a a a a . . . . . . . . a . . . a a . .
dpo           -          HOPERAT    . . + + . . . . . . . . + . . . + + . .
rssi          record     HOPERAT    . . . . . . . . . . . . . . . . . . . .
rssi          admission  HOPERAT    . . . . . . . . . . . . . . . . . . . .
rssi          directory  HOPERAT    . . . . . . . . . . . . . . . . . . . .
rssi          knowledge  HOPERAT    . . . . . . . . . . . . . . . . . . . .
rssi          audit      HOPERAT    . . . . . . . . . . . . . . . . . . . .
rssi          -          HOPERAT    . . . . . . . . . . . . + . . . + . . .
researcher    record     HRESCH     . . . . . . . . . . . . . . . . . . . .
researcher    admission  HRESCH     . . . . . . . . . . . . . . . . . . . .
researcher    directory  HRESCH     . . . . . . . . . . . . . . . . . . . .
researcher    knowledge  HRESCH     n n n n . . . . . . . . . . . . . . . .
researcher    audit      HRESCH     . . . . . . . . . . . . . . . . . . . .
researcher    -          HRESCH     . . + + . . . . . + . . . . . . . . . .
manager       record     HOPERAT    . . . . . . . . . . . . . . . . . . . .
manager       admission  HOPERAT    . . . . . . . . . . . . . . . . . . . .
manager       directory  HOPERAT    n n n n . . . . . . . . . . . . . . . .
manager       knowledge  HOPERAT    . . . . . . . . . . . . . . . . . . . .
manager       audit      HOPERAT    . . . . . . . . . . . . . . . . . . . .
manager       -          HOPERAT    . . + + . . . . . + . . . . . . . . . .
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
    "acted for": ((BEHALF,), "ab"),
    "acted for and cared for": ((BEHALF, CARED), "a"),
    "nobody": ((), "an"),
}


def asked(cell: Cell, **more: object) -> Decision:
    role, kind, purpose, interaction, _ = cell
    usual = {"own": OWN, "behalf": BEHALF, "assurance": 2, "emergency": purpose == "BTG"}
    grants = grants_of(frozenset({role}))
    return decide(Facts(interaction, KINDS.get(kind), purpose, grants, **usual | more))  # type: ignore[arg-type]


def resource(
    kind: str, patients: tuple[int, ...], *labels: str, choices: dict[int, Choices] | None = None
) -> ResourceFacts:
    """One whose patients decided nothing, but that a relative may act for one of them."""
    agreed = {BEHALF: AGREED}
    return ResourceFacts(
        KINDS[kind],
        patients,
        frozenset({CARED}),
        frozenset(labels),
        frozenset({BEHALF}),
        agreed if choices is None else choices,
    )


def test_every_role_kind_and_interaction_has_its_cell() -> None:
    assert set(COLUMNS) == INTERACTIONS
    present = {(role, kind) for role, kind, *_ in CELLS}
    assert present == {(role, kind) for role in ROLES for kind in [*KINDS, "-"]}


NO = [cell for cell in CELLS if cell[4] == "."]
OPEN = [cell for cell in CELLS if cell[4] in "asobn"]
GLASS = [cell for cell in CELLS if cell[2] == "BTG" and cell[4] != "." and cell[3] != BREAK_GLASS]
HEEDING = {"clinician", "relative"}
"""Roles that what a patient decided binds, wherever they concern a patient."""
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


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell[2] == "TREAT"], ids=name)
@pytest.mark.parametrize("precise", ["COC", "CAREMGT"])
def test_what_is_granted_for_treatment_is_granted_for_its_kinds(cell: Cell, precise: str) -> None:
    role, kind, _, interaction, letter = cell
    wide, narrow = asked(cell), asked((role, kind, precise, interaction, letter))
    assert (narrow.outcome, narrow.rule) == (wide.outcome, wide.rule)
    if kind in KINDS:
        for patients, _ in PLACES.values():
            given = resource(kind, patients)
            assert narrow.permits(given) == wide.permits(given)


@pytest.mark.parametrize("purpose", sorted(PURPOSES - {"TREAT", "ETREAT", "COC", "CAREMGT"}))
def test_no_other_purpose_is_a_kind_of_treatment(purpose: str) -> None:
    grants = [each for role in ROLES.values() for each in role.grants if "TREAT" in each.purposes]
    for grant in grants:
        assert grant.purposes >= {"COC", "CAREMGT"}, grant.name
        kept = replace(grant, purposes=frozenset({"TREAT", "ETREAT", "COC", "CAREMGT"}))
        kind = min(kept.types, default=None)
        facts = Facts(min(kept.interactions), kind, purpose, (kept,), assurance=2, emergency=True)
        assert not decide(facts).allowed


WITHIN = {
    "TREAT": {"TREAT", "COC", "CAREMGT"},
    "COC": {"COC"},
    "CAREMGT": {"CAREMGT"},
    "HRESCH": set(),
}
"""Purpose a Consent names → the purposes of care it is about."""


@pytest.mark.parametrize(
    "cell", [cell for cell in OPEN if cell[4] == "s" and cell[2] == "TREAT"], ids=name
)
@pytest.mark.parametrize("named", WITHIN)
def test_a_consent_about_treatment_is_about_its_kinds_and_one_about_a_kind_about_that(
    cell: Cell, named: str
) -> None:
    role, kind, _, interaction, letter = cell
    coded = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": named}]
    denied = {CARED: decided(type="deny", purpose=coded)}
    agreed = {BEHALF: decided(type="permit", purpose=coded)}
    for purpose in ("TREAT", "COC", "CAREMGT"):
        decision = asked((role, kind, purpose, interaction, letter))
        about = purpose in WITHIN[named]
        opposed = decision.permits(resource(kind, (CARED,), choices=denied))
        assert opposed == ("no" if about else "yes"), purpose
        by_consent = decision.permits(resource(kind, (BEHALF,), choices=agreed))
        assert by_consent == ("yes" if about else "no"), purpose


def expected_at(cell: Cell, place: str) -> str:
    letters = PLACES[place][1]
    # A clinician whom the acted-for patient's consent names reaches him by it.
    consented = place.startswith("acted for") and cell[4] == "s"
    return "yes" if cell[4] in letters or consented else "no"


@pytest.mark.parametrize("cell", OPEN, ids=name)
@pytest.mark.parametrize("place", PLACES)
def test_out_of_reach_is_closed_and_in_reach_is_open(cell: Cell, place: str) -> None:
    decision = asked(cell)
    assert decision.outcome == "allow"
    found = decision.permits(resource(cell[1], PLACES[place][0]))
    assert found == expected_at(cell, place)


@pytest.mark.parametrize("cell", OPEN, ids=name)
@pytest.mark.parametrize("place", PLACES)
def test_opposition_closes_to_everybody_it_binds(cell: Cell, place: str) -> None:
    patients = PLACES[place][0]
    choices = dict.fromkeys((OWN, CARED, STRANGER, BEHALF), OPPOSED)
    found = asked(cell).permits(resource(cell[1], patients, choices=choices))
    if cell[0] in HEEDING and patients:
        assert found == "no"
    elif cell[0] not in HEEDING:
        assert found == expected_at(cell, place)


@pytest.mark.parametrize("cell", OPEN, ids=name)
def test_consent_opens_what_care_does_not_and_only_where_reach_counts(cell: Cell) -> None:
    """A stranger whose Consent names the actor: reach by agreement alone."""
    for choices, opens in ((AGREED, True), (OPPOSED, False), (Choices(), False)):
        facts = ResourceFacts(
            KINDS[cell[1]], (STRANGER,), frozenset(), agreed=frozenset({STRANGER}),
            choices={STRANGER: choices},
        )  # fmt: skip
        opened = (cell[4] == "s" and opens) or (
            cell[4] == "a" and not (choices is OPPOSED and cell[0] in HEEDING)
        )
        assert asked(cell).permits(facts) == ("yes" if opened else "no")


def at_the_resource(label: str) -> frozenset[str]:
    return frozenset({label})


def at_its_stay(label: str) -> frozenset[str]:
    stay = Episode("Encounter/s", frozenset({label}), frozenset())
    return episodes([stay]).labels_of(["Encounter/s"])


def at_the_episode_of_its_stay(label: str) -> frozenset[str]:
    whole = Episode("EpisodeOfCare/e", frozenset({label}), frozenset())
    stay = Episode("Encounter/s", frozenset(), frozenset({"EpisodeOfCare/e"}))
    return episodes([whole, stay]).labels_of(["Encounter/s"])


@pytest.mark.parametrize("cell", OPEN, ids=name)
@pytest.mark.parametrize("at", [at_the_resource, at_its_stay, at_the_episode_of_its_stay])
@pytest.mark.parametrize(
    "label",
    [
        NORMAL,
        RESTRICTED,
        VERY_RESTRICTED,
        HIDDEN_FROM_PROFESSIONALS,
        HIDDEN_FROM_PATIENT,
        HIDDEN_FROM_REPRESENTATIVES,
    ],
)
def test_a_label_closes_or_masks_what_it_says(
    cell: Cell, label: str, at: Callable[[str], frozenset[str]]
) -> None:
    role, kind, purpose, interaction, letter = cell
    patients = {"a": (STRANGER,), "s": (CARED,), "o": (OWN,), "b": (BEHALF,), "n": ()}[letter]
    hidden = {
        "clinician": {HIDDEN_FROM_PROFESSIONALS, VERY_RESTRICTED} if letter == "s" else set(),
        "registrar": {VERY_RESTRICTED} if letter == "a" else set(),
        "patient": {HIDDEN_FROM_PATIENT} if letter == "o" else set(),
        "relative": {HIDDEN_FROM_PATIENT, HIDDEN_FROM_REPRESENTATIVES, VERY_RESTRICTED}
        if letter == "b"
        else set(),
    }.get(role, set())
    if interaction == "create" and role == "clinician":
        hidden = set()
    masks = label == RESTRICTED and (
        (role == "registrar" and letter == "a")
        or (role == "clinician" and purpose == "BTG" and letter == "s")
    )
    decision = asked(cell)
    expected = "no" if label in hidden else "yes"
    if masks:
        expected = "no" if interaction in CHANGES else "masked"
    assert decision.permits(resource(kind, patients, *at(label))) == expected
    assert (label in decision.withheld_of(KINDS[kind])) == (label in hidden)


def test_only_the_patient_s_own_and_his_family_s_view_lack_what_is_hidden_from_them() -> None:
    """A minor is no label: what parents see depends on the flag, never on an age."""
    parents = asked(("relative", "record", "FAMRQT", "read", "b"))
    assert parents.permits(resource("record", (BEHALF,), HIDDEN_FROM_REPRESENTATIVES)) == "no"
    assert parents.permits(resource("record", (BEHALF,))) == "yes"


@pytest.mark.parametrize("cell", GLASS, ids=name)
def test_nothing_opens_by_break_glass_before_the_glass_is_broken(cell: Cell) -> None:
    role, kind, purpose, interaction, _ = cell
    facts = Facts(interaction, KINDS.get(kind), purpose, grants_of(frozenset({role})))
    assert decide(facts).rule == "glass-not-broken"


HOUSE = {"import", "erase", "audit", "index", "review", "$explain", "grant", "derive"}
"""What is done to the whole installation."""


def of_the_house(cell: Cell) -> bool:
    """Whether what concerns no patient is kept for, or tells of, the whole house."""
    _, kind, _, interaction, _ = cell
    if interaction in CHANGES:
        return kind in ("directory", "knowledge")
    return kind == "audit"


@pytest.mark.parametrize("cell", OPEN, ids=name)
@pytest.mark.parametrize("place", PLACES)
def test_a_role_held_for_an_establishment_opens_no_other_s_patients(cell: Cell, place: str) -> None:
    decision = asked(cell, held=HOSPITAL)
    patients, kind = PLACES[place][0], cell[1]
    closed = replace(resource(kind, patients), elsewhere=True)
    if cell[3] in HOUSE:
        assert (decision.outcome, decision.rule) == ("deny", "held")
        assert decision.permits(closed) == "no"
        return
    assert decision.outcome == "allow"
    for facts in (resource(kind, patients), closed):
        # Care, consent and grants put patients in reach; none makes them the establishment's.
        bound = patients or facts.elsewhere or of_the_house(cell)
        bound = bound and cell[4] in "as" and cell[2] != "BTG"
        assert decision.permits(facts) == ("no" if bound else expected_at(cell, place))


@pytest.mark.parametrize("cell", [each for each in OPEN if each[3] not in HOUSE], ids=name)
@pytest.mark.parametrize("place", PLACES)
def test_a_role_held_for_an_establishment_opens_its_patients_as_ever(
    cell: Cell, place: str
) -> None:
    patients, (_, kind, _, _, letter) = PLACES[place][0], cell
    facts = replace(resource(kind, patients), belonging=frozenset(patients))
    decision = asked(cell, held=HOSPITAL)
    nobodys = letter == "a" and not patients and of_the_house(cell)
    assert decision.permits(facts) == ("no" if nobodys else expected_at(cell, place))
    assert not decision.may_identify(KINDS[kind])
    assert not decision.opens_all(KINDS[kind])


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell[4] == "+"], ids=name)
def test_nothing_is_done_to_the_house_by_roles_held_for_an_establishment(cell: Cell) -> None:
    assert asked(cell, held=HOSPITAL).allowed == (cell[3] not in HOUSE)


CLOSED = {("registrar", "admission")}
"""Roles and kinds that are closed outside opening hours."""


@pytest.mark.parametrize("cell", OPEN, ids=name)
def test_outside_opening_hours_the_desk_opens_nothing_and_nobody_else_is_closed(
    cell: Cell,
) -> None:
    decision = asked(cell, open=False)
    if cell[:2] in CLOSED:
        assert (decision.outcome, decision.rule) == ("deny", "hours")
        assert decision.types == frozenset()
    else:
        assert decision.outcome == "allow"
    for place, (patients, _) in PLACES.items():
        found = decision.permits(resource(cell[1], patients))
        assert found == ("no" if cell[:2] in CLOSED else expected_at(cell, place))


@pytest.mark.parametrize("cell", OPEN, ids=name)
def test_what_is_for_inside_only_is_closed_from_outside(cell: Cell) -> None:
    role, kind, purpose, interaction, _ = cell
    only = (
        role == "administrator"
        or (role, kind) == ("registrar", "admission")
        or (role == "system" and interaction == "export")
        or (role == "clinician" and purpose == "BTG" and kind in ("record", "admission"))
    )
    decision = asked(cell, zone="outside")
    assert (decision.outcome, decision.rule == "zone") == (
        ("deny", True) if only else ("allow", False)
    )


@pytest.mark.parametrize("cell", OPEN, ids=name)
def test_one_factor_opens_no_record_of_care_and_no_export(cell: Cell) -> None:
    role, kind, _, interaction, _ = cell
    strong = (role == "clinician" and kind in ("record", "admission")) or interaction == "export"
    decision = asked(cell, assurance=1)
    assert decision.outcome == ("deny" if strong else "allow")
    assert (decision.rule == "assurance") == strong
    assert decision.obligations >= {"step-up"} or not strong


@pytest.mark.parametrize("cell", OPEN, ids=name)
def test_who_is_not_trained_or_has_not_signed_the_charter_opens_no_record_of_care(
    cell: Cell,
) -> None:
    role, kind, *_ = cell
    care = role == "clinician" and kind in ("record", "admission")
    lapsed = Clearance(NOW, trained=NOW, charter="1", since=NOW, signed=NOW)
    unsigned = Clearance(NOW, trained=NOW + timedelta(days=1), charter="1", since=NOW)
    neither = Clearance(NOW, charter="1", since=NOW)
    for clearance, rule in (
        (lapsed, "training"),
        (unsigned, "charter"),
        (neither, "training"),
        (None, "training"),
    ):
        decision = asked(cell, cleared=False, clearance=clearance)
        assert decision.outcome == ("deny" if care else "allow")
        assert (decision.rule == rule) == care


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


def test_what_obliges_to_a_reason_is_open_behind_a_broken_glass_alone() -> None:
    """The reason is given and the patient told when the glass is broken: an obligation on anything
    else would be shown and kept by nobody."""
    obliged = [grant for role in ROLES.values() for grant in role.grants if grant.obligations]
    assert obliged
    for grant in obliged:
        assert grant.obligations == {"give-reason", "notify-patient"}, grant.name
        assert grant.purposes == {"BTG"}, grant.name
