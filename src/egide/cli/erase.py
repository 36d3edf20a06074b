"""`egide erase`: erase a patient or a person, with a certificate."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from egide.app.installation import open_installation
from egide.cli.operator import OPERATOR, PURPOSE
from egide.errors import Incorrect
from egide.record import Certificate
from egide.settings import settings


def erase(
    identity: Annotated[str, typer.Argument(help="Patient/ID, Practitioner/ID or Person/ID.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy a person's key and records. In backups too once `egide keys epoch` has run."""
    type, mark, id = identity.partition("/")
    if not mark:
        raise Incorrect("name what to erase as Patient/ID")
    if not yes:
        typer.confirm("This cannot be undone. Erase?", abort=True)
    certificate = asyncio.run(_erase(type, id))
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Erased at {certificate.requested:%Y-%m-%d %H:%M:%S} UTC.")
    console.print(
        f"Removed: 1 key, {certificate.resources} resources, {certificate.versions} older "
        f"versions, {certificate.edges} edges."
    )
    console.print("Remains: ledger entries under a pseudonymous key number;")
    console.print(
        f"{len(certificate.shared)} resource(s) other patients share and that may name the erased;"
    )
    console.print(
        "copies in backups, until `egide keys epoch` has destroyed "
        f"epoch {certificate.epoch}; copies of the key file made elsewhere."
    )
    console.print(f"Certificate {certificate.number}")


async def _erase(type: str, id: str) -> Certificate:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        return await session.erase(type, id)
