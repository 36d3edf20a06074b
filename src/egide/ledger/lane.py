"""Group commit: items put by many callers are written together, while the next ones gather.

Invariants (tests/unit/ledger/test_lane.py)
- A caller goes on only once its item is written (test_a_caller_waits_until_its_item_is_written).
- Items are written in the order they were put, each once (test_items_are_written_once_in_order).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from egide.errors import Busy, EgideError, Fault, Unavailable

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")


class Lane(Generic[Item, Prepared]):
    """A queue that one task empties, up to `batch` items at a time.

    `prepare` is called for each item just before it is written; when it raises, that caller alone
    gets a Fault. `write` makes a batch durable; when it raises, every caller of the batch gets
    Unavailable.
    """

    def __init__(
        self,
        prepare: Callable[[Item], Prepared],
        write: Callable[[Sequence[Prepared]], Awaitable[None]],
        *,
        batch: int = 512,
        bound: int = 8192,
    ) -> None:
        self._prepare = prepare
        self._write = write
        self._batch = batch
        self._bound = bound
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._more = asyncio.Event()
        self._writing = False
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(), name="egide-ledger-lane")

    async def put(self, item: Item) -> None:
        """Returns once `item` is durable. Raises Busy when too many wait, Unavailable, Fault."""
        if self._closed:
            raise Unavailable("The ledger is closed")
        if len(self._waiting) >= self._bound:
            raise Busy("The ledger has too many entries waiting")
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((item, future))
        self._more.set()
        await future

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being written."""
        return not self._waiting and not self._writing

    async def close(self) -> None:
        """Takes no more items, and returns when those that were put are dealt with."""
        self._closed = True
        self._more.set()
        await self._task

    async def _run(self) -> None:
        while True:
            await self._more.wait()
            batch = self._waiting[: self._batch]
            del self._waiting[: self._batch]
            if not batch:
                if self._closed:
                    return
                self._more.clear()
                continue
            self._writing = True
            await self._flush(batch)
            self._writing = False

    async def _flush(self, batch: Sequence[tuple[Item, asyncio.Future[None]]]) -> None:
        prepared: list[Prepared] = []
        futures: list[asyncio.Future[None]] = []
        for item, future in batch:
            try:
                prepared.append(self._prepare(item))
            except Exception as error:
                _fail(future, Fault(f"A ledger entry cannot be written ({type(error).__name__})"))
            else:
                futures.append(future)
        if not prepared:
            return
        try:
            await self._write(prepared)
        except Exception as error:
            why = error.message if isinstance(error, EgideError) else type(error).__name__
            for future in futures:
                _fail(future, Unavailable(f"The ledger could not be written: {why}"))
        else:
            for future in futures:
                if not future.done():
                    future.set_result(None)


def _fail(future: "asyncio.Future[None]", error: EgideError) -> None:
    if not future.done():
        future.set_exception(error)
