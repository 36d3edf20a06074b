"""The named shapes of search at two sizes: do they stay fast as the store grows?

    python -m egide.bench.shapes --resources 500000

Bundles are multiplied under new identities; each shape is asked by an application that reaches all
patients, and by clinicians who reach 3,000 and 30. In one process, through the one door: narrowed,
opened, decided and in the ledger, without HTTP. Both sizes are asked in turn, ten questions each,
so that what else the machine does meets both alike. Prints p50 and p95 in milliseconds and the
ratio of the p95 between the sizes, of which the design asks at most 1.5; and the processor time a
question takes, this process's and the engine's.
With `--keep FOLDER` both installations stay there, and are measured again without loading.
"""

import argparse
import asyncio
import random
import shutil
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from egide.actor import Actor
from egide.app.installation import Installation
from egide.bench import corpus as corpora
from egide.bench.corpus import Contents, Other, zipf
from egide.bench.processor import seconds
from egide.bench.server import postmaster
from egide.bench.site import Site, site
from egide.errors import TooCostly
from egide.record import Record

SMALL = 20_000
ASKED = 150
"""Questions of each shape, at each size and reach."""
_TURN = 10
"""Questions asked of one size before the other's turn."""

Question = tuple[str, list[tuple[str, str]]]
Shape = Callable[[], Question]


