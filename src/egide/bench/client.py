"""The load client: a process of its own that sends prebuilt requests and checks every answer.

It is as cheap as Python allows (about 20 µs an exchange), for it shares the machine with the
server. Each connection sends its next request when the last one was answered.
"""

import asyncio
import contextlib
import subprocess
import sys
from array import array
from collections.abc import Callable, Sequence
from time import perf_counter, process_time

import msgspec
import uvloop

from egide.errors import Fault

_MAIN = "from egide.bench.client import main; main()"


class Orders(msgspec.Struct, array_like=True):
    """What to send: `requests` in turn, again from the first, over `connections`.

    Ends after `seconds`, or after `most` requests if that is sooner; what is under way is
    completed. `weights`: how much each request counts, one each when empty. `allowed`: the
    statuses that are no failure.
    """

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    allowed: Sequence[int]
    most: int = 0
    weights: Sequence[int] = ()


class Answered(msgspec.Struct, array_like=True):
    """What came of it: how long it took in all, how many answers, their summed weights and bytes.

    `times` are the milliseconds of each exchange, sorted, as an array of C floats; `failure` says
    what was wrong with the first answer that was not allowed.
    """

    seconds: float
    answers: int
    weight: int
    size: int
    cpu: float
    times: bytes
    failure: str = ""

    def percentile(self, share: float) -> float:
        """The milliseconds that `share` of the exchanges took at most."""
        times = array("f", self.times)
        return times[min(int(len(times) * share), len(times) - 1)]


def drive(orders: Orders) -> Answered:
    """Run a client process. Raises Fault when one answer was not as it should be."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _MAIN],
        input=msgspec.msgpack.encode(orders),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        raise Fault("the load client ended with an error")
    answered = msgspec.msgpack.decode(done.stdout, type=Answered)
    if answered.failure:
        raise Fault(f"a request of the bench failed: {answered.failure}")
    return answered


def main() -> None:
    """Read the orders, send, tell."""
    orders = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Orders)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(_send(orders))))


class _Turn:
    """Which request is next, and what came of those before; shared by all connections."""

    def __init__(self, orders: Orders, ended: Callable[[], None]) -> None:
        self.requests = orders.requests
        self.weights = orders.weights or [1] * len(orders.requests)
        self.most = orders.most or sys.maxsize
        self.until = perf_counter() + orders.seconds
        self.allowed = frozenset(b"%d" % status for status in orders.allowed)
        self.given = 0
        self.open = 0
        self.weight = 0
        self.size = 0
        self.times = array("f")
        self.failure = ""
        self._ended = ended

    def next(self, now: float) -> int | None:
        if self.given >= self.most or now >= self.until or self.failure:
            if not self.open:
                self._ended()
            return None
        place = self.given % len(self.requests)
        self.given += 1
        self.open += 1
        return place

    def fail(self, words: str) -> None:
        self.failure = self.failure or words
        self._ended()


class _Connection(asyncio.Protocol):
    def __init__(self, turn: _Turn) -> None:
        self._turn = turn
        self._transport: asyncio.Transport
        self._place = 0
        self._sent = 0.0
        self._wanted = 0
        self._got: list[bytes] = []
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's

    def go(self) -> None:
        now = perf_counter()
        place = self._turn.next(now)
        if place is not None:
            self._place = place
            self._sent = now
            self._transport.write(self._turn.requests[place])

    def data_received(self, data: bytes) -> None:
        self._size += len(data)
        if not self._wanted:
            if self._got:
                data = b"".join([*self._got, data])
                self._got.clear()
            head = data.find(b"\r\n\r\n")
            if head < 0:
                self._got.append(data)
                return
            at = data.find(b"content-length: ", 0, head)
            length = int(data[at + 16 : data.find(b"\r", at)]) if at > 0 else 0
            self._wanted = head + 4 + length
            if data[9:12] not in self._turn.allowed:
                body = data[head + 4 : head + 404].decode("utf-8", "replace")
                self._turn.fail(f"status {data[9:12].decode()} to request {self._place}: {body}")
                return
        if self._size >= self._wanted:
            turn = self._turn
            turn.times.append((perf_counter() - self._sent) * 1000)
            turn.weight += turn.weights[self._place]
            turn.size += self._size
            turn.open -= 1
            self._wanted = self._size = 0
            self.go()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._size or self._turn.open:
            self._turn.fail("the server closed a connection")


async def _send(orders: Orders) -> Answered:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    turn = _Turn(orders, over.set)
    connections = []
    for _ in range(orders.connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(turn), "127.0.0.1", orders.port
        )
        connections.append(connection)
    turn.until = perf_counter() + orders.seconds
    started, before = perf_counter(), process_time()
    for connection in connections:
        connection.go()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), orders.seconds + 60)
    if not over.is_set():
        turn.failure = "an answer did not come within a minute"
    took = perf_counter() - started
    times = array("f", sorted(turn.times))
    return Answered(
        took,
        len(times),
        turn.weight,
        turn.size,
        process_time() - before,
        times.tobytes(),
        turn.failure,
    )
