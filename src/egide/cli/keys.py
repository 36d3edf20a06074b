"""`egide keys`: epochs, and copies of the key table."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from egide.app.installation import open_installation
from egide.app.place import open_alone, provider_of
from egide.cli.operator import OPERATOR
from egide.clock import system_clock
from egide.ops.copies import read_copy, restore_copy, write_copies
from egide.ops.rekey import NewEpoch, new_epoch
from egide.settings import settings

keys = typer.Typer(help="Epochs of the key table, and its copies.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)


@keys.command("epoch")
def epoch() -> None:
    """Begin a new epoch: wrap the living again, destroy the old epoch key. Nothing else may run."""
    done = asyncio.run(_epoch())
    _console.print(
        f"Epoch {done.epoch}: {done.keys:,} keys wrapped again, epochs "
        f"{', '.join(map(str, done.destroyed))} destroyed, "
        f"{done.erasures} erasure(s) now effective in backups."
    )
    _console.print("Destroy every older copy of the key file: it may still hold the old epoch.")


@keys.command("copy")
def copy() -> None:
    """Write the two copies of the key table beside the key file."""
    for path in asyncio.run(_copy()):
        _console.print(f"Wrote and read back {path}")


@keys.command("restore")
def restore(
    path: Annotated[Path, typer.Argument(help="A copy written by `egide keys copy` or `epoch`.")],
) -> None:
    """After restoring an old backup: give it the newest key table. Nothing else may run."""
    gone = asyncio.run(_restore(path))
    _console.print(f"Keys restored; {gone:,} row(s) of the erased were removed.")


async def _epoch() -> NewEpoch:
    here = settings()
    provider = provider_of(here)
    async with open_alone(here) as database:
        return await new_epoch(database, provider, system_clock, OPERATOR)


async def _copy() -> tuple[Path, Path]:
    here = settings()
    provider = provider_of(here)
    async with open_installation(here) as parts:
        return await write_copies(parts.database, parts.ring, provider.path, parts.clock())


async def _restore(path: Path) -> int:
    here = settings()
    ring = provider_of(here).ring()
    async with open_alone(here) as database:
        copy = read_copy(path, ring)
        return await restore_copy(database, copy, ring, system_clock, OPERATOR)
