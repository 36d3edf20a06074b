"""`egide routes`: every address the server answers, and whom."""

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from egide.api.application import routes as table
from egide.gate import ROLES
from egide.web import FILES, FOREIGN, ISSUERS, OPEN, PERSONAL

ANYONE = "anyone"
SIGNED_IN = "people signed in"
_PIPED = 160
"""Columns written where there is no terminal to say how many it has."""


def routes() -> None:
    """List every HTTP address, what it does, and the roles that may use it."""
    width = None if sys.stdout.isatty() else _PIPED
    console = Console(highlight=False, soft_wrap=True, width=width)
    shown = Table("method", "address", "interaction", "roles", box=None)
    for column in shown.columns:
        column.overflow = "fold"
    for row in rows():
        shown.add_row(*row)
    console.print(shown)


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Method, address, interaction and roles of every address, one row each.

    The roles are those with a grant for the interaction; for which types, patients and purposes
    is the grant's own business.
    """
    yield from _machines()
    for route in (*OPEN, *FOREIGN, *ISSUERS, *FILES):
        for method in route.answers:
            yield method, route.template, "", ANYONE
    for route in PERSONAL:
        for method in route.answers:
            yield method, route.template, "", SIGNED_IN


def _machines() -> Iterator[tuple[str, str, str, str]]:
    for route in table():
        for method, answer in route.answers.items():
            if not answer.interactions:
                yield method, route.template, "", ANYONE
            for interaction in answer.interactions:
                yield method, route.template, interaction, ", ".join(roles_for(interaction))


def roles_for(interaction: str) -> list[str]:
    """The names of the roles with a grant for `interaction`."""
    return [
        name
        for name, role in ROLES.items()
        if any(interaction in grant.interactions for grant in role.grants)
    ]
