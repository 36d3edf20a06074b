"""Failed attempts, counted in memory: they are slowed and summed up, and lock nobody out.

Secrets have 256 bits, so a limit is not there to stop guessing: it keeps whoever fails from filling
the ledger and from keeping the server busy. It therefore never stands between a right secret and
its access token, and a failure counts against the name and the address it used and nothing else.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FAILURES_PER_CLIENT = 10
FAILURES_PER_ADDRESS = 30
"""In a minute, before they are summed up instead of told one by one."""


@dataclass(slots=True)
class _Window:
    start: float
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one more failure leaves its author.

    `report`: how many failures to write in the ledger now (0: none); `excess`: it was one too many;
    `retry_after`: seconds until another is answered like a first one.
    """

    report: int
    excess: bool
    retry_after: int


class Failures:
    """Counts failures per key in fixed windows of `seconds`; `now` is a monotonic clock."""

    def __init__(
        self,
        seconds: float = 60.0,
        *,
        now: Callable[[], float] = time.monotonic,
        most_keys: int = 10_000,
    ) -> None:
        self._seconds = seconds
        self._now = now
        self._most_keys = most_keys
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._unwritten: dict[str, int] = {}

    def note(self, address: str, *limits: tuple[str, int]) -> Standing:
        """Counts one failure from `address` under each key of `limits` (key, most in a window).

        The first failure over a limit is still written, so that the ledger shows the flood; later
        ones are added to the next that is, or to what `settle` gives.
        """
        now = self._now()
        excess, first, retry_after = False, False, 0
        for key, limit in limits:
            window = self._window(key, now)
            window.failures += 1
            if window.failures > limit:
                excess = True
                first = first or window.failures == limit + 1
                retry_after = max(retry_after, int(window.start + self._seconds - now) + 1)
        if excess and not first:
            # Addresses are many; past a bound the rest is summed up under none.
            into = address if len(self._unwritten) < self._most_keys else ""
            self._unwritten[into] = self._unwritten.get(into, 0) + 1
            return Standing(0, excess, retry_after)
        return Standing(1 + self._unwritten.pop(address, 0), excess, retry_after)

    def settle(self) -> list[tuple[str, int]]:
        """Addresses and their failures not written yet, which are forgotten here."""
        unwritten, self._unwritten = self._unwritten, {}
        return list(unwritten.items())

    def _window(self, key: str, now: float) -> _Window:
        window = self._windows.get(key)
        if window is None or now - window.start >= self._seconds:
            window = self._windows[key] = _Window(now)
            self._windows.move_to_end(key)
            while len(self._windows) > self._most_keys:
                self._windows.popitem(last=False)
        return window
