"""`egide clients`: the applications that may ask for access tokens."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Column, Table

from egide.accounts import Application, NewClient, Proof, Registration
from egide.api.smart.registration import checked
from egide.app.installation import Installation, open_installation
from egide.errors import Incorrect, NotFound
from egide.gate import ROLES
from egide.settings import settings

clients = typer.Typer(help="Applications that may ask for access tokens.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)
Result = TypeVar("Result")
Which = Annotated[str, typer.Argument(help="Which one.")]
Overlap = Annotated[
    int, typer.Option(help="For how many hours the old ones are good, too.", min=0, max=720)
]
_ONE_LINE = 10_000
"""Columns for what is not a terminal: programs read a line each, and nothing of it is cut."""


@clients.command("add")
def add(
    label: Annotated[str, typer.Argument(help="What the installation calls it.")],
    role: Annotated[list[str] | None, typer.Option(help="A role; may be repeated.")] = None,
) -> None:
    """Make a client application; its secret is shown once."""
    roles = _known(role or ["system"])

    async def work(parts: Installation) -> NewClient:
        return await parts.accounts.clients.create(label, roles)

    made = asyncio.run(_with(work))
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

    async def work(parts: Installation) -> NewClient:
        return await parts.accounts.applications.register(registration)

    made = asyncio.run(_with(work))
    _console.print(f"client_id      {made.client_id}")
    if made.secret:
        _console.print(f"client_secret  {made.secret}   (shown once)")


@clients.command("list")
def show() -> None:
    """List client applications."""
    whole = [Column(each, no_wrap=True) for each in ("client_id", "proof", "state")]
    table = Table(*whole, "label", "roles", "scope", box=None)

    async def work(parts: Installation) -> list[Application]:
        return await parts.accounts.applications.entries()

    for entry in asyncio.run(_with(work)):
        registration = entry.registration
        state = "disabled" if entry.disabled else "active"
        proof = "public" if registration.proof == "none" else registration.proof
        roles = ", ".join(registration.roles)
        table.add_row(entry.client_id, proof, state, registration.label, roles, registration.scope)
    width = None if _console.is_terminal else _ONE_LINE
    Console(highlight=False, soft_wrap=True, width=width).print(table)


@clients.command("rotate")
def rotate(client_id: Which, overlap: Overlap = 0) -> None:
    """Give it a new secret, shown once; all it has by the old one ends, unless they overlap."""

    async def work(parts: Installation) -> NewClient:
        return await parts.accounts.clients.rotate(client_id, overlap=timedelta(hours=overlap))

    made = asyncio.run(_with(work))
    _console.print(f"client_id      {made.client_id}")
    _console.print(f"client_secret  {made.secret}   (shown once)")
    _console.print(_replaced("The old secret", overlap))


@clients.command("keys")
def keys(
    client_id: Which,
    jwks: Annotated[Path | None, typer.Option(help="A file with its new public keys.")] = None,
    jwks_uri: Annotated[str | None, typer.Option(help="Where it publishes its keys.")] = None,
    overlap: Overlap = 0,
) -> None:
    """Change its public keys; all it has by the old ones ends, unless they overlap."""
    if (jwks is None) == (jwks_uri is None):
        raise Incorrect("give --jwks or --jwks-uri, one of them")
    given = None if jwks is None else _read(jwks)

    async def work(parts: Installation) -> None:
        known = (await _found(parts, client_id)).registration
        new = checked(replace(known, jwks=given, jwks_uri=jwks_uri))
        await parts.accounts.clients.set_keys(
            client_id, jwks=new.jwks, jwks_uri=new.jwks_uri, overlap=timedelta(hours=overlap)
        )

    asyncio.run(_with(work))
    _console.print(f"{client_id} has new keys. {_replaced('Its old keys', overlap)}")


@clients.command("addresses")
def addresses(
    client_id: Which,
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="Where codes go; may be repeated; replaces all.")
    ] = None,
    launch_uri: Annotated[
        str | None, typer.Option(help="Where people open it from a record; empty for nowhere.")
    ] = None,
) -> None:
    """Change where answers to it go, and where it is opened; both hold at once."""
    if not redirect_uri and launch_uri is None:
        raise Incorrect("nothing to change: give --redirect-uri or --launch-uri")

    async def work(parts: Installation) -> None:
        application = await _found(parts, client_id)
        known = application.registration
        uris = tuple(redirect_uri) if redirect_uri else known.redirect_uris
        launch = known.launch_uri if launch_uri is None else launch_uri or None
        new = checked(replace(known, redirect_uris=uris, launch_uri=launch))
        await parts.accounts.applications.set_addresses(
            application, new.redirect_uris, new.launch_uri
        )

    asyncio.run(_with(work))
    _console.print(f"{client_id} has new addresses.")


@clients.command("disable")
def disable(client_id: Which) -> None:
    """It cannot log in any more, and its access tokens end now."""

    async def work(parts: Installation) -> None:
        await parts.accounts.clients.disable(client_id)

    asyncio.run(_with(work))
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


def _replaced(what: str, overlap: int) -> str:
    if not overlap:
        return f"{what} and all it had by it ended now."
    return f"{what} will do for {overlap} hour{'' if overlap == 1 else 's'} more."


async def _found(parts: Installation, client_id: str) -> Application:
    found = await parts.accounts.applications.find(client_id)
    if found is None:
        raise NotFound("there is no such client application")
    return found


async def _with(work: Callable[[Installation], Awaitable[Result]]) -> Result:
    async with open_installation(settings()) as parts:
        return await work(parts)
