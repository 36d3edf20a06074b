"""The time, as an argument: whoever needs `now` is given a clock."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present instant, aware, in UTC."""


def system_clock() -> datetime:
    """The machine's clock, in UTC, cut to milliseconds: what FHIR's `instant` shows."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def instant(at: datetime) -> str:
    """`at` (aware, UTC) as FHIR writes an instant: `2026-11-23T18:24:08.123Z`."""
    return at.isoformat(timespec="milliseconds")[:-6] + "Z"
