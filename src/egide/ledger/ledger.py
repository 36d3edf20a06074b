"""The ledger as it is written: two lanes, one chain.

A write's entry goes with the write, in its transaction (`insert`); reads, refusals and failures are
gathered and written together (`append`). Both take their place in one chain, at the moment they are
sealed.

Invariants (tests/integration/ledger/test_ledger.py)
- `append` returns when the entry is durable (test_an_appended_entry_is_there_when_append_returns).
- An inserted entry is there if and only if its transaction is
  (test_an_inserted_entry_shares_the_fate_of_its_transaction).
- A place in the chain whose entry was never written gets a void entry
  (test_a_transaction_that_failed_leaves_a_void_entry).
- What committed without waiting for disk and was lost leaves a void entry too
  (test_a_deferred_entry_that_was_lost_is_void_after_close).
- After `close` every place is written or void, and the last one says that it is the last
  (test_a_closed_ledger_verifies_without_a_hole).
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any, TypeAlias

from egide.clock import Clock, system_clock
from egide.db import Connection, Database, queries
from egide.errors import EgideError, Unavailable
from egide.fhir.definitions import number
from egide.ledger.chain import Chain
from egide.ledger.entry import Action, Entry, Outcome, encode_body
from egide.ledger.keys import MonthKeys
from egide.ledger.lane import Lane
from egide.ledger.presence import Presence
from egide.ledger.row import Row, columns, commitment, sequence_of
from egide.ledger.session import sealed_session
from egide.seal import DataKey, KeyRing

_SQL = queries("egide.ledger", "sql/write.sql")
_log = logging.getLogger(__name__)
_sha256 = hashlib.sha256

UPKEEP = 5.0
"""Seconds between two looks at the connection and the next month's key."""

RETRY = 1.0
"""Seconds before void entries that could not be written are tried again."""

PATIENCE = 10.0
"""Seconds `close` waits for what is under way."""

MOST_VOIDS = 10_000
"""Void entries that may wait; beyond, the ledger takes nothing more."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry inserted in a transaction that has not ended: give it to `settle` or `void`."""

    row: Row
    commitment: bytes


_Sealed: TypeAlias = tuple[Row, bytes, tuple[int, ...]]
"""A row, its commitment, and its patients when there are several."""


