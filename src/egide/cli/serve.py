"""`egide serve`: answer requests until told to stop."""

import asyncio
import os
import resource
import sys
from typing import Annotated

import typer
from rich.console import Console

from egide.app import supervisor
from egide.app.place import is_demo
from egide.settings import settings

PORT = 8600


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = PORT,
    workers: Annotated[
        int | None, typer.Option(help="Processes that answer (default: one a core).", min=1)
    ] = None,
) -> None:
    """Serve FHIR R4 on http://HOST:PORT/fhir."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    console = Console(highlight=False, soft_wrap=True)
    here = settings()

    def ready() -> None:
        console.print(f"Égide serves FHIR R4 on [bold]http://{host}:{port}/fhir[/]")
        console.print("Stop it with Ctrl-C. An access token: `egide access-token`")
        if is_demo(here.data):
            console.print("This is a demonstration: its key lies beside the data.")
        sys.stdout.flush()

    asyncio.run(
        supervisor.serve(
            here, host=host, port=port, workers=workers or os.cpu_count() or 1, ready=ready
        )
    )
