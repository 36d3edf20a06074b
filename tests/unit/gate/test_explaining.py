"""What is explained is what is decided."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from msgspec.structs import replace
from tests.unit.gate.test_superset import facts, resources

from egide.actor import Clearance
from egide.gate import Facts, ResourceFacts, decide
from egide.gate.choices import Choices, choice
from egide.gate.explaining import Cited, explain
from egide.gate.roles import ROLES, grants_of


@given(facts, resources)
def test_a_grant_is_said_to_open_exactly_when_it_does(
    facts: Facts, resource: ResourceFacts
) -> None:
    facts = replace(
        facts,
        type=resource.type,
        grants=tuple(replace(g, name=str(n)) for n, g in enumerate(facts.grants)),
    )
    found = explain(facts, (), resource)
    assert found.answer == decide(facts).permits(resource)
    assert len(found.lines) == len(facts.grants)
    for line in found.lines:
        grant = facts.grants[int(line.grant)]
        assert line.answer == decide(replace(facts, grants=(grant,))).permits(resource)
        assert (line.reason == "") == (line.answer == "yes")


@given(facts, resources)
def test_every_reason_says_what_would_change_it(facts: Facts, resource: ResourceFacts) -> None:
    for line in explain(replace(facts, type=resource.type), (), resource).lines:
        assert line.reason == "" or line.change or line.reason == "unknown-purpose"


def test_what_an_application_may_not_is_told_apart_from_what_the_person_may_not() -> None:
    whole = grants_of(frozenset({"clinician"}))
    found = explain(Facts("read", "Patient", "TREAT", ()), whole)
    assert found.lines[0].reason == "scope"
    assert {line.answer for line in found.lines} == {"no"}


def test_a_grant_is_named_after_its_role() -> None:
    for name, role in ROLES.items():
        for grant in role.grants:
            asked = Facts(
                min(grant.interactions),
                min(grant.types, default=None),
                min(grant.purposes),
                (grant,),
                assurance=2,
                emergency=True,
            )
            found = decide(asked)
            assert (found.allowed, found.role) == (True, name)
    assert decide(Facts("read", "Patient", "TREAT", ())).role == ""


def test_clearance_is_told_where_a_grant_asks_for_it_and_nowhere_else() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    lapsed = Clearance(at, trained=at)
    for role, told in (("clinician", lapsed), ("registrar", None)):
        grants = grants_of(frozenset({role}))
        facts = Facts("read", "Patient", "TREAT", grants, cleared=False, clearance=lapsed)
        assert explain(facts, grants).clearance == told


def test_an_opposition_names_its_consent() -> None:
    opposed = choice(
        {"id": "c", "status": "active", "provision": {"type": "deny"}}, ZoneInfo("UTC")
    )
    assert opposed is not None
    resource = ResourceFacts("Patient", (1,), frozenset({1}), choices={1: Choices((opposed,))})
    found = explain(
        Facts("read", "Patient", "TREAT", grants_of(frozenset({"clinician"})), assurance=2),
        (),
        resource,
    )
    assert (found.answer, found.lines[0].reason, found.lines[0].consent) == (
        "no",
        "opposition",
        Cited("Consent/c", "opposition"),
    )


def test_a_consent_is_cited_by_nature_date_and_who_collected_it_and_by_no_name() -> None:
    consent = {
        "id": "c",
        "status": "active",
        "dateTime": "2026-03-01T09:30:00+01:00",
        "performer": [
            {"reference": "Practitioner/1", "display": "Secret"},
            {"display": "Secret"},
            {"reference": "https://egide.example/fhir/PractitionerRole/2"},
            {"reference": "https://elsewhere.example/fhir/Practitioner/secret"},
        ],
        "organization": [{"reference": "Organization/3", "display": "Secret"}],
        "provision": {"type": "permit"},
    }
    permitted = choice(consent, ZoneInfo("UTC"), frozenset({"https://egide.example/fhir/"}))
    assert permitted is not None
    resource = ResourceFacts(
        "Patient", (1,), agreed=frozenset({1}), choices={1: Choices((permitted,))}
    )
    grants = grants_of(frozenset({"clinician"}))
    facts = Facts("read", "Patient", "TREAT", grants, assurance=2)
    line = explain(facts, (), resource).lines[0]
    by = ("Practitioner/1", "PractitionerRole/2", "Organization/3")
    cited = Cited("Consent/c", "consent", "2026-03-01T09:30:00+01:00", by)
    assert (line.answer, line.consent) == ("yes", cited)
    reached = replace(resource, agreed=frozenset(), reached=frozenset({1}))
    line = explain(facts, (), reached).lines[0]
    assert (line.answer, line.consent) == ("yes", None), "care opens it, the consent does not"
