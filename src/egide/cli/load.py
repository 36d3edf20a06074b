"""`egide import`: bundles and NDJSON, plain, .gz, .zst, .zip or in folders."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from egide.app.importing import Tally, load_sources
from egide.errors import Incorrect
from egide.exchange.bulk import sources
from egide.settings import settings

_SHOWN = 20


def load(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    loaders: Annotated[
        int | None, typer.Option(help="Processes that load (default: one a core).", min=1)
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also load what an earlier import has done.")
    ] = False,
) -> None:
    """Load records. Stop it at will: started again it goes on where it was."""
    found = sources(paths)
    if not found:
        raise Incorrect("there is no .json, .ndjson, .jsonl, .gz, .zst or .zip file there")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    started = time.monotonic()
    tally = asyncio.run(_load(console, found, loaders, again))
    report(tally, time.monotonic() - started)
    if tally.refusals:
        raise typer.Exit(1)


async def _load(console: Console, found: list, loaders: int | None, again: bool) -> Tally:  # type: ignore[type-arg]
    columns = (
        TextColumn("[bold]Loading"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=sum(each.size for each in found) or 1, rate="")
        started = time.monotonic()

        def advance(tally: Tally) -> None:
            rate = tally.resources / max(time.monotonic() - started, 1e-6)
            progress.update(task, completed=tally.bytes_read, rate=f"{rate:,.0f} resources/s")

        return await load_sources(settings(), found, loaders=loaders, again=again, progress=advance)


def report(tally: Tally, seconds: float) -> None:
    """Print what became of everything."""
    console = Console(highlight=False, soft_wrap=True)
    wide = Console(highlight=False, width=max(console.width, 160))
    rate = tally.resources / max(seconds, 1e-6)
    console.print(
        f"{tally.resources:,} resources in {seconds:.1f} s ({rate:,.0f}/s): "
        f"{tally.created:,} new, {tally.updated:,} updated, {tally.unchanged:,} unchanged; "
        f"{tally.skipped:,} of {tally.parts:,} parts were loaded before."
    )
    if not tally.refusals:
        return
    console.print(f"[bold red]{tally.refusals:,} finding(s) kept something from being stored:[/]")
    table = Table("source", "place", "code", "location", "why", box=None)
    for refused in tally.refused[:_SHOWN]:
        table.add_row(refused.source, refused.place, refused.code, refused.location, refused.words)
    wide.print(table)
    console.print("A bundle is stored whole or not at all: one finding keeps all of it out.")
    if tally.refusals > _SHOWN:
        console.print(f"… and {tally.refusals - _SHOWN:,} more")
