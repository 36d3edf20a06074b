"""Copies of the key table: two files beside the key file, written, read back, restored.

The table holds wrapped keys only; without the key file a copy opens nothing. The newest copy is
what a restored backup is given, so that what was erased since stays erased.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from egide.actor import Actor
from egide.clock import Clock
from egide.db import Database, queries
from egide.errors import Fault, Unavailable
from egide.ledger import Action, Entry, Ledger, Outcome
from egide.seal import DataKey, KeyRing, SealBroken
from egide.store import take_effect

_SQL = queries("egide.ops", "sql/rekey.sql")


class KeyCopy(msgspec.Struct, frozen=True, array_like=True):
    """The key table at one moment: rows of `data_key` and `shared_key`, the erasures so far, and
    the ledger's monthly keys."""

    establishment: bytes
    epoch: int
    at: datetime
    keys: list[tuple[int, int, int, bytes, bytes]]
    shares: list[tuple[int, int, bytes]]
    erased: list[tuple[int, int, datetime, datetime | None, bytes, str]]
    months: list[tuple[int, int, int, bytes]]

    def __repr__(self) -> str:
        return f"KeyCopy(epoch={self.epoch}, {len(self.keys)} keys)"


def copy_paths(key_file: Path) -> tuple[Path, Path]:
    """Where the two copies lie: beside the key file."""
    return tuple(key_file.with_name(f"{key_file.name}.table-{name}") for name in "ab")  # type: ignore[return-value]


async def write_copies(
    database: Database, ring: KeyRing, key_file: Path, at: datetime
) -> tuple[Path, Path]:
    """Write both copies and read them back, every key opened. Raises Fault if one does not."""
    async with database.snapshot() as connection:
        keys = [tuple(record.values()) for record in await connection.fetch(_SQL["keys"])]
        shares = [tuple(record.values()) for record in await connection.fetch(_SQL["shares"])]
        months = [tuple(record.values()) for record in await connection.fetch(_SQL["months"])]
        erased = [tuple(record.values()) for record in await connection.fetch(_SQL["erased"])]
    copy = KeyCopy(ring.establishment.bytes, ring.epoch, at, keys, shares, erased, months)
    body = msgspec.msgpack.encode(copy)
    paths = copy_paths(key_file)
    for path in paths:
        _write(path, sha256(body).digest() + body)
    for path in paths:
        again = read_copy(path, ring)
        if msgspec.msgpack.encode(again) != body:
            raise Fault(f"the copy {path.name} does not read back as it was written")
    return paths


def read_copy(path: Path, ring: KeyRing) -> KeyCopy:
    """A copy, every key of it opened once. Raises Unavailable or Fault."""
    try:
        raw = path.read_bytes()
        digest, body = raw[:32], raw[32:]
        if sha256(body).digest() != digest:
            raise Unavailable(f"{path} is damaged or no copy of a key table")
        copy = msgspec.msgpack.decode(body, type=KeyCopy)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError:
        raise Unavailable(f"{path} is damaged or no copy of a key table") from None
    if copy.establishment != ring.establishment.bytes:
        raise Unavailable(f"{path} is the copy of another installation's key table")
    for _ in opened(copy, ring):
        pass
    return copy


def opened(copy: KeyCopy, ring: KeyRing) -> Iterator[DataKey]:
    """Every data key of a copy. Raises Fault for one that does not open."""
    for number, epoch, _, _, wrapped in copy.keys:
        try:
            yield DataKey(ring.unwrap(wrapped, number, epoch))
        except SealBroken:
            raise Fault(f"key {number} of the copy does not open") from None


async def restore_copy(
    database: Database, copy: KeyCopy, ring: KeyRing, clock: Clock, actor: Actor
) -> int:
    """Give a restored backup the keys of `copy`; returns how many rows no key opens any more.

    Keys the backup has and the copy has not stay, unless their owner was erased or their epoch
    destroyed. Rows left without a key are removed, and the ledger says so: they are the erased.
    Nobody else may be using the data; stopped and run again, it goes on.
    """
    async with database.transaction() as connection:
        await connection.execute(_SQL["drop"], list(ring.epochs), [row[4] for row in copy.erased])
        await connection.execute(_SQL["put"], *_columns(copy.keys, 5))
        await connection.execute(_SQL["put_shares"], *_columns(copy.shares, 3))
        await connection.execute(_SQL["put_months"], *_columns(copy.months, 4))
        await connection.execute(_SQL["put_erasures"], *_columns(copy.erased, 6))
        await take_effect(connection, min(ring.epochs) - 1, clock())
    ledger = Ledger(database, ring, clock)
    await ledger.open()
    try:
        return await _remove_orphans(database, ledger, actor)
    finally:
        await ledger.close()


async def _remove_orphans(database: Database, ledger: Ledger, actor: Actor) -> int:
    """Remove the rows no key opens, with the entry that says so; how many there were."""
    async with database.transaction() as connection:
        (gone,) = await connection.fetch(_SQL["orphans"])
        rows = [(id, version, None) for id, version in zip(gone["ids"], gone["last"], strict=True)]
        count = len(rows) + int(gone["older"])
        facts = {"purpose": "HSYSADMIN", "count": count, "rows": rows}
        receipt = await ledger.insert(
            connection,
            Entry(actor.session, actor.account, Action.operation, Outcome.success, None, (), facts),
        )
    ledger.settle(receipt)
    return count


def _columns(rows: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    return [[row[place] for row in rows] for place in range(width)]


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(path.name + ".new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}") from None
