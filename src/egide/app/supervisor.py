"""The supervisor: `egide serve`'s own process. Holds the engine, the integrator, the workers.

It answers no request itself. A worker that dies is started again; a stop lets running requests
end, then leaves the engine.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence

from egide.app.orders import GRACE, Orders, Unable, framed
from egide.app.place import engine, figures, prepare_at, provider_of
from egide.app.records import open_records
from egide.app.reindexer import IndexOrders
from egide.app.workers import Workers
from egide.clock import system_clock
from egide.db import Database
from egide.db.embedded import ServeLock
from egide.errors import Conflict, EgideError, Fault, Incorrect, Unavailable
from egide.ledger import Integrator
from egide.record import derivation, index_rows_left, rule_of
from egide.seal import KeyRing
from egide.settings import Settings, environ
from egide.telemetry import Metrics, capture_libraries, log
from egide.telemetry.metrics import clear

_REINDEXER = "from egide.app.reindexer import main; main()"
_LOOKS_EVERY = 2.0
"""Seconds between two looks for rows to index again."""
_READY_WITHIN = 60.0
_CONNECTIONS = 12
_SAID: dict[str, type[EgideError]] = {
    kind.category: kind for kind in (Conflict, Incorrect, Unavailable)
}


async def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    workers: int,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT. Raises Conflict when somebody serves already."""
    capture_libraries()
    ring = provider_of(settings).ring()
    lock = ServeLock.take(settings.data)
    try:
        _require_free(host, port)
        async with Workers.opened() as made, engine(settings) as dsn:
            await prepare_at(dsn)
            async with open_records(settings, dsn, ring, connections=2):
                pass  # a key file that is not the one is said before anything is signed with it
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(name, stop.set)
            database = await Database.connect(dsn, max_size=2)
            clear(figures(settings.data))
            metrics = Metrics(figures(settings.data))
            integrator = Integrator(database, ring, system_clock)
            own = [
                asyncio.create_task(_integrate(integrator)),
                asyncio.create_task(_measure(integrator, metrics)),
                asyncio.create_task(_revive(settings, database)),
                asyncio.create_task(_reindex(settings, dsn, ring, database, metrics)),
            ]
            kept: list[asyncio.Task[None]] = []
            serving = asyncio.Event()
            for number in range(1, workers + 1):
                orders = Orders(
                    dsn, ring.to_bytes(), host, port, number, environ(settings), _CONNECTIONS
                )
                kept.append(asyncio.create_task(_keep(made, orders, serving, stop)))
            try:
                if await _answers(host, port, stop, kept):
                    serving.set()
                    log("serving", port=port, counts={"workers": workers})
                    ready()
                    await stop.wait()
            finally:
                stop.set()
                await asyncio.gather(*kept, return_exceptions=True)
                for task in own:
                    task.cancel()
                await asyncio.gather(*own, return_exceptions=True)
                await database.close()
    finally:
        lock.release()


async def _integrate(integrator: Integrator) -> None:
    """Integrate until cancelled. When nothing more may be signed, say so again and again."""
    try:
        await integrator.run()
    except EgideError as error:
        while True:
            log("ledger.stopped", level="error", category=error.category, error=error)
            await asyncio.sleep(60)


async def _measure(integrator: Integrator, metrics: Metrics) -> None:
    """Leave the integrator's lag where `/metrics` finds it."""
    while True:
        metrics.ledger_lag.set(integrator.lag)
        metrics.ledger_pending.set(integrator.waiting)
        metrics.leave()
        await asyncio.sleep(1)


async def _revive(settings: Settings, database: Database) -> None:
    """Start the embedded engine again when it was killed under us; the pools reconnect."""
    if settings.database_url:
        return
    async with contextlib.AsyncExitStack() as stack:
        while True:
            await asyncio.sleep(1)
            try:
                async with database.connection() as connection:
                    await connection.fetchval("select 1")
            except EgideError:
                with contextlib.suppress(EgideError):
                    await stack.enter_async_context(engine(settings))
                    log("engine.revived", level="warning")


async def _reindex(
    settings: Settings, dsn: str, ring: KeyRing, database: Database, metrics: Metrics
) -> None:
    """Run a reindexer while there are rows to index, or to derive reach from, again; tell how many
    are left."""
    rule = rule_of(settings.zone, settings.care_grace)
    orders = IndexOrders(dsn, ring.to_bytes(), environ(settings))
    process: asyncio.subprocess.Process | None = None
    try:
        while True:
            await asyncio.sleep(_LOOKS_EVERY)
            with contextlib.suppress(EgideError):
                left = await index_rows_left(database)
                metrics.index_rows_left.set(left or 0)
                owed = await derivation(database, rule)
                metrics.reach_rows_left.set(owed.total - owed.seen if owed else 0)
                todo = left is not None or owed is not None
                if todo and (process is None or process.returncode is not None):
                    process = await _start(_REINDEXER, orders)
    finally:
        if process is not None and process.returncode is None:
            process.terminate()
            await process.wait()


async def _start(program: str, orders: IndexOrders) -> asyncio.subprocess.Process:
    """A process of ours, given its orders on standard input, which stays open."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(framed(orders))
    return process


async def _keep(made: Workers, orders: Orders, serving: asyncio.Event, stop: asyncio.Event) -> None:
    """Keep one worker running until `stop`; one that dies at once is started ever more slowly.

    Raises why it is unable to, when it says so before `serving`.
    """
    pause = 0.1
    while not stop.is_set():
        started = time.monotonic()
        worker = await made.make(orders)
        ending = asyncio.create_task(worker.ended())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            worker.stop()
            await asyncio.wait({ending}, timeout=GRACE + 10)
            worker.kill()
        stopping.cancel()
        code = await ending
        if worker.unable is not None:
            if not serving.is_set():
                raise _error(worker.unable)
            log("worker.unable", level="error", category=worker.unable.category)
        if not stop.is_set():
            ended = {"worker": orders.number, "code": code or 0}
            log("worker.died", level="error", counts=ended)
            pause = 0.1 if time.monotonic() - started > 10 else min(pause * 2, 10)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)


def _error(unable: Unable) -> EgideError:
    return _SAID.get(unable.category, Fault)(unable.message)


async def _answers(
    host: str, port: int, stop: asyncio.Event, kept: Sequence[asyncio.Task[None]]
) -> bool:
    """Whether a worker takes connections before `stop`. Raises what a worker says why it does not,
    and Unavailable when none ever does."""
    until = time.monotonic() + _READY_WITHIN
    while not stop.is_set():
        for task in kept:
            if task.done():
                task.result()
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return True
        if time.monotonic() > until:
            raise Unavailable("no worker became ready; the log above says why")
        await asyncio.sleep(0.02)
    return False


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Conflict(f"cannot listen on {host}:{port}: {error.strerror}") from None
