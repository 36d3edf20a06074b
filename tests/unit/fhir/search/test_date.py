"""Date searches: the standard's own examples, prefix by prefix."""

from collections.abc import Callable
from typing import Any

import pytest

from egide.errors import Incorrect
from egide.fhir.search import Context, parse

Ask = Callable[[dict[str, Any], str, str], bool]


def observed(**effective: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", **effective}


@pytest.mark.parametrize(
    ("query", "date", "expected"),
    [
        # https://hl7.org/fhir/R4/search.html#date
        ("eq2013-01-14", "2013-01-14T00:00:00", True),
        ("eq2013-01-14", "2013-01-14T10:00:00", True),
        ("eq2013-01-14", "2013-01-15T00:00:00", False),
        ("ne2013-01-14", "2013-01-15T00:00:00", True),
        ("ne2013-01-14", "2013-01-14T00:00:00", False),
        ("ne2013-01-14", "2013-01-14T10:00:00", False),
        ("lt2013-01-14T10:00", "2013-01-14", True),
        ("gt2013-01-14T10:00", "2013-01-14", True),
        ("ap2013-03-14", "2013-03-14", True),
        # Precision: the search value must contain the target.
        ("2013", "2013-06", True),
        ("2013", "2013", True),
        ("2013-06", "2013", False),
        ("2013-06-01", "2013-06", False),
        ("2013-06-01T10:00", "2013-06-01", False),
        ("2013-06-01T10:00", "2013-06-01T10:00:59+02:00", True),
        ("2013-06-01T10:00", "2013-06-01T10:01:00+02:00", False),
        # Edges of a day.
        ("gt2013-01-14", "2013-01-14T23:59:59+01:00", False),
        ("gt2013-01-14", "2013-01-15T00:00:00+01:00", True),
        ("ge2013-01-14", "2013-01-14T00:00:00+01:00", True),
        ("ge2013-01-14", "2013-01-13T23:59:59+01:00", False),
        ("lt2013-01-14", "2013-01-13T23:59:59+01:00", True),
        ("lt2013-01-14", "2013-01-14T00:00:00+01:00", False),
        ("le2013-01-14", "2013-01-14T23:59:59+01:00", True),
        ("le2013-01-14", "2013-01-15T00:00:00+01:00", False),
        ("sa2013-01-14", "2013-01-15", True),
        ("sa2013-01-14", "2013-01-14", False),
        ("eb2013-01-14", "2013-01-13", True),
        ("eb2013-01-14", "2013-01-14", False),
        # Zones: a day is the establishment's, an offset is kept.
        ("2013-01-14", "2013-01-13T23:00:00Z", True),
        ("2013-01-14", "2013-01-13T22:59:59Z", False),
        ("2013-01-14T00:00:00Z", "2013-01-14T01:00:00+01:00", True),
        ("2013-01-14T00:00:00-00:00", "2013-01-14T00:00:00Z", True),
        ("2013-01-14T01:00", "2013-01-14T00:00:00Z", True),
        # The hour that was not, and the one that was twice.
        ("2024-03-31T02:30", "2024-03-31T01:30:00Z", True),
        ("2024-03-31T02:30", "2024-03-31T03:30:00+02:00", True),
        ("2024-10-27T02:30", "2024-10-27T00:30:00Z", True),
        ("2024-10-27T02:30", "2024-10-27T01:30:00Z", False),
        # Approximately: a tenth of the time between the date and now (2026-01-01).
        ("ap2024-01-01", "2023-11-01", True),
        ("ap2024-01-01", "2024-03-01", True),
        ("ap2024-01-01", "2023-09-01", False),
        ("ap2025-12-30", "2025-12-28", False),
    ],
)
def test_a_date_is_found(ask: Ask, query: str, date: str, expected: bool) -> None:
    assert ask(observed(effectiveDateTime=date), "date", query) is expected


@pytest.mark.parametrize(
    ("query", "start", "end", "expected"),
    [
        # https://hl7.org/fhir/R4/search.html#date
        ("ge2013-03-14", "2013-01-21", None, True),
        ("le2013-03-14", "2013-01-21", None, True),
        ("sa2013-03-14", "2013-03-15", None, True),
        ("sa2013-03-14", "2013-01-21", None, False),
        ("sa2013-03-14", None, "2013-01-21", False),
        ("eb2013-03-14", "2013-03-15", None, False),
        ("eb2013-03-14", "2013-01-21", None, False),
        ("eb2013-03-14", None, "2013-01-21", True),
        # Open ends reach as far as there is time.
        ("gt9998", "2013", None, True),
        ("lt0002", None, "2013", True),
        ("eq2013", "2013-01-01", None, False),
        ("ne2013", "2013-01-01", None, True),
        ("ap2013-03-14", "2013-01-21", None, True),
        # Boundaries.
        ("2013", "2013-01-01", "2013-12-31", True),
        ("2013", "2013-01-01", "2014-01-01", False),
        ("2013-01-14", "2013-01-14T08:00:00+01:00", "2013-01-14T09:00:00+01:00", True),
        ("gt2013-01-14", "2013-01-10", "2013-01-14", False),
        ("gt2013-01-14", "2013-01-10", "2013-01-15", True),
        ("lt2013-01-14", "2013-01-14", "2013-01-20", False),
        ("lt2013-01-14", "2013-01-13", "2013-01-20", True),
        ("ge2013-01-14", "2013-01-10", "2013-01-14T12:00:00+01:00", True),
        ("ge2013-01-14", "2013-01-10", "2013-01-13", False),
        ("le2013-01-14", "2013-01-14T12:00:00+01:00", "2013-01-20", True),
        ("le2013-01-14", "2013-01-15", "2013-01-20", False),
        ("ap2013-01-14", "2012-01-01", "2012-02-01", True),
        ("ap2013-01-14", "2010-01-01", "2010-02-01", False),
    ],
)
def test_a_period_is_found(
    ask: Ask, query: str, start: str | None, end: str | None, expected: bool
) -> None:
    ends = {"start": start, "end": end}
    period = {name: value for name, value in ends.items() if value}
    assert ask(observed(effectivePeriod=period), "date", query) is expected


def test_a_timing_is_found_by_its_outer_limits(ask: Ask) -> None:
    bounds = {"boundsPeriod": {"start": "2013-01-31", "end": "2013-03-24"}, "period": 2}
    resource = observed(effectiveTiming={"repeat": bounds})
    assert ask(resource, "date", "ge2013-02-01")
    assert ask(resource, "date", "2013")
    assert not ask(resource, "date", "gt2013-03-24")


def test_one_of_several_dates_is_enough(ask: Ask) -> None:
    study = {"resourceType": "Immunization", "reaction": [{"date": "2020"}, {"date": "2022"}]}
    assert ask(study, "reaction-date", "2022")
    assert ask(study, "reaction-date", "2019,2020")
    assert not ask(study, "reaction-date", "2021")


def test_a_resource_without_a_date_satisfies_no_prefix(ask: Ask) -> None:
    for prefix in ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"):
        assert not ask(observed(), "date", f"{prefix}2013-01-14")


def test_a_date_that_is_only_a_word_is_not_compared(ask: Ask) -> None:
    procedure = {"resourceType": "Procedure", "performedString": "as a child"}
    assert not ask(procedure, "date", "ne2013")
    assert ask(procedure, "date:missing", "false")


def test_a_plus_that_arrived_as_a_space_is_an_offset(ask: Ask) -> None:
    assert ask(
        observed(effectiveDateTime="2013-01-14T00:00:00Z"), "date", "2013-01-14T01:00:00 01:00"
    )


def test_the_last_update_is_found(ask: Ask) -> None:
    resource = observed(meta={"lastUpdated": "2024-05-01T10:00:00.123Z"})
    assert ask(resource, "_lastUpdated", "gt2024-05-01T10:00:00.122Z")
    assert not ask(resource, "_lastUpdated", "gt2024-05-01T10:00:00.123Z")


@pytest.mark.parametrize("value", ["banana", "2024-13", "xx2024", "ge", "2024-01-01T10", "ge-2024"])
def test_what_is_no_date_is_refused_without_repeating_it(value: str, paris: Context) -> None:
    with pytest.raises(Incorrect) as refused:
        parse("Observation", [("date", value)], paris)
    assert refused.value.message.startswith("date: ")
    assert value not in refused.value.message
    assert refused.value.issues[0].expression == "http.date"
