"""The named shapes of search at two sizes: do they stay fast as the store grows?

    python -m egide.bench.shapes --resources 500000

Bundles are multiplied under new identities; each shape is asked by an application that reaches all
patients, and by clinicians who reach 3,000 and 30. In one process, through the one door: narrowed,
opened, decided and in the ledger, without HTTP. Prints p50 and p95 in milliseconds and the ratio
of the p95 between the sizes, of which the design asks at most 1.5; and the processor time a
question takes, this process's and the engine's, which other work on the machine disturbs less.
With `--keep FOLDER` both installations stay there, and are measured again without loading.
"""

import argparse
import asyncio
import random
import shutil
import time
from collections.abc import Callable
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
_WARM = 10

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


class Took(NamedTuple):
    """p50, p95 and the mean processor time in milliseconds; how many were too costly."""

    p50: float
    p95: float
    processor: float
    refused: int


async def measure(record: Record, actor: Actor, shape: Shape, engine: int) -> Took:
    """Ask a shape over and over; `engine` is the process id of the engine's first process."""
    times, refused, before = [], 0, 0.0
    for number in range(ASKED + _WARM):
        if number == _WARM:
            before = seconds([engine]) + time.process_time()
        type, pairs = shape()
        started = time.perf_counter()
        try:
            async with record.open(actor) as session:
                await session.search(type, [*pairs, ("_count", "20")])
        except TooCostly:
            refused += 1
        if number >= _WARM:
            times.append((time.perf_counter() - started) * 1_000)
    spent = (seconds([engine]) + time.process_time() - before) * 1_000 / ASKED
    times.sort()
    return Took(times[len(times) // 2], times[int(len(times) * 0.95)], spent, refused)


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
    return Actor(account, "egide-bench", frozenset({"clinician"}), account)


async def look(installation: Installation, asked: dict[str, Shape]) -> dict[tuple[str, str], Took]:
    """Every shape, for each reach: (reach, shape) → what it took.

    The files are read first: a store that is asked all day has them in memory.
    """
    for file in (installation.settings.data / "postgres").rglob("*"):
        if file.is_file():
            file.read_bytes()
    async with installation.database.connection() as connection:
        await connection.execute("vacuum (analyze) resource")
        await connection.execute("analyze")
    record, engine = installation.record, postmaster(installation.settings.data)
    actors = {
        "all": Actor(9_001, "egide-bench", frozenset({"system"}), 9_001),
        "3,000": await give_reach(installation, 9_002, 3_000),
        "30": await give_reach(installation, 9_003, 30),
    }
    return {
        (reach, name): await measure(record, actor, shape, engine)
        for reach, actor in actors.items()
        for name, shape in asked.items()
    }


async def run(resources: int, cores: int, kept: Path | None, told: Console) -> None:
    """Measure at `SMALL` and at `resources`, and print the figures."""
    corpus = corpora.corpus(corpora.synthea(), patients=300)
    chance = random.Random(corpora.SEED)  # noqa: S311  (the same questions every time)
    contents = corpora.contents(corpus.bundles, chance)
    small = max(1, round(SMALL / corpus.resources))
    large = max(small + 1, round(resources / corpus.resources))
    people = people_of(corpus.bundles)
    results = []
    for copies in (small, large):
        started = time.perf_counter()
        with site(kept / f"{copies}-copies" if kept else None) as here:
            async with here.opened() as installation:
                await grow(here, corpus, copies, cores)
                async with installation.database.connection() as connection:
                    rows = await connection.fetchval("select count(*) from resource")
                told.print(f"{rows:,} resources after {time.perf_counter() - started:.0f} s")
                asked = shapes(contents, people, copies, random.Random(1))  # noqa: S311
                results.append((rows, await look(installation, asked)))
    _show(told, results)


def _show(told: Console, results: list[tuple[int, dict[tuple[str, str], Took]]]) -> None:
    (few, before), (many, after) = results
    table = Table(
        "reach",
        "shape",
        f"p50/p95 at {few:,}",
        f"p50/p95 at {many:,}",
        "p95 ratio",
        "processor",
        "ratio",
    )
    for (reach, name), small in before.items():
        large = after[reach, name]
        refused = small.refused or large.refused
        note = f" ({small.refused}, {large.refused} too costly)" if refused else ""
        table.add_row(
            reach,
            name + note,
            f"{small.p50:.1f} / {small.p95:.1f}",
            f"{large.p50:.1f} / {large.p95:.1f}",
            f"{large.p95 / small.p95:.2f}",
            f"{small.processor:.2f} / {large.processor:.2f}",
            f"{large.processor / small.processor:.2f}",
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
