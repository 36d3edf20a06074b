"""The schema and its versions: a fresh database is built, an older one upgraded, a newer refused.

`schema/NN_service.sql` is what a fresh database gets; `migrations/NNNN_pre_name.sql` and
`NNNN_post_name.sql` bring an older one to the same shape (`pre_`: the previous release still
works with it, so it may run before the code changes; `post_`: only once it is gone). The
version is the number of the last migration. test_versions.py holds that both ways end equal.

Until a release carries the schema, `python -m egide.db.migrations baseline` writes the first
migration anew from the schema files.
"""

import re
from pathlib import Path
from typing import NamedTuple

from egide.db.database import Connection, Database
from egide.db.errors import translated
from egide.errors import EgideError, Fault, Unavailable

SCHEMA = Path(__file__).with_name("schema")
MIGRATIONS = Path(__file__).with_name("migrations")
BASELINE = "0001_pre_kernel.sql"

_FILE = re.compile(r"(?P<number>\d{4})_(?P<stage>pre|post)_[a-z0-9_]+\.sql\Z")
_LOCK = 0x65676964_65736368
"""Advisory lock of whoever prepares: "egidesch"."""


class Migration(NamedTuple):
    """One step: its number (the version it leads to) and its file."""

    number: int
    path: Path


def migrations(folder: Path) -> list[Migration]:
    """The migrations of `folder` in order. Raises Fault on a gap, a duplicate or a bad name."""
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        named = _FILE.match(path.name)
        if not named or int(named["number"]) != len(found) + 1:
            raise Fault(f"{path.name} is not the migration number {len(found) + 1:04d}")
        found.append(Migration(len(found) + 1, path))
    return found


async def prepare(database: Database, *, schema: Path = SCHEMA, steps: Path = MIGRATIONS) -> int:
    """Makes `database` ready for this code and returns its version.

    Several processes may call it at once: one works, the others wait. Each migration is one
    transaction with its version, so a failing one changes nothing and raises Fault. Raises
    Unavailable when the database is newer than this code.
    """
    known, parts = migrations(steps), _parts(schema)
    connection = await database.dedicated()
    try:
        with translated():
            await connection.execute("select pg_advisory_lock($1)", _LOCK)
        version = await _version(connection)
        if version is None:
            await _apply(connection, "The schema", parts, len(known))
            return len(known)
        return await _upgrade(connection, version, known)
    finally:
        await connection.close()


async def migrate(database: Database, *, steps: Path = MIGRATIONS) -> int:
    """Applies the missing migrations, from the first one in an empty database; see `prepare`."""
    known = migrations(steps)
    connection = await database.dedicated()
    try:
        with translated():
            await connection.execute("select pg_advisory_lock($1)", _LOCK)
        return await _upgrade(connection, await _version(connection) or 0, known)
    finally:
        await connection.close()


async def _version(connection: Connection) -> int | None:
    with translated():
        if await connection.fetchval("select to_regclass('public.egide_schema')") is None:
            return None
        return int(await connection.fetchval("select version from egide_schema"))


async def _upgrade(connection: Connection, version: int, known: list[Migration]) -> int:
    if version > len(known):
        raise Unavailable(
            f"The database has schema version {version}, this Égide knows {len(known)}: "
            "a newer Égide has used it. Install that release or restore an earlier backup"
        )
    for step in known[version:]:
        await _apply(connection, f"Migration {step.path.stem}", [step.path], step.number)
    return len(known)


async def _apply(connection: Connection, what: str, parts: list[Path], version: int) -> None:
    try:
        with translated():
            async with connection.transaction():
                for path in parts:
                    await connection.execute(path.read_text("utf-8"))
                await connection.execute("update egide_schema set version = $1", version)
    except EgideError as error:
        raise Fault(f"{what} failed and changed nothing: {error.message}") from None


def baseline() -> str:
    """The text of the first migration: the schema files, in order."""
    return "\n\n".join(path.read_text("utf-8").strip() for path in _parts(SCHEMA)) + "\n"


def _parts(schema: Path) -> list[Path]:
    return sorted(schema.glob("*.sql"))
