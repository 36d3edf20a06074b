"""May they, and how far: one pure decision from facts.

Invariants, each with its test in tests/unit/gate:
- nothing is allowed that no grant names (test_table: what_is_not_granted…);
- deny wins: what a patient opposes, no grant that heeds patients opens (test_table,
  test_superset: deny_wins…);
- conditions are a superset: what `permits` opens lies inside `types`, `reach_of` and
  `withheld_of`, so a query narrowed by them loses nothing (test_superset: what_is_permitted…);
- one grant more never closes (test_superset: one_grant_more…);
- roles held for an establishment open nothing of another's (test_superset: roles_held_for…,
  test_table: a_role_held_for…).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

import msgspec

from egide.actor import PURPOSES, Zone
from egide.gate.choices import Access, Choice, Verdict
from egide.gate.facts import Answer, Facts, ResourceFacts
from egide.gate.masks import shown
from egide.gate.reach import Reach, union
from egide.gate.refusing import STEP_UP, TYPED, bounded, needs_glass, refusal
from egide.gate.roles import BUNDLES, CHANGES, HOUSE, Grant
from egide.gate.types import AUDIT, DIRECTORY, KNOWLEDGE

_WIDE: Final = frozenset({"all", "set"})
"""Spans that roles held for an establishment bound; one's own record, and that of whom one acts
for, stay so everywhere."""

_SHARED: Final = DIRECTORY | KNOWLEDGE
"""What the establishments of a house have in common: read by all of them, kept for the house."""

_ORDER = {"self": 0, "behalf": 0, "unbound": 0, "set": 1, "all": 2}


class _Rules(msgspec.Struct, frozen=True):
    """What some grants come to for one interaction and the circumstances of a request."""

    by_type: Mapping[str, tuple[Grant, ...]]
    sendable: str | None
    """The grant that lets an interaction on no type in particular through, if any."""
    types: frozenset[str]
    looks_up: frozenset[str]
    """The types of which any depends on reach, on what patients decided, or on labels."""
    criteria: bool


class Decision:
    """The answer to one set of facts: static conditions, reach and `permits`.

    `outcome` is allow or deny, `rule` the grant or the rule that decided, `types` the resource
    types that may leave or be written, `obligations` what binds the caller: `give-reason`,
    `notify-patient`, `step-up`.
    """

    __slots__ = ("_held", "_rules", "_writes", "facts", "obligations", "outcome", "rule", "types")

    def __init__(
        self,
        facts: Facts,
        outcome: Literal["allow", "deny"],
        rule: str,
        rules: _Rules,
        obligations: frozenset[str],
    ) -> None:
        self.facts: Final = facts
        self.outcome: Final = outcome
        self.rule: Final = rule
        self.obligations: Final = obligations
        self.types: Final = rules.types
        self._rules: Final = rules
        self._writes: Final = facts.interaction in CHANGES
        self._held: Final = bounded(facts)

    @property
    def allowed(self) -> bool:
        return self.outcome == "allow"

    @property
    def role(self) -> str:
        """The role whose grant decided, of those that allow the one that reaches widest."""
        return self.rule.partition("/")[0] if self.allowed else ""

    @property
    def looks_up(self) -> bool:
        """Whether reach, choices and labelled stays of patients must be looked up for `permits`."""
        if self.facts.type is None:
            return bool(self._rules.looks_up)
        return self.facts.type in self._rules.looks_up

    @property
    def has_criteria(self) -> bool:
        """Whether `permits` may ask if a resource meets the criteria of a scope."""
        return self._rules.criteria

    @property
    def reach(self) -> Reach:
        """The reach for the type asked about; for the whole system, the union over all types."""
        if self.facts.type is not None:
            return self.reach_of(self.facts.type)
        return self._union(tuple(g for grants in self._rules.by_type.values() for g in grants))

    def reach_of(self, type: str) -> Reach:
        """The reach for resources of `type`: a superset of what `permits` opens."""
        return self._union(self.grants_on(type))

    def grants_on(self, type: str) -> tuple[Grant, ...]:
        """The grants that count for resources of `type`, the widest first."""
        return self._rules.by_type.get(type, ())

    def withheld_of(self, type: str) -> frozenset[str]:
        """The labels no resource of `type` may carry if it is to leave."""
        grants = self.grants_on(type)
        if not grants:
            return frozenset()
        return frozenset.intersection(*(grant.withheld for grant in grants))

    def opens_all(self, type: str) -> bool:
        """Whether every resource of `type` is permitted, whole, whatever it is."""
        return _open_all(self.grants_on(type), self._held)

    def may_label(self, type: str) -> bool:
        """Whether the security labels of resources of `type` may be changed."""
        return any(grant.labels for grant in self.grants_on(type))

    def may_identify(self, type: str) -> bool:
        """Whether a new resource of `type` may come with its id; not where roles are held for an
        establishment, which must not learn what ids another's resources have."""
        return not self._held and any(grant.identifies for grant in self.grants_on(type))

    def searches_all(self, type: str) -> bool:
        """Whether everybody's resources of `type` are asked, of the house or of the establishment
        the roles are held for; what a label or an opposition hides is not shown all the same."""
        reach = self.reach_of(type)
        return reach.kind == "all" or reach.held

    def permits(self, resource: ResourceFacts) -> Answer:
        """Whether this one resource may leave, or be written: yes, masked (reads only) or no.

        A resource of several patients needs every one of them in reach, and the opposition of one
        closes it.
        """
        grants = self._rules.by_type.get(resource.type)
        if grants is None:
            return "no"
        labels = resource.labels
        masked = False
        for grant in grants:
            if self._opens(grant, resource):
                if not labels or labels.isdisjoint(grant.masked):
                    return "yes"
                masked = True
        return "masked" if masked and not self._writes else "no"

    def shown(self, resource: ResourceFacts) -> frozenset[str]:
        """The elements this resource, which is masked, still shows besides what every mask does
        (`egide.gate.masks`): those any grant shows that opens it."""
        grants = self.grants_on(resource.type)
        masks = frozenset(each.mask for each in grants if self._opens(each, resource))
        return shown(masks, resource.type)

    def verdict(
        self, resource: ResourceFacts, patient: int
    ) -> tuple[Verdict | None, Choice | None]:
        """What a patient decided of this access to a resource, and the Consent that says it."""
        choices = resource.choices.get(patient)
        if choices is None:
            return None, None
        facts = self.facts
        return choices.verdict(
            Access(
                facts.who,
                facts.purpose,
                facts.interaction,
                resource.type,
                resource.labels,
                resource.content,
                facts.at,
            )
        )

    def _opens(self, grant: Grant, resource: ResourceFacts) -> bool:
        """Whether a grant opens a resource, whole or masked."""
        labels, patients = resource.labels, resource.patients
        if labels and not labels.isdisjoint(grant.withheld):
            return False
        span = grant.reach
        if span != "all" and not self._spans(span, resource):
            return False
        if self._held and not self.belongs(grant, resource):
            return False
        if grant.launched and patients and not _only(patients, self.facts.launched):
            return False
        if grant.criteria and not (
            labels.isdisjoint(grant.masked) and resource.meets(grant.criteria)
        ):
            # Criteria ask the whole resource: what is masked must not tell by them what it hides.
            return False
        return not (grant.heeds and (resource.choices or resource.agreed)) or self._heeds(
            grant, resource
        )

    def _spans(self, span: str, resource: ResourceFacts) -> bool:
        patients = resource.patients
        if span == "unbound":
            return not patients
        if not patients:
            return False
        if span == "self":
            return _only(patients, self.facts.own)
        if span == "behalf":
            return _only(patients, self.facts.behalf) and resource.agreed.issuperset(patients)
        reached, agreed = resource.reached, resource.agreed
        for patient in patients:  # noqa: SIM110 - a generator costs more than the loop
            if patient not in reached and patient not in agreed:
                return False
        return True

    def belongs(self, grant: Grant, resource: ResourceFacts) -> bool:
        """Whether a resource is of the establishment that bounds a grant, or of the whole house;
        of any where none does."""
        if not self._held or grant.reach not in _WIDE:
            return True
        if resource.elsewhere:
            return False
        if resource.patients:
            return resource.belonging.issuperset(resource.patients)
        return resource.type not in (_SHARED if self._writes else AUDIT)

    def _heeds(self, grant: Grant, resource: ResourceFacts) -> bool:
        """Whether no patient opposes, and those in reach by a consent alone agree to just this."""
        for patient in resource.patients:
            verdict = self.verdict(resource, patient)[0]
            if verdict == "deny":
                return False
            if verdict != "permit" and needs_consent(grant, resource, patient):
                return False
        return True

    def opposing(self, resource: ResourceFacts) -> Choice | None:
        """The decision of a patient that closes this resource to whom reach would open it."""
        if any(grant.heeds for grant in self.grants_on(resource.type)):
            for patient in resource.patients:
                said, choice = self.verdict(resource, patient)
                if said == "deny":
                    return choice
        return None

    def _union(self, grants: tuple[Grant, ...]) -> Reach:
        facts = self.facts
        return union(grants, facts.own, facts.launched, facts.behalf, self._held)


