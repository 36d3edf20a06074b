"""`egide charters`: what people sign before they open records."""

from typing import Annotated

import typer
from rich.table import Table

from egide.accounts.people import Charter, People
from egide.cli.clearance import begins
from egide.cli.naming import account_named
from egide.cli.people import among_people
from egide.cli.terminal import terminal
from egide.errors import NotFound
from egide.settings import settings

charters = typer.Typer(help="What people sign before they open records.", no_args_is_help=True)
_console = terminal(plain=True)


@charters.command("publish")
def publish(
    version: Annotated[str, typer.Argument(help="What the version is called, as 2027-1.")],
    since: Annotated[
        str | None,
        typer.Option("--from", help="From which day on, as 2027-01-31; without it, from now on."),
    ] = None,
) -> None:
    """Bring a version in force: from then on who has not signed it opens no record.

    Before that day it can be signed already.
    """
    zone = settings().zone
    at = None if since is None else begins(since, zone)

    async def work(people: People) -> Charter:
        return await people.charters.publish(version, at)

    made = among_people(work)
    _console.print(f"{made.version} is in force from {made.since.astimezone(zone):%Y-%m-%d %H:%M}.")


@charters.command("list")
def show_all() -> None:
    """List the versions, the oldest first."""

    async def work(people: People) -> tuple[list[Charter], Charter | None]:
        return await people.charters.published(), await people.charters.in_force()

    published, current = among_people(work)
    table = Table("version", "from", "state", box=None)
    for each in published:
        since = f"{each.since.astimezone(settings().zone):%Y-%m-%d %H:%M}"
        table.add_row(each.version, since, "in force" if each == current else "")
    _console.print(table)


@charters.command("sign")
def sign(
    who: Annotated[str, typer.Argument(help="The login name, or the account's number.")],
    version: Annotated[
        str | None, typer.Argument(help="Which version; the one in force when not given.")
    ] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="He has not signed it after all.")
    ] = False,
) -> None:
    """Note that a person has signed a version today; what was noted before keeps its day."""

    async def work(people: People) -> str:
        account = await account_named(people, who)
        named = version or await _in_force(people)
        if withdraw:
            await people.directory.withdraw_signature(account, named)
        else:
            await people.directory.sign(account, named)
        return named

    _console.print(f"{among_people(work)} is {'not ' if withdraw else ''}signed.")


async def _in_force(people: People) -> str:
    """The version in force. Raises NotFound when there is none."""
    found = await people.charters.in_force()
    if found is None:
        raise NotFound("no charter is in force: name the version")
    return found.version
