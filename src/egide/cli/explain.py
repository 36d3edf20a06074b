"""`egide explain`: which rule allows, narrows or refuses a request, and what would change it."""

import asyncio
import sys
from dataclasses import replace
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from egide.actor import Zone
from egide.api.rest import FHIR
from egide.api.rest.asked import asked_by
from egide.app.installation import open_installation
from egide.cli.clearance import charter, training
from egide.cli.naming import ACCOUNT, account_named
from egide.cli.operator import OPERATOR, PURPOSE
from egide.record import Cited, Explanation
from egide.settings import settings

_PIPED = 200
"""Columns written where there is no terminal to say how many it has."""


def explain(
    method: Annotated[str, typer.Argument(help="GET, POST, PUT or DELETE.")],
    address: Annotated[str, typer.Argument(help="What is asked for, as /fhir/Observation/42.")],
    who: Annotated[str, typer.Option("--as", help=ACCOUNT)],
    purpose: Annotated[
        str | None, typer.Option(help="The purpose of use: TREAT, or FAMRQT with --behalf.")
    ] = None,
    stronger: Annotated[
        bool, typer.Option("--two-factors", help="As if authenticated with two factors.")
    ] = False,
    zone: Annotated[
        Zone, typer.Option(help="As if asked from inside the establishment's networks, or outside.")
    ] = "inside",
    behalf: Annotated[
        str | None, typer.Option(help="As a relative who acts for the patient with this id.")
    ] = None,
    scope: Annotated[
        str | None, typer.Option(help="Through an application with these SMART scopes.")
    ] = None,
    launched: Annotated[
        str | None, typer.Option(help="Through one launched with the patient with this id.")
    ] = None,
) -> None:
    """Say what the gate would answer to an account, grant by grant, and enter it in the ledger."""
    purpose = purpose or ("TREAT" if behalf is None else "FAMRQT")
    asking = _Asking(who, purpose, stronger, zone, behalf, scope, launched)
    found = asyncio.run(_explain(method, address, asking))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED)
    said = {"yes": "leaves", "masked": "leaves masked", "no": "is hidden", None: ""}[found.answer]
    interaction = found.interaction and f" ({found.interaction})"
    console.print(
        f"{found.outcome}{interaction}: {found.rule}" + (f"; the resource {said}" if said else "")
    )
    if found.answer == "masked":
        console.print(f"shown besides what every mask shows: {', '.join(found.shown) or 'nothing'}")
    if found.clearance is not None:
        local = settings().zone
        console.print(f"trained: {training(found.clearance, local)}")
        console.print(f"charter: {charter(found.clearance, local)}")
    for obligation in found.obligations:
        console.print(f"obligation: {obligation}")
    table = Table("grant", "answer", "because", "what would change it", box=None)
    for line in found.lines:
        because = f"{line.reason} {_cited(line.consent)}".strip() if line.consent else line.reason
        answer = f"{line.answer} ({line.mask})" if line.mask else line.answer
        table.add_row(line.grant, answer, because, line.change)
    console.print(table)
    if found.outcome == "deny" or found.answer == "no":
        raise typer.Exit(1)


def _cited(consent: Cited) -> str:
    """A Consent that decided, without a name."""
    words = [f"{consent.nature} {consent.reference}"]
    words += [f"of {consent.date}"] if consent.date else []
    words += [f"collected by {', '.join(consent.by)}"] if consent.by else []
    return f"({' '.join(words)})"


class _Asking(NamedTuple):
    """Who would ask, and in which circumstances."""

    who: str
    purpose: str
    stronger: bool
    zone: Zone
    behalf: str | None
    scope: str | None
    launched: str | None


async def _explain(method: str, address: str, asking: _Asking) -> Explanation:
    asked = asked_by(FHIR, method, address)
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        accounts = installation.accounts
        account = await account_named(installation.people, asking.who, accounts.applications)
        actor = replace(
            await accounts.actor(account),
            zone=asking.zone,
            behalf=asking.behalf,
            scope=asking.scope,
            launched=asking.launched,
        )
        if asking.stronger:
            actor = replace(actor, assurance=2, authenticated=installation.clock())
        relatives = await accounts.relatives(account)
        return await session.explain(actor, asking.purpose, asked, relatives=relatives)
