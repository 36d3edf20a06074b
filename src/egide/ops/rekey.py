"""A new epoch: the living are wrapped again, the old epoch key is destroyed.

Invariants
- No epoch key is destroyed before two copies of the key table under the new one were written and
  read back (tests/integration/ops/test_rekey.py).
- Stopped at any moment and run again, it goes on: the provider knows both epochs until the end.
"""

from dataclasses import dataclass

from egide.actor import Actor
from egide.clock import Clock
from egide.db import Connection, Database, queries
from egide.errors import Fault
from egide.ledger import Action, Entry, Ledger, Outcome, rewrap
from egide.ops.copies import write_copies
from egide.seal import KeyRing
from egide.seal.providers import FileProvider
from egide.store import take_effect

_SQL = queries("egide.ops", "sql/rekey.sql")
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """What a new epoch came to."""

    epoch: int
    destroyed: tuple[int, ...]
    keys: int
    erasures: int


async def new_epoch(
    database: Database, provider: FileProvider, clock: Clock, actor: Actor
) -> NewEpoch:
    """Begin an epoch, wrap every key under it, write the copies, destroy the older epochs.

    Nobody else may be using the data (`egide.db.presence.alone`). Raises Fault, and destroys
    nothing, when a key was left behind.
    """
    provider.new_epoch()
    ring = provider.ring()
    async with database.transaction() as connection:
        await connection.execute(_SQL["lock"])
        keys = 0
        while done := await _rewrap(connection, ring):
            keys += done
        await rewrap(connection, ring)
    await write_copies(database, ring, provider.path, clock())
    old = tuple(number for number in provider.epochs if number != ring.epoch)
    async with database.transaction() as connection:
        await connection.execute(_SQL["lock"])
        if await connection.fetchval(_SQL["behind"], ring.epoch):
            raise Fault("a key is still under an older epoch; nothing was destroyed, run it again")
        for number in old:
            provider.destroy_epoch(number)
        erasures = await take_effect(connection, max(old), clock())
    ledger = Ledger(database, provider.ring(), clock)
    await ledger.open()
    try:
        facts = {"purpose": "HSYSADMIN", "epoch": ring.epoch, "destroyed": old, "count": keys}
        await ledger.append(
            Entry(actor.session, actor.account, Action.operation, Outcome.success, None, (), facts)
        )
    finally:
        await ledger.close()
    return NewEpoch(ring.epoch, old, keys, erasures)


async def _rewrap(connection: Connection, ring: KeyRing) -> int:
    records = await connection.fetch(_SQL["old"], ring.epoch, _AT_ONCE)
    numbers = [record["number"] for record in records]
    wrapped = [
        ring.wrap(
            ring.unwrap(record["wrapped"], record["number"], record["epoch"]), record["number"]
        )
        for record in records
    ]
    await connection.execute(_SQL["rewrap"], ring.epoch, numbers, wrapped)
    return len(numbers)
