"""Group commit, without a database."""

import asyncio
from collections.abc import Sequence

import pytest

from egide.errors import Busy, Fault, Unavailable
from egide.ledger.lane import Lane


class Disk:
    """Remembers batches; each write waits until it is let go."""

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()
        self.broken = False
        if not held:
            self.go.set()

    async def write(self, batch: Sequence[int]) -> None:
        await self.go.wait()
        if self.broken:
            raise ConnectionError("gone")
        self.batches.append(list(batch))


def same(item: int) -> int:
    return item


async def test_a_caller_waits_until_its_item_is_written() -> None:
    disk = Disk(held=True)
    lane = Lane(same, disk.write)
    put = asyncio.create_task(lane.put(1))
    await asyncio.sleep(0.01)
    assert not put.done()
    disk.go.set()
    await put
    assert disk.batches == [[1]]
    await lane.close()


async def test_items_are_written_once_in_order() -> None:
    disk = Disk()
    lane = Lane(same, disk.write, batch=7)
    await asyncio.gather(*(lane.put(number) for number in range(100)))
    assert [number for batch in disk.batches for number in batch] == list(range(100))
    assert max(map(len, disk.batches)) <= 7
    await lane.close()


async def test_items_gather_while_a_batch_is_written() -> None:
    disk = Disk(held=True)
    lane = Lane(same, disk.write)
    puts = [asyncio.create_task(lane.put(0))]
    await asyncio.sleep(0.01)
    puts += [asyncio.create_task(lane.put(number)) for number in range(1, 10)]
    await asyncio.sleep(0.01)
    disk.go.set()
    await asyncio.gather(*puts)
    assert disk.batches == [[0], list(range(1, 10))]
    await lane.close()


async def test_a_full_queue_refuses() -> None:
    disk = Disk(held=True)
    lane = Lane(same, disk.write, bound=2)
    puts = [asyncio.create_task(lane.put(number)) for number in range(3)]
    await asyncio.sleep(0.01)
    outcomes = [put.exception() for put in puts if put.done()]
    assert len(outcomes) == 1
    assert isinstance(outcomes[0], Busy)
    disk.go.set()
    await asyncio.gather(*puts, return_exceptions=True)
    await lane.close()


async def test_when_a_batch_is_not_written_every_caller_knows() -> None:
    disk = Disk()
    disk.broken = True
    lane = Lane(same, disk.write)
    outcomes = await asyncio.gather(*(lane.put(n) for n in range(5)), return_exceptions=True)
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert len({id(outcome) for outcome in outcomes}) == 5
    disk.broken = False
    await lane.put(9)
    assert disk.batches == [[9]]
    await lane.close()


async def test_an_item_that_cannot_be_prepared_fails_alone() -> None:
    def odd(item: int) -> int:
        if item % 2 == 0:
            raise ValueError("even")
        return item

    disk = Disk()
    lane = Lane(odd, disk.write)
    outcomes = await asyncio.gather(*(lane.put(n) for n in range(4)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Fault, type(None), Fault, type(None)]
    assert disk.batches == [[1, 3]]
    await lane.close()


async def test_a_cancelled_caller_does_not_hold_the_others() -> None:
    disk = Disk(held=True)
    lane = Lane(same, disk.write)
    first = asyncio.create_task(lane.put(1))
    second = asyncio.create_task(lane.put(2))
    await asyncio.sleep(0.01)
    first.cancel()
    disk.go.set()
    await second
    assert disk.batches == [[1, 2]]
    await lane.close()


async def test_closing_writes_what_was_put_and_takes_no_more() -> None:
    disk = Disk()
    lane = Lane(same, disk.write)
    put = asyncio.create_task(lane.put(1))
    await asyncio.sleep(0)
    await lane.close()
    assert put.done()
    assert disk.batches == [[1]]
    with pytest.raises(Unavailable):
        await lane.put(2)
