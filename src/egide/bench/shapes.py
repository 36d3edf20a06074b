"""The ten named shapes of search at two sizes: do they stay fast as the store grows?

    python -m egide.bench.shapes --resources 500000

Bundles are multiplied under new identities; each shape is asked by an application that reaches all
patients, and by clinicians who reach 3,000 and 30. In one process, through the one door: narrowed,
opened, decided and in the ledger, without HTTP. Prints p50 and p95 in milliseconds and the ratio
of the p95 between the sizes, of which the design asks at most 1.5.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from egide.actor import Actor
from egide.app import Installation
from egide.bench import corpus as corpora
from egide.bench.corpus import Contents, zipf
from egide.bench.site import Site, site
from egide.errors import TooCostly
from egide.record import Record

SMALL = 20_000
ASKED = 150
"""Questions of each shape, at each size and reach."""

Question = tuple[str, list[tuple[str, str]]]
Shape = Callable[[], Question]


def shapes(contents: Contents, people: "People", chance: random.Random) -> dict[str, Shape]:
    """A question of each shape, drawn anew each time; codes are drawn Zipf."""
    codes = contents.codes
    far = codes[len(codes) // 2]

    def observed() -> corpora.Observed:
        return chance.choice(contents.observations)

    def code() -> str:
        return zipf(codes, 1, chance)[0]

    def year() -> str:
        return f"ge{chance.randrange(2000, 2019)}-{chance.randrange(1, 13):02}"

    return {
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
        "rare identifier": lambda: ("Patient", [("identifier", chance.choice(people.identifiers))]),
        "name, birth date": lambda: (
            "Patient",
            [("name", (who := chance.choice(people.named))[0][:4]), ("birthdate", who[1])],
        ),
        "two that never meet": lambda: ("Observation", [("code", codes[0]), ("code", far)]),
        "_include of 20": lambda: (
            "Observation",
            [("code", code()), ("_include", "Observation:encounter")],
        ),
        "_has": lambda: (
            "Patient",
            [
                ("_has:Observation:patient:code", code()),
                ("birthdate", chance.choice(people.named)[1]),
            ],
        ),
    }


class People(msgspec.Struct):
    """Identifiers, and pairs of a family name and a birth date."""

    identifiers: list[str] = []
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
                    f"{each.get('system', '')}|{each['value']}" for each in known if "value" in each
                ]
    return found


async def measure(record: Record, actor: Actor, shape: Shape) -> tuple[float, float, int]:
    """p50 and p95 in milliseconds, and how many were refused as too costly."""
    times, refused = [], 0
    for number in range(ASKED + 10):
        type, pairs = shape()
        started = time.perf_counter()
        try:
            async with record.open(actor) as session:
                await session.search(type, [*pairs, ("_count", "20")])
        except TooCostly:
            refused += 1
        if number >= 10:
            times.append((time.perf_counter() - started) * 1_000)
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.95)], refused


async def grow(here: Site, corpus: corpora.Corpus, copies: range, cores: int) -> None:
    """Load further copies of the corpus."""
    for number in copies:
        folder = here.folder / f"copy-{number}"
        corpus.write(folder, number)
        await here.load(folder, loaders=cores)
        for file in folder.iterdir():
            file.unlink()


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


async def look(
    installation: Installation, asked: dict[str, Shape]
) -> dict[tuple[str, str], tuple[float, float, int]]:
    """Every shape, for each reach: (reach, shape) → p50, p95, refusals."""
    async with installation.database.connection() as connection:
        await connection.execute("vacuum (analyze) resource")
        await connection.execute("analyze")
    record = installation.record
    actors = {
        "all": Actor(9_001, "egide-bench", frozenset({"system"}), 9_001),
        "3,000": await give_reach(installation, 9_002, 3_000),
        "30": await give_reach(installation, 9_003, 30),
    }
    return {
        (reach, name): await measure(record, actor, shape)
        for reach, actor in actors.items()
        for name, shape in asked.items()
    }


async def run(resources: int, cores: int, told: Console) -> None:
    """Measure at `SMALL` and at `resources`, and print the figures."""
    corpus = corpora.corpus(corpora.synthea(), patients=300)
    chance = random.Random(corpora.SEED)  # noqa: S311  (the same questions every time)
    contents = corpora.contents(corpus.bundles, chance)
    small = max(1, round(SMALL / corpus.resources))
    large = max(small + 1, round(resources / corpus.resources))
    people = people_of(corpus.bundles)
    results = []
    with site() as here:
        done = 0
        for copies in (small, large):
            started = time.perf_counter()
            async with here.opened() as installation:
                await grow(here, corpus, range(done, copies), cores)
                done = copies
                async with installation.database.connection() as connection:
                    rows = await connection.fetchval("select count(*) from resource")
                told.print(f"{rows:,} resources after {time.perf_counter() - started:.0f} s")
                asked = shapes(contents, people, random.Random(1))  # noqa: S311
                results.append((rows, await look(installation, asked)))
    _show(told, results)


def _show(
    told: Console, results: list[tuple[int, dict[tuple[str, str], tuple[float, float, int]]]]
) -> None:
    (few, before), (many, after) = results
    table = Table("reach", "shape", f"p50/p95 at {few:,}", f"p50/p95 at {many:,}", "p95 ratio")
    for (reach, name), (p50, p95, refused) in before.items():
        later50, later95, later_refused = after[reach, name]
        note = f" ({refused}, {later_refused} too costly)" if refused or later_refused else ""
        table.add_row(
            reach,
            name + note,
            f"{p50:.1f} / {p95:.1f}",
            f"{later50:.1f} / {later95:.1f}",
            f"{later95 / p95:.2f}",
        )
    told.print(table)


def main() -> None:
    """The command."""
    told = argparse.ArgumentParser(prog=f"python -m egide.bench.{Path(__file__).stem}")
    told.add_argument("--resources", type=int, default=500_000)
    told.add_argument("--loaders", type=int, default=2)
    given = told.parse_args()
    asyncio.run(run(given.resources, given.loaders, Console(width=110)))


if __name__ == "__main__":
    main()
