"""A process that writes in the ledger until it is killed: the other half of test_kill.py.

Reads the database's address and a key ring on its standard input, writes the number of each entry
it was told is durable on its standard output.
"""

import asyncio
import itertools
import os
import sys

from egide.db import Database
from egide.ledger import Action, Entry, Ledger, Outcome
from egide.seal import KeyRing


class Failed(Exception):
    """What breaks one write in three."""


def said(number: int) -> None:
    os.write(1, f"{number}\n".encode())


async def main() -> None:
    dsn, _, ring = sys.stdin.buffer.read().partition(b"\n")
    database = await Database.connect(dsn.decode(), max_size=8)
    ledger = Ledger(database, KeyRing.from_bytes(ring))
    await ledger.open()
    numbers = itertools.count(1)

    async def read() -> None:
        while True:
            number = next(numbers)
            body = {"count": number}
            await ledger.append(
                Entry(1, 2, Action.read, Outcome.success, "Patient", (number,), body)
            )
            said(number)

    async def write() -> None:
        while True:
            number = next(numbers)
            entry = Entry(
                1, 2, Action.create, Outcome.success, None, (number, 1), {"count": number}
            )
            receipt = None
            try:
                async with database.transaction() as connection:
                    receipt = await ledger.insert(connection, entry)
                    await asyncio.sleep(0.002)
                    if number % 3 == 0:
                        raise Failed
            except Failed:
                assert receipt is not None
                ledger.void(receipt)
            else:
                assert receipt is not None
                ledger.settle(receipt)
                said(number)

    await asyncio.gather(*(read() for _ in range(12)), *(write() for _ in range(5)))


if __name__ == "__main__":
    asyncio.run(main())
