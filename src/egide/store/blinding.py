"""Blinding: what is indexed of a resource becomes the terms of its row, the leading one apart.

Invariant: a row has a term as its lead or among its other terms
(tests/unit/store/test_blinding.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

from egide.fhir.search import WITHHELD, Term, leading
from egide.seal import BlindIndex


class Blinded(NamedTuple):
    """`lead`: the term of the leading code; `others`: the other terms, sorted.

    A resource whose codes are withheld has the term that says so in both places: there it is found
    by searches for the leading code, here by those for others.
    """

    lead: int | None
    others: list[int]


def blinded(blind: BlindIndex, type: str, terms: Sequence[Term]) -> Blinded:
    """The terms of a row of `type`, from those its index values name."""
    lead = leading(type, terms)
    others = sorted(blind.term(type, *term) for term in terms if term == WITHHELD or term != lead)
    return Blinded(None if lead is None else blind.term(type, *lead), others)
