"""The bench's own installation: a data folder and a key file of its own, an engine that is durable.

Everything lies in one temporary folder, which is gone afterwards unless it is to be kept.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from egide.actor import Actor
from egide.app.importing import Tally, load_sources
from egide.app.installation import Installation, open_installation
from egide.db import Database
from egide.errors import Fault
from egide.exchange.bulk import sources
from egide.ids import internal_number
from egide.record import IMPORT_ACCOUNT
from egide.seal.providers import FileProvider
from egide.settings import Settings

OPERATOR = Actor(
    IMPORT_ACCOUNT, "egide-bench", frozenset({"administrator"}), internal_number(), assurance=2
)


@dataclass(frozen=True, slots=True)
class Site:
    """One installation in `folder`."""

    folder: Path
    settings: Settings

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Installation]:
        """Its parts in this process, the engine joined or started."""
        async with open_installation(self.settings) as installation:
            yield installation

    async def load(self, path: Path, *, loaders: int | None = None) -> Tally:
        """Import what lies under `path`. Raises Fault when anything is refused."""
        tally = await load_sources(self.settings, sources([path]), loaders=loaders)
        if tally.refusals:
            raise Fault(f"{tally.refusals} finding(s) refused something of the bench's own data")
        return tally


@contextmanager
def site(kept: Path | None = None) -> Iterator[Site]:
    """A new installation with a key file, in a folder that is removed at the end.

    `kept`: a folder that stays instead, for what takes long to load; what is there is used again.
    """
    with tempfile.TemporaryDirectory(prefix="egide-bench-") as name:
        folder = kept or Path(name)
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        folder.chmod(0o711)
        data, key = folder / "data", folder / "keys" / "egide.key"
        if not key.exists():
            key.parent.mkdir(mode=0o700)
            FileProvider.create(key, data=data)
        yield Site(folder, Settings(data=data, key_file=key))


def environment(settings: Settings) -> dict[str, str]:
    """What a command that works on this installation finds in its environment."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("EGIDE_")}
    return given | {"EGIDE_DATA": str(settings.data), "EGIDE_KEY_FILE": str(settings.key_file)}


async def wal(database: Database) -> int:
    """The position in the write-ahead log, in bytes."""
    async with database.connection() as connection:
        position: int = await connection.fetchval(
            "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
        )
    return position


async def images(database: Database) -> int:
    """Whole pages the write-ahead log got so far."""
    async with database.connection() as connection:
        found: int = await connection.fetchval("select wal_fpi from pg_stat_wal")
    return found
