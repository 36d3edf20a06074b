"""`egide index`: which parameters are indexed across patients, and what each gives away."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from egide.app.installation import open_installation
from egide.cli.operator import OPERATOR, PURPOSE
from egide.errors import Incorrect
from egide.fhir.definitions import TYPES
from egide.fhir.search.allowlist import REVEALS, STANDARD, AllowList
from egide.record import Indexing, index_state
from egide.settings import settings

index = typer.Typer(help="What is indexed across patients.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)

Entry = Annotated[str, typer.Argument(help="Type:parameter, as Observation:value-concept.")]

_STATES: Mapping[str, str] = {
    "building": "rows are given its terms; searches open candidates until then",
    "ready": "searches narrow by it",
    "removing": "no search narrows by it; its terms go in a moment",
    "stripping": "its terms are being taken away",
    "removed": "taken out",
}


@index.command("list")
def show(
    type: Annotated[str | None, typer.Argument(help="Only this type.")] = None,
) -> None:
    """List what has terms, and what each tells somebody who has the database without the keys."""
    if type is not None and type not in TYPES:
        raise Incorrect("there is no such resource type in FHIR R4")
    state = asyncio.run(_state())
    changed = {(each.type, each.parameter): each.state for each in state.entries}
    allowed = AllowList()
    for each in state.entries:
        if each.parameter not in STANDARD.rules(each.type):
            allowed = allowed.adding(each.type, each.parameter)
    table = Table("entry", "reveals", "state", box=None)
    for of in [type] if type else TYPES:
        for code, rule in sorted(allowed.rules(of).items()):
            table.add_row(f"{of}:{code}", rule.reveals, changed.get((of, code), "ready"))
    _console.print(table)


@index.command()
def add(entry: Entry) -> None:
    """Index a token parameter across patients, or a standard one again."""
    type, code = _named(entry)
    state = asyncio.run(_change(type, code, wanted=True))
    _console.print(f"{entry} is {state}: {_STATES[state]}.")
    _console.print(f"Without the keys: {_reveals(type, code)}.")
    _follow(state)


@index.command()
def remove(entry: Entry) -> None:
    """Index a parameter no more; searches for it stay exact and open more candidates."""
    type, code = _named(entry)
    state = asyncio.run(_change(type, code, wanted=False))
    _console.print(f"{entry} is {state}: {_STATES[state]}.")
    _follow(state)


@index.command()
def status() -> None:
    """Show what was changed, and how far rows follow."""
    state = asyncio.run(_state())
    if not state.entries and not state.passes:
        _console.print("The standard list, and every row follows it.")
        return
    table = Table("entry", "state", "since", "", box=None)
    for each in state.entries:
        since = f"{each.since:%Y-%m-%d %H:%M:%S}"
        table.add_row(f"{each.type}:{each.parameter}", each.state, since, _STATES[each.state])
    _console.print(table)
    for going in state.passes:
        _console.print(
            f"{going.type}: {going.seen:,} of about {going.total:,} rows looked at, "
            f"{going.changed:,} sealed again, since {going.since:%Y-%m-%d %H:%M:%S}"
        )


@index.command()
def build() -> None:
    """Give rows the terms of the list now, as `egide serve` does by itself in the background."""
    done = asyncio.run(_build())
    _console.print(f"{done:,} rows sealed again; every row follows the list.")


def _follow(state: str) -> None:
    if state not in ("ready", "removed"):
        _console.print(
            "Rows follow while `egide serve` runs, or with `egide index build`; "
            "`egide index status` tells how far."
        )


def _named(entry: str) -> tuple[str, str]:
    type, mark, code = entry.partition(":")
    if not mark or type not in TYPES:
        raise Incorrect("name an entry as Type:parameter, as Observation:value-concept")
    return type, code


def _reveals(type: str, code: str) -> str:
    rule = STANDARD.rules(type).get(code)
    return rule.reveals if rule else REVEALS["added"]


async def _state() -> Indexing:
    async with open_installation(settings()) as installation:
        return await index_state(installation.database)


async def _change(type: str, code: str, *, wanted: bool) -> str:
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        return await (session.allow if wanted else session.disallow)(type, code)


async def _build() -> int:
    columns = (
        TextColumn("[bold]{task.fields[type]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    changed: dict[str, int] = {}
    async with (
        open_installation(settings()) as installation,
        installation.record.open(OPERATOR, PURPOSE) as session,
    ):
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("", total=None, type="")
            async for place in session.reindex():
                changed[place.type] = place.changed
                progress.update(task, completed=place.seen, total=place.total, type=place.type)
    return sum(changed.values())
