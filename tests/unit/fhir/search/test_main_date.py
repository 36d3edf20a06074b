"""The main date of each type: what it answers, and the days it covers."""

from datetime import date
from typing import Any

import pytest

from egide.fhir.definitions import TYPES, search_parameters
from egide.fhir.search import MAIN_DATES, main_date, parameter


def test_the_table_names_types_parameters_and_elements_that_exist() -> None:
    for type_, main in MAIN_DATES.items():
        assert type_ in TYPES
        assert main_date(type_, {}) == (None, None)
        if main.parameter is not None:
            assert search_parameters(type_)[main.parameter].type == "date"


def test_a_parameter_is_answered_by_the_first_element_alone() -> None:
    for type_, main in MAIN_DATES.items():
        if main.parameter is None:
            continue
        found = parameter(type_, main.parameter)
        assert found is not None
        for source in found.sources:
            key = ".".join(step.name for step in source.path.steps if hasattr(step, "name"))
            assert key.startswith(main.elements[0]), (type_, key)
            assert not any(getattr(step, "many", False) for step in source.path.steps)


def test_a_birth_date_is_never_a_main_date() -> None:
    for type_ in ("Patient", "Person", "RelatedPerson", "Practitioner"):
        assert main_date(type_, {"birthDate": "1970-03-12"}) == (None, None)


D = date(2024, 5, 6)


@pytest.mark.parametrize(
    ("type_", "resource", "expected"),
    [
        ("Observation", {"effectiveDateTime": "2024-05-06T23:30:00-05:00"}, (D, D)),
        ("Observation", {"effectiveInstant": "2024-05-06T23:30:00Z"}, (D, D)),
        ("Observation", {"issued": "2024-05-06T23:30:00Z"}, (D, D)),
        ("Observation", {"effectiveDateTime": "2024-05-06", "issued": "2025-01-01"}, (D, D)),
        ("Observation", {"effectiveDateTime": "2024-05"}, (date(2024, 5, 1), date(2024, 5, 31))),
        ("Observation", {"effectiveDateTime": "2024-12"}, (date(2024, 12, 1), date(2024, 12, 31))),
        ("Observation", {"effectiveDateTime": "2024"}, (date(2024, 1, 1), date(2024, 12, 31))),
        (
            "Observation",
            {"effectiveTiming": {"event": ["2024-05-07", "2024-05-06"]}},
            (D, date(2024, 5, 7)),
        ),
        (
            "Observation",
            {"effectiveTiming": {"repeat": {"boundsPeriod": {"start": "2024-05-06"}}}},
            (D, None),
        ),
        (
            "Observation",
            {"effectiveTiming": {"code": {"text": "x"}}, "issued": "2024-05-06"},
            (D, D),
        ),
        ("Encounter", {"period": {"start": "2024-05-06"}}, (D, None)),
        ("Encounter", {"period": {"end": "2024-05-06"}}, (date.min, D)),
        (
            "Encounter",
            {"period": {"start": "2024-05-06", "end": "2024-06"}},
            (D, date(2024, 6, 30)),
        ),
        ("Encounter", {"period": {}}, (None, None)),
        ("Condition", {"onsetPeriod": {"start": "2024-05-06", "end": "2024-05-06"}}, (D, D)),
        ("Condition", {"onsetString": "as a child", "recordedDate": "2024-05-06"}, (D, D)),
        ("Specimen", {"collection": {"collectedDateTime": "2024-05-06"}}, (D, D)),
        ("Specimen", {"receivedTime": "2024-05-06"}, (D, D)),
        ("Location", {"status": "active"}, (None, None)),
    ],
)
def test_a_main_date_covers_days(
    type_: str, resource: dict[str, Any], expected: tuple[date | None, date | None]
) -> None:
    assert main_date(type_, resource) == expected
