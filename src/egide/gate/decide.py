"""May they, and how far: one pure decision from facts.

Invariants, each with its test in tests/unit/gate:
- nothing is allowed that no grant names (test_table: what_is_not_granted…);
- deny wins: no grant opens a denied patient (test_table, test_superset: deny_wins…);
- conditions are a superset: what `permits` opens lies inside `types`, `reach_of`, `withheld_of`
  and `exceptions`, so a query narrowed by them loses nothing (test_superset: what_is_permitted…);
- one grant more never closes (test_superset: one_grant_more…).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

import msgspec

from egide.actor import PURPOSES
from egide.gate.facts import Answer, Exceptions, Facts, ResourceFacts
from egide.gate.roles import BUNDLES, CHANGES, EXPORTS, READS, WRITES, Grant

_TYPED = (READS | WRITES | EXPORTS) - {"search", "history"}
"""Interactions that make no sense without a type."""


class Reach(msgspec.Struct, frozen=True):
    """Whose resources a query may look at.

    kind: `none`, `one` (only `patient`), `set` (the patients in the account's reach rows, those
    whose glass is broken, and `patient` when there is one) or `all`. `unbound`: also resources
    that concern no patient.
    """

    kind: Literal["none", "one", "set", "all"]
    patient: int | None = None
    unbound: bool = False


_ORDER = {"self": 0, "unbound": 0, "set": 1, "all": 2}


class _Rules(msgspec.Struct, frozen=True):
    """What some grants come to for one interaction, purpose, assurance and emergency."""

    by_type: Mapping[str, tuple[Grant, ...]]
    sendable: str | None
    """The grant that lets an interaction on no type in particular through, if any."""
    types: frozenset[str]


class Decision:
    """The answer to one set of facts: static conditions, reach, exceptions and `permits`.

    `outcome` is allow or deny, `rule` the grant or the rule that decided, `types` the resource
    types that may leave or be written, `reach` and `withheld` those of the type asked about,
    `obligations` what binds the caller: `give-reason`, `notify-patient`, `step-up`.
    """

    __slots__ = ("_own", "_rules", "_writes", "exceptions", "facts", "obligations", "outcome",
                 "rule", "types")  # fmt: skip

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
        exceptions = facts.exceptions
        if exceptions.broken_glass and not facts.emergency:
            exceptions = Exceptions(denied=exceptions.denied, masked=exceptions.masked)
        self.exceptions: Final = exceptions
        self._rules: Final = rules.by_type
        self._own: Final = facts.own
        self._writes: Final = facts.interaction in CHANGES

    @property
    def allowed(self) -> bool:
        return self.outcome == "allow"

    @property
    def reach(self) -> Reach:
        """The reach for the type asked about; for the whole system, the union over all types."""
        if self.facts.type is not None:
            return self.reach_of(self.facts.type)
        return _union(tuple(g for grants in self._rules.values() for g in grants), self._own)

    def reach_of(self, type: str) -> Reach:
        """The reach for resources of `type`: a superset of what `permits` opens."""
        return _union(self._rules.get(type, ()), self._own)

    def withheld_of(self, type: str) -> frozenset[str]:
        """The labels no resource of `type` may carry if it is to leave."""
        grants = self._rules.get(type)
        if not grants:
            return frozenset()
        return frozenset.intersection(*(grant.withheld for grant in grants))

    def permits(self, resource: ResourceFacts) -> Answer:
        """Whether this one resource may leave, or be written: yes, masked (reads only) or no.

        A resource of several patients needs every one of them in reach; one denied patient
        closes it, one masked patient masks it.
        """
        grants = self._rules.get(resource.type)
        if grants is None:
            return "no"
        patients = resource.patients
        exceptions = self.exceptions
        if exceptions.denied and not exceptions.denied.isdisjoint(patients):
            return "no"
        labels = resource.labels
        for grant in grants:
            if labels and not labels.isdisjoint(grant.withheld):
                continue
            span = grant.reach
            if span == "all":
                break
            if span == "unbound":
                if not patients:
                    break
            elif patients and (
                self._in_set(patients, resource.reached)
                if span == "set"
                else self._is_own(patients)
            ):
                break
        else:
            return "no"
        if exceptions.masked and not exceptions.masked.isdisjoint(patients):
            return "no" if self._writes else "masked"
        return "yes"

    def _in_set(self, patients: tuple[int, ...], reached: frozenset[int]) -> bool:
        glass = self.exceptions.broken_glass
        for patient in patients:  # noqa: SIM110 - a generator costs more than the loop
            if patient not in reached and patient not in glass:
                return False
        return True

    def _is_own(self, patients: tuple[int, ...]) -> bool:
        own = self._own
        if own is None:
            return False
        for patient in patients:  # noqa: SIM110
            if patient != own:
                return False
        return True


def decide(facts: Facts) -> Decision:
    """Decide from `facts` alone. Never raises: what is not understood is denied."""
    interaction, type, grants = facts.interaction, facts.type, facts.grants
    rules = _rules(grants, interaction, facts.purpose, facts.assurance, facts.emergency)
    if type is None:
        if rules.sendable is not None and interaction not in _TYPED:
            obligations = _obligations(tuple(g for gs in rules.by_type.values() for g in gs))
            return Decision(facts, "allow", rules.sendable, rules, obligations)
    elif interaction not in BUNDLES:
        matching = rules.by_type.get(type)
        if matching is not None:
            return Decision(facts, "allow", matching[0].name, rules, _obligations(matching))
    rule = _refusal(facts)
    step_up = frozenset({"step-up"}) if rule == "assurance" else frozenset[str]()
    return Decision(facts, "deny", rule, _NOTHING, step_up)


_NOTHING = _Rules(by_type={}, sendable=None, types=frozenset())


@lru_cache(maxsize=4096)
def _rules(
    grants: tuple[Grant, ...], interaction: str, purpose: str, assurance: int, emergency: bool
) -> _Rules:
    usable = [
        grant
        for grant in grants
        if interaction in grant.interactions
        and purpose in grant.purposes
        and assurance >= grant.assurance
    ]
    if not usable or purpose not in PURPOSES or (purpose == "BTG" and not emergency):
        return _NOTHING
    by_type: dict[str, tuple[Grant, ...]] = {}
    # The widest first: `permits` stops at the first grant that opens.
    for grant in sorted(usable, key=lambda each: -_ORDER[each.reach]):
        for type in grant.types:
            by_type[type] = (*by_type.get(type, ()), grant)
    return _Rules(by_type=by_type, sendable=usable[0].name, types=frozenset(by_type))


@lru_cache(maxsize=4096)
def _union(grants: tuple[Grant, ...], own: int | None) -> Reach:
    spans = {grant.reach for grant in grants}
    one = own if "self" in spans else None
    if "all" in spans:
        return Reach("all", unbound=True)
    if "set" in spans:
        return Reach("set", one, "unbound" in spans)
    return Reach("none" if one is None else "one", one, "unbound" in spans)


@lru_cache(maxsize=4096)
def _obligations(grants: tuple[Grant, ...]) -> frozenset[str]:
    return frozenset[str]().union(*(grant.obligations for grant in grants))


def _refusal(facts: Facts) -> str:
    """Why not, from the coarsest reason to the finest: the name of the rule that denied."""
    if not facts.grants:
        return "no-role"
    if facts.purpose not in PURPOSES:
        return "unknown-purpose"
    if facts.type is None and facts.interaction in _TYPED:
        return "no-type"
    named = [
        grant
        for grant in facts.grants
        if facts.interaction in grant.interactions
        and (facts.type is None or facts.type in grant.types)
    ]
    if not named:
        return "no-grant"
    for_purpose = [grant for grant in named if facts.purpose in grant.purposes]
    if not for_purpose:
        return "purpose"
    if facts.purpose == "BTG" and not facts.emergency:
        return "glass-not-broken"
    return "assurance"
