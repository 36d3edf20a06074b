"""Patterns of primitives against the calendar and the standard's own regexes."""

import calendar
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.fhir.definitions import definitions
from egide.fhir.primitives import DECIMAL, PRIMITIVES


def allows(type_, text):
    return PRIMITIVES[type_].regex.search(text) is not None


@settings(deadline=None)
@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
def test_a_date_is_a_day_of_the_calendar(year, month, day):
    real = year > 0 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year or 4, month)[1]
    text = f"{year:04}-{month:02}-{day:02}"
    assert allows("date", text) is real
    assert allows("dateTime", text) is real
    assert allows("dateTime", text + "T10:00:00Z") is real
    assert allows("instant", text + "T10:00:00.5+02:00") is real


@pytest.mark.parametrize("year", [4, 96, 100, 400, 1600, 1900, 2000, 2004, 2019, 2100, 9996])
def test_leap_days_follow_the_gregorian_rule(year):
    assert allows("date", f"{year:04}-02-29") is calendar.isleap(year)


TEXTS = st.text("0123456789-:T.Z+ aurnidoe/=A\n", max_size=30) | st.text(max_size=12)


@settings(deadline=None)
@given(st.sampled_from(sorted(definitions().primitives)), TEXTS)
def test_nothing_is_allowed_that_the_standard_s_regex_forbids(type_, text):
    standard = definitions().primitives[type_]
    pattern = PRIMITIVES[type_].pattern
    if text and standard and pattern and allows(type_, text):
        assert re.fullmatch(standard, text, re.ASCII)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("base64Binary", "QUJD"),
        ("base64Binary", "QQ=="),
        ("base64Binary", " QUI=\n"),
        ("base64Binary", "QUJD\nQUJD"),
        ("canonical", "http://example.org/a|1.0#b"),
        ("code", "a b"),
        ("date", "2020"),
        ("date", "2020-02"),
        ("dateTime", "2020-01-01T23:59:60.123456789-14:00"),
        ("id", "a.B-9"),
        ("id", "a" * 64),
        ("instant", "2020-01-01T00:00:00Z"),
        ("oid", "urn:oid:2.16.0.1"),
        ("time", "00:00:00.000"),
        ("uri", "a"),
        ("uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
    ],
)
def test_what_the_standard_allows_is_allowed(type_, text):
    assert allows(type_, text)


def test_base64_of_megabytes_is_judged_without_recursion():
    assert allows("base64Binary", "QUJD" * 1_000_000)
    assert allows("base64Binary", "QUJD\r\n" * 500_000)
    assert not allows("base64Binary", "QUJD" * 1_000_000 + "*")


def test_every_primitive_type_of_r4_is_here():
    assert set(PRIMITIVES) == {*definitions().primitives, "System.String"}


@pytest.mark.parametrize("number", [b"1", b"-0.50", b"1e3", b"1E-999"])
def test_a_decimal_may_be_written_in_any_way_json_knows(number):
    assert DECIMAL.match(number)
