"""Opening hours: which instants they hold, and what is none."""

from datetime import datetime, timedelta

import pytest

from egide.errors import Incorrect
from egide.opening import opening_hours

MONDAY = datetime(2026, 6, 1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    "text",
    [
        "7-20",
        "mon",
        "mon 7:00-20:00",
        "mon 07:00",
        "mon 07:60-20:00",
        "mon 25:00-26:00",
        "mon 24:00-06:00",
        "lun 07:00-20:00",
        "mon-fry 07:00-20:00",
        "mon 07:00-20:00,",
        "mon 07:00-20:00; tue 07:00-20:00",
        "MON 07:00-20:00",
    ],
)
def test_what_is_no_opening_hours_is_refused_by_name(text: str) -> None:
    with pytest.raises(Incorrect, match="EGIDE_OPENING"):
        opening_hours(text, "EGIDE_OPENING")


@pytest.mark.parametrize(
    ("text", "open", "closed"),
    [
        (
            "mon-fri 07:00-20:00, sat 08:00-12:30",
            [at(0, 7), at(4, 19, 59), at(5, 12, 29)],
            [at(0, 6, 59), at(0, 20), at(5, 12, 30), at(6, 12), at(5, 7)],
        ),
        ("fri 22:00-06:00", [at(4, 22), at(5, 5, 59)], [at(4, 5), at(5, 6), at(5, 22), at(4, 21)]),
        ("sun 22:00-06:00", [at(6, 23), at(0, 1)], [at(0, 22), at(6, 1)]),
        ("sat-mon 08:00-24:00", [at(5, 8), at(6, 23, 59), at(0, 12)], [at(1, 12), at(0, 0)]),
        ("mon-sun 00:00-24:00", [at(day, hour) for day in range(7) for hour in range(24)], []),
        ("mon 08:00-08:00", [at(0, 8), at(1, 7, 59)], [at(1, 8), at(0, 7)]),
    ],
)
def test_hours_hold_what_they_say(text: str, open: list[datetime], closed: list[datetime]) -> None:
    hours = opening_hours(text, "EGIDE_OPENING")
    assert [each for each in closed if hours.hold(each)] == []
    assert [each for each in open if not hours.hold(each)] == []
    assert opening_hours(str(hours), "EGIDE_OPENING") == hours
