"""`egide clients`: the applications that may ask for access tokens."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from egide.accounts import Application, NewClient, Proof, Registration
from egide.api.smart.registration import checked
from egide.app.installation import open_installation
from egide.errors import Incorrect
from egide.gate import ROLES
from egide.settings import settings

clients = typer.Typer(help="Applications that may ask for access tokens.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)
_ONE_LINE = 10_000
"""Columns for what is not a terminal: programs read a line each, and nothing of it is cut."""


@clients.command("add")
def add(
    label: Annotated[str, typer.Argument(help="What the installation calls it.")],
    role: Annotated[list[str] | None, typer.Option(help="A role; may be repeated.")] = None,
) -> None:
    """Make a client application; its secret is shown once."""
    roles = _known(role or ["system"])
    made = asyncio.run(_add(label, roles))
    _console.print(f"client_id      {made.client_id}")
    _console.print(f"client_secret  {made.secret}   (shown once)")


@clients.command("create")
def create(
    label: Annotated[str, typer.Argument(help="The name people read when they approve it.")],
    scope: Annotated[list[str], typer.Option(help="A scope it may have; may be repeated.")],
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="Where codes go; may be repeated.")
    ] = None,
    launch_uri: Annotated[
        str | None, typer.Option(help="Where people open it from a record.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="A role, for what it does by itself.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="It can keep no secret.")] = False,
    native: Annotated[
        bool, typer.Option("--native", help="It runs on people's own devices.")
    ] = False,
    jwks: Annotated[Path | None, typer.Option(help="A file with its public keys.")] = None,
    jwks_uri: Annotated[str | None, typer.Option(help="Where it publishes its keys.")] = None,
    homepage: Annotated[str | None, typer.Option(help="Its address, for people.")] = None,
    publisher: Annotated[str | None, typer.Option(help="Who makes it.")] = None,
    introspect: Annotated[
        bool, typer.Option("--introspect", help="It may ask about any access token.")
    ] = False,
) -> None:
    """Register an application that acts for people, or proves itself by a key."""
    if public and (jwks or jwks_uri):
        raise Incorrect("an application is public or has keys, not both")
    roles = _known(role or [])
    proof: Proof = "none" if public else "key" if jwks or jwks_uri else "secret"
    registration = checked(
        Registration(
            label=label,
            proof=proof,
            scope=" ".join(scope),
            roles=tuple(roles),
            redirect_uris=tuple(redirect_uri or ()),
            launch_uri=launch_uri,
            native=native,
            jwks=None if jwks is None else _read(jwks),
            jwks_uri=jwks_uri,
            homepage=homepage,
            publisher=publisher,
            introspects=introspect,
        )
    )
    made = asyncio.run(_register(registration))
    _console.print(f"client_id      {made.client_id}")
    if made.secret:
        _console.print(f"client_secret  {made.secret}   (shown once)")


@clients.command("list")
def show() -> None:
    """List client applications."""
    whole = [Column(each, no_wrap=True) for each in ("client_id", "proof", "state")]
    table = Table(*whole, "label", "roles", "scope", box=None)
    for entry in asyncio.run(_list()):
        registration = entry.registration
        state = "disabled" if entry.disabled else "active"
        proof = "public" if registration.proof == "none" else registration.proof
        roles = ", ".join(registration.roles)
        table.add_row(entry.client_id, proof, state, registration.label, roles, registration.scope)
    width = None if _console.is_terminal else _ONE_LINE
    Console(highlight=False, soft_wrap=True, width=width).print(table)


@clients.command("disable")
def disable(client_id: Annotated[str, typer.Argument(help="Which one.")]) -> None:
    """It cannot log in any more, and its access tokens end now."""
    asyncio.run(_disable(client_id))
    _console.print(f"{client_id} is disabled.")


def _known(roles: list[str]) -> list[str]:
    unknown = [each for each in roles if each not in ROLES]
    if unknown:
        raise Incorrect(f"there is no role {unknown[0]!r}; there are {', '.join(ROLES)}")
    return roles


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Incorrect(f"{path} cannot be read") from None


async def _add(label: str, roles: list[str]) -> NewClient:
    async with open_installation(settings()) as parts:
        return await parts.accounts.clients.create(label, roles)


async def _register(registration: Registration) -> NewClient:
    async with open_installation(settings()) as parts:
        return await parts.accounts.applications.register(registration)


async def _list() -> list[Application]:
    async with open_installation(settings()) as parts:
        return await parts.accounts.applications.entries()


async def _disable(client_id: str) -> None:
    async with open_installation(settings()) as parts:
        await parts.accounts.clients.disable(client_id)
