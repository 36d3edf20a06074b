"""kill -9 in the middle of a storm: what was promised is there, nothing looks like tampering."""

import asyncio
import sys
from pathlib import Path

from egide.db import Database
from egide.ledger import Integrator, Ledger, verify
from egide.ledger.keys import MonthKeys
from egide.ledger.row import Row
from egide.seal import KeyRing

STORM = Path(__file__).with_name("storm.py")


async def storm(dsn: str, ring: KeyRing, until: int) -> set[int]:
    """Runs the writer until it has promised `until` entries, kills it, gives all it promised."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(STORM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(dsn.encode() + b"\n" + ring.to_bytes())
    process.stdin.close()
    promised: set[int] = set()
    while line := await process.stdout.readline():
        promised.add(int(line))
        if len(promised) == until:
            process.kill()
    assert await process.wait() == -9
    return promised


async def quiet(database: Database) -> None:
    """Waits until the server has noticed that the writer's connections are gone."""
    async with database.connection() as connection, asyncio.timeout(20):
        while await connection.fetchval(  # noqa: ASYNC110
            "select count(*) from pg_locks where locktype = 'advisory' and objid > 0"
        ) or await connection.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database() "
            "and state <> 'idle' and pid <> pg_backend_pid()"
        ):
            await asyncio.sleep(0.05)


async def test_a_writer_killed_in_a_storm_loses_nothing_it_promised(
    database_dsn: str, database: Database, ring: KeyRing, integrator: Integrator
) -> None:
    integrating = asyncio.create_task(integrator.run())
    promised = await storm(database_dsn, ring, 1500)
    promised |= {10**9 + number for number in await storm(database_dsn, ring, 500)}
    await quiet(database)
    integrating.cancel()
    await asyncio.gather(integrating, return_exceptions=True)
    await integrator.catch_up()

    report = await verify(database, ring)
    assert report.findings == []
    assert report.unclosed == [1, 2]
    assert report.running == []
    assert report.waiting == 0
    assert report.entries == report.leaves
    assert report.voids > 10

    there = set()
    async with database.connection() as connection:
        keys = MonthKeys(ring)
        for record in await connection.fetch("select * from ledger_entry where outcome = 1"):
            row = Row.of(record)
            key = await keys.find(connection, row.at)
            assert key is not None
            count = row.open(key).facts.get("count")
            if count is not None:
                there.add(count + (10**9 if row.entry >> 40 == 2 else 0))
    assert promised <= there


async def test_an_entry_removed_after_a_kill_is_found(
    database_dsn: str, database: Database, ring: KeyRing, integrator: Integrator
) -> None:
    await storm(database_dsn, ring, 300)
    await quiet(database)
    await integrator.catch_up()
    async with database.connection() as connection:
        removed = await connection.fetchval(
            "delete from ledger_entry where entry = "
            "(select entry from ledger_entry where patient is not null "
            "order by entry offset 100 limit 1) returning entry"
        )
    (found,) = (await verify(database, ring)).findings
    assert (found.kind, found.entry) == ("removed", removed)


async def test_after_a_kill_the_next_writer_goes_on(
    database_dsn: str, database: Database, ring: KeyRing, integrator: Integrator
) -> None:
    await storm(database_dsn, ring, 50)
    await quiet(database)
    ledger = Ledger(database, ring)
    await ledger.open()
    assert ledger.writer == 2
    await ledger.close()
    await integrator.catch_up()
    report = await verify(database, ring)
    assert report.findings == []
    assert (report.unclosed, report.writers) == ([1], 2)
