"""`egide bench`: measure a whole installation of its own against the targets of the design.

`egide bench leakage` measures what a thief without keys decodes.
"""

import asyncio
import resource
import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from egide.bench import FULL, PARTS, QUICK, markdown, measure, show
from egide.bench.leakage import CLASSES, Plan, leakage, write_block
from egide.errors import Incorrect

_PIPED = 160
"""Columns written where there is no terminal to say how many it has."""


def bench(
    what: Annotated[
        Literal["speed", "leakage"],
        typer.Argument(help="speed, or leakage: what a thief without the keys decodes."),
    ] = "speed",
    quick: Annotated[bool, typer.Option("--quick", help="About a minute, rougher.")] = False,
    json: Annotated[Path | None, typer.Option(help="Also write the figures as JSON.")] = None,
    page: Annotated[
        Path | None,
        typer.Option(help="Also write the documentation's page, or its block of leakage figures."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Measure only this: {', '.join(PARTS)}.")
    ] = None,
) -> None:
    """Measure import, reads, searches, writes, sizes, memory and starts; your data is not used."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if what == "leakage":
        if quick or only:
            raise Incorrect("leakage is measured whole; --quick and --only are for speed")
        _leakage(json, page)
        return
    for name in only or ():
        if name not in PARTS:
            raise Incorrect(f"there is no part {name!r}; there are {', '.join(PARTS)}")
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


def _leakage(json: Path | None, page: Path | None) -> None:
    told = Console(stderr=True, highlight=False, soft_wrap=True)
    with told.status("starting") as status:
        found = asyncio.run(leakage(Plan(), say=status.update))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED)
    console.print(f"{found.data}; {found.rows:,} rows; {found.seconds:.0f} s")
    console.print("Of all terms in the rows, how many the thief took for what they are:")
    shown = [name for name in CLASSES if found.terms.get(name)]
    table = Table("the thief has", *(CLASSES[name] for name in shown), "", box=None)
    for attack in found.attacks:
        shares = (f"{attack.shares[name]:.1%}" for name in shown)
        table.add_row(attack.name, *shares, attack.note)
    console.print(table)
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    if page is not None:
        write_block(page, found)
