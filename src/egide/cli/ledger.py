"""`egide ledger`: verify that no recorded access was changed or removed."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from egide.app.installation import open_installation
from egide.ledger import Report
from egide.ops.verify import verify_all
from egide.settings import settings

ledger = typer.Typer(help="The log of every access.", no_args_is_help=True)


@ledger.command("verify")
def verify(
    rows: Annotated[
        bool, typer.Option("--rows", help="Also compare every stored row with the ledger.")
    ] = False,
) -> None:
    """Recompute the whole log: entries, chains, tree, checkpoints, and with --rows every row."""
    report = asyncio.run(_verify(rows))
    console = Console(highlight=False, soft_wrap=True)
    rows_said = "" if report.rows is None else f", {report.rows:,} rows"
    console.print(
        f"{report.entries:,} entries of {report.writers:,} writers, {report.leaves:,} leaves, "
        f"{report.checkpoints:,} checkpoints{rows_said}."
    )
    if report.waiting:
        console.print(
            f"{report.waiting:,} entries are not in the tree yet: a running server puts them there."
        )
    if report.unclosed:
        console.print(
            f"{len(report.unclosed)} writer(s) ended without closing, as a kill or a crash does."
        )
    for finding in report.findings:
        console.print(f"[bold red]✗[/] {finding}")
    if report.more:
        console.print(f"… and {report.more:,} more")
    if not report.sound:
        raise typer.Exit(1)
    console.print("[bold green]✓[/] Nothing was changed or removed.")


async def _verify(rows: bool) -> Report:
    async with open_installation(settings()) as parts:
        return await verify_all(parts.database, parts.ring, rows=rows)
