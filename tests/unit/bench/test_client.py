"""The load client: sends everything, counts everything, and forgives nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from egide.bench.client import Answered, Orders, drive
from egide.bench.requests import Requests
from egide.errors import Fault


@asynccontextmanager
async def server(answer: Callable[[bytes], bytes]) -> AsyncIterator[int]:
    """A server that answers the path of each request, in two pieces; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"content-length: " in head:
                    size = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
                    await reader.readexactly(size)
                told = answer(head.split()[1])
                if not told:
                    break
                writer.write(told[:20])
                await writer.drain()
                await asyncio.sleep(0.001)
                writer.write(told[20:])
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()


def ok(path: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(path), path)


async def driven(port: int, **more: object) -> Answered:
    requests = Requests(port, "token")
    sent = [requests.get("Patient/1"), requests.put("Patient/2", b"{}"), requests.get("x" * 300)]
    orders = Orders(port, sent, 2, 5.0, [200], **more)  # type: ignore[arg-type]
    return await asyncio.to_thread(drive, orders)


async def test_every_request_is_sent_and_every_answer_counted():
    asked: list[bytes] = []

    def answer(path: bytes) -> bytes:
        asked.append(path)
        return ok(path)

    async with server(answer) as port:
        done = await driven(port, most=10, weights=[1, 10, 100])
    assert len(asked) == done.answers == 10
    assert sorted(set(asked)) == [b"/fhir/Patient/1", b"/fhir/Patient/2", b"/fhir/" + b"x" * 300]
    assert done.weight == 4 * 1 + 3 * 10 + 3 * 100
    assert 0 < done.percentile(0.5) <= done.percentile(0.99) <= done.seconds * 1_000


async def test_one_answer_of_another_status_fails_the_run():
    def answer(path: bytes) -> bytes:
        if path.endswith(b"2"):
            return b"HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\noops"
        return ok(path)

    async with server(answer) as port:
        with pytest.raises(Fault, match="status 500 to request 1: oops"):
            await driven(port, most=10)


async def test_a_closed_connection_fails_the_run():
    async with server(lambda path: b"" if path.endswith(b"2") else ok(path)) as port:
        with pytest.raises(Fault, match="closed a connection"):
            await driven(port, most=10)
