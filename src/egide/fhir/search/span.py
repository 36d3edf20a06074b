"""Stretches of time: from any date FHIR can write to the first and last microsecond it covers.

https://hl7.org/fhir/R4/search.html#date. Microseconds since 1970-01-01T00:00Z, both ends included.
A date has the width of its precision (a year, a month, a day, a minute, a second, …). Without a
zone it is in the establishment's: a local time that the clocks skipped is read with the offset
before the change, one that they showed twice is the first (as RFC 5545 does).
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple

EVER = 1 << 62
"""Later than any date; `-EVER` is earlier. The open ends of a period."""

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 86_400 * _SECOND
_EPOCH = date(1970, 1, 1).toordinal()
_TEXT = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<part>[0-9]+))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)


class Span(NamedTuple):
    """From `low` to `high`, both included, in microseconds."""

    low: int
    high: int


def span(text: str, zone: tzinfo) -> Span:
    """The stretch a date, dateTime or instant covers. Raises ValueError if it is none."""
    found = _TEXT.fullmatch(text)
    if not found:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, part, offset = found.groups()
    if month is None:
        return _between((int(year), 1), (int(year) + 1, 1), zone)
    if day is None:
        after = (int(year), int(month) + 1) if int(month) < 12 else (int(year) + 1, 1)
        return _between((int(year), int(month)), after, zone)
    on = date(int(year), int(month), int(day))
    if hour is None:
        return Span(_midnight(on.toordinal(), zone), _midnight(on.toordinal() + 1, zone) - 1)
    leap = second == "60"
    whole = datetime(
        on.year, on.month, on.day, int(hour), int(minute), 59 if leap else int(second or 0)
    )
    low = _micros(whole) - _offset(whole, offset, zone) + (_SECOND if leap else 0)
    if second is None:
        return Span(low, low + _MINUTE - 1)
    if part is None:
        return Span(low, low + _SECOND - 1)
    low += int(part[:6].ljust(6, "0"))
    width = 10 ** max(6 - len(part), 0)
    return Span(low, low + width - 1)


def period(value: Mapping[str, Any], zone: tzinfo) -> Span | None:
    """The stretch of a Period; a missing end is open. None when it has neither."""
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return None
    return Span(
        -EVER if start is None else span(start, zone).low,
        EVER if end is None else span(end, zone).high,
    )


def timing(value: Mapping[str, Any], zone: tzinfo) -> Span | None:
    """The outer limits of a Timing: its events and the period it repeats in. None without any."""
    spans = [span(event, zone) for event in value.get("event", ()) if event is not None]
    bounds = (value.get("repeat") or {}).get("boundsPeriod")
    limits = period(bounds, zone) if bounds else None
    if limits:
        spans.append(limits)
    if not spans:
        return None
    return Span(min(s.low for s in spans), max(s.high for s in spans))


def _between(first: tuple[int, int], after: tuple[int, int], zone: tzinfo) -> Span:
    """From the first of one month to before the first of another."""
    start = date(first[0], first[1], 1).toordinal()
    if after[0] > 9999:
        return Span(_midnight(start, zone), EVER)
    return Span(
        _midnight(start, zone), _midnight(date(after[0], after[1], 1).toordinal(), zone) - 1
    )


def _midnight(ordinal: int, zone: tzinfo) -> int:
    """The instant a local day begins."""
    if ordinal > date.max.toordinal():
        return EVER
    begin = datetime.fromordinal(ordinal)
    return (ordinal - _EPOCH) * _DAY - _offset(begin, None, zone)


def _micros(local: datetime) -> int:
    seconds = (local.hour * 60 + local.minute) * 60 + local.second
    return (local.toordinal() - _EPOCH) * _DAY + seconds * _SECOND


def _offset(local: datetime, written: str | None, zone: tzinfo) -> int:
    """Microseconds east of UTC: as written, or the zone's at that local time."""
    if written is None:
        east = local.replace(tzinfo=zone).utcoffset()
        return 0 if east is None else (east.days * 86_400 + east.seconds) * _SECOND
    if written == "Z":
        return 0
    hours, minutes = int(written[1:3]), int(written[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError("not an offset")
    east_of = (hours * 60 + minutes) * _MINUTE
    return -east_of if written[0] == "-" else east_of
