"""Scopes narrow what roles allow; they widen nothing."""

import pytest

from egide.errors import Incorrect
from egide.gate import ACTS, INTERACTIONS, ROLES, Facts, ResourceFacts, decide, granted, grants_of
from egide.gate.roles import CONTROLS

ME, OTHER = 1, 2
LAB = (("category", "laboratory"),)


def permits(
    scope: str | None,
    interaction: str = "read",
    type: str = "Observation",
    role: str = "clinician",
    patients: tuple[int, ...] = (ME,),
    meets: bool = False,
    **more: object,
) -> str:
    purpose = {"patient": "PATRQT"}.get(role, "TREAT")
    grants = granted(frozenset({role}), scope)
    facts = Facts(interaction, type, purpose, grants, assurance=2, **more)  # type: ignore[arg-type]
    resource = ResourceFacts(type, patients, frozenset({ME, OTHER}), meets=lambda _: meets)
    return decide(facts).permits(resource)


@pytest.mark.parametrize(
    ("scope", "interaction"),
    [
        ("", "read"),
        ("openid launch", "read"),
        ("user/Patient.rs", "read"),
        ("user/Observation.s", "read"),
        ("user/Observation.s", "vread"),
        ("user/Observation.r", "search"),
        ("user/Observation.r", "history"),
        ("user/Observation.rs", "create"),
        ("user/Observation.cud", "read"),
        ("user/Observation.rs user/Patient.cruds", "update"),
        ("patient/Observation.rs", "read"),
        ("user/Observation.rs?category=laboratory", "read"),
    ],
)
def test_what_no_scope_names_is_refused(scope: str, interaction: str) -> None:
    assert permits(scope, interaction) == "no"
    assert permits(None, interaction) == "yes"


def test_scopes_of_one_kind_add_up() -> None:
    assert permits("user/Observation.r user/Observation.s", "history") == "yes"
    assert permits("user/*.read", "search") == "yes"


def test_a_patient_s_scope_reaches_the_launched_patient_only() -> None:
    scope = "patient/Observation.rs"
    assert permits(scope, launched=ME) == "yes"
    assert permits(scope, launched=OTHER) == "no"
    assert permits(scope, launched=ME, patients=(ME, OTHER)) == "no"
    assert permits(scope, role="patient", own=ME, launched=ME) == "yes"
    assert permits(scope, role="patient", own=OTHER, launched=ME) == "no"
    grants = granted(frozenset({"clinician"}), scope)
    reach = decide(Facts("search", "Observation", "TREAT", grants, launched=ME, assurance=2)).reach
    assert (reach.kind, reach.patient) == ("one", ME)


def test_a_criterion_is_asked_of_each_resource() -> None:
    scope = "user/Observation.rs?category=laboratory"
    assert permits(scope, meets=True) == "yes"
    assert permits(scope, meets=False) == "no"
    assert permits(f"{scope} user/Observation.rs", meets=False) == "yes"


@pytest.mark.parametrize("interaction", sorted(ACTS | CONTROLS))
def test_no_scope_lets_an_application_look_after_the_installation(interaction: str) -> None:
    grants = granted(frozenset(ROLES), "system/*.cruds user/*.cruds")
    assert not decide(Facts(interaction, None, "HSYSADMIN", grants, assurance=2)).allowed


def test_only_a_system_scope_exports_and_only_a_whole_user_scope_breaks_a_glass() -> None:
    def allowed(scope: str, interaction: str, purpose: str, role: str) -> bool:
        grants = granted(frozenset({role}), scope)
        return decide(Facts(interaction, "Patient", purpose, grants, assurance=2)).allowed

    assert not allowed("user/*.cruds", "export", "TREAT", "system")
    assert allowed("system/*.rs", "export", "TREAT", "system")
    assert not allowed("user/*.rs", "$break-glass", "BTG", "clinician")
    assert not allowed("system/*.cruds", "$break-glass", "BTG", "clinician")
    assert allowed("user/*.cruds", "$break-glass", "BTG", "clinician")


def test_a_list_that_is_none_is_refused() -> None:
    with pytest.raises(Incorrect):
        granted(frozenset({"clinician"}), "everything")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", ["system/*.cruds", "user/Observation.rs", "patient/*.rs", ""])
def test_a_scope_never_widens(role: str, scope: str) -> None:
    whole = {grant.name: grant for grant in grants_of(frozenset({role}))}
    for grant in granted(frozenset({role}), scope):
        wide = whole[grant.name]
        assert grant.interactions <= wide.interactions <= INTERACTIONS
        assert grant.types <= wide.types
        assert (grant.reach, grant.purposes, grant.withheld, grant.masked, grant.heeds) == (
            wide.reach, wide.purposes, wide.withheld, wide.masked, wide.heeds,
        )  # fmt: skip