def shapes(
    contents: Contents, people: "People", copies: int, chance: random.Random
) -> dict[str, Shape]:
    """A question of each shape, drawn anew each time from all copies; codes are drawn Zipf."""
    codes = contents.codes
    far = codes[len(codes) // 2]
    others = [Other(number) for number in range(copies)]

    def observed() -> corpora.Observed:
        each, other = chance.choice(contents.observations), chance.choice(others)
        return each._replace(id=other.id(each.id), patient=other.id(each.patient))

    def named() -> tuple[str, str]:
        family, born = chance.choice(people.named)
        return family[:4], chance.choice(others).born(born)

    def identifier() -> str:
        system, value = chance.choice(people.identifiers)
        return f"{system}|{chance.choice(others).identifier(value)}"

    def code() -> str:
        return zipf(codes, 1, chance)[0]

    def year() -> str:
        return f"ge{chance.randrange(2000, 2019)}-{chance.randrange(1, 13):02}"

    return {
        "all of a type": lambda: ("Observation", []),
        "patient": lambda: ("Observation", [("patient", observed().patient)]),
        "patient, date": lambda: (
            "Observation",
            [("patient", (each := observed()).patient), ("date", f"ge{each.day}")],
        ),
        "patient, code, by date": lambda: (
            "Observation",
            [("patient", (each := observed()).patient), ("code", each.code), ("_sort", "-date")],
        ),
        "code": lambda: ("Observation", [("code", code())]),
        "code, date": lambda: ("Observation", [("code", code()), ("date", year())]),
        "rare identifier": lambda: ("Patient", [("identifier", identifier())]),
        "name, birth date": lambda: (
            "Patient",
            [("name", (who := named())[0]), ("birthdate", who[1])],
        ),
        "two that never meet": lambda: ("Observation", [("code", codes[0]), ("code", far)]),
        "_include of 20": lambda: (
            "Observation",
            [("code", code()), ("_include", "Observation:encounter")],
        ),
        "_has": lambda: (
            "Patient",
            [("_has:Observation:patient:code", code()), ("birthdate", named()[1])],
        ),
    }


class People(msgspec.Struct):
    """Identifiers as system and value, and pairs of a family name and a birth date."""

    identifiers: list[tuple[str, str]] = []
    named: list[tuple[str, str]] = []


def people_of(bundles: tuple[bytes, ...]) -> People:
    """Those of the patients in `bundles`."""
    found = People()
    for raw in bundles:
        for entry in msgspec.json.decode(raw)["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] == "Patient":
                found.named.append((resource["name"][0]["family"], resource["birthDate"]))
                known = resource.get("identifier", ())
                found.identifiers += [
                    (each.get("system", ""), each["value"]) for each in known if "value" in each
                ]
    return found


class Asked(NamedTuple):
    """One size of the store: who asks it, what, and the engine's first process."""

    record: Record
    actors: dict[str, Actor]
    shapes: dict[str, Shape]
    engine: int


class Took(msgspec.Struct):
    """Milliseconds each question took, and processor time of all; how many were too costly."""

    times: list[float] = []
    processor: float = 0.0
    refused: int = 0

    def percentile(self, share: float) -> float:
        """The time within which so many were answered."""
        return sorted(self.times)[int(len(self.times) * share)]

    @property
    def spent(self) -> float:
        """The mean processor time."""
        return self.processor / len(self.times)


async def ask(here: Asked, reach: str, name: str, took: Took) -> None:
    """Ask some questions of a shape."""
    before = seconds([here.engine]) + time.process_time()
    for _ in range(_TURN):
        type, pairs = here.shapes[name]()
        started = time.perf_counter()
        try:
            async with here.record.open(here.actors[reach]) as session:
                await session.search(type, [*pairs, ("_count", "20")])
        except TooCostly:
            took.refused += 1
        took.times.append((time.perf_counter() - started) * 1_000)
    took.processor += (seconds([here.engine]) + time.process_time() - before) * 1_000


async def measure(few: Asked, many: Asked, reach: str, name: str) -> tuple[Took, Took]:
    """Ask a shape over and over, of both sizes in turn, after one turn each to warm up."""
    for here in (few, many):
        await ask(here, reach, name, Took())
    took = Took(), Took()
    for _ in range(ASKED // _TURN):
        for here, its in zip((few, many), took, strict=True):
            await ask(here, reach, name, its)
    return took


async def grow(here: Site, corpus: corpora.Corpus, copies: int, cores: int) -> None:
    """Load the corpus so many times under new identities; what was loaded before stays."""
    for number in range(copies):
        folder, done = here.folder / f"copy-{number}", here.folder / f"copy-{number}.done"
        if done.exists():
            continue
        corpus.write(folder, number)
        await here.load(folder, loaders=cores)
        shutil.rmtree(folder)
        done.touch()


async def give_reach(installation: Installation, account: int, patients: int) -> Actor:
    """A clinician who reaches so many patients."""
    member = installation.ring.blind.ident("account", str(account))
    async with installation.database.transaction() as connection:
        await connection.execute("delete from reach where member = $1", member)
        await connection.execute(
            "insert into reach (member, patient_key, source, kind, since, until)"
            " select $1, number, $1, 2, '-infinity', 'infinity' from data_key"
            " where kind = 1 order by md5(number::text) limit $2",
            member,
            patients,
        )
    return Actor(account, "egide-bench", frozenset({"clinician"}), account, assurance=2)


async def ready(installation: Installation, shapes: dict[str, Shape]) -> Asked:
    """An installation to be asked.

    The files are read first: a store that is asked all day has them in memory.
    """
    for file in (installation.settings.data / "postgres").rglob("*"):
        if file.is_file():
            file.read_bytes()
    actors = {
        "all": Actor(9_001, "egide-bench", frozenset({"system"}), 9_001),
        "3,000": await give_reach(installation, 9_002, 3_000),
        "30": await give_reach(installation, 9_003, 30),
    }
    async with installation.database.connection() as connection:
        await connection.execute("vacuum (analyze) resource")
        await connection.execute("analyze")
    engine = postmaster(installation.settings.data)
    return Asked(installation.record, actors, shapes, engine)


async def run(resources: int, cores: int, kept: Path | None, told: Console) -> None:
    """Measure at `SMALL` and at `resources`, and print the figures."""
    corpus = corpora.corpus(corpora.synthea(), patients=300)
    chance = random.Random(corpora.SEED)  # noqa: S311  (the same questions every time)
    contents = corpora.contents(corpus.bundles, chance)
    small = max(1, round(SMALL / corpus.resources))
    large = max(small + 1, round(resources / corpus.resources))
    people = people_of(corpus.bundles)
    asked, rows = [], []
    async with AsyncExitStack() as stack:
        for copies in (small, large):
            started = time.perf_counter()
            here = stack.enter_context(site(kept / f"{copies}-copies" if kept else None))
            installation = await stack.enter_async_context(here.opened())
            await grow(here, corpus, copies, cores)
            async with installation.database.connection() as connection:
                rows.append(await connection.fetchval("select count(*) from resource"))
            told.print(f"{rows[-1]:,} resources after {time.perf_counter() - started:.0f} s")
            drawn = shapes(contents, people, copies, random.Random(1))  # noqa: S311
            asked.append(await ready(installation, drawn))
        few, many = asked
        results = {
            (reach, name): await measure(few, many, reach, name)
            for reach in few.actors
            for name in few.shapes
        }
    _show(told, rows, results)


def _show(
    told: Console, rows: list[int], results: dict[tuple[str, str], tuple[Took, Took]]
) -> None:
    few, many = rows
    table = Table(
        "reach",
        "shape",
        f"p50/p95 at {few:,}",
        f"p50/p95 at {many:,}",
        "p95 ratio",
        "processor",
        "ratio",
    )
    for (reach, name), (small, large) in results.items():
        refused = small.refused or large.refused
        note = f" ({small.refused}, {large.refused} too costly)" if refused else ""
        before, after = small.percentile(0.95), large.percentile(0.95)
        table.add_row(
            reach,
            name + note,
            f"{small.percentile(0.5):.1f} / {before:.1f}",
            f"{large.percentile(0.5):.1f} / {after:.1f}",
            f"{after / before:.2f}",
            f"{small.spent:.2f} / {large.spent:.2f}",
            f"{large.spent / small.spent:.2f}",
        )
    told.print(table)


def main() -> None:
    """The command."""
    told = argparse.ArgumentParser(prog=f"python -m egide.bench.{Path(__file__).stem}")
    told.add_argument("--resources", type=int, default=500_000)
    told.add_argument("--loaders", type=int, default=2)
    told.add_argument("--keep", type=Path, metavar="FOLDER")
    given = told.parse_args()
    asyncio.run(run(given.resources, given.loaders, given.keep, Console(width=110)))


if __name__ == "__main__":
    main()