def needs_consent(grant: Grant, resource: ResourceFacts, patient: int) -> bool:
    """Whether a grant opens a resource of `patient` only where he or she agreed to just this."""
    return grant.reach == "behalf" or (grant.reach == "set" and patient not in resource.reached)


def _only(patients: tuple[int, ...], one: int | None) -> bool:
    for patient in patients:  # noqa: SIM110
        if patient != one:
            return False
    return True


def decide(facts: Facts) -> Decision:
    """Decide from `facts` alone. Never raises: what is not understood is denied."""
    interaction, type, grants = facts.interaction, facts.type, facts.grants
    rules = _rules(
        grants,
        interaction,
        facts.purpose,
        bounded(facts),
        facts.assurance,
        facts.fresh,
        facts.emergency,
        facts.zone,
        facts.cleared,
        facts.open,
    )
    if type is None:
        if rules.sendable is not None and interaction not in TYPED:
            obligations = _obligations(tuple(g for gs in rules.by_type.values() for g in gs))
            return Decision(facts, "allow", rules.sendable, rules, obligations)
    elif interaction not in BUNDLES:
        matching = rules.by_type.get(type)
        if matching is not None:
            return Decision(facts, "allow", matching[0].name, rules, _obligations(matching))
    rule = refusal(facts)
    step_up = frozenset({"step-up"}) if rule in STEP_UP else frozenset[str]()
    return Decision(facts, "deny", rule, _NOTHING, step_up)


