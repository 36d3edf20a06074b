"""Questions whose answers can tell of what is hidden: so many an hour, of an account and of an
application.

They are those that cannot be answered alike for what is hidden and for what is not there: a
criterion of a conditional write, an id the client chooses, breaking a glass, an explanation about
one resource. Who sees everything of a type is told nothing by them and is not counted, nor is an
import. Each process counts for itself, in memory.

Invariants (tests/integration/record/test_oracles.py)
- Over the limit every question is refused alike, whatever its answer would have been.
- A question counts whether or not what it was asked for was done.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from egide.actor import Actor
from egide.errors import Busy

HOUR = timedelta(hours=1)
_MOST_KEPT = 10_000


class TooManyQuestions(Busy):
    """Too many questions that could tell of what is hidden; seconds to wait in `retry_after`."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many requests that could tell who is known here; wait a while")
        self.retry_after = retry_after


@dataclass(slots=True)
class _Hour:
    start: datetime
    asked: int = 0


class Oracles:
    """Counts questions in hours that begin with the first one. One for the process."""

    def __init__(self, by_account: int, by_application: int) -> None:
        """Questions in an hour, of an account and of an application for all it acts for."""
        self._by_account = by_account
        self._by_application = by_application
        self._hours: OrderedDict[int | str, _Hour] = OrderedDict()

    def count(self, actor: Actor, now: datetime) -> int:
        """Counts one more question of `actor`; the seconds to wait before it, 0 for none."""
        hours = [(self._hour(actor.account, now), self._by_account)]
        if actor.scope is not None:
            hours.append((self._hour(actor.client, now), self._by_application))
        wait = 0
        for hour, most in hours:
            hour.asked += 1
            if hour.asked > most:
                left = (hour.start + HOUR - now).total_seconds()
                wait = max(wait, int(left) + 1)
        return wait

    def _hour(self, key: int | str, now: datetime) -> _Hour:
        hour = self._hours.get(key)
        if hour is None or now - hour.start >= HOUR:
            hour = self._hours[key] = _Hour(now)
            self._hours.move_to_end(key)
            while len(self._hours) > _MOST_KEPT:
                self._hours.popitem(last=False)
        return hour
