"""Explaining: which rule allowed, narrowed or refused, and what would change it.

Invariant: what is explained is what is decided; a grant is said to open a resource exactly when
`permits` with that grant alone opens it (tests/unit/gate/test_explaining.py).
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from egide.actor import Clearance
from egide.gate.choices import Choice, Nature
from egide.gate.decide import Decision, decide, needs_consent
from egide.gate.facts import Answer, Facts, ResourceFacts
from egide.gate.roles import Grant

CHANGES: Final[Mapping[str, str]] = {
    "interaction": "a role that grants this interaction",
    "type": "a role that grants this type of resource",
    "purpose": "asking for one of the purposes the grant is for",
    "scope": "an application that is granted a scope for it",
    "assurance": "a stronger authentication",
    "authentication-age": "showing two factors again",
    "zone": "asking from within the establishment's networks",
    "training": "a training that has not run out",
    "charter": "signing the charter in force",
    "hours": "asking in the opening hours of the establishment (EGIDE_OPENING)",
    "glass-not-broken": "breaking the glass, for a reason",
    "label": "nothing here: the label of the resource, or of a stay it belongs to, says so",
    "masked": "nothing here: the label of the resource, or of a stay it belongs to, masks it",
    "reach": "a care team, an encounter, an episode of care or a grant that names the person",
    "establishment": "what makes the patient one of the establishment the roles are held for "
    "(managing organization, encounter, episode of care, care team), or roles for the whole house",
    "held": "roles held for the whole house: this is done to all of it",
    "own": "an account bound to this patient",
    "behalf": "a RelatedPerson, a Consent that names it, and acting for this patient",
    "concerns-a-patient": "nothing here: the grant is for what concerns no patient",
    "launched": "an application launched with this patient",
    "criteria": "a scope whose criteria the resource satisfies",
    "opposition": "the patient's decision: the Consent named",
    "no-agreement": "a Consent that permits just this",
    "server-chosen-ids": "letting the server choose the id",
    "identity-search": "a role that may search the type for everybody",
    "multiple-matches": "a criterion that one resource matches",
}
"""Reason → what would change it."""


class Cited(msgspec.Struct, frozen=True):
    """A Consent that decided, by reference: its nature, its date as written, who collected it."""

    reference: str
    nature: Nature
    date: str = ""
    by: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True):
    """What one grant came to: it opens, masks or closes, for a reason (empty when it opens).

    `consent` is what a patient decided that opens or closes it, if that is why; `mask` names what
    is still shown of what is masked (`egide.gate.masks`).
    """

    grant: str
    answer: Answer
    reason: str = ""
    consent: Cited | None = None
    mask: str = ""

    @property
    def change(self) -> str:
        """What would change it."""
        return CHANGES.get(self.reason, "")


class Explanation(msgspec.Struct, frozen=True):
    """What was decided, by which rule, and grant by grant, those nearest to opening first."""

    outcome: Literal["allow", "deny"]
    rule: str
    answer: Answer | None
    lines: tuple[Line, ...]
    obligations: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    """Of what is masked: the elements it still shows, besides what every mask shows."""
    interaction: str = ""
    """Which interaction was decided; none where nothing is."""
    clearance: Clearance | None = None
    """Training and charter, where a grant asks for them."""


_FARNESS: Final = ("purpose", "scope", "type", "interaction")
"""Reasons for which a grant has little to do with the question, the last the least."""


def explain(
    facts: Facts, unscoped: tuple[Grant, ...], resource: ResourceFacts | None = None
) -> Explanation:
    """Explain the decision on `facts`, for one resource if there is one.

    `unscoped` are the grants of the roles, before the scopes of an application narrowed them.
    """
    decision = decide(facts)
    wide = {grant.name: grant for grant in unscoped}
    lines = [_line(facts, each, wide.get(each.name, each), resource) for each in facts.grants]
    inside = {grant.name for grant in facts.grants}
    lines += [
        Line(each.name, "no", next(_apart(facts, each), "scope"))
        for each in unscoped
        if each.name not in inside
    ]
    lines.sort(key=_distance)
    answer = None if resource is None else decision.permits(resource)
    shown = decision.shown(resource) if resource and answer == "masked" else frozenset[str]()
    return Explanation(
        decision.outcome,
        decision.rule,
        answer,
        tuple(lines),
        tuple(sorted(decision.obligations)),
        tuple(sorted(shown)),
        facts.interaction,
        facts.clearance if any(grant.cleared for grant in facts.grants) else None,
    )


def _distance(line: Line) -> tuple[bool, int]:
    far = _FARNESS.index(line.reason) + 1 if line.reason in _FARNESS else 0
    return line.answer == "no", far


def _line(facts: Facts, grant: Grant, wide: Grant, resource: ResourceFacts | None) -> Line:
    """`wide` is the grant as the role has it, before scopes narrowed it."""
    alone = decide(replace(facts, grants=(grant,)))
    if any(_apart(facts, grant)):
        return Line(grant.name, "no", next(_apart(facts, wide), "scope"))
    if not alone.allowed:
        return Line(grant.name, "no", alone.rule)
    if resource is None:
        return Line(grant.name, "yes")
    answer = alone.permits(resource)
    if answer == "no":
        reason, choice = next(_after(alone, grant, resource), ("masked", None))
        return Line(grant.name, answer, reason, _cited(choice))
    agreed = _cited(_agreed(alone, grant, resource))
    if answer == "masked":
        return Line(grant.name, answer, "masked", agreed, grant.mask)
    return Line(grant.name, answer, consent=agreed)


def _cited(choice: Choice | None) -> Cited | None:
    if choice is None:
        return None
    return Cited(choice.reference, choice.nature, choice.date, choice.by)


def _agreed(alone: Decision, grant: Grant, resource: ResourceFacts) -> Choice | None:
    """What a patient agreed to without which a grant would not open a resource."""
    if not grant.heeds:
        return None
    for patient in resource.patients:
        if needs_consent(grant, resource, patient):
            return alone.verdict(resource, patient)[1]
    return None


def _apart(facts: Facts, grant: Grant) -> Iterator[str]:
    """Why a grant has nothing to do with the question."""
    if facts.interaction not in grant.interactions:
        yield "interaction"
    if facts.type is not None and facts.type not in grant.types:
        yield "type"


def _after(
    alone: Decision, grant: Grant, resource: ResourceFacts
) -> Iterator[tuple[str, Choice | None]]:
    """Why a grant that counts does not open a resource; the Consent that says so."""
    facts, patients = alone.facts, resource.patients
    if not resource.labels.isdisjoint(grant.withheld):
        yield "label", None
    for patient in patients:
        verdict, choice = alone.verdict(resource, patient)
        if grant.heeds and verdict == "deny":
            yield "opposition", choice
    if grant.reach == "unbound" and patients:
        yield "concerns-a-patient", None
    if grant.reach == "self" and set(patients) != {facts.own}:
        yield "own", None
    if grant.reach == "behalf" and (
        set(patients) != {facts.behalf} or not resource.agreed.issuperset(patients)
    ):
        yield "behalf", None
    if grant.reach == "set" and not (resource.reached | resource.agreed).issuperset(patients):
        yield "reach", None
    if not alone.belongs(grant, resource):
        yield "establishment", None
    if grant.launched and set(patients) - {facts.launched}:
        yield "launched", None
    if grant.criteria and not (
        resource.labels.isdisjoint(grant.masked) and resource.meets(grant.criteria)
    ):
        yield "criteria", None
    if resource.labels.isdisjoint(grant.masked):
        yield "no-agreement", None
