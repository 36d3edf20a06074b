"""For random grants, facts and resources: conditions are a superset, and deny wins."""

from hypothesis import given
from hypothesis import strategies as st

from egide.actor import PURPOSES
from egide.gate import Answer, Decision, Exceptions, Facts, Grant, Reach, ResourceFacts, decide
from egide.gate.roles import CHANGES, INTERACTIONS, Span

PATIENTS = [1, 2, 3, 4]
TYPES = ["Patient", "Observation", "Location"]
LABELS = ["x|1", "x|2"]
SPANS: list[Span] = ["all", "set", "self", "unbound"]


def subset(values: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values))


keys = st.frozensets(st.sampled_from(PATIENTS))
interactions = st.sampled_from(["read", "search", "update", "transaction", "$everything"])
purposes = st.sampled_from(["TREAT", "BTG", "PATRQT", "NONSENSE"])
grants = st.builds(
    Grant,
    name=st.sampled_from(["a", "b", "c"]),
    interactions=st.frozensets(interactions),
    purposes=st.frozensets(purposes),
    types=subset(TYPES),
    reach=st.sampled_from(SPANS),
    withheld=subset(LABELS),
    assurance=st.sampled_from([1, 2]),
)
facts = st.builds(
    Facts,
    interaction=interactions,
    type=st.sampled_from([*TYPES, None]),
    purpose=purposes,
    grants=st.lists(grants, max_size=4).map(tuple),
    own=st.sampled_from([None, *PATIENTS]),
    assurance=st.sampled_from([1, 2]),
    emergency=st.booleans(),
    exceptions=st.builds(Exceptions, denied=keys, masked=keys, broken_glass=keys),
)
resources = st.builds(
    ResourceFacts,
    type=st.sampled_from(TYPES),
    patients=st.lists(st.sampled_from(PATIENTS), max_size=3, unique=True).map(tuple),
    reached=keys,
    labels=subset(LABELS),
)


def admits(reach: Reach, decision: Decision, resource: ResourceFacts) -> bool:
    """What a query narrowed by `reach` would still find."""
    if not resource.patients:
        return reach.unbound
    match reach.kind:
        case "all":
            return True
        case "set":
            inside = resource.reached | decision.exceptions.broken_glass | {reach.patient}
            return not inside.isdisjoint(resource.patients)
        case "one":
            return reach.patient in resource.patients
        case "none":
            return False


def one_by_one(facts: Facts, resource: ResourceFacts) -> Answer:
    """The rules again, said as plainly as possible and without a thought for speed."""
    patients = set(resource.patients)
    glass = facts.exceptions.broken_glass if facts.emergency else frozenset()
    span = {
        "all": True,
        "set": bool(patients) and patients <= (resource.reached | glass),
        "self": bool(patients) and patients == {facts.own},
        "unbound": not patients,
    }
    opened = any(
        facts.interaction in grant.interactions
        and facts.purpose in grant.purposes
        and resource.type in grant.types
        and facts.assurance >= grant.assurance
        and not (resource.labels & grant.withheld)
        and span[grant.reach]
        for grant in facts.grants
    )
    if facts.purpose not in PURPOSES or (facts.purpose == "BTG" and not facts.emergency):
        return "no"
    if not opened or patients & facts.exceptions.denied:
        return "no"
    if patients & facts.exceptions.masked:
        return "no" if facts.interaction in CHANGES else "masked"
    return "yes"


@given(facts, resources)
def test_what_is_permitted_lies_inside_the_conditions(
    facts: Facts, resource: ResourceFacts
) -> None:
    decision = decide(facts)
    if decision.permits(resource) != "no":
        assert decision.outcome == "allow"
        assert resource.type in decision.types
        assert admits(decision.reach_of(resource.type), decision, resource)
        if facts.type in (None, resource.type):
            assert admits(decision.reach, decision, resource)
        assert decision.withheld_of(resource.type).isdisjoint(resource.labels)
        assert decision.exceptions.denied.isdisjoint(resource.patients)


@given(facts, resources)
def test_permits_equals_the_rules_said_plainly(facts: Facts, resource: ResourceFacts) -> None:
    decision = decide(facts)
    expected = one_by_one(facts, resource) if decision.outcome == "allow" else "no"
    assert decision.permits(resource) == expected


@given(facts, resources)
def test_a_denied_decision_opens_nothing(facts: Facts, resource: ResourceFacts) -> None:
    decision = decide(facts)
    if decision.outcome == "deny":
        assert decision.permits(resource) == "no"
        assert decision.types == frozenset()
        assert decision.reach == Reach("none")


@given(facts, resources)
def test_deny_wins_whatever_is_granted(facts: Facts, resource: ResourceFacts) -> None:
    exceptions = facts.exceptions
    denied = Exceptions(
        exceptions.denied | frozenset(resource.patients[:1]),
        exceptions.masked,
        exceptions.broken_glass,
    )
    decision = decide(Facts(**{**fields(facts), "exceptions": denied}))
    if resource.patients:
        assert decision.permits(resource) == "no"


@given(facts, grants, resources)
def test_one_grant_more_never_closes(facts: Facts, grant: Grant, resource: ResourceFacts) -> None:
    before = decide(facts).permits(resource)
    after = decide(Facts(**{**fields(facts), "grants": (*facts.grants, grant)})).permits(resource)
    assert after == before or before == "no"


@given(facts, resources)
def test_identical_facts_are_equal_and_decide_alike(facts: Facts, resource: ResourceFacts) -> None:
    twin = Facts(**fields(facts))
    assert (twin, hash(twin)) == (facts, hash(facts))
    one, other = decide(facts), decide(twin)
    assert (one.outcome, one.rule, one.types) == (other.outcome, other.rule, other.types)
    assert one.permits(resource) == other.permits(resource)


def fields(facts: Facts) -> dict[str, object]:
    return {name: getattr(facts, name) for name in facts.__struct_fields__}


def test_the_interactions_drawn_here_exist() -> None:
    assert {"read", "search", "update", "transaction", "$everything"} <= INTERACTIONS
