"""The time a history is asked for: `_since` and `_at`. https://hl7.org/fhir/R4/http.html#history"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from egide.fhir.search.refusal import wrong
from egide.fhir.search.span import Span, span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of the calendar."""


@dataclass(frozen=True, slots=True)
class Timeframe:
    """Versions written at `since` or later, and current at some moment from `first` to before
    `end`. None: no bound."""

    since: datetime | None = None
    first: datetime | None = None
    end: datetime | None = None

    @property
    def bounded(self) -> bool:
        """Whether anything is left out."""
        return self.since is not None or self.first is not None

    def holds(self, updated: datetime, succeeded: datetime | None) -> bool:
        """Whether a version written at `updated`, and replaced at `succeeded`, is asked for."""
        if self.since is not None and updated < self.since:
            return False
        if self.first is None or self.end is None:
            return True
        return updated < self.end and (succeeded is None or succeeded > self.first)

    def is_past(self, updated: datetime) -> bool:
        """Whether what is older than a version written at `updated` is not asked for."""
        too_old = self.since is not None and updated < self.since
        return too_old or (self.first is not None and updated <= self.first)


def timeframe(since: str | None, at: str | None, zone: tzinfo) -> Timeframe:
    """What `_since` and `_at` ask for; dates without a zone are in `zone`. Raises Incorrect."""
    begin = None if since is None else _moment(_span("_since", since, zone).low)
    if at is None:
        return Timeframe(begin)
    period = _span("_at", at, zone)
    return Timeframe(begin, _moment(period.low), _moment(period.high + 1))


def _span(name: str, text: str, zone: tzinfo) -> Span:
    # An unescaped `+` of an offset arrives as a space.
    written = text.replace(" ", "+") if "T" in text else text
    try:
        return span(written, zone)
    except ValueError:
        raise wrong(name, "is a date or an instant, as 2024-05-01T10:00:00+02:00") from None


def _moment(micros: int) -> datetime:
    """An instant of the search's time line; beyond the calendar, its end."""
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return LAST
