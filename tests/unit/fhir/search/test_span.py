"""Dates as stretches of time: precision, zones, the hours clocks skip and repeat."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.fhir.search.span import EVER, Span, period, span, timing

PARIS = ZoneInfo("Europe/Paris")


def micros(text: str) -> int:
    """An instant with its zone, in microseconds since 1970."""
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2024", "2023-12-31T23:00:00+00:00", "2024-12-31T23:00:00+00:00"),
        ("2024-02", "2024-01-31T23:00:00+00:00", "2024-02-29T23:00:00+00:00"),
        ("2024-12", "2024-11-30T23:00:00+00:00", "2024-12-31T23:00:00+00:00"),
        ("2024-07", "2024-06-30T22:00:00+00:00", "2024-07-31T22:00:00+00:00"),
        ("2024-01-14", "2024-01-13T23:00:00+00:00", "2024-01-14T23:00:00+00:00"),
        # The day the clocks go forward has 23 hours, the day they go back 25.
        ("2024-03-31", "2024-03-30T23:00:00+00:00", "2024-03-31T22:00:00+00:00"),
        ("2024-10-27", "2024-10-26T22:00:00+00:00", "2024-10-27T23:00:00+00:00"),
        ("2024-01-14T10:00", "2024-01-14T09:00:00+00:00", "2024-01-14T09:01:00+00:00"),
        ("2024-07-14T10:00:05", "2024-07-14T08:00:05+00:00", "2024-07-14T08:00:06+00:00"),
        ("2024-07-14T10:00:05Z", "2024-07-14T10:00:05+00:00", "2024-07-14T10:00:06+00:00"),
        ("2024-07-14T10:00:05-00:00", "2024-07-14T10:00:05+00:00", "2024-07-14T10:00:06+00:00"),
        ("2024-07-14T10:00:05+05:30", "2024-07-14T04:30:05+00:00", "2024-07-14T04:30:06+00:00"),
        ("2024-07-14T10:00:05-10:00", "2024-07-14T20:00:05+00:00", "2024-07-14T20:00:06+00:00"),
        ("2024-07-14T10:00:05.5Z", "2024-07-14T10:00:05.5+00:00", "2024-07-14T10:00:05.6+00:00"),
        (
            "2024-07-14T10:00:05.123Z",
            "2024-07-14T10:00:05.123+00:00",
            "2024-07-14T10:00:05.124+00:00",
        ),
        # 02:30 on the day the clocks jump from 02:00 to 03:00 never was: it is read as 03:30.
        ("2024-03-31T02:30", "2024-03-31T01:30:00+00:00", "2024-03-31T01:31:00+00:00"),
        # 02:30 on the day they fall back from 03:00 to 02:00 was twice: it is the first.
        ("2024-10-27T02:30", "2024-10-27T00:30:00+00:00", "2024-10-27T00:31:00+00:00"),
        ("1960-01-01", "1959-12-31T23:00:00+00:00", "1960-01-01T23:00:00+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00", "2017-01-01T00:00:01+00:00"),
    ],
)
def test_a_date_covers_a_stretch(text: str, first: str, end: str) -> None:
    assert span(text, PARIS) == Span(micros(first), micros(end) - 1)


def test_digits_beyond_the_microsecond_are_cut() -> None:
    whole = span("2024-07-14T10:00:05.123456Z", PARIS)
    assert whole == span("2024-07-14T10:00:05.123456789Z", PARIS)
    assert whole.low == whole.high


def test_the_ends_of_the_calendar_can_be_read() -> None:
    far_west, far_east = ZoneInfo("Etc/GMT+12"), ZoneInfo("Etc/GMT-14")
    for zone in (UTC, PARIS, far_west, far_east):
        for text in ("0001", "0001-01-01", "9999", "9999-12", "9999-12-31", "9999-12-31T23:59:59"):
            low, high = span(text, zone)
            assert low <= high


@pytest.mark.parametrize(
    "text",
    [
        *("", "24", "2024-1", "2024-13", "2024-02-30", "2023-02-29", "0000", "2024-00-01"),
        *("2024-01-01T10", "2024-01-01T24:00", "2024-01-01T10:60", "2024-01-01T10:00:61"),
        *("2024-01-01T10:00+15:00", "2024-01-01T10:00+01:60", "2024-01-01T10:00+1", " 2024"),
        *("2024-01-01Z", "20240101", "2024-01-01T10:00:00.", "yesterday", "2024-01-01T10:00 Z"),
        "٢٠٢٤",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        span(text, PARIS)


@given(st.datetimes(min_value=datetime(1900, 1, 1)), st.sampled_from([UTC, PARIS]))
def test_a_day_holds_each_of_its_seconds(at: datetime, zone: tzinfo) -> None:
    day, second = span(at.date().isoformat(), zone), span(f"{at:%Y-%m-%dT%H:%M:%S}", zone)
    assert day.low <= second.low <= second.high <= day.high


def test_a_period_without_an_end_is_open() -> None:
    day = span("2024-01-14", PARIS)
    assert period({"start": "2024-01-14"}, PARIS) == (day.low, EVER)
    assert period({"end": "2024-01-14"}, PARIS) == (-EVER, day.high)
    assert period({"start": "2024-01-14", "end": "2024-01-14"}, PARIS) == day
    assert period({}, PARIS) is None


def test_of_a_timing_only_the_outer_limits_matter() -> None:
    first, last = span("2013-01-31", PARIS), span("2013-03-24", PARIS)
    bounds = {"start": "2013-01-31", "end": "2013-03-24"}
    limits = Span(first.low, last.high)
    assert timing({"repeat": {"boundsPeriod": bounds, "frequency": 1}}, PARIS) == limits
    assert timing({"event": ["2013-03-24", None, "2013-01-31"]}, PARIS) == limits
    assert timing({"event": ["2013-01-31"], "repeat": {"boundsPeriod": bounds}}, PARIS) == limits
    assert timing({"code": {"text": "daily"}}, PARIS) is None
