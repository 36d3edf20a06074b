"""The figures behind `/metrics`: one registry a process, added up over processes when scraped.

Each process counts in its own memory (about 1.5 µs a request) and, when given a folder, leaves its
figures there every two seconds; whichever process is scraped adds its own live figures to those of
the others. Counters of processes that are gone keep counting (a sum that falls would look like a
restart to Prometheus); gauges count only while their process writes. `clear` is for whoever starts
the server.
"""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import Metric

from egide.telemetry.names import ROUTES, WORDS, method

PERIOD = 2.0
"""Seconds between two writings of a process's figures."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CONTENT_TYPE = CONTENT_TYPE_LATEST
HIGHEST = frozenset({"egide_ledger_lag_seconds", "process_start_time_seconds", "process_max_fds"})
"""Gauges whose highest value over the processes is the answer; the others are added up."""

_Sample = tuple[str, dict[str, str], float]


class _Family(msgspec.Struct, array_like=True):
    name: str
    type: str
    help: str
    samples: list[_Sample]


class Metrics:
    """What one process counts; an argument of whoever counts something.

    Ready-made gauges and counters are attributes; a part that needs another makes it on
    `registry`, with names of its own and labels from a closed set.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where the processes of this installation leave their figures; None: alone."""
        self.registry = CollectorRegistry()
        self._folder = folder
        self._requests = Histogram(
            "egide_request_seconds",
            "Requests answered, by route, method and status",
            ["route", "method", "status"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._timed: dict[tuple[str, str, int], Histogram] = {}
        self.in_flight = self.gauge("egide_requests_in_flight", "Requests being answered")
        self.ledger_lag = self.gauge(
            "egide_ledger_lag_seconds", "Age of the oldest entry not yet in the tree"
        )
        self.ledger_pending = self.gauge(
            "egide_ledger_pending_entries", "Entries not yet in the tree"
        )
        self.index_rows_left = self.gauge(
            "egide_index_rows_left", "Rows still to look at after a change of what is indexed"
        )
        self.reach_rows_left = self.gauge(
            "egide_reach_rows_left", "Rows still to look at after a change of who reaches whom"
        )
        self._faults = self.counter("egide_errors", "Errors answered, by category", "category")
        self._pool = Gauge(
            "egide_pool_connections",
            "Connections to the database, by state",
            ["state"],
            registry=self.registry,
        )
        self._imports = self.counter(
            "egide_imported_resources", "Resources imported, by outcome", "outcome"
        )
        self._access = self.counter(
            "egide_access_events", "Issued, refused and revoked access, by kind", "kind"
        )
        ProcessCollector(registry=self.registry)

    def gauge(self, name: str, meaning: str) -> Gauge:
        """A new gauge without labels."""
        return Gauge(name, meaning, registry=self.registry)

    def counter(self, name: str, meaning: str, label: str) -> Counter:
        """A new counter with one label."""
        return Counter(name, meaning, [label], registry=self.registry)

    def answered(self, route: str, verb: str, status: int, seconds: float) -> None:
        """Counts one request: the template of its route, never its path."""
        key = (route, verb, status)
        timed = self._timed.get(key)
        if timed is None:
            labels = (ROUTES.checked(route), method(verb), str(status))
            timed = self._requests.labels(*labels)
            if len(self._timed) < 4096:
                self._timed[key] = timed
        timed.observe(seconds)

    def failed(self, category: str) -> None:
        """Counts one error answered."""
        self._faults.labels(WORDS.checked(category)).inc()

    def imported(self, outcome: str, resources: int) -> None:
        """Counts resources brought in: `created`, `unchanged`, `refused` …"""
        self._imports.labels(WORDS.checked(outcome)).inc(resources)

    def accessed(self, kind: str) -> None:
        """Counts one event about accounts and access tokens."""
        self._access.labels(WORDS.checked(kind)).inc()

    def pool(self, *, used: int, idle: int, waiting: int) -> None:
        """Sets the state of the pool of connections."""
        for state, value in (("used", used), ("idle", idle), ("waiting", waiting)):
            self._pool.labels(state).set(value)

    def exposition(self) -> bytes:
        """All figures in Prometheus's text format, over all processes that share the folder."""
        families = [(self._collected(), True)]
        if self._folder is not None:
            families += _left_by_others(self._folder)
        return generate_latest(_Merged(families))

    async def share(self) -> None:
        """Leaves this process's figures in the folder every `PERIOD`, until cancelled."""
        try:
            while True:
                self.leave()
                await asyncio.sleep(PERIOD)
        finally:
            self.leave()

    def leave(self) -> None:
        """Leaves this process's figures in the folder now; a full disk is not an error here."""
        if self._folder is None:
            return
        path = self._folder / f"{os.getpid()}.json"
        fresh = path.with_suffix(".new")
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(self._collected()))
            fresh.replace(path)

    def _collected(self) -> list[_Family]:
        return [
            _Family(
                metric.name,
                metric.type,
                metric.documentation,
                [
                    (sample.name, dict(sample.labels), sample.value)
                    for sample in metric.samples
                    if not sample.name.endswith("_created")
                ],
            )
            for metric in self.registry.collect()
        ]


def clear(folder: Path) -> None:
    """Forgets the figures of an earlier server; called before its processes start."""
    for path in [*folder.glob("*.json"), *folder.glob("*.new")]:
        path.unlink(missing_ok=True)


_decode = msgspec.json.Decoder(list[_Family]).decode


def _left_by_others(folder: Path) -> list[tuple[list[_Family], bool]]:
    """The figures of the other processes, and for each whether it still writes them."""
    left = []
    for path in folder.glob("*.json"):
        if path.stem != str(os.getpid()):
            with suppress(OSError, msgspec.DecodeError):
                alive = time.time() - path.stat().st_mtime < 3 * PERIOD
                left.append((_decode(path.read_bytes()), alive))
    return left


class _Merged:
    """Several processes' families as one collection."""

    def __init__(self, left: list[tuple[list[_Family], bool]]) -> None:
        self._left = left

    def collect(self) -> Iterable[Metric]:
        merged: dict[str, Metric] = {}
        values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]]
        values = defaultdict(dict)
        for families, alive in self._left:
            for family in families:
                if family.type == "gauge" and not alive:
                    continue
                merged.setdefault(family.name, Metric(family.name, family.help, family.type))
                into = values[family.name]
                for name, labels, value in family.samples:
                    key = (name, tuple(labels.items()))
                    if family.name in HIGHEST:
                        into[key] = max(into.get(key, value), value)
                    else:
                        into[key] = into.get(key, 0.0) + value
        for name, metric in merged.items():
            for (sample, pairs), value in values[name].items():
                metric.add_sample(sample, dict(pairs), value)
        return merged.values()
