"""Reaches: about how many patients somebody reaches, so that a search knows its access path.

Counted as far as it is worth knowing, and believed for a few seconds. Wrong counts cost time, never
results.
"""

import time
from collections.abc import Callable

from egide.db import Connection, queries
from egide.store.standing import Within

_SQL = queries("egide.store", "sql/finding.sql")
_SECONDS = 5.0
_MOST = 10_000
"""Reaches remembered."""

_Whose = tuple[tuple[bytes, ...], bytes | None]


class Reaches:
    """Counts for one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: dict[_Whose, tuple[float, int]] = {}

    async def count(self, connection: Connection, within: Within, most: int) -> int:
        """How many patients are in the reach, at most `most`, the same in every call."""
        members = tuple(within.tying) if within.wide else within.members
        now, whose = self._clock(), (members, within.practitioner)
        at, patients = self._counted.get(whose, (-_SECONDS, 0))
        if now - at < _SECONDS:
            return patients
        counted: int = await connection.fetchval(
            _SQL["reached"], list(members), most, within.at, within.practitioner
        )
        if len(self._counted) >= _MOST:
            self._counted.clear()
        self._counted[whose] = now, counted
        return counted
