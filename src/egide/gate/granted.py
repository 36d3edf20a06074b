"""What an account is granted: the grants of its roles, within the scopes of its application.

Invariant: a scope never widens; what is granted with scopes is granted without them
(tests/unit/gate/test_granted.py).
"""

from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from egide.gate.roles import BREAK_GLASS, BUNDLES, EXPORTS, Grant, grants_of
from egide.gate.scopes import Scope, parse

_LETTERS = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history": "rs",
    "update": "u",
    "delete": "d",
    "search": "s",
    "$everything": "rs",
    "export": "rs",
    BREAK_GLASS: "cruds",
}
"""What each interaction needs of `cruds`; one that is not here no application may do."""


@lru_cache(maxsize=1024)
def granted(roles: frozenset[str], scope: str | None) -> tuple[Grant, ...]:
    """The grants of `roles`, narrowed by a list of SMART scopes (None: by none).

    Raises Incorrect for what is no list of scopes.
    """
    grants = grants_of(roles)
    if scope is None:
        return grants
    scopes = _together(parse(scope))
    return tuple(each for grant in grants for each in _within(grant, scopes))


def _together(scopes: tuple[Scope, ...]) -> list[Scope]:
    """`scopes`, those that differ by their letters only as one."""
    letters: dict[Scope, set[str]] = {}
    for each in scopes:
        letters.setdefault(replace(each, interactions=""), set()).update(each.interactions)
    return [
        replace(each, interactions="".join(letter for letter in "cruds" if letter in found))
        for each, found in letters.items()
    ]


def _within(grant: Grant, scopes: list[Scope]) -> Iterator[Grant]:
    envelopes = grant.interactions & BUNDLES
    if envelopes and scopes:
        yield replace(grant, interactions=envelopes, types=frozenset())
    for scope in scopes:
        types = grant.types if scope.type == "*" else grant.types & {scope.type}
        interactions = frozenset(
            each
            for each in grant.interactions - envelopes
            if each in _LETTERS
            and set(_LETTERS[each]) <= set(scope.interactions)
            and not (each in EXPORTS and scope.level != "system")
            and not (each == BREAK_GLASS and (scope.level != "user" or scope.criteria))
        )
        if types and interactions:
            yield replace(
                grant,
                interactions=interactions,
                types=types,
                launched=scope.level == "patient",
                criteria=scope.criteria,
            )
