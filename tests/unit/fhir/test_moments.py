"""Which of two partial dates is later."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.fhir.moments import is_after, span


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("2021", "2020", True),
        ("2020", "2020", False),
        ("2020-02", "2020", False),
        ("2021-01", "2020", False),
        ("2021-02", "2020", True),
        ("2020-01-01T23:00:00-10:00", "2020-01-02T00:00:00Z", True),
        ("2020-01-02T00:00:00+10:00", "2020-01-01T15:00:00Z", False),
        ("2020-01-01T00:00:00.5Z", "2020-01-01T00:00:00Z", False),
        ("2020-01-01T00:00:00.25Z", "2020-01-01T00:00:00.125Z", True),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", False),
        ("9999-12-31T23:59:60Z", "9999-12-31T23:59:59-14:00", False),
        ("9999", "0001", True),
    ],
)
def test_a_date_is_after_another_only_if_it_is_so_however_both_are_read(first, second, expected):
    assert is_after(first, second) is expected


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


@settings(deadline=None)
@given(*[st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=ZONES)] * 2)
def test_full_instants_are_ordered_as_instants(first, second):
    texts = [at.isoformat(timespec="milliseconds") for at in (first, second)]
    real = [at.replace(microsecond=at.microsecond // 1000 * 1000) for at in (first, second)]
    assert is_after(*texts) is (real[0] > real[1])


def test_a_year_spans_its_instants_in_every_zone():
    first, last = span("2020")
    assert first == datetime(2019, 12, 31, 10, tzinfo=UTC)
    assert last == datetime(2021, 1, 1, 11, 59, 59, 999_999, tzinfo=UTC)
