"""May they: a pure decision from facts, taken again on every resource that leaves."""

from egide.gate.decide import Decision, Reach, decide
from egide.gate.facts import NO_EXCEPTIONS, Answer, Exceptions, Facts, ResourceFacts
from egide.gate.roles import ACTS, INTERACTIONS, OPERATIONS, ROLES, Grant, Role, grants_of

__all__ = [
    "ACTS",
    "INTERACTIONS",
    "NO_EXCEPTIONS",
    "OPERATIONS",
    "ROLES",
    "Answer",
    "Decision",
    "Exceptions",
    "Facts",
    "Grant",
    "Reach",
    "ResourceFacts",
    "Role",
    "decide",
    "grants_of",
]
