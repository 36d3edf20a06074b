"""May they: a pure decision from facts, taken again on every resource that leaves."""

from egide.gate.decide import Decision, decide
from egide.gate.facts import Answer, Facts, ResourceFacts
from egide.gate.granted import granted
from egide.gate.reach import Reach
from egide.gate.roles import (
    ACTS,
    BREAK_GLASS,
    INTERACTIONS,
    OPERATIONS,
    ROLES,
    Grant,
    Role,
    grants_of,
)

__all__ = [
    "ACTS",
    "BREAK_GLASS",
    "INTERACTIONS",
    "OPERATIONS",
    "ROLES",
    "Answer",
    "Decision",
    "Facts",
    "Grant",
    "Reach",
    "ResourceFacts",
    "Role",
    "decide",
    "granted",
    "grants_of",
]
