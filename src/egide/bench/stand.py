"""The stand every measurement is made on: what is loaded, where, and who spends the time."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from egide.bench.client import Answered, Orders, drive
from egide.bench.corpus import Contents, Corpus
from egide.bench.pace import Pace
from egide.bench.plan import Plan
from egide.bench.processor import Meter, per_operation
from egide.bench.requests import Requests
from egide.bench.server import Server, postmaster
from egide.bench.site import Site, wal
from egide.db import Database


@dataclass(frozen=True, slots=True)
class Stand:
    """An installation that is loaded, a connection to its database, what can be asked of it."""

    plan: Plan
    site: Site
    database: Database
    corpus: Corpus
    contents: Contents
    cores: int
    chance: random.Random
    pace: Pace

    @property
    def engine(self) -> int:
        """The engine's first process."""
        return postmaster(self.site.settings.data)


@dataclass(frozen=True, slots=True)
class Load:
    """What a load of requests came to: rates per second, WAL in bytes, CPU in microseconds.

    `had` is the share of the machine's best that was left to the bench.
    """

    answered: Answered
    wal: int
    spent: dict[str, float]
    had: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered.answers / self.answered.seconds

    @property
    def weight_rate(self) -> float:
        """What the answers count, a second."""
        return self.answered.weight / self.answered.seconds

    @property
    def cpu(self) -> dict[str, float]:
        """Microseconds of processor an answer."""
        return per_operation(self.spent, self.answered.answers)

    @property
    def cpu_by_weight(self) -> dict[str, float]:
        """Microseconds of processor by what the answers count."""
        return per_operation(self.spent, self.answered.weight)

    @property
    def size(self) -> float:
        """Bytes of an answer, in the mean."""
        return self.answered.size / max(self.answered.answers, 1)


@dataclass(frozen=True, slots=True)
class Serving:
    """A server on the stand, and requests to it."""

    stand: Stand
    server: Server
    requests: Requests

    async def load(
        self,
        requests: Sequence[bytes],
        *,
        connections: int | None = None,
        seconds: float | None = None,
        allowed: Sequence[int] = (200,),
        weights: Sequence[int] = (),
        most: int = 0,
    ) -> Load:
        """Send `requests` over and over for the plan's seconds; every answer must be `allowed`.

        Of the plan's windows the one is returned that was disturbed least; with `seconds` or
        `most` given there is only one.
        """
        plan = self.stand.plan
        windows = plan.windows if seconds is None and not most else 1
        loads = [
            await self._window(requests, connections, seconds, allowed, weights, most)
            for _ in range(windows)
        ]
        return max(loads, key=lambda load: load.had)

    async def _window(
        self,
        requests: Sequence[bytes],
        connections: int | None,
        seconds: float | None,
        allowed: Sequence[int],
        weights: Sequence[int],
        most: int,
    ) -> Load:
        plan = self.stand.plan
        orders = Orders(
            self.server.port,
            requests,
            connections or plan.connections,
            plan.seconds if seconds is None else seconds,
            allowed,
            most,
            weights,
        )
        before = await wal(self.stand.database)
        families = {"server": [self.server.process.pid], "engine": [self.stand.engine]}
        meter = Meter(families, self.stand.pace)
        answered = await asyncio.to_thread(drive, orders)
        spent = meter.spent() | {"client": answered.cpu}
        written = await wal(self.stand.database) - before
        return Load(answered, written, spent, meter.had())
