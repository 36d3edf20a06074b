"""`egide clients`: the applications that may ask for access tokens."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from egide.accounts import ClientEntry, NewClient
from egide.app import open_installation
from egide.errors import Incorrect
from egide.gate import ROLES
from egide.settings import settings

clients = typer.Typer(help="Applications that may ask for access tokens.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)


@clients.command("add")
def add(
    label: Annotated[str, typer.Argument(help="What the installation calls it.")],
    role: Annotated[list[str] | None, typer.Option(help="A role; may be repeated.")] = None,
) -> None:
    """Make a client application; its secret is shown once."""
    roles = role or ["system"]
    unknown = [each for each in roles if each not in ROLES]
    if unknown:
        raise Incorrect(f"there is no role {unknown[0]!r}; there are {', '.join(ROLES)}")
    made = asyncio.run(_add(label, roles))
    _console.print(f"client_id      {made.client_id}")
    _console.print(f"client_secret  {made.secret}   (shown once)")


@clients.command("list")
def show() -> None:
    """List client applications."""
    table = Table("client_id", "label", "roles", "made", "state", box=None)
    for entry in asyncio.run(_list()):
        state = "disabled" if entry.disabled else "active"
        roles = ", ".join(sorted(entry.roles))
        table.add_row(entry.client_id, entry.label, roles, f"{entry.created:%Y-%m-%d}", state)
    _console.print(table)


@clients.command("disable")
def disable(client_id: Annotated[str, typer.Argument(help="Which one.")]) -> None:
    """It cannot log in any more, and its access tokens end now."""
    asyncio.run(_disable(client_id))
    _console.print(f"{client_id} is disabled.")


async def _add(label: str, roles: list[str]) -> NewClient:
    async with open_installation(settings()) as parts:
        return await parts.accounts.clients.create(label, roles)


async def _list() -> list[ClientEntry]:
    async with open_installation(settings()) as parts:
        return await parts.accounts.clients.entries()


async def _disable(client_id: str) -> None:
    async with open_installation(settings()) as parts:
        await parts.accounts.clients.disable(client_id)
