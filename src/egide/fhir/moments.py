"""Partial dates and times as the span of instants they may mean.

https://hl7.org/fhir/R4/datatypes.html#dateTime: `2012` is any instant of that year. A text without
a time zone may be meant in any zone, so its span is widened by the zones' extremes.
"""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)


def span(text: str) -> tuple[datetime, datetime]:
    """The first and last instant (UTC) that a valid date, dateTime or instant may mean."""
    if len(text) > 10:
        seconds, zone = _split_zone(text[17:])
        whole, _, fraction = seconds.partition(".")
        local = datetime.fromisoformat(text[:16]).replace(tzinfo=UTC)
        micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
        start = _shift(local, timedelta(seconds=int(whole), microseconds=micro) - _offset(zone))
        return start, start if fraction else _shift(start, timedelta(microseconds=999_999))
    year = int(text[:4])
    first_month, last_month = (int(text[5:7]), int(text[5:7])) if len(text) > 4 else (1, 12)
    first_day, last_day = 1, monthrange(year, last_month)[1]
    if len(text) == 10:
        first_day = last_day = int(text[8:])
    start = datetime(year, first_month, first_day, tzinfo=UTC)
    end = datetime(year, last_month, last_day, 23, 59, 59, 999_999, tzinfo=UTC)
    return _shift(start, -_EAST), _shift(end, _WEST)


def is_after(first: str, second: str) -> bool:
    """Whether `first` is later than `second` however both are read."""
    if len(first) == len(second) and (len(first) < 11 or first[-6:] == second[-6:]):
        return first > second
    return span(first)[0] > span(second)[1]


def _split_zone(text: str) -> tuple[str, str]:
    if text.endswith("Z"):
        return text[:-1], "+00:00"
    return text[:-6], text[-6:]


def _offset(zone: str) -> timedelta:
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
    return -ahead if zone[0] == "-" else ahead


def _shift(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:
        return at
