"""The machine's pace: how much of its best speed the bench had, moment by moment.

Two things slow a measurement down and neither shows in it: other processes, and neighbours of a
virtual machine, who slow its processors themselves. For the second a thread does the same small
sum twenty times a second and times it by its own processor clock; the quickest ones say what the
machine can do.
"""

import statistics
import threading
import time

_PAUSE = 0.05
_STEPS = 6_000
_FEW = 20


class Pace:
    """Samples from `start` to `stop`; takes about half a percent of one core."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, int]] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="egide-bench-pace", daemon=True)

    def start(self) -> None:
        """Begin, and know after a second what the machine can do."""
        self._thread.start()
        time.sleep(_PAUSE * _FEW)

    def stop(self) -> None:
        """End the samples."""
        self._stopped.set()
        self._thread.join()

    def since(self, at: float) -> float:
        """The mean speed since `at` (time.perf_counter), 1.0 being the best of the run so far."""
        every = sorted(took for _, took in self._samples)
        if not every:
            return 1.0
        best = statistics.fmean(every[: max(len(every) // 20, 1)])
        recent = [took for when, took in self._samples if when >= at] or every
        return min(best / statistics.fmean(recent), 1.0)

    def _sample(self) -> None:
        while not self._stopped.wait(_PAUSE):
            started = time.thread_time_ns()
            total = 0
            for step in range(_STEPS):
                total += step
            self._samples.append((time.perf_counter(), time.thread_time_ns() - started))
