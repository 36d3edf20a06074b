"""`egide demo`: synthetic records, loaded and served, in one command."""

import asyncio
import resource
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from egide.app import supervisor
from egide.app.importing import load_sources
from egide.app.place import DEMO_KEY, DEMO_MARK, is_demo
from egide.cli.serve import PORT
from egide.errors import Conflict, Fault
from egide.exchange.bulk import sources
from egide.seal.providers import FileProvider
from egide.settings import Settings, settings
from egide.synthetic import bundles, encode

SEED = 8600


def demo(
    patients: Annotated[int, typer.Option(help="Synthetic patients to make.", min=1)] = 60,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = PORT,
) -> None:
    """Make synthetic records, load and serve them. Nothing in it is about a real person."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    console = Console(highlight=False, soft_wrap=True)
    here = settings()
    _prepare(here)
    console.print(
        f"[bold]Égide, demonstration[/]: synthetic data in {here.data}, its key beside it. "
        "Never put real records here."
    )
    until = date.fromisoformat((here.data / DEMO_MARK).read_text().split()[0])
    made = bundles(SEED, patients, until=until)
    with tempfile.TemporaryDirectory() as folder:
        for place, bundle in enumerate(made):
            Path(folder, f"{place:05}.json").write_bytes(encode(bundle))
        tally = asyncio.run(load_sources(here, sources([Path(folder)])))
    if tally.refusals:
        raise Fault(f"{tally.refusals} of our own synthetic records were refused")
    if tally.skipped:
        console.print("The records were loaded before.")
    else:
        console.print(f"Loaded {tally.resources:,} resources of {patients} synthetic patients.")
    base = f"http://{host}:{port}/fhir"

    def ready() -> None:
        console.print(f"\nServing FHIR R4 on [bold]{base}[/]   (Ctrl-C stops)\n")
        console.print("Try, in another terminal of this folder:\n")
        console.print("  TOKEN=$(.venv/bin/egide access-token)")
        console.print(f'  curl -H "Authorization: Bearer $TOKEN" "{base}/Patient?_count=3"')
        console.print("  .venv/bin/egide ledger verify --rows\n")
        sys.stdout.flush()

    asyncio.run(supervisor.serve(here, host=host, port=port, workers=1, ready=ready))


def _prepare(here: Settings) -> None:
    """The data folder marked as a demonstration, with its key. Conflict when it is not one."""
    if here.database_url:
        raise Conflict("the demonstration has its own engine; unset EGIDE_DATABASE_URL")
    if is_demo(here.data):
        return
    if here.data.exists() and any(here.data.iterdir()):
        raise Conflict(f"{here.data} holds an installation that is no demonstration; left alone")
    here.data.mkdir(parents=True, exist_ok=True)
    FileProvider.create(here.data / DEMO_KEY, data=here.data, demo=True)
    words = "Made on this day. Synthetic records only; the root key lies in here too."
    (here.data / DEMO_MARK).write_text(f"{date.today()} {words}\n")
