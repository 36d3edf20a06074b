"""One run of the bench, from an empty folder to a report."""

import os
import random
import time
from collections.abc import AsyncIterator, Callable, Collection

from egide.app.place import engine, prepare_at
from egide.bench import corpus as corpora
from egide.bench.erasing import erasing
from egide.bench.figure import Section
from egide.bench.gating import gating
from egide.bench.importing import importing, load
from egide.bench.machine import machine
from egide.bench.pace import Pace
from egide.bench.plan import Plan
from egide.bench.reading import reading
from egide.bench.report import Report
from egide.bench.requests import Requests
from egide.bench.searching import ROLES, searching
from egide.bench.server import served
from egide.bench.site import Site, site
from egide.bench.stand import Serving, Stand
from egide.bench.starting import memories, starting
from egide.bench.stepping import stepping
from egide.bench.weighing import weighing
from egide.bench.writing import writing
from egide.bench.yardstick import yardstick
from egide.db import Database

PARTS = (
    "import",
    "bytes",
    "steps",
    "reads",
    "searches",
    "writes",
    "gate",
    "memory",
    "erasure",
    "starts",
)
"""What can be measured by itself; the yardsticks and the first import come always."""

_SERVED = {"reads": reading, "searches": searching, "writes": writing, "gate": gating}


async def measure(
    plan: Plan, command: str, *, only: Collection[str] = PARTS, say: Callable[[str], None]
) -> Report:
    """Run `plan`. Raises Fault when anything the bench asked for went wrong."""
    started = time.perf_counter()
    chance = random.Random(corpora.SEED)  # noqa: S311  (the same questions every time)
    corpus = corpora.corpus(corpora.synthea(), patients=plan.synthetic)
    cores = len(os.sched_getaffinity(0))
    contents = corpora.contents(corpus.bundles, chance)
    pace = Pace()
    pace.start()
    with site() as here:
        async with engine(here.settings) as dsn:
            await prepare_at(dsn)
            database = await Database.connect(dsn, max_size=3)
            try:
                described = await machine(database)
                stand = Stand(plan, here, database, corpus, contents, cores, chance, pace)
                sections = [section async for section in _loaded(stand, only, say)]
            finally:
                await database.close()
            if "erasure" in only:
                say("erasing")
                sections.append(await erasing(here, erased=plan.erased, keys=plan.keys))
        if "starts" in only:
            say("starting")
            sections.append(starting(here, workers=cores))
    pace.stop()
    took = time.perf_counter() - started
    data = f"{corpus.name}, {corpus.resources:,} resources"
    return Report(plan.name, data, command, took, described, tuple(sections))


async def _loaded(
    stand: Stand, only: Collection[str], say: Callable[[str], None]
) -> AsyncIterator[Section]:
    say("importing")
    folder = stand.site.folder / "first"
    stand.corpus.write(folder)
    first = await load(stand, folder, loaders=stand.cores)
    yield await yardstick(stand)
    if "bytes" in only:
        yield await weighing(stand, first)
    if "import" in only:
        yield await importing(stand, first)
    if "steps" in only:
        say("steps")
        yield await stepping(stand)
    chosen = [name for name in PARTS if name in only and name in _SERVED]
    if not chosen and "memory" not in only:
        return
    access_token = await _access_token(stand.site)
    with served(stand.site, workers=stand.cores) as server:
        serving = Serving(stand, server, Requests(server.port, access_token))
        for name in chosen:
            say(name)
            yield await _SERVED[name](serving)
        if "memory" in only:
            yield memories(server, stand.engine)


async def _access_token(site: Site) -> str:
    async with site.opened() as parts:
        return (await parts.accounts.issue_to_operator(ROLES)).access_token
