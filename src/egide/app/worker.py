"""A worker: one process that answers requests, its keys handed over a socket.

The socket brings its orders, then stays open: when the supervisor closes it, or is gone, the worker
finishes what it has in hand and stops. Nothing secret is in the environment or the arguments.
"""

import asyncio
import contextlib
import signal
import socket
import sys

import msgspec
import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from egide.api import application
from egide.api.smart import KeySets, Offer
from egide.app.federating import federating
from egide.app.fetching import fetching
from egide.app.installation import Installation, open_parts
from egide.app.orders import GRACE, HEAD, Orders, Unable, framed
from egide.app.pages import pages
from egide.app.place import figures
from egide.app.places import Places
from egide.app.records import spare_the_collector
from egide.errors import EgideError
from egide.seal import KeyRing
from egide.settings import settings
from egide.telemetry import Metrics, capture_libraries, log


def main(link: socket.socket) -> None:
    """Take the orders from `link`, serve until told to stop."""
    size = int.from_bytes(link.recv(HEAD, socket.MSG_WAITALL), "big")
    document = link.recv(size, socket.MSG_WAITALL) if size else b""
    if not document:
        return  # the supervisor has gone
    try:
        uvloop.run(_serve(msgspec.msgpack.decode(document, type=Orders), link))
    except EgideError as error:
        link.setblocking(True)
        with contextlib.suppress(OSError):
            link.sendall(framed(Unable(error.category, error.message)))
        sys.exit(1)


async def _serve(orders: Orders, link: socket.socket) -> None:
    here = settings(orders.settings)
    ring = KeyRing.from_bytes(orders.ring)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    watching = loop.create_task(_watch(link, stop))
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


async def _watch(link: socket.socket, stop: asyncio.Event) -> None:
    """Set `stop` when the supervisor closes `link`, or is gone."""
    link.setblocking(False)
    with contextlib.suppress(OSError):
        await asyncio.get_running_loop().sock_recv(link, 1)
    stop.set()
