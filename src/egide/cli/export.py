"""`egide export`: records as files, encrypted to whoever is to have them."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from egide.actor import PURPOSES
from egide.app.exporting import Exported, export_to
from egide.cli.operator import OPERATOR
from egide.errors import Incorrect
from egide.exchange.bulk import Destination, recipient, require_plain
from egide.fhir.definitions import TYPES
from egide.settings import settings

EXPORTER = replace(OPERATOR, roles=frozenset({"system"}))
"""The operator, in the role of an application that keeps records: the one that may export."""


def export(
    out: Annotated[Path, typer.Option("--out", help="The folder the files go to.")],
    purpose: Annotated[str, typer.Option(help="What for: TREAT, HOPERAT, HPAYMT, PUBHLTH …")],
    type: Annotated[
        list[str] | None, typer.Option(help="A resource type; may be repeated (default: all).")
    ] = None,
    patient: Annotated[
        str | None, typer.Option(help="Only the record of the Patient with this id.")
    ] = None,
    recipients: Annotated[
        list[str] | None,
        typer.Option("--recipient", help="An age public key, age1…; may be repeated."),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Not encrypted: only into EGIDE_EXPORT_FOLDER, mode 0700."),
    ] = False,
) -> None:
    """Write current resources as NDJSON, a file a type. Every batch is in the ledger before."""
    if plain == bool(recipients):
        raise Incorrect("an export needs a --recipient, or --plain; not both")
    if purpose not in PURPOSES:
        raise Incorrect(f"there is no such purpose of use; there are {', '.join(sorted(PURPOSES))}")
    for each in type or ():
        if each not in TYPES:
            raise Incorrect("there is no such resource type in FHIR R4")
    keys = [recipient(each) for each in recipients or ()]
    here = settings()
    if plain:
        require_plain(out, here.export_folder)
    destination = Destination(out, keys)
    told = Console(stderr=True, highlight=False, soft_wrap=True)
    with told.status("exporting") as status:

        def progress(exported: Exported) -> None:
            status.update(f"{exported.counts.total():,} resources")

        exported = asyncio.run(
            export_to(
                here,
                EXPORTER,
                purpose,
                destination,
                types=type or (),
                patient=patient,
                to=", ".join(recipients or ["plain"]),
                progress=progress,
            )
        )
    _report(exported, plain)


def _report(exported: Exported, plain: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table("file", "resources", box=None)
    for path in exported.files:
        table.add_row(path.name, f"{exported.counts[path.name.partition('.')[0]]:,}")
    console.print(table)
    console.print(
        f"{exported.counts.total():,} resources of {len(exported.patients):,} patients"
        + (", [bold red]not encrypted[/]." if plain else ".")
    )
