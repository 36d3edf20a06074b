"""Where commands write: a terminal, or a pipe, which does not say how many columns it has."""

import sys

from rich.console import Console

PIPED = 200
"""Columns written into a pipe: a table is cut in none of those there are."""


def terminal(*, plain: bool = False) -> Console:
    """Standard output; `plain`: texts in it are shown as they are, never wrapped."""
    width = None if sys.stdout.isatty() else PIPED
    return Console(highlight=False, soft_wrap=plain, markup=not plain, width=width)
