"""`egide doctor`: what is not as it should be, and what to do."""

import asyncio
import resource

import typer
from rich.console import Console

from egide.app.installation import open_installation
from egide.errors import EgideError
from egide.ops.doctor import Finding, examine
from egide.settings import settings

_MARK = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "problem": "[bold red]✗[/]"}


def doctor() -> None:
    """Look at settings, keys, engine, ledger and disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    console = Console(highlight=False, soft_wrap=True)
    findings = asyncio.run(_examine())
    for finding in findings:
        console.print(f"{_MARK[finding.state]} [bold]{finding.what}[/]: {finding.words}")
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)


async def _examine() -> list[Finding]:
    here = settings()
    try:
        async with open_installation(here) as parts:
            found = [each async for each in examine(here, parts.database, parts.ring)]
    except EgideError as error:
        return [Finding("problem", "start", error.message)]
    return [Finding("ok", "start", "the key file and the database answer"), *found]
