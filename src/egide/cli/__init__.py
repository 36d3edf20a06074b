"""The command line: one file per command group; parses, calls, prints.

Exit codes: 0 done; 1 done, and something was found or refused; 2 wrong words, or nothing under
that name; 3 not possible now (not set up, not reachable, somebody else is at it); 4 our own fault.
"""

import sys

import typer
from rich.console import Console

from egide.cli.access import access
from egide.cli.access_token import access_token
from egide.cli.accounts import accounts
from egide.cli.bench import bench
from egide.cli.clients import clients
from egide.cli.demo import demo
from egide.cli.doctor import doctor
from egide.cli.erase import erase
from egide.cli.explain import explain
from egide.cli.export import export
from egide.cli.index import index
from egide.cli.init import init
from egide.cli.keys import keys
from egide.cli.ledger import ledger
from egide.cli.load import load
from egide.cli.routes import routes
from egide.cli.serve import serve
from egide.errors import EgideError

app = typer.Typer(
    help="Égide: health records sealed, decided, proven.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(init)
app.command()(serve)
app.command()(demo)
app.command("import")(load)
app.command()(export)
app.command("access-token")(access_token)
app.command()(erase)
app.command()(explain)
app.command()(doctor)
app.command()(bench)
app.command()(routes)
app.add_typer(access, name="access")
app.add_typer(ledger, name="ledger")
app.add_typer(keys, name="keys")
app.add_typer(index, name="index")
app.add_typer(clients, name="clients")
app.add_typer(accounts, name="accounts")

_EXIT = {"incorrect": 2, "not_found": 2, "fault": 4}


def main() -> None:
    """Run the command the arguments name; an error is one line on standard error."""
    try:
        app()
    except EgideError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]egide:[/] {error.message}", markup=True
        )
        sys.exit(_EXIT.get(error.category, 3))
    except KeyboardInterrupt:
        sys.exit(130)
