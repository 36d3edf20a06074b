"""The machine's yardsticks: what its processor, disk and database can do without Égide."""

import hashlib
import os
import time
from pathlib import Path

from egide.bench.figure import Figure, Section
from egide.bench.stand import Stand

_SELECTS = 2_000
_SYNCS = 100
_BLOCK = bytes(1 << 20)


async def yardstick(stand: Stand) -> Section:
    """Hashing, a loop, a durable write, and the raw select of a row that a read is made of."""
    raw = await _raw_select(stand)
    figures = (
        Figure(name="SHA-256 of one MiB", value=_hashing(), unit="MB/s"),
        Figure(name="a Python loop of 1,000,000 steps", value=_loop(), unit="ms"),
        Figure(name="a write of 8 kB, on disk", value=_durable(stand.site.folder), unit="µs"),
        Figure(
            name="select of one row by id, asyncpg",
            value=1e6 / raw,
            unit="requests/s",
            note=f"one connection, {raw:.0f} µs each: nothing of ours in it",
        ),
    )
    return Section("Yardsticks", "What the machine does without Égide.", figures)


async def _raw_select(stand: Stand) -> float:
    """Microseconds to have the sealed body of a row."""
    async with stand.database.connection() as connection:
        records = await connection.fetch("select id from resource limit $1", _SELECTS)
        started = time.perf_counter()
        for record in records:
            await connection.fetchval("select sealed from resource where id = $1", record["id"])
        return (time.perf_counter() - started) / len(records) * 1e6


def _hashing() -> float:
    started = time.perf_counter()
    for _ in range(50):
        hashlib.sha256(_BLOCK).digest()
    return 50 * len(_BLOCK) / (time.perf_counter() - started) / 1e6


def _loop() -> float:
    started = time.perf_counter()
    total = 0
    for step in range(1_000_000):
        total += step
    return (time.perf_counter() - started) * 1000


def _durable(folder: Path) -> float:
    path = folder / "yardstick"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        started = time.perf_counter()
        for _ in range(_SYNCS):
            os.pwrite(handle, _BLOCK[:8192], 0)
            os.fdatasync(handle)
        return (time.perf_counter() - started) / _SYNCS * 1e6
    finally:
        os.close(handle)
        path.unlink()
