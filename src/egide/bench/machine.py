"""The machine and the programs the figures were measured with."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec

from egide import __version__
from egide.db import Database

_SETTINGS = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "data_checksums",
    "wal_compression",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "commit_delay",
)
_PACKAGES = ("granian", "uvloop", "asyncpg", "msgspec", "cryptography", "zstandard")


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured; `load` is the load average at the start, of others' work."""

    processor: str
    cores: int
    memory: int
    kernel: str
    python: str
    egide: str
    postgresql: str
    load: float
    settings: Mapping[str, str]
    packages: Mapping[str, str]


async def machine(database: Database) -> Machine:
    """This machine, and the settings of this database."""
    async with database.connection() as connection:
        server = await connection.fetchval("show server_version")
        settings = {name: await connection.fetchval(f"show {name}") for name in _SETTINGS}
    return Machine(
        _processor(),
        len(os.sched_getaffinity(0)),
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        platform.release(),
        platform.python_version(),
        __version__,
        server,
        round(os.getloadavg()[0], 2),
        settings,
        {name: version(name) for name in _PACKAGES},
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
