"""Intervals of what the tree does not have yet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.ledger.progress import Progress
from egide.ledger.row import LAST_SEQUENCE


@given(st.permutations(range(1, 40)), st.lists(st.integers(1, 12), min_size=1, max_size=40))
def test_each_entry_is_taken_once_whatever_the_order(order: list[int], passes: list[int]) -> None:
    progress = Progress()
    taken: set[int] = set()
    at = 0
    for count in (*passes, 40):
        some = order[at : at + count]
        at += count
        assert all(progress.missing(sequence) for sequence in some)
        progress.take(some)
        taken.update(some)
        progress = Progress(progress.flat())
        for sequence in range(1, 41):
            assert progress.missing(sequence) == (sequence not in taken)
    assert progress.intervals() == [(40, LAST_SEQUENCE)]
    assert progress.whole


def test_a_hole_stays_until_it_is_filled() -> None:
    progress = Progress()
    progress.take([1, 2, 5, 6, 9])
    assert progress.intervals() == [(3, 4), (7, 8), (10, LAST_SEQUENCE)]
    assert not progress.whole
    progress.take([4, 7, 8])
    assert progress.intervals() == [(3, 3), (10, LAST_SEQUENCE)]
    progress.take([3])
    assert progress.whole


def test_an_entry_is_not_taken_twice() -> None:
    progress = Progress()
    progress.take([2])
    with pytest.raises(ValueError, match="once"):
        progress.take([2])
    with pytest.raises(ValueError, match="once"):
        progress.take([0])


def test_a_jump_far_ahead_costs_one_interval() -> None:
    progress = Progress()
    progress.take([10**11])
    assert len(progress.intervals()) == 2
