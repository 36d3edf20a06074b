"""How many requests are being answered, and waiting until none is."""

import asyncio


class InFlight:
    """A count that a graceful stop can wait on. Belongs to one event loop."""

    def __init__(self) -> None:
        self.count = 0
        self.stopping = False
        self._none = asyncio.Event()
        self._none.set()

    def enter(self) -> None:
        self.count += 1
        self._none.clear()

    def leave(self) -> None:
        self.count -= 1
        if not self.count:
            self._none.set()

    async def drain(self, seconds: float) -> bool:
        """Marks the stop and waits for the requests there are; False: some are still there."""
        self.stopping = True
        try:
            async with asyncio.timeout(seconds):
                await self._none.wait()
        except TimeoutError:
            return False
        return True
