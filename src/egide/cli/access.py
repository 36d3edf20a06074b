"""`egide access`: who may reach what, who did, and the records opened in an emergency."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from egide.accounts import AccountLine, overview
from egide.app.installation import Installation, open_installation
from egide.cli.naming import Account, account_named
from egide.cli.operator import OPERATOR, PURPOSE
from egide.cli.terminal import terminal
from egide.errors import Incorrect
from egide.record import Derivation, Glass, Right, derivation, rule_of
from egide.settings import settings

access = typer.Typer(help="Rights of accounts, and emergency openings.", no_args_is_help=True)
_console = terminal()


@access.command("review")
def review(
    days: Annotated[int, typer.Option(help="How far to look back.", min=1, max=3650)] = 90,
) -> None:
    """What each account may reach and did reach, dormant rights first."""
    lines, found = asyncio.run(_review(days))
    labels = {line.account: line for line in lines}
    table = Table(
        "account", "label", "roles", "held for", "may reach", "did", "patients", "refused", "last"
    )
    table.box = None
    for each in found:
        line = labels[each.account]
        table.add_row(
            str(each.account),
            f"{line.label} (disabled)" if line.disabled else line.label,
            ", ".join(_role(each, role) for role in sorted(each.roles)),
            f"Organization/{each.held}" if each.held else "all",
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


@access.command("grant")
def grant(
    account: Account,
    patient: Annotated[str, typer.Argument(help="Patient/ID.")],
    days: Annotated[
        int | None, typer.Option(help="For how long; without it, until withdrawn.", min=1)
    ] = None,
) -> None:
    """Let an account reach a patient whom its roles let it reach and care does not."""
    asyncio.run(_grant(account, _id(patient), days))
    _console.print(f"Granted{f' for {days} days' if days else ''}.")


@access.command("withdraw")
def withdraw(
    account: Account,
    patient: Annotated[str, typer.Argument(help="Patient/ID.")],
) -> None:
    """Take such a grant back, from the account's next request on."""
    asyncio.run(_withdraw(account, _id(patient)))
    _console.print("Withdrawn.")


@access.command("hold")
def hold(
    account: Account,
    establishment: Annotated[
        str,
        typer.Option(help="The Organization, by its id or FINESS; what is part of it counts too."),
    ],
) -> None:
    """Hold all roles of an account for one establishment: its patients, and nobody else's."""
    id = asyncio.run(_hold(account, establishment))
    _console.print(f"Its roles are held for Organization/{id}.")


@access.command("release")
def release(account: Account) -> None:
    """Hold all roles of an account for the whole house again."""
    asyncio.run(_release(account))
    _console.print("Its roles are held for the whole house.")


@access.command("reach")
def reach() -> None:
    """Say whether who reaches whom follows the present rule, and how far a pass is."""
    place = asyncio.run(_place())
    if place is None:
        _console.print("Reach follows the present rule.")
        return
    _console.print(
        f"{place.type}: {place.seen:,} of about {place.total:,} rows looked at, "
        f"{place.changed:,} gave something else. What they gave stays in force until then."
    )
    _console.print("It goes on while `egide serve` runs, or with `egide access derive`.")


@access.command("derive")
def derive(
    again: Annotated[
        bool, typer.Option("--again", help="From the beginning, even where it was done.")
    ] = False,
) -> None:
    """Bring who reaches whom in line with what is stored, as `egide serve` does by itself."""
    changed = asyncio.run(_derive(again))
    _console.print(f"Reach follows the present rule; {changed:,} resources gave something else.")


def _role(right: Right, role: str) -> str:
    """A role; of an account that did something, whether it did nothing by that role."""
    return f"{role} (dormant)" if role in right.idle and not right.dormant else role


def _id(patient: str) -> str:
    type, _, id = patient.partition("/")
    if type != "Patient" or not id:
        raise Incorrect("name the patient as Patient/ID")
    return id


async def _account(installation: Installation, who: str) -> int:
    return await account_named(installation.people, who, installation.accounts.applications)


async def _place() -> Derivation | None:
    here = settings()
    async with open_installation(here) as installation:
        return await derivation(installation.database, rule_of(here.zone, here.care_grace))


async def _derive(again: bool) -> int:
    columns = (
        TextColumn("[bold]{task.fields[type]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    changed = 0
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("", total=None, type="")
            async for place in session.derive_reach(again=again):
                changed = place.changed
                progress.update(task, completed=place.seen, total=place.total, type=place.type)
    return changed


async def _grant(who: str, id: str, days: int | None) -> None:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        account = await _account(installation, who)
        await installation.accounts.actor(account)
        until = None if days is None else installation.clock() + timedelta(days=days)
        await session.grant(id, account, until)


async def _withdraw(who: str, id: str) -> None:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        await session.withdraw(id, await _account(installation, who))


async def _hold(who: str, named: str) -> str:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        id = await session.establishment(named)
        account = await _account(installation, who)
        await installation.accounts.holding.hold(account, id)
        return id


async def _release(who: str) -> None:
    async with open_installation(settings()) as installation:
        account = await _account(installation, who)
        await installation.accounts.holding.release(account)


async def _review(days: int) -> tuple[list[AccountLine], list[Right]]:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        async with installation.database.connection() as connection:
            lines = await overview(connection)
        actors = [await installation.accounts.actor(line.account) for line in lines]
        relatives = {
            each.account: await installation.accounts.relatives(each.account) for each in actors
        }
        return lines, await session.rights(actors, days=days, relatives=relatives)


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
