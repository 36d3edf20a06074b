"""One stored row: what stands in the clear, what is sealed, and what binds the two.

Invariants
- A row whose id, version, key, deletion mark or index columns were changed does not open
  (tests/integration/store/test_tampering.py).
- Two rows with the same plaintext share no bytes (tests/unit/store/test_row.py).
"""

import struct
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b

import msgspec

from egide.seal import DataKey, dictionary_for
from egide.store.standing import Ties

NO_DAY = date.min
"""The day of a resource that has none, -infinity in the database: sorts last, says nothing."""

NO_END = date.max
"""The end of a main date that is open or that there is none of, infinity in the database."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = struct.Struct(">qii??q")
_BINDING = struct.Struct(">H16sIq16s")
_INT8_OID = 20


class Row(msgspec.Struct, frozen=True, gc=False):
    """One version of one resource as it lies in the database.

    `id` is the keyed hash of type and id (16 bytes), `type` the type's number, `key` the number
    of the data key, `columns` the digest of the index columns (16 bytes), `sealed` the envelope.
    `ties`: what ties who asked to the patient with that key, where that was asked along with it.
    """

    id: bytes
    type: int
    version: int
    key: int
    updated: datetime
    deleted: bool
    columns: bytes
    sealed: bytes
    ties: Ties | None = None

    def binding(self) -> bytes:
        """The associated data the envelope was sealed with: 46 bytes."""
        return _BINDING.pack(self.type, self.id, self.version, self.key, self.columns)

    def digest(self) -> bytes:
        """What the ledger remembers of this row: 16 bytes over binding and envelope."""
        return blake2b(self.binding() + self.sealed, digest_size=16).digest()

    def mark(self) -> tuple[bytes, int, bytes]:
        """The row as a ledger entry lists it: id, version, digest."""
        return self.id, self.version, self.digest()

    def open(self, key: DataKey) -> bytes:
        """The canonical JSON of the resource. Raises SealBroken when anything was touched."""
        return key.open(self.sealed, self.binding())


def sealed_row(
    key: DataKey,
    number: int,
    body: bytes,
    *,
    id: bytes,
    type: int,
    type_name: str,
    version: int,
    updated: datetime,
    deleted: bool,
    columns: bytes,
) -> Row:
    """Seal `body` (canonical JSON, empty for a deletion) into the row that binds it."""
    binding = _BINDING.pack(type, id, version, number, columns)
    sealed = key.seal(body, binding, dictionary=dictionary_for(type_name))
    return Row(id, type, version, number, updated, deleted, columns, sealed)


def columns_digest(
    updated: datetime, day: date, until: date, deleted: bool, lead: int | None, terms: bytes
) -> bytes:
    """The digest of a row's index columns, `terms` as PostgreSQL's array_send gives them."""
    stamp = (updated - _EPOCH) // _MICROSECOND
    days = day.toordinal(), until.toordinal()
    plain = _COLUMNS.pack(stamp, *days, deleted, lead is not None, lead or 0) + terms
    return blake2b(plain, digest_size=16).digest()


def array_bytes(terms: Iterable[int]) -> bytes:
    """`terms` in PostgreSQL's binary form of bigint[], as array_send returns it."""
    numbers = tuple(terms)
    if not numbers:
        return struct.pack(">iii", 0, 0, _INT8_OID)
    count = len(numbers)
    parts: list[int] = []
    for number in numbers:
        parts += (8, number)
    return struct.pack(">iiiii" + "iq" * count, 1, 0, _INT8_OID, count, 1, *parts)
