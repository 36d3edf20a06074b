"""Notices (LISTEN) on one direct connection that is opened again when it is lost."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from egide.db.errors import DRIVER_ERRORS, translated
from egide.errors import Unavailable

RETRY = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to connect again; the last one repeats."""

PROBE = 30.0
"""Seconds after which a silent connection is asked whether it is alive."""


class Notices:
    """The channels listened to and the task that keeps their connection."""

    def __init__(
        self, connect: Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]
    ) -> None:
        self._connect = connect
        self._channels: dict[str, list[Callable[[str], None]]] = {}
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._lost = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()

    async def listen(self, channel: str, callback: Callable[[str], None]) -> None:
        """Returns once the server listens on `channel`. Raises Unavailable."""
        async with self._opening:
            self._channels.setdefault(channel, []).append(callback)
            if self._keeper is None:
                await self._open()
                self._keeper = asyncio.create_task(self._keep(), name="egide-notices")
            elif self._connection is not None and len(self._channels[channel]) == 1:
                with translated():
                    await self._connection.add_listener(channel, self._heard)

    async def close(self) -> None:
        """Stops listening; callbacks are not called any more."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        await self._drop()

    async def _open(self) -> None:
        connection = await self._connect()
        self._lost.clear()
        connection.add_termination_listener(lambda _: self._lost.set())
        self._connection = connection
        with translated():
            for channel in self._channels:
                await connection.add_listener(channel, self._heard)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            connection.terminate()

    async def _keep(self) -> None:
        while True:
            await self._until_lost()
            await self._reopen()
            for callbacks in self._channels.values():
                for callback in callbacks:
                    callback("")

    async def _until_lost(self) -> None:
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(PROBE):
                    await self._lost.wait()
            except TimeoutError:
                if not await self._alive():
                    return

    async def _alive(self) -> bool:
        if self._connection is None:
            return False
        try:
            await self._connection.execute("select 1", timeout=PROBE)
        except (*DRIVER_ERRORS, OSError):
            return False
        return True

    async def _reopen(self) -> None:
        attempt = 0
        while True:
            async with self._opening:
                await self._drop()
                try:
                    await self._open()
                except Unavailable:
                    pass
                else:
                    return
            await asyncio.sleep(RETRY[min(attempt, len(RETRY) - 1)])
            attempt += 1

    def _heard(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        for callback in self._channels.get(channel, ()):
            callback(str(payload))
