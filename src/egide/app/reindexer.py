"""The reindexer: one process that brings what is stored in line with a changed rule.

Rows get the terms of a changed allow-list, reach follows a changed rule of who reaches whom. The
supervisor starts one when there is a pass to do. Its orders come on standard input, which then
stays open: when it closes, the supervisor is gone and the reindexer stops, at any moment.
"""

import asyncio
import resource
import sys

import msgspec
import uvloop

from egide.actor import Actor
from egide.app.records import open_records, spare_the_collector
from egide.errors import EgideError
from egide.ids import internal_number
from egide.record import IMPORT_ACCOUNT, derivation, index_rows_left, rule_of
from egide.seal import KeyRing
from egide.settings import settings
from egide.telemetry import capture_libraries, log

REST = 1.0
"""Seconds of pause for each second of work: half of one core is left to requests."""


class IndexOrders(msgspec.Struct, frozen=True, array_like=True):
    """What a reindexer is told."""

    dsn: str
    ring: bytes
    settings: dict[str, str]

    def __repr__(self) -> str:
        return "IndexOrders(…)"


def main() -> None:
    """Read the orders, do every pass there is, end; exit code 1 when it could not."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = int.from_bytes(sys.stdin.buffer.read(4), "big")
    orders = msgspec.msgpack.decode(sys.stdin.buffer.read(size), type=IndexOrders)
    capture_libraries()
    try:
        uvloop.run(_until_alone(orders))
    except EgideError as error:
        log("index.stopped", level="error", category=error.category)
        sys.exit(1)


async def _until_alone(orders: IndexOrders) -> None:
    work = asyncio.create_task(_work(orders))
    alone = asyncio.create_task(_parent_gone())
    await asyncio.wait({work, alone}, return_when=asyncio.FIRST_COMPLETED)
    alone.cancel()
    if not work.done():
        work.cancel()
    await asyncio.wait({work})
    if not work.cancelled():
        work.result()


async def _parent_gone() -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def _work(orders: IndexOrders) -> None:
    ring = KeyRing.from_bytes(orders.ring)
    here = settings(orders.settings)
    actor = Actor(
        IMPORT_ACCOUNT, "egide-index", frozenset({"administrator"}), internal_number(), assurance=2
    )
    async with (
        open_records(here, orders.dsn, ring, connections=2) as parts,
        parts.record.open(actor, "HSYSADMIN") as session,
    ):
        spare_the_collector()
        if await derivation(parts.database, rule_of(here.zone, here.care_grace)):
            counts = {"seen": 0, "changed": 0}
            async for reached in session.derive_reach(rest=REST):
                counts = {"seen": reached.seen, "changed": reached.changed}
            log("reach.ready", counts=counts)
        if await index_rows_left(parts.database) is None:
            return
        seen = changed = 0
        async for place in session.reindex(rest=REST):
            seen, changed = place.seen, place.changed
        log("index.ready", counts={"seen": seen, "changed": changed})
