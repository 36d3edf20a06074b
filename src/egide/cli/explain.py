"""`egide explain`: which rule allows, narrows or refuses a request, and what would change it."""

import asyncio
import sys
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from egide.actor import Zone
from egide.app.installation import open_installation
from egide.cli.operator import OPERATOR, PURPOSE
from egide.record import Explanation
from egide.settings import settings

_PIPED = 200
"""Columns written where there is no terminal to say how many it has."""


def explain(
    method: Annotated[str, typer.Argument(help="GET, POST, PUT or DELETE.")],
    address: Annotated[str, typer.Argument(help="What is asked for, as /fhir/Observation/42.")],
    account: Annotated[int, typer.Option("--as", help="The account's internal number.")],
    purpose: Annotated[str, typer.Option(help="The purpose of use.")] = "TREAT",
    stronger: Annotated[
        bool, typer.Option("--two-factors", help="As if authenticated with two factors.")
    ] = False,
    zone: Annotated[
        Zone, typer.Option(help="As if asked from inside the establishment's networks, or outside.")
    ] = "inside",
) -> None:
    """Say what the gate would answer to an account, grant by grant, and enter it in the ledger."""
    found = asyncio.run(_explain(method, address, account, purpose, stronger, zone))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED)
    said = {"yes": "leaves", "masked": "leaves masked", "no": "is hidden", None: ""}[found.answer]
    console.print(f"{found.outcome}: {found.rule}" + (f"; the resource {said}" if said else ""))
    if found.answer == "masked":
        console.print(f"shown besides what every mask shows: {', '.join(found.shown) or 'nothing'}")
    for obligation in found.obligations:
        console.print(f"obligation: {obligation}")
    table = Table("grant", "answer", "because", "what would change it", box=None)
    for line in found.lines:
        because = f"{line.reason} ({line.consent})" if line.consent else line.reason
        answer = f"{line.answer} ({line.mask})" if line.mask else line.answer
        table.add_row(line.grant, answer, because, line.change)
    console.print(table)
    if found.outcome == "deny" or found.answer == "no":
        raise typer.Exit(1)


async def _explain(
    method: str, address: str, account: int, purpose: str, stronger: bool, zone: Zone
) -> Explanation:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        actor = replace(await installation.accounts.actor(account), zone=zone)
        if stronger:
            actor = replace(actor, assurance=2)
        return await session.explain(actor, purpose, method, address)
