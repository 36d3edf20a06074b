"""`egide init`: make the key file and the database of a new installation."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from egide.app.installation import open_installation
from egide.errors import Conflict, Incorrect
from egide.seal.providers import FileProvider
from egide.settings import Settings, settings


def init(
    key_file: Annotated[
        Path | None,
        typer.Option(help="Where the root key goes, outside the data (default: EGIDE_KEY_FILE)."),
    ] = None,
) -> None:
    """Make the key file and the database. Never overwrites either."""
    here = settings()
    path = key_file or here.key_file
    if path is None:
        raise Incorrect(
            "say where the root key goes: --key-file PATH or EGIDE_KEY_FILE, outside EGIDE_DATA"
        )
    console = Console(highlight=False, soft_wrap=True)
    try:
        provider = FileProvider.create(path, data=here.data)
        console.print(f"Made the key file [bold]{path}[/] (mode 0600).")
        console.print("Copy it now to a safe place: without it nothing opens again.")
    except Conflict:
        provider = FileProvider.load(path, data=here.data)
        console.print(f"Kept the key file [bold]{path}[/] that is there.")
    asyncio.run(_prepare(replace(here, key_file=path)))
    where = "named by EGIDE_DATABASE_URL" if here.database_url else f"in [bold]{here.data}[/]"
    console.print(f"The database {where} is ready.")
    console.print(f"Establishment {provider.establishment}. Next: `egide serve`.")
    if key_file is not None:
        console.print(f"Every command needs EGIDE_KEY_FILE={path}")


async def _prepare(here: Settings) -> None:
    async with open_installation(here):
        pass
