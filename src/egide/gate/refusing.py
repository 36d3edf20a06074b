"""Why not: the name of the rule that denied, from the coarsest to the finest."""

from typing import Final

from egide.actor import PURPOSES
from egide.gate.facts import Facts
from egide.gate.roles import BREAK_GLASS, EXPORTS, HOUSE, READS, WRITES

TYPED: Final = (READS | WRITES | EXPORTS) - {"search", "history"}
"""Interactions that make no sense without a type."""
STEP_UP: Final = frozenset({"assurance", "authentication-age"})
"""Rules that a better proof of who one is would satisfy."""


def needs_glass(purpose: str, interaction: str, emergency: bool) -> bool:
    """Whether a glass has to be broken first."""
    return purpose == "BTG" and not emergency and interaction != BREAK_GLASS


def bounded(facts: Facts) -> bool:
    """Whether an establishment bounds what is asked; an emergency is one everywhere."""
    return facts.held is not None and facts.purpose != "BTG"


def refusal(facts: Facts) -> str:
    """Why not, from the coarsest reason to the finest: the name of the rule that denied."""
    if not facts.grants:
        return "no-role"
    if facts.purpose not in PURPOSES:
        return "unknown-purpose"
    if facts.type is None and facts.interaction in TYPED:
        return "no-type"
    left = [
        grant
        for grant in facts.grants
        if facts.interaction in grant.interactions
        and (facts.type is None or facts.type in grant.types)
    ]
    if not left:
        return "no-grant"
    left = [grant for grant in left if facts.purpose in grant.purposes]
    if not left:
        return "purpose"
    if needs_glass(facts.purpose, facts.interaction, facts.emergency):
        return "glass-not-broken"
    if bounded(facts) and facts.interaction in HOUSE:
        return "held"
    for rule, holds in (
        ("zone", [grant for grant in left if facts.zone in grant.zones]),
        (_lacking(facts), [grant for grant in left if facts.cleared or not grant.cleared]),
        ("hours", [grant for grant in left if facts.open or not grant.opening]),
        ("assurance", [grant for grant in left if facts.assurance >= grant.assurance]),
    ):
        if not holds:
            return rule
    return "authentication-age"


def _lacking(facts: Facts) -> str:
    """What keeps somebody from being in order; of both, the training."""
    lacks = () if facts.clearance is None else facts.clearance.lacks
    return lacks[0] if lacks else "training"
