"""For random grants, facts and resources: conditions are a superset, and deny wins."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from egide.actor import PURPOSES
from egide.gate import Answer, Decision, Facts, Grant, Reach, ResourceFacts, decide
from egide.gate.choices import Choices, choice
from egide.gate.masks import MASKS
from egide.gate.roles import CHANGES, INTERACTIONS, Span

PATIENTS = [1, 2, 3, 4]
TYPES = ["Patient", "Observation", "Location", "AuditEvent"]
LABELS = ["x|1", "x|2"]
SPANS: list[Span] = ["all", "set", "self", "behalf", "unbound"]
CRITERIA = (("code", "1"),)
HOSPITAL = frozenset({"hospital", "ward"})


def decided(said: str) -> Choices:
    """A patient who permits or denies everything, or says nothing."""
    consent = {"status": "active", "provision": {"type": said}}
    compiled = choice(consent, ZoneInfo("UTC"))
    return Choices((compiled,)) if said and compiled else Choices()


CHOICES = {said: decided(said) for said in ("permit", "deny", "")}


def subset(values: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values))


keys = st.frozensets(st.sampled_from(PATIENTS))
interactions = st.sampled_from(["read", "search", "update", "transaction", "$everything", "erase"])
purposes = st.sampled_from(["TREAT", "BTG", "PATRQT", "NONSENSE"])
grants = st.builds(
    Grant,
    name=st.sampled_from(["a", "b", "c"]),
    interactions=st.frozensets(interactions),
    purposes=st.frozensets(purposes),
    types=subset(TYPES),
    reach=st.sampled_from(SPANS),
    withheld=subset(LABELS),
    masked=subset(LABELS),
    mask=st.sampled_from(list(MASKS)),
    heeds=st.booleans(),
    launched=st.booleans(),
    criteria=st.sampled_from([(), CRITERIA]),
    assurance=st.sampled_from([1, 2]),
    fresh=st.booleans(),
    zones=st.sampled_from([frozenset({"inside"}), frozenset({"inside", "outside"})]),
    opening=st.booleans(),
    cleared=st.booleans(),
)
facts = st.builds(
    Facts,
    interaction=interactions,
    type=st.sampled_from([*TYPES, None]),
    purpose=purposes,
    grants=st.lists(grants, max_size=4).map(tuple),
    own=st.sampled_from([None, *PATIENTS]),
    assurance=st.sampled_from([1, 2]),
    fresh=st.booleans(),
    launched=st.sampled_from([None, *PATIENTS]),
    behalf=st.sampled_from([None, *PATIENTS]),
    held=st.sampled_from([None, HOSPITAL]),
    emergency=st.booleans(),
    zone=st.sampled_from(["inside", "outside"]),
    cleared=st.booleans(),
    open=st.booleans(),
)
resources = st.builds(
    ResourceFacts,
    type=st.sampled_from(TYPES),
    patients=st.lists(st.sampled_from(PATIENTS), max_size=3, unique=True).map(tuple),
    reached=keys,
    labels=subset(LABELS),
    agreed=keys,
    choices=st.dictionaries(st.sampled_from(PATIENTS), st.sampled_from(list(CHOICES.values()))),
    meets=st.sampled_from([lambda criteria: True, lambda criteria: False]),
    belonging=keys,
    elsewhere=st.booleans(),
)


def admits(reach: Reach, decision: Decision, resource: ResourceFacts) -> bool:
    """What a query narrowed by `reach` would still find."""
    if not resource.patients:
        return reach.unbound
    match reach.kind:
        case "all":
            return True
        case "set":
            inside = resource.reached | resource.agreed | {reach.patient}
            inside |= resource.belonging if reach.held else frozenset()
            return not inside.isdisjoint(resource.patients)
        case "one":
            return reach.patient in resource.patients
        case "none":
            return False


def one_by_one(facts: Facts, resource: ResourceFacts) -> Answer:
    """The rules again, said as plainly as possible and without a thought for speed."""
    patients = set(resource.patients)
    choices = {p: resource.choices.get(p, CHOICES[""]) for p in patients}
    denies = any(each is CHOICES["deny"] for each in choices.values())
    permit = {p for p, each in choices.items() if each is CHOICES["permit"]}
    if facts.purpose not in PURPOSES or (facts.purpose == "BTG" and not facts.emergency):
        return "no"
    held = facts.held is not None and facts.purpose != "BTG"
    if held and facts.interaction == "erase":
        return "no"
    here = not resource.elsewhere and patients <= resource.belonging
    if not patients and resource.type == (
        "Location" if facts.interaction == "update" else "AuditEvent"
    ):
        here = False
    answers = set()
    for grant in facts.grants:
        span = {
            "all": True,
            "set": bool(patients) and patients <= (resource.reached | resource.agreed),
            "self": bool(patients) and patients == {facts.own},
            "behalf": bool(patients) and patients == {facts.behalf} and patients <= resource.agreed,
            "unbound": not patients,
        }
        agreement = patients if grant.reach == "behalf" else patients - resource.reached
        opened = (
            facts.interaction in grant.interactions
            and facts.purpose in grant.purposes
            and resource.type in grant.types
            and facts.assurance >= grant.assurance
            and (facts.fresh or not grant.fresh)
            and facts.zone in grant.zones
            and (facts.cleared or not grant.cleared)
            and (facts.open or not grant.opening)
            and not (resource.labels & grant.withheld)
            and span[grant.reach]
            and (not held or here or grant.reach in ("self", "behalf", "unbound"))
            and (not grant.launched or patients <= {facts.launched})
            and (
                not grant.criteria
                or (resource.meets(grant.criteria) and not resource.labels & grant.masked)
            )
        )
        if grant.heeds and (resource.choices or resource.agreed):
            needs = grant.reach in ("set", "behalf")
            opened = opened and not denies and (not needs or agreement <= permit)
        if opened:
            answers.add("masked" if resource.labels & grant.masked else "yes")
    if "yes" in answers:
        return "yes"
    return "masked" if "masked" in answers and facts.interaction not in CHANGES else "no"


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
def test_deny_wins_whatever_is_granted_to_who_heeds(facts: Facts, resource: ResourceFacts) -> None:
    heeding = tuple(replace(grant, heeds=True) for grant in facts.grants)
    decision = decide(replace(facts, grants=heeding))
    opposed = {**resource.choices, **dict.fromkeys(resource.patients[:1], CHOICES["deny"])}
    if resource.patients:
        assert decision.permits(replace(resource, choices=opposed)) == "no"


@given(facts, resources)
def test_what_opens_all_opens_whatever_it_is(facts: Facts, resource: ResourceFacts) -> None:
    decision = decide(facts)
    if decision.opens_all(resource.type):
        assert decision.permits(resource) == "yes"


@given(facts, grants, resources)
def test_one_grant_more_never_closes(facts: Facts, grant: Grant, resource: ResourceFacts) -> None:
    before = decide(facts).permits(resource)
    after = decide(Facts(**{**fields(facts), "grants": (*facts.grants, grant)})).permits(resource)
    order = ["no", "masked", "yes"]
    assert order.index(after) >= order.index(before)


@given(facts, grants, resources)
def test_one_grant_more_never_masks_more(
    facts: Facts, grant: Grant, resource: ResourceFacts
) -> None:
    before = decide(facts)
    after = decide(replace(facts, grants=(*facts.grants, grant)))
    if before.permits(resource) == after.permits(resource) == "masked":
        assert before.shown(resource) <= after.shown(resource)


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
    assert {"read", "search", "update", "transaction", "$everything", "erase"} <= INTERACTIONS


@given(facts, resources)
def test_roles_held_for_an_establishment_open_nothing_the_house_s_do_not(
    facts: Facts, resource: ResourceFacts
) -> None:
    held = decide(replace(facts, held=HOSPITAL)).permits(resource)
    if held != "no":
        assert decide(replace(facts, held=None)).permits(resource) == held


@given(facts, resources)
def test_roles_held_for_an_establishment_open_nothing_of_another_s(
    facts: Facts, resource: ResourceFacts
) -> None:
    wide = tuple(each for each in facts.grants if each.reach in ("all", "set"))
    decision = decide(replace(facts, grants=wide, held=HOSPITAL))
    others = set(resource.patients) - resource.belonging
    if facts.purpose != "BTG" and (others or resource.elsewhere):
        assert decision.permits(resource) == "no"


@given(facts, resources)
def test_what_needs_no_look_up_is_decided_the_same_without_one(
    known: Facts, resource: ResourceFacts
) -> None:
    """Neither reach nor choices, nor labels it may have from a stay."""
    decision = decide(replace(known, type=resource.type))
    nobody = frozenset[int]()
    bare = replace(
        resource, reached=nobody, agreed=nobody, belonging=nobody, choices={}, labels=frozenset()
    )
    if not decision.looks_up:
        assert decision.permits(resource) == decision.permits(bare)
