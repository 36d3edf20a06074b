"""Which rule decided, and what binds the caller."""

import pytest
from msgspec.structs import replace

from egide.actor import PURPOSES
from egide.gate import INTERACTIONS, ROLES, Facts, Grant, Reach, ResourceFacts, decide, grants_of


def only(role: str) -> tuple[Grant, ...]:
    return grants_of(frozenset({role}))


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("no-role", Facts("read", "Patient", "TREAT", ())),
        ("unknown-purpose", Facts("read", "Patient", "CURIOSITY", only("system"))),
        ("no-type", Facts("read", None, "TREAT", only("system"))),
        ("no-type", Facts("create", None, "TREAT", only("system"))),
        ("no-grant", Facts("read", "AuditEvent", "TREAT", only("clinician"))),
        ("no-grant", Facts("read", "NotAType", "TREAT", only("system"))),
        ("no-grant", Facts("$unheard-of", "Patient", "TREAT", only("system"))),
        ("no-grant", Facts("transaction", "Patient", "TREAT", only("system"))),
        ("purpose", Facts("read", "Patient", "HRESCH", only("system"))),
        ("glass-not-broken", Facts("read", "Patient", "BTG", only("clinician"))),
    ],
)
def test_a_refusal_names_its_rule(rule: str, facts: Facts) -> None:
    decision = decide(facts)
    assert (decision.outcome, decision.allowed, decision.rule) == ("deny", False, rule)


def test_too_weak_an_authentication_is_refused_and_asks_to_step_up() -> None:
    strong = Grant(
        name="strong",
        interactions=frozenset({"read"}),
        purposes=frozenset({"TREAT"}),
        types=frozenset({"Patient"}),
        reach="all",
        assurance=2,
    )
    weak = decide(Facts("read", "Patient", "TREAT", (strong,), assurance=1))
    assert (weak.rule, weak.obligations) == ("assurance", {"step-up"})
    assert weak.permits(ResourceFacts("Patient", (1,))) == "no"
    assert decide(Facts("read", "Patient", "TREAT", (strong,), assurance=2)).rule == "strong"


def test_an_allowed_decision_names_the_widest_grant_on_the_type_asked() -> None:
    both = grants_of(frozenset({"patient", "system"}))
    assert decide(Facts("read", "Patient", "TREAT", both)).rule == "system/record"
    assert decide(Facts("read", "Patient", "PATRQT", both, own=3)).rule == "patient/own-record"


def test_an_old_proof_breaks_no_glass_and_is_to_be_shown_again() -> None:
    asked = Facts("$break-glass", "Patient", "BTG", only("clinician"), assurance=2, fresh=False)
    stale = decide(asked)
    assert (stale.outcome, stale.rule) == ("deny", "authentication-age")
    assert stale.obligations == {"step-up"}
    weak = decide(replace(asked, assurance=1))
    assert (weak.rule, weak.obligations) == ("assurance", {"step-up"})
    assert decide(replace(asked, fresh=True)).allowed
    reading = replace(asked, interaction="read", emergency=True)
    assert decide(reading).allowed


def test_breaking_the_glass_obliges_to_give_a_reason_and_to_notify() -> None:
    decision = decide(
        Facts("read", "Patient", "BTG", only("clinician"), assurance=2, emergency=True)
    )
    assert decision.obligations == {"give-reason", "notify-patient"}


def test_ordinary_care_carries_no_obligation() -> None:
    assert (
        decide(Facts("read", "Patient", "TREAT", only("clinician"), assurance=2)).obligations
        == frozenset()
    )


def test_the_reach_of_the_whole_system_is_the_union_over_types() -> None:
    decision = decide(Facts("search", None, "TREAT", only("clinician"), assurance=2))
    assert decision.reach == Reach("set", None, True)
    assert decision.reach_of("Observation") == Reach("set")
    assert decision.reach_of("Practitioner") == Reach("none", None, True)
    assert decision.reach_of("AuditEvent") == Reach("none")


def test_a_patient_s_reach_is_one_and_without_a_binding_is_none() -> None:
    bound = decide(Facts("search", "Observation", "PATRQT", only("patient"), own=7))
    assert bound.reach == Reach("one", 7)
    unbound = decide(Facts("search", "Observation", "PATRQT", only("patient")))
    assert unbound.reach == Reach("none")
    assert unbound.permits(ResourceFacts("Observation", (7,))) == "no"


def test_a_search_also_judges_the_types_it_includes() -> None:
    decision = decide(Facts("search", "Observation", "TREAT", only("clinician"), assurance=2))
    reached = frozenset({1})
    assert decision.permits(ResourceFacts("Patient", (1,), reached)) == "yes"
    assert decision.permits(ResourceFacts("Patient", (2,), reached)) == "no"
    assert decision.permits(ResourceFacts("Practitioner")) == "yes"
    assert decision.permits(ResourceFacts("AuditEvent", (1,), reached)) == "no"


def test_roles_add_up() -> None:
    assert grants_of(frozenset({"patient", "clinician"})) == only("clinician") + only("patient")


def test_an_unknown_role_brings_nothing() -> None:
    assert grants_of(frozenset({"root", "Administrator", "*"})) == ()


def test_every_role_says_in_two_languages_what_it_is() -> None:
    for role in ROLES.values():
        assert role.english.endswith(".")
        assert role.french.endswith(".")
        assert role.english != role.french


def test_grants_name_only_interactions_and_purposes_that_exist_and_are_named_once() -> None:
    names = [grant.name for role in ROLES.values() for grant in role.grants]
    assert len(names) == len(set(names))
    for role, entry in ROLES.items():
        for grant in entry.grants:
            assert grant.name.startswith(f"{role}/")
            assert grant.interactions <= INTERACTIONS
            assert grant.purposes <= PURPOSES
