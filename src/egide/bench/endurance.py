"""An hour of mixed reads, searches and updates: does the store grow, do answers get slower?

    python -m egide.bench.endurance --minutes 60

Four connections at once, two that read, one that searches, one that updates, each as fast as it is
answered, over REST. Every minute is a line: rates, p50 and p95 in milliseconds, processor time an
answer (which other work on the machine disturbs least), and sizes. What must not grow are the rows
that are current, their indexes and their edges; kept versions and the ledger grow by design, and
are shown. The design asks for at most 1.3 times the size, and no slope.
"""

import argparse
import asyncio
import random
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from egide.bench import corpus as corpora
from egide.bench.client import Answered, Orders, drive
from egide.bench.corpus import Contents, zipf
from egide.bench.pace import Pace
from egide.bench.processor import Meter
from egide.bench.requests import Requests
from egide.bench.server import Server, served
from egide.bench.site import site
from egide.db import Database, queries

_SQL = queries("egide.bench", "sql/weighing.sql")
_LIVE = {"resource", "ref"}
_KINDS = {"reads": 2, "searches": 1, "updates": 1}
"""Connections of each kind."""
_MANY = 4_000
_PATIENTS = 100


class Minute(NamedTuple):
    """One window: what was answered, seconds of processor of server and engine, sizes in bytes."""

    answered: Mapping[str, Answered]
    processor: float
    had: float
    live: int
    kept: int

    @property
    def cost(self) -> float:
        """Microseconds of processor an answer."""
        return self.processor * 1e6 / sum(each.answers for each in self.answered.values())


def requests_of(
    requests: Requests, contents: Contents, chance: random.Random, minute: int
) -> dict[str, list[bytes]]:
    """What is asked in one minute: other reads and searches each time, other values written."""
    observed = chance.choices(contents.observations, k=_MANY)
    codes = zipf(contents.codes, _MANY, chance)
    searches = [
        requests.get("Observation", query)
        for each, code in zip(observed, codes, strict=True)
        for query in (
            {"patient": each.patient, "code": each.code, "date": f"ge{each.day}"},
            {"code": code, "_count": "20"},
        )
    ]
    updates = [
        requests.put(f"Observation/{each['id']}", msgspec.json.encode(_changed(each, minute, turn)))
        for turn in range(4)
        for each in contents.measured
    ]
    chance.shuffle(searches)
    reads = [f"{type}/{id}" for type, id in chance.choices(contents.identities, k=_MANY)]
    return {
        "reads": [requests.get(each) for each in reads],
        "searches": searches,
        "updates": updates,
    }


def _changed(resource: dict[str, Any], minute: int, turn: int) -> dict[str, Any]:
    """The same Observation with another value, different in every minute and turn."""
    value = resource["valueQuantity"] | {"value": 1 + minute * 4 + turn}
    return resource | {"valueQuantity": value}


async def one_minute(
    server: Server, asked: Mapping[str, list[bytes]], seconds: float, database: Database, pace: Pace
) -> Minute:
    """Send `asked`, every kind at once, for so long; every answer must be 200."""
    meter = Meter({"server": [server.process.pid], "engine": [server.postmaster]}, pace)
    answered = await asyncio.gather(
        *(
            asyncio.to_thread(drive, Orders(server.port, asked[kind], connections, seconds, (200,)))
            for kind, connections in _KINDS.items()
        )
    )
    processor, had = sum(meter.spent().values()), meter.had()
    live, kept = await sizes(database)
    return Minute(dict(zip(_KINDS, answered, strict=True)), processor, had, live, kept)


async def sizes(database: Database) -> tuple[int, int]:
    """Bytes of what is current with its indexes and edges, and of everything else."""
    async with database.connection() as connection:
        records = await connection.fetch(_SQL["sizes"])
    live = sum(each["bytes"] for each in records if each["of"] in _LIVE)
    return live, sum(each["bytes"] for each in records) - live


async def run(minutes: int, seconds: float, told: Console) -> None:
    """Load, serve, ask for so many minutes, print."""
    corpus = corpora.corpus(corpora.synthea(), patients=_PATIENTS)
    chance = random.Random(corpora.SEED)  # noqa: S311  (the same questions every time)
    contents = corpora.contents(corpus.bundles, chance)
    pace = Pace()
    pace.start()
    with site() as here:
        corpus.write(here.folder / "first")
        async with here.opened() as installation:
            await here.load(here.folder / "first")
            issued = await installation.accounts.issue_to_operator(["system"])
            database = installation.database
            async with database.connection() as connection:
                await connection.execute(_SQL["settle"])
            before = await sizes(database)
            told.print(f"{corpus.resources:,} resources, {before[0] / 2**20:.1f} MiB current")
            with served(here, workers=2) as server:
                requests = Requests(server.port, issued.access_token)
                done = []
                for number in range(minutes):
                    asked = requests_of(requests, contents, chance, number)
                    done.append(await one_minute(server, asked, seconds, database, pace))
                    told.print(_line(number, done[-1], before[0]))
    pace.stop()
    _conclude(done, before[0], told)


def _line(number: int, minute: Minute, before: int) -> str:
    kinds = "; ".join(
        f"{kind} {each.answers / each.seconds:,.0f}/s"
        f" p50 {each.percentile(0.5):.1f} p95 {each.percentile(0.95):.1f}"
        for kind, each in minute.answered.items()
    )
    return (
        f"{number:3} {kinds}; {minute.cost:,.0f} µs an answer, had {minute.had:.0%};"
        f" current {minute.live / before:.2f}x, kept {minute.kept / 2**20:,.0f} MiB"
    )


def _conclude(done: Sequence[Minute], before: int, told: Console) -> None:
    """The first quarter against the last: medians of the minutes."""
    quarter = max(len(done) // 4, 1)
    first, last = done[:quarter], done[-quarter:]
    table = Table("", "first quarter", "last quarter", "ratio", box=None)

    def row(name: str, early: Sequence[float], late: Sequence[float], form: str) -> None:
        one, other = statistics.median(early), statistics.median(late)
        table.add_row(name, format(one, form), format(other, form), f"{other / one:.2f}")

    for kind in _KINDS:
        for share in (0.5, 0.95):
            row(
                f"{kind}, p{share * 100:.0f} ms",
                [each.answered[kind].percentile(share) for each in first],
                [each.answered[kind].percentile(share) for each in last],
                ".2f",
            )
    row("processor, µs an answer", [m.cost for m in first], [m.cost for m in last], ",.0f")
    row("share of the machine", [m.had for m in first], [m.had for m in last], ".2f")
    updates = sum(each.answered["updates"].answers for each in done)
    answers = sum(each.answers for minute in done for each in minute.answered.values())
    told.print(table)
    told.print(
        f"{answers:,} answers, {updates:,} of them updates; what is current grew to"
        f" {done[-1].live / before:.2f} times its size"
    )


def main() -> None:
    """The command."""
    given = argparse.ArgumentParser(prog=f"python -m egide.bench.{Path(__file__).stem}")
    given.add_argument("--minutes", type=int, default=60)
    given.add_argument("--seconds", type=float, default=60.0, help="that a minute lasts")
    chosen = given.parse_args()
    asyncio.run(run(chosen.minutes, chosen.seconds, Console(width=200)))


if __name__ == "__main__":
    main()