_NOTHING = _Rules(
    by_type={}, sendable=None, types=frozenset(), looks_up=frozenset(), criteria=False
)


@lru_cache(maxsize=4096)
def _rules(
    grants: tuple[Grant, ...],
    interaction: str,
    purpose: str,
    held: bool,
    assurance: int,
    fresh: bool,
    emergency: bool,
    zone: Zone,
    cleared: bool,
    open: bool,
) -> _Rules:
    usable = [
        grant
        for grant in grants
        if interaction in grant.interactions
        and purpose in grant.purposes
        and assurance >= grant.assurance
        and (fresh or not grant.fresh)
        and zone in grant.zones
        and (cleared or not grant.cleared)
        and (open or not grant.opening)
    ]
    if not usable or purpose not in PURPOSES or needs_glass(purpose, interaction, emergency):
        return _NOTHING
    if held and interaction in HOUSE:
        return _NOTHING
    by_type: dict[str, tuple[Grant, ...]] = {}
    # The widest first: `permits` stops at the first grant that opens.
    for grant in sorted(usable, key=lambda each: -_ORDER[each.reach]):
        for type in grant.types:
            by_type[type] = (*by_type.get(type, ()), grant)
    return _Rules(
        by_type=by_type,
        sendable=usable[0].name,
        types=frozenset(by_type),
        looks_up=frozenset(type for type, each in by_type.items() if _look_up(each, held)),
        criteria=any(each.criteria for each in usable),
    )


def _look_up(grants: tuple[Grant, ...], held: bool) -> bool:
    """Whether what grants on one type permit depends on reach, on choices or on labels, which a
    resource may have from the stay it belongs to."""
    return not _open_all(grants, held) and any(
        each.reach in ("set", "behalf")
        or each.heeds
        or each.withheld
        or each.masked
        or (held and each.reach in _WIDE)
        for each in grants
    )


def _open_all(grants: tuple[Grant, ...], held: bool) -> bool:
    """Whether grants on one type open all of it, whole, whatever it is."""
    return not held and any(
        grant.reach == "all"
        and not (grant.withheld or grant.masked or grant.heeds)
        and not (grant.launched or grant.criteria)
        for grant in grants
    )


@lru_cache(maxsize=4096)
def _obligations(grants: tuple[Grant, ...]) -> frozenset[str]:
    return frozenset[str]().union(*(grant.obligations for grant in grants))
