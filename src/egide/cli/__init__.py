"""The command line: one file per command group; parses, calls, prints.

Exit codes: 0 done; 1 done, and something was found or refused; 2 wrong words, or nothing under
that name; 3 not possible now (not set up, not reachable, somebody else is at it); 4 our own fault.
"""

import sys
from importlib import import_module

import typer
from rich.console import Console

from egide.errors import EgideError

_FILES = {
    "init": "init",
    "serve": "serve",
    "demo": "demo",
    "import": "load",
    "export": "export",
    "access-token": "access_token",
    "erase": "erase",
    "explain": "explain",
    "doctor": "doctor",
    "bench": "bench",
    "routes": "routes",
    "access": "access",
    "ledger": "ledger",
    "keys": "keys",
    "index": "index",
    "clients": "clients",
    "accounts": "accounts",
    "charters": "charters",
}
"""Command → its file, which holds a function or a group of that file's name."""

_EXIT = {"incorrect": 2, "not_found": 2, "fault": 4}


def command_line(*names: str) -> typer.Typer:
    """The command line with these commands, all when none is named.

    The file of a command is read here and not above: a command would otherwise start with all the
    code of the others.
    """
    app = typer.Typer(
        help="Égide: health records sealed, decided, proven.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_nothing)  # with one command, too, its name is said
    for name in names or _FILES:
        found = getattr(import_module(f"egide.cli.{_FILES[name]}"), _FILES[name])
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def main() -> None:
    """Run the command the arguments name; an error is one line on standard error."""
    try:
        command_line(*(name for name in sys.argv[1:2] if name in _FILES))()
    except EgideError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]egide:[/] {error.message}", markup=True
        )
        sys.exit(_EXIT.get(error.category, 3))
    except KeyboardInterrupt:
        sys.exit(130)


def _nothing() -> None:
    pass
