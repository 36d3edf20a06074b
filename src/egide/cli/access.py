"""`egide access`: who may reach what, who did, and the records opened in an emergency."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from egide.accounts import AccountLine, overview
from egide.app import open_installation
from egide.cli.operator import OPERATOR, PURPOSE
from egide.record import Glass, Right
from egide.settings import settings

access = typer.Typer(help="Rights of accounts, and emergency openings.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)


@access.command("review")
def review(
    days: Annotated[int, typer.Option(help="How far to look back.", min=1, max=3650)] = 90,
) -> None:
    """What each account may reach and did reach, those that did nothing first."""
    lines, found = asyncio.run(_review(days))
    labels = {line.account: line for line in lines}
    table = Table("account", "label", "roles", "may reach", "did", "patients", "refused", "last")
    table.box = None
    for each in found:
        line = labels[each.account]
        table.add_row(
            str(each.account),
            f"{line.label} (disabled)" if line.disabled else line.label,
            ", ".join(sorted(each.roles)),
            "everybody" if each.reaches is None else f"{each.reaches:,} patients",
            "nothing" if each.dormant else f"{each.entries:,}",
            f"{each.patients:,}",
            f"{each.refused:,}",
            f"{each.last:%Y-%m-%d}" if each.last else "",
        )
    _console.print(table)


@access.command("glass")
def glass(
    every: Annotated[bool, typer.Option("--all", help="Those reviewed already too.")] = False,
) -> None:
    """Records opened in an emergency, those that wait for a review first."""
    table = Table("number", "account", "patient", "at", "until", "why", "review", box=None)
    for each in asyncio.run(_glasses(every)):
        reviewed = "waits"
        if each.reviewed is not None:
            reviewed = f"{each.outcome} by {each.reviewer}, {each.reviewed:%Y-%m-%d}"
        table.add_row(
            str(each.number),
            str(each.account),
            f"Patient/{each.patient}",
            f"{each.at:%Y-%m-%d %H:%M}",
            f"{each.until:%H:%M}",
            f"{each.code}: {each.text}",
            reviewed,
        )
    _console.print(table)


@access.command("judge")
def judge(
    number: Annotated[int, typer.Argument(help="Which opening, by its number.")],
    outcome: Annotated[str, typer.Argument(help="justified, unjustified or unclear.")],
) -> None:
    """Say what the review of an emergency opening found."""
    asyncio.run(_judge(number, outcome))
    _console.print(f"Reviewed: {outcome}.")


async def _review(days: int) -> tuple[list[AccountLine], list[Right]]:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        async with installation.database.connection() as connection:
            lines = await overview(connection)
        actors = [await installation.accounts.actor(line.account) for line in lines]
        return lines, await session.rights(actors, days=days)


async def _glasses(every: bool) -> list[Glass]:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        return await session.glasses(waiting=not every)


async def _judge(number: int, outcome: str) -> None:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        await session.review_glass(number, outcome)
