"""One ledger entry as it lies in the database: what stands in the clear, and what binds it.

The columns are the associated data of the sealed body, and both are in the commitment, which is the
log's entry data:

    commitment = SHA-256(columns ‖ SHA-256(sealed))

so that whoever has the row can check it against the tree without any key, and whoever has the key
sees an altered column because the body does not open.

Invariant: no column can change without a trace
(tests/unit/ledger/test_row.py, tests/integration/ledger/test_tampering.py).
"""

import hashlib
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from egide.ledger.entry import Body, decode_body
from egide.seal import DataKey

SEQUENCE_BITS = 40
"""An entry's number is its writer's number, then 40 bits of the writer's sequence: 10¹² entries."""

LAST_SEQUENCE = (1 << SEQUENCE_BITS) - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = struct.Struct(">14sqqqqqBBBh")
_PREFIX = b"egide/1/ledger"
_sha256 = hashlib.sha256


class Row(NamedTuple):
    """The columns of `ledger_entry`, in their order. `type` is the type's number."""

    entry: int
    at: datetime
    session: int
    actor: int
    patient: int | None
    action: int
    outcome: int
    type: int | None
    mac: bytes
    sealed: bytes

    def columns(self) -> bytes:
        """The columns as they are bound: 60 bytes."""
        return columns(
            self.entry,
            self.at,
            self.session,
            self.actor,
            self.patient,
            self.action,
            self.outcome,
            self.type,
        )

    def commitment(self) -> bytes:
        """The log's entry data for this row: 32 bytes."""
        return commitment(self.columns(), _sha256(self.sealed).digest())

    def open(self, key: DataKey) -> Body:
        """The sealed part. Raises SealBroken when it or a column was touched."""
        return decode_body(key.open(self.sealed, self.columns()))

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Row":
        """The row in a database record."""
        return cls(*(record[field] for field in cls._fields))


def columns(
    entry: int,
    at: datetime,
    session: int,
    actor: int,
    patient: int | None,
    action: int,
    outcome: int,
    type: int | None,
) -> bytes:
    """The columns of one row as they are bound: 60 bytes, times to the microsecond."""
    return _COLUMNS.pack(
        _PREFIX,
        entry,
        (at - _EPOCH) // _MICROSECOND,
        session,
        actor,
        patient or 0,
        (patient is not None) | (type is not None) << 1,
        action,
        outcome,
        type or 0,
    )


def commitment(columns: bytes, digest: bytes) -> bytes:
    """The commitment to a row, from its bound columns and the SHA-256 of its sealed body."""
    return _sha256(columns + digest).digest()


def entry_number(writer: int, sequence: int) -> int:
    """The number of a writer's entry."""
    return writer << SEQUENCE_BITS | sequence


def writer_of(entry: int) -> int:
    """The writer of the entry with this number."""
    return entry >> SEQUENCE_BITS


def sequence_of(entry: int) -> int:
    """The place of the entry with this number among its writer's."""
    return entry & LAST_SEQUENCE