class Ledger:
    """The one writer of this process. Opened and closed; safe for many callers of one loop."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        clock: Clock = system_clock,
        *,
        batch: int = 512,
        bound: int = 8192,
    ) -> None:
        """`batch`: entries written at once at most; `bound`: entries that may wait."""
        self._database = database
        self._clock = clock
        self._secret = ring.derive("ledger-mac")
        self._keys = MonthKeys(ring)
        self._batch = batch
        self._bound = bound
        self._voids: list[Receipt] = []
        self._deferred: list[Receipt] = []
        self._wake = asyncio.Event()
        self._presence: Presence | None = None
        self._chain: Chain | None = None
        self._lane: Lane[tuple[Entry, datetime], _Sealed] | None = None
        self._upkeep: asyncio.Task[None] | None = None

    @property
    def writer(self) -> int:
        """This process's number as a writer."""
        return self._open_chain().writer

    @property
    def unsettled(self) -> int:
        """How many entries are sealed and neither known to be durable nor void."""
        return self._chain.open if self._chain else 0

    async def open(self) -> None:
        """Becomes a writer and says so in the ledger. Raises Unavailable."""
        now = self._clock()
        async with self._database.connection() as connection:
            writer = await connection.fetchval(_SQL["start"], now)
            await self._keys.ensure(connection, now)
        self._chain = Chain(self._secret, writer)
        self._presence = Presence(self._database, writer)
        await self._presence.hold()
        self._lane = Lane(self._prepare, self._write, batch=self._batch, bound=self._bound)
        self._upkeep = asyncio.create_task(self._keep(), name="egide-ledger-upkeep")
        await self._lane.put((Entry(0, 0, Action.start, Outcome.success), now))

    async def close(self) -> None:
        """Writes what waits and the entry that says it is the last; then the ledger is closed."""
        lane, self._lane = self._lane, None
        if lane is None:
            return
        chain = self._open_chain()
        self._voids += self._deferred
        self._deferred = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while chain.open or not lane.idle:
                    self._wake.set()
                    await asyncio.sleep(0.02)
        if chain.open:
            _log.warning("the ledger closes with %d entries unsettled", chain.open)
        else:
            stop = Entry(0, 0, Action.stop, Outcome.success)
            try:
                await lane.put((stop, self._clock()))
            except EgideError as error:
                _log.warning("the ledger could not write its last entry: %s", error.message)
        await lane.close()
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.gather(self._upkeep, return_exceptions=True)
        if self._presence is not None:
            await self._presence.close()

    async def append(self, entry: Entry) -> None:
        """Writes one entry; it is durable on return.

        Raises Busy when too many wait, Unavailable when the database does not take it (the entry
        may be there all the same), Fault for an entry that cannot be written.
        """
        lane = self._open_lane()
        at = self._clock()
        if self._keys.of(at) is None:
            await self._ensure(at)
        await lane.put((entry, at))

    async def insert(self, connection: Connection, entry: Entry) -> Receipt:
        """Writes one entry in the transaction of `connection`, in one statement, the last one.

        Once the transaction has ended, `settle` or `void` the receipt; when this raises, that is
        done. Raises Unavailable and what the statement raises.
        """
        self._open_lane()
        at = self._clock()
        if self._keys.of(at) is None:
            await self._ensure(at)
        row, committed, patients = self._prepare((entry, at))
        receipt = Receipt(row, committed)
        try:
            if patients:
                await connection.execute(_SQL["insert_shared"], *row, patients)
            else:
                await connection.execute(_SQL["insert"], *row)
        except BaseException:
            self.void(receipt)
            raise
        return receipt

    def settle(self, receipt: Receipt) -> None:
        """The transaction of the entry committed."""
        self._open_chain().settle(sequence_of(receipt.row.entry))

    def defer(self, receipt: Receipt) -> None:
        """The transaction of the entry committed and did not wait for disk: a crash of the engine
        may still lose both. It stays open until `settle_deferred`; `close` makes it void, which
        changes nothing if it is there.
        """
        self._deferred.append(receipt)

    def settle_deferred(self) -> None:
        """All transactions deferred so far are known to be durable."""
        for receipt in self._deferred:
            self.settle(receipt)
        self._deferred = []

    def void(self, receipt: Receipt) -> None:
        """The transaction of the entry failed, or may have: a void entry takes its place.

        If it did commit, its entry stays and there is no void one.
        """
        self._voids.append(receipt)
        self._wake.set()

    async def begin(self, session: int, actor: int, facts: Mapping[str, Any]) -> None:
        """Writes, once, what is known of a session; later entries only name it.

        Does nothing for a session that is there. Raises Unavailable.
        """
        self._open_lane()
        at = self._clock()
        key = self._keys.of(at) or await self._ensure(at)
        row = sealed_session(key, session, at, actor, facts)
        entry = Entry(session, actor, Action.login, Outcome.success, body={"facts": row.digest()})
        receipt = None
        try:
            async with self._database.transaction() as connection:
                if await connection.fetchval(_SQL["session"], *row) is not None:
                    receipt = await self.insert(connection, entry)
        except BaseException:
            if receipt is not None:
                self.void(receipt)
            raise
        if receipt is not None:
            self.settle(receipt)

    def _prepare(self, item: tuple[Entry, datetime]) -> _Sealed:
        """Seals an entry and gives it its place in the chain. Nothing awaits in here."""
        entry, at = item
        patients = entry.patients
        if len(patients) > 1:
            patients = tuple(sorted(set(patients)))
        patient = patients[0] if len(patients) == 1 else None
        shared = patients if patient is None else ()
        type = None if entry.type is None else number(entry.type)
        return self._seal(
            (at, entry.session, entry.actor, patient, entry.action, entry.outcome, type),
            shared,
            entry.body,
        )

    def _seal(
        self,
        clear: tuple[datetime, int, int, int | None, int, int, int | None],
        shared: tuple[int, ...],
        facts: Mapping[str, Any],
    ) -> _Sealed:
        chain = self._open_chain()
        key = self._keys.of(clear[0])
        assert key is not None
        entry, lag = chain.next()
        bound = columns(entry, *clear)
        sealed = key.seal(encode_body(lag, shared, facts), bound)
        committed = commitment(bound, _sha256(sealed).digest())
        row = Row(entry, *clear, chain.extend(committed), sealed)
        return row, committed, shared

    async def _write(self, batch: Sequence[_Sealed]) -> None:
        presence, chain = self._presence, self._open_chain()
        assert presence is not None
        shared = [pair for row, _, patients in batch for pair in zip(repeat(row[0]), patients)]
        arrays = tuple(zip(*(row for row, _, _ in batch), strict=True))
        try:
            async with presence.connection() as connection:
                if shared:
                    arrays = (*arrays, *zip(*shared, strict=True))
                    await connection.execute(_SQL["append_shared"], *arrays)
                else:
                    await connection.execute(_SQL["append"], *arrays)
        except BaseException:
            for row, committed, _ in batch:
                self.void(Receipt(row, committed))
            raise
        for row, _, _ in batch:
            chain.settle(sequence_of(row[0]))

    async def _keep(self) -> None:
        """Writes void entries, keeps the connection, and makes the next month's key in time."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(UPKEEP):
                    await self._wake.wait()
            self._wake.clear()
            try:
                if self._presence is not None:
                    await self._presence.hold()
                await self._write_voids()
                await self._ensure(self._clock() + timedelta(days=1))
            except Exception as error:
                _log.warning("the ledger's upkeep failed (%s)", type(error).__name__)
                await asyncio.sleep(RETRY)
                if self._voids:
                    self._wake.set()

    async def _write_voids(self) -> None:
        while self._voids:
            receipts = self._voids[: self._batch]
            at = self._clock()
            if self._keys.of(at) is None:
                await self._ensure(at)
            rows = [self._void_row(receipt, at) for receipt in receipts]
            async with self._database.transaction() as connection:
                await connection.execute(_SQL["patience"])
                await connection.execute(_SQL["void"], *zip(*rows, strict=True))
            del self._voids[: len(receipts)]
            for row in rows:
                self._open_chain().settle(sequence_of(row.entry))

    def _void_row(self, receipt: Receipt, at: datetime) -> Row:
        """The void entry at the place of a lost one: its MAC, and its commitment in the body."""
        lost = receipt.row
        clear = (at, lost.session, lost.actor, None, lost.action, int(Outcome.void), lost.type)
        key = self._keys.of(at)
        assert key is not None
        body = encode_body(None, (), {"commitment": receipt.commitment})
        sealed = key.seal(body, columns(lost.entry, *clear))
        return Row(lost.entry, *clear, lost.mac, sealed)

    async def _ensure(self, at: datetime) -> DataKey:
        key = self._keys.of(at)
        if key is None:
            async with self._database.connection() as connection:
                key = await self._keys.ensure(connection, at)
        return key

    def _open_lane(self) -> Lane[tuple[Entry, datetime], _Sealed]:
        if self._lane is None:
            raise Unavailable("The ledger is closed")
        if len(self._voids) > MOST_VOIDS:
            raise Unavailable("The ledger cannot be written")
        return self._lane

    def _open_chain(self) -> Chain:
        if self._chain is None:
            raise Unavailable("The ledger is not open")
        return self._chain
