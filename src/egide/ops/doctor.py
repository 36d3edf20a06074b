"""The doctor: looks at an installation and says what is not as it should be, and what to do."""

import resource
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from egide.db import Database, queries
from egide.errors import EgideError
from egide.seal import KeyRing
from egide.settings import Settings
from egide.store import Keys

_SQL = queries("egide.ops", "sql/doctor.sql")
_LEAST_FREE = 2 * 1024**3
_OLDEST_EPOCH_DAYS = 7


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `ok`, `warning` or `problem`, and a sentence that says what to do."""

    state: Literal["ok", "warning", "problem"]
    what: str
    words: str


async def examine(settings: Settings, database: Database, ring: KeyRing) -> AsyncIterator[Finding]:
    """Look at everything, one finding each."""
    yield await _keys(database, ring)
    yield await _erasures(database)
    yield await _ledger(database)
    yield await _settings_of_engine(database)
    if settings.database_url is None:
        yield _disk(settings)
    yield _core()


async def _keys(database: Database, ring: KeyRing) -> Finding:
    async with database.connection() as connection:
        numbers = [record["number"] for record in await connection.fetch(_SQL["some_keys"])]
        total = await connection.fetchval(_SQL["count_keys"])
        foreign = await connection.fetchval(_SQL["foreign_keys"], list(ring.epochs))
        try:
            await Keys(ring).load(connection, numbers)
        except EgideError as error:
            return Finding("problem", "keys", f"{error.message}; is this the right key file?")
    if foreign:
        words = f"{foreign:,} of {total:,} keys are of an epoch the key file does not know"
        return Finding("problem", "keys", f"{words}; `egide keys restore` brings a newer table")
    return Finding("ok", "keys", f"{total:,} keys, epoch {ring.epoch}; a sample opens")


async def _erasures(database: Database) -> Finding:
    async with database.connection() as connection:
        late = await connection.fetchval(_SQL["late_erasures"], _OLDEST_EPOCH_DAYS)
    if late:
        words = f"{late} erasure(s) older than {_OLDEST_EPOCH_DAYS} days still open from backups"
        return Finding("problem", "erasures", f"{words}; run `egide keys epoch`")
    return Finding("ok", "erasures", "none waits longer than it may")


async def _ledger(database: Database) -> Finding:
    async with database.connection() as connection:
        (record,) = await connection.fetch(_SQL["ledger_lag"])
    waiting = record["waiting"]
    if waiting > 10_000:
        words = f"{waiting:,} entries are not yet in the tree; is `egide serve` running?"
        return Finding("warning", "ledger", words)
    return Finding("ok", "ledger", f"{record['leaves']:,} leaves, {waiting:,} entries on the way")


async def _settings_of_engine(database: Database) -> Finding:
    async with database.connection() as connection:
        records = await connection.fetch(_SQL["engine"])
    wrong = [record["name"] for record in records if record["setting"] != record["wanted"]]
    if wrong:
        words = f"the engine runs with {', '.join(wrong)} off: a crash may lose or hide damage"
        return Finding("problem", "engine", words)
    return Finding("ok", "engine", "durable, with checksums")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data).free
    state: Literal["ok", "warning"] = "ok" if free >= _LEAST_FREE else "warning"
    return Finding(state, "disk", f"{free / 1024**3:.1f} GiB free under {settings.data}")


def _core() -> Finding:
    if resource.getrlimit(resource.RLIMIT_CORE)[0] == 0:
        return Finding("ok", "core dumps", "off: no key can end up in one")
    return Finding("warning", "core dumps", "on for this command; `egide serve` turns them off")
