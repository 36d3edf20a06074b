"""A worker: one process that answers requests, started fresh, its keys handed over a pipe.

Standard input carries one msgpack document, then stays open: when it closes, the supervisor is
gone and the worker stops. Nothing secret is in the environment or the arguments.
"""

import asyncio
import contextlib
import resource
import signal
import sys

import msgspec
import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from egide.api import application
from egide.api.smart import KeySets, Offer
from egide.app.federating import federating
from egide.app.fetching import fetching
from egide.app.installation import Installation, figures, open_parts
from egide.app.orders import GRACE, Orders
from egide.app.pages import pages
from egide.app.places import Places
from egide.app.records import spare_the_collector
from egide.errors import EgideError
from egide.seal import KeyRing
from egide.settings import settings
from egide.telemetry import Metrics, capture_libraries, log


def main() -> None:
    """Read the orders, serve until told to stop."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = int.from_bytes(sys.stdin.buffer.read(4), "big")
    orders = msgspec.msgpack.decode(sys.stdin.buffer.read(size), type=Orders)
    uvloop.run(_serve(orders))


async def _serve(orders: Orders) -> None:
    here = settings(orders.settings)
    ring = KeyRing.from_bytes(orders.ring)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    watching = loop.create_task(_watch_parent(stop))
    capture_libraries()
    metrics = Metrics(figures(here.data))
    tasks = [watching, loop.create_task(metrics.share())]
    async with (
        open_parts(here, orders.dsn, ring, connections=orders.connections) as installation,
        federating(installation) as federation,
        fetching(Places(here.key_set_networks)) as fetch,
    ):
        app = application(
            database=installation.database,
            record=installation.record,
            accounts=installation.accounts,
            metrics=metrics,
            body_limit=here.body_limit,
            base_url=here.base_url,
            stopping=stop.is_set,
            web=pages(installation, federation),
            clock=installation.clock,
            offer=Offer(authorizes=True, registers=here.registration),
            proxies=here.proxies,
            networks=here.inside,
            key_sets=KeySets(fetch, installation.clock),
        )
        server = Server(
            app,
            address=orders.host,
            port=orders.port,
            interface=Interfaces.ASGINL,
            websockets=False,
            log_enabled=False,
            backlog=1024,
        )
        tasks.append(loop.create_task(_sweep(installation)))
        spare_the_collector()
        serving = loop.create_task(server.serve())
        log("worker.ready", counts={"worker": orders.number})
        stopping = loop.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await app.in_flight.drain(GRACE)
        server.stop()  # type: ignore[no-untyped-call]
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(serving, 5)
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    log("worker.stopped", counts={"worker": orders.number})


async def _sweep(installation: Installation) -> None:
    """Clear away ended access tokens and sessions and file refusals, every minute."""
    while True:
        await asyncio.sleep(60)
        with contextlib.suppress(EgideError):
            await installation.accounts.sweep()
        with contextlib.suppress(EgideError):
            await installation.people.sweep()


async def _watch_parent(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends: the supervisor is gone."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop.set()
