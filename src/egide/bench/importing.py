"""`egide import` of bundles, with one loader and with one a core."""

import resource
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from egide.app.importing import Tally, load_sources
from egide.bench import targets
from egide.bench.figure import Figure, Section
from egide.bench.processor import Meter, per_operation
from egide.bench.site import images, wal
from egide.bench.stand import Stand
from egide.errors import Fault
from egide.exchange.bulk import sources


class Run(NamedTuple):
    """One import: resources, seconds in all, rate once the loaders were up, CPU, WAL.

    `had` is the share of the machine's best that was left to the bench.
    """

    resources: int
    seconds: float
    steady: float
    spent: dict[str, float]
    wal: int
    images: int
    had: float

    @property
    def rate(self) -> float:
        """Resources a second, from the start of the command to its end."""
        return self.resources / self.seconds


async def load(stand: Stand, folder: Path, *, loaders: int) -> Run:
    """Import `folder`, which is removed."""
    marks: list[tuple[float, int]] = []

    def progress(tally: Tally) -> None:
        marks.append((time.perf_counter(), tally.resources))

    before, pages = await wal(stand.database), await images(stand.database)
    meter = Meter({"engine": [stand.engine]}, stand.pace)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    tally = await load_sources(
        stand.site.settings, sources([folder]), loaders=loaders, progress=progress
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if tally.refusals:
        raise Fault("something of the bench's own data was refused")
    shutil.rmtree(folder)
    own = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    (first, few), (last, all_) = marks[0], marks[-1]
    steady = (all_ - few) / max(last - first, 1e-9)
    return Run(
        tally.resources,
        seconds,
        steady,
        {"loaders": own, **meter.spent()},
        await wal(stand.database) - before,
        await images(stand.database) - pages,
        meter.had(),
    )


async def importing(stand: Stand, first: Run) -> Section:
    """The first import of everything, one with a single loader, and a larger one."""
    plan, corpus = stand.plan, stand.corpus
    folder = stand.site.folder / "one"
    corpus.write(folder, 1, bundles=plan.part)
    one = await load(stand, folder, loaders=1)
    name = f"import, {stand.cores} loaders"
    figures = [_figure("import, one loader", one), _figure(name, first, main=not plan.copies)]
    if plan.copies:
        folder = stand.site.folder / "copies"
        for number in range(2, 2 + plan.copies):
            corpus.write(folder / str(number), number)
        more = await load(stand, folder, loaders=stand.cores)
        figures.append(_figure(name, more, main=True))
    return Section(
        "Import",
        f"`egide import`: {corpus.name}, validated, sealed, indexed and logged; from the start of "
        "the command to its end, its processes' start included.",
        tuple(figures),
    )


def _figure(name: str, done: Run, *, main: bool = False) -> Figure:
    return Figure(
        name=name,
        value=done.rate,
        unit="resources/s",
        target=targets.IMPORT if main else None,
        cpu=per_operation(done.spent, done.resources),
        had=done.had,
        note=f"{done.resources:,} resources; {done.steady:,.0f}/s once the loaders are up",
    )
