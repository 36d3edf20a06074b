"""Opening hours: the days and hours at which an establishment's desks work.

Written as `mon-fri 07:00-20:00, sat 08:00-12:30`: days with hyphens for a stretch of them, then
from and before which time; a stretch that ends before it begins goes over midnight. Public
holidays are days like others.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from egide.errors import Incorrect

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_SHAPE = re.compile(
    r"(?P<day>[a-z]{3})(?:-(?P<last>[a-z]{3}))? +(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)"
)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From minute `begin` to before minute `end` of the days (0 = Monday); `end` may lie in the
    day after."""

    days: frozenset[int]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When an establishment is open, as `text` writes it."""

    text: str
    stretches: tuple[_Stretch, ...]

    def hold(self, at: datetime) -> bool:
        """Whether it is open at an instant, given in the establishment's own time."""
        day, minute = at.weekday(), at.hour * 60 + at.minute
        return any(
            (day in each.days and each.begin <= minute < each.end)
            or ((day - 1) % 7 in each.days and minute < each.end - _DAY)
            for each in self.stretches
        )

    def __str__(self) -> str:
        return self.text


def opening_hours(text: str, name: str) -> OpeningHours:
    """What `text` writes. Raises Incorrect, naming the variable `name`."""
    pieces = [piece.strip() for piece in text.split(",")]
    return OpeningHours(", ".join(pieces), tuple(_stretch(each, name) for each in pieces))


def _stretch(piece: str, name: str) -> _Stretch:
    found = _SHAPE.fullmatch(piece)
    wrong = Incorrect(f"{name}: {piece!r} is not written as mon-fri 07:00-20:00")
    if found is None or {found["day"], found["last"] or found["day"]} - set(_DAYS):
        raise wrong
    first = _DAYS.index(found["day"])
    last = _DAYS.index(found["last"] or found["day"])
    begin, end = _minute(found["begin"]), _minute(found["end"])
    if begin is None or end is None or begin == _DAY:
        raise wrong
    days = frozenset((first + more) % 7 for more in range((last - first) % 7 + 1))
    return _Stretch(days, begin, end if end > begin else end + _DAY)


def _minute(text: str) -> int | None:
    hour, minute = int(text[:2]), int(text[3:])
    whole = hour * 60 + minute
    return whole if minute < 60 and whole <= _DAY else None
