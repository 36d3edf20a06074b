"""Term counts: about how many rows carry a blind term, so that a search knows its access path.

They are the engine's own sample of `terms` and `lead` (the commonest of each, refreshed as the
table grows), read once a minute. A term that is not among them is rare. Wrong counts cost time,
never results.
"""

import time
from collections.abc import Callable, Iterable

from egide.db import Connection, queries

_SQL = queries("egide.store", "sql/counts.sql")
_SECONDS = 60.0


class TermCounts:
    """Estimates for one process; without a sample nothing is known."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._read_at = -_SECONDS
        self._terms: dict[int, float] = {}
        self._leads: dict[int, float] = {}
        self._types: dict[int, float] = {}
        self._rare = 0.0
        self.rows = 0.0
        self.known = False

    async def fresh(self, connection: Connection) -> "TermCounts":
        """Read the engine's sample again when the one at hand is old."""
        now = self._clock()
        if now - self._read_at >= _SECONDS:
            self._read_at = now
            await self._read(connection)
        return self

    async def _read(self, connection: Connection) -> None:
        found = await connection.fetchrow(_SQL["sample"])
        self.known = found is not None and found["terms"] is not None
        if found is None or not self.known:
            return
        self.rows = max(float(found["rows"]), 1.0)
        shares = found["term_shares"]
        self._terms = dict(zip(found["terms"], shares, strict=False))
        self._rare = min(self._terms.values(), default=0.0)
        self._leads = dict(zip(found["leads"] or (), found["lead_shares"] or (), strict=False))
        self._types = dict(zip(found["types"] or (), found["type_shares"] or (), strict=False))

    def of_terms(self, alternatives: Iterable[int]) -> float:
        """About how many rows have one of these terms, at most."""
        return self.rows * sum(self._terms.get(each, self._rare / 2) for each in alternatives)

    def of_leads(self, alternatives: Iterable[int]) -> float:
        """About how many rows have one of these as their lead, at most."""
        rare = min(self._leads.values(), default=0.0) / 2
        return self.rows * sum(self._leads.get(each, rare) for each in alternatives)

    def of_type(self, number: int) -> float:
        """About how many rows are of this type; at least one."""
        return max(self.rows * self._types.get(number, 0.001), 1.0)
