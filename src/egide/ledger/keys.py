"""The ledger's own data keys: one a month, wrapped under an epoch key like every other.

Traces survive the erasure of the patients they concern, so they are under no patient's key.

Invariants (tests/integration/ledger/test_keys.py)
- However many processes meet a new month at once, it has one key (test_a_month_has_one_key).
- A process whose epoch is past makes no key (test_a_process_of_a_past_epoch_makes_no_key).
- After `rewrap` the old epoch opens nothing more (test_a_new_epoch_wraps_every_month_again).
"""

from datetime import datetime
from typing import Any

from egide.db import Connection, queries
from egide.errors import Unavailable
from egide.ids import internal_number
from egide.seal import DataKey, KeyRing

_SQL = queries("egide.ledger", "sql/keys.sql")


def month_of(at: datetime) -> int:
    """The number of the month `at` (in UTC) is in."""
    return at.year * 12 + at.month - 1


class MonthKeys:
    """The month keys this process has used, ready to use."""

    __slots__ = ("_keys", "_ring")

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._keys: dict[int, DataKey] = {}

    def of(self, at: datetime) -> DataKey | None:
        """The key of the month of `at`, if it was loaded or made already."""
        return self._keys.get(at.year * 12 + at.month - 1)

    async def ensure(self, connection: Connection, at: datetime) -> DataKey:
        """The key of the month of `at`, made if there is none. `connection` commits by itself.

        Raises Unavailable when there is none and our epoch is past: nobody would wrap it again.
        """
        month = month_of(at)
        key = self._keys.get(month)
        if key is None:
            record = await connection.fetchrow(_SQL["of_month"], month)
            if record is None:
                number = internal_number()
                wrapped = self._ring.wrap(DataKey.generate(), number)
                await connection.execute(_SQL["add"], month, number, self._ring.epoch, wrapped)
                record = await connection.fetchrow(_SQL["of_month"], month)
            if record is None:
                raise Unavailable("This process has the key ring of an epoch that is past")
            key = self._open(record)
        return key

    async def find(self, connection: Connection, at: datetime) -> DataKey | None:
        """The key of the month of `at`, if there is one. Raises SealBroken."""
        key = self.of(at)
        if key is None:
            record = await connection.fetchrow(_SQL["of_month"], month_of(at))
            key = self._open(record) if record else None
        return key

    def _open(self, record: Any) -> DataKey:
        key = DataKey(unwrap(self._ring, record))
        self._keys[record["month"]] = key
        return key


def unwrap(ring: KeyRing, record: Any) -> bytes:
    """The bytes of a month's key from its record. Raises SealBroken."""
    return ring.unwrap(record["wrapped"], record["number"], record["epoch"])


async def rewrap(connection: Connection, ring: KeyRing) -> int:
    """Wraps every month's key under the current epoch, in the caller's transaction; how many.

    `ring` still has the epochs that wrap them now. Raises SealBroken.
    """
    await connection.execute(_SQL["alone"])
    stale = await connection.fetch(_SQL["stale"], ring.epoch)
    for record in stale:
        wrapped = ring.wrap(unwrap(ring, record), record["number"])
        await connection.execute(_SQL["replace"], record["month"], ring.epoch, wrapped)
    return len(stale)
