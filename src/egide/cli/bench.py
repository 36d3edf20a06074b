"""`egide bench`: measure a whole installation of its own against the targets of the design."""

import asyncio
import resource
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from egide.bench import FULL, PARTS, QUICK, markdown, measure, show
from egide.errors import Incorrect


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="About a minute, rougher.")] = False,
    json: Annotated[Path | None, typer.Option(help="Also write the figures as JSON.")] = None,
    page: Annotated[Path | None, typer.Option(help="Also write the documentation's page.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Measure only this: {', '.join(PARTS)}.")
    ] = None,
) -> None:
    """Measure import, reads, searches, writes, sizes, memory and starts; your data is not used."""
    for name in only or ():
        if name not in PARTS:
            raise Incorrect(f"there is no part {name!r}; there are {', '.join(PARTS)}")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    plan = QUICK if quick else FULL
    command = "egide bench" + (" --quick" if quick else "")
    told = Console(stderr=True, highlight=False, soft_wrap=True)
    with told.status("starting") as status:
        report = asyncio.run(measure(plan, command, only=only or PARTS, say=status.update))
    show(Console(highlight=False), report)
    if json is not None:
        json.write_bytes(report.to_json())
    if page is not None:
        page.write_text(markdown(report))
