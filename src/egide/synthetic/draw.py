"""Draws from a seed: everything random in a synthetic record comes from one of these."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")

PARIS = ZoneInfo("Europe/Paris")


class Draw:
    """A stream of draws that depends on its name alone."""

    __slots__ = ("_random",)

    def __init__(self, name: str) -> None:
        self._random = Random(name)  # noqa: S311  (made-up records, no secret)

    def id(self) -> str:
        """A resource id: a UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random.random() < probability

    def pick(self, things: Sequence[T]) -> T:
        """One of `things`, each as likely."""
        return things[int(self._random.random() * len(things))]

    def some(self, things: Sequence[T], count: int) -> list[T]:
        """`count` different ones of `things`, or all when there are fewer."""
        return self._random.sample(things, min(count, len(things)))

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def digits(self, count: int) -> str:
        """`count` decimal digits."""
        return f"{self.whole(0, 10**count - 1):0{count}d}"

    def around(self, mean: float, spread: float, digits: int, low: float = 0.0) -> Decimal:
        """A normal value written with `digits` decimals, trailing zeros kept; above `low`."""
        value = max(self._random.gauss(mean, spread), low + 10**-digits)
        return Decimal(f"{value:.{digits}f}")

    def day(self, first: date, last: date) -> date:
        """A day from `first` to `last`, both included."""
        return first + timedelta(days=self.whole(0, max((last - first).days, 0)))

    def moment(self, day: date, first: int = 8, last: int = 18) -> datetime:
        """A minute of `day` between the hours `first` and `last` in Paris."""
        hour, minute = self.whole(first, last - 1), self.whole(0, 59)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=PARIS)


def instant(at: datetime) -> str:
    """`at` as an instant in UTC, with milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
