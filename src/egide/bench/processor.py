"""Processor time and private memory of families of processes, read from /proc."""

import os
import resource
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from egide.bench.pace import Pace

_TICK = os.sysconf("SC_CLK_TCK")


class Memory(NamedTuple):
    """Bytes of one process: its proportional share of all, and what nobody shares with it."""

    proportional: int
    private: int


def children(pid: int) -> list[int]:
    """The processes `pid` has started that run now."""
    return _below().get(pid, [])


def family(pid: int) -> list[int]:
    """`pid` and all processes below it that run now."""
    below = _below()
    found = [pid]
    for each in found:
        found += below.get(each, ())
    return found


def seconds(pids: Iterable[int]) -> float:
    """Processor time of these families so far, the processes of theirs that ended included."""
    total = 0
    for root in pids:
        for pid in family(root):
            fields = _stat(pid)
            if fields is not None:
                total += sum(int(each) for each in fields[11:15])
    return total / _TICK


class Meter:
    """Processor time of named families, and of everybody else, between its making and now."""

    def __init__(self, families: Mapping[str, Iterable[int]], pace: Pace) -> None:
        self._pace = pace
        self._families = {name: list(pids) for name, pids in families.items()}
        self._before = {name: seconds(pids) for name, pids in self._families.items()}
        self._busy, self._ours, self._at = _busy(), _ours(), time.perf_counter()

    def spent(self) -> dict[str, float]:
        """Seconds by name."""
        return {
            name: max(seconds(pids) - self._before[name], 0.0)
            for name, pids in self._families.items()
        }

    def had(self) -> float:
        """The share of the machine's best that was left to the bench.

        What remains of the cores' time without processes that are not the bench's, times the pace.
        """
        ours = _ours() - self._ours + sum(self.spent().values())
        all_ = (time.perf_counter() - self._at) * len(os.sched_getaffinity(0))
        others = max(_busy() - self._busy - ours, 0.0) / all_
        return max(1.0 - others, 0.0) * self._pace.since(self._at)


def per_operation(spent: Mapping[str, float], operations: float) -> dict[str, float]:
    """Microseconds an operation, by name."""
    return {name: round(each * 1e6 / max(operations, 1), 1) for name, each in spent.items()}


def memory(pid: int) -> Memory:
    """What /proc/PID/smaps_rollup says."""
    sizes: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        sizes[name] = int(rest.split()[0]) * 1024
    return Memory(sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"])


def _below() -> dict[int, list[int]]:
    """All processes, by the one that started them."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            below.setdefault(int(fields[1]), []).append(int(entry.name))
    return below


def _busy() -> float:
    """Seconds all cores together have not been idle."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(int(fields[place]) for place in (1, 2, 3, 6, 7)) / _TICK


def _ours() -> float:
    """Processor time of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name: state, parent, …, utime, stime, cutime …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
