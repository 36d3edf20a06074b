"""Which of a writer's entries the tree has: the intervals of sequence numbers still missing.

At first everything is missing, one interval without end. An entry that commits late leaves a hole
that is looked into again on every pass, so the order of commits does not matter.

Invariant: whatever the order in which entries appear, each is taken once
(test_each_entry_is_taken_once_whatever_the_order).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from egide.ledger.row import LAST_SEQUENCE


class Progress:
    """The missing intervals of one writer, both ends included, in order."""

    __slots__ = ("_highs", "_lows")

    def __init__(self, missing: Sequence[int] = ()) -> None:
        """`missing` is `flat()` of an earlier one; empty: nothing was taken yet."""
        self._lows = list(missing[::2]) or [1]
        self._highs = list(missing[1::2]) or [LAST_SEQUENCE]

    def flat(self) -> list[int]:
        """The intervals as low, high, low, high …"""
        return [end for interval in self.intervals() for end in interval]

    def intervals(self) -> list[tuple[int, int]]:
        """The intervals: holes below, and last the one without end."""
        return list(zip(self._lows, self._highs, strict=True))

    @property
    def whole(self) -> bool:
        """Whether there is no hole below the last entry taken."""
        return len(self._lows) == 1

    def missing(self, sequence: int) -> bool:
        """Whether this entry was not taken yet."""
        at = bisect_right(self._lows, sequence) - 1
        return at >= 0 and sequence <= self._highs[at]

    def take(self, sequences: Iterable[int]) -> None:
        """These are in the tree now. Raises ValueError for one that already was."""
        for sequence in sequences:
            at = bisect_right(self._lows, sequence) - 1
            if at < 0 or sequence > self._highs[at]:
                raise ValueError("an entry is taken once")
            low, high = self._lows[at], self._highs[at]
            if low < sequence < high:
                self._lows[at : at + 1] = [low, sequence + 1]
                self._highs[at : at + 1] = [sequence - 1, high]
            elif low < sequence:
                self._highs[at] = sequence - 1
            elif sequence < high:
                self._lows[at] = sequence + 1
            else:
                del self._lows[at], self._highs[at]
