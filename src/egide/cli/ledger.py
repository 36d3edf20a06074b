"""`egide ledger`: verify that no recorded access was changed or removed."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from egide.app import open_installation
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
    console.print(report.summary())
    for finding in report.findings:
        console.print(f"[bold red]✗[/] {finding}")
    if report.findings:
        raise typer.Exit(1)
    console.print("[bold green]✓[/] Nothing was changed or removed.")


async def _verify(rows: bool) -> Report:
    async with open_installation(settings()) as parts:
        return await verify_all(parts.database, parts.ring, rows=rows)
