"""Workers as the supervisor has them: asked of the nursery, told what to do, waited for."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import msgspec

from egide.app.orders import HEAD, Born, Ended, News, Orders, Unable, framed

_NURSERY = "from egide.app.nursery import main; main()"


class Worker:
    """One worker, from its making to its end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._pid: int | None = None
        self.unable: Unable | None = None
        """Why it could not start, when it said so."""

    async def ended(self) -> int | None:
        """The code it left with, once it has; None when the nursery was not there to know."""
        try:
            while True:
                size = int.from_bytes(await self._reader.readexactly(HEAD), "big")
                document = await self._reader.readexactly(size)
                match msgspec.msgpack.decode(document, type=News):
                    case Born(pid):
                        self._pid = pid
                    case Unable() as unable:
                        self.unable = unable
                    case Ended(code):
                        return code
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        finally:
            self._pid = None
            self._writer.close()

    def stop(self) -> None:
        """Ask it to finish what it has in hand and leave."""
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def kill(self) -> None:
        """End it at once."""
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)


class Workers:
    """The nursery, started when it is needed; workers go on when it dies."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._asking: socket.socket | None = None
        self._starting = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> AsyncIterator[Self]:
        """With a nursery that reads its code meanwhile, and is gone at the end."""
        workers = cls()
        await workers._started()
        try:
            yield workers
        finally:
            await workers._close()

    async def make(self, orders: Orders) -> Worker:
        """A worker with these orders."""
        asking = await self._started()
        ours, theirs = socket.socketpair()
        with theirs, contextlib.suppress(OSError):  # without a nursery it ends before it begins
            socket.send_fds(asking, [b"+"], [theirs.fileno()])
        reader, writer = await asyncio.open_connection(sock=ours)
        writer.write(framed(orders))
        return Worker(reader, writer)

    async def _started(self) -> socket.socket:
        """The socket to a nursery that lives."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                await self._close()
                self._asking, theirs = socket.socketpair()
                with theirs:
                    self._process = await asyncio.create_subprocess_exec(
                        *(sys.executable, "-c", _NURSERY, str(theirs.fileno())),
                        stdin=asyncio.subprocess.DEVNULL,
                        pass_fds=[theirs.fileno()],
                        start_new_session=True,
                    )
            assert self._asking is not None
            return self._asking

    async def _close(self) -> None:
        if self._asking is not None:
            self._asking.close()
        if self._process is not None:
            await self._process.wait()
