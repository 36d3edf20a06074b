"""Re-indexing: rows get the terms of the present list, sealed anew under the same version.

A row's envelope is bound to its terms, so other terms mean another envelope: the same body, the
same version, a new nonce. The ledger is told which digest takes the place of which.

Invariants
- A row somebody changes meanwhile is left to him: he writes by the present list already
  (tests/integration/record/test_indexing.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

from egide import fhir
from egide.db import Connection, queries
from egide.fhir.definitions import number
from egide.fhir.search.index import Indexer
from egide.seal import KeyRing
from egide.store.blinding import Blinded, blinded
from egide.store.keys import Keys
from egide.store.population import Lists, Pass
from egide.store.reading import row_of
from egide.store.row import Row, array_bytes, columns_digest, sealed_row

_SQL = queries("egide.store", "sql/population.sql")

Mark = tuple[bytes, int, bytes, bytes]
"""Id, version, digest, and the digest it takes the place of."""


class Resealed(NamedTuple):
    """A row as it was and as it is to be."""

    before: Row
    after: Row
    terms: Blinded


class Stretch(NamedTuple):
    """What a pass found next: where it is after it, what is to change, and whether that is all."""

    place: Pass
    resealed: list[Resealed]
    last: bool


class Reindexer:
    """Gives rows new terms. One for the process."""

    def __init__(self, ring: KeyRing, keys: Keys, bases: frozenset[str] = frozenset()) -> None:
        self._blind = ring.blind
        self._keys = keys
        self._indexer = Indexer(bases=bases)

    async def look(self, connection: Connection, here: Pass, lists: Lists, size: int) -> Stretch:
        """The next `size` rows of a pass, opened and indexed; the connection is a snapshot."""
        if lists.writing != self._indexer.allowed:
            self._indexer = Indexer(bases=self._indexer.bases, allowed=lists.writing)
        records = await connection.fetch(
            _SQL["some"], number(here.type), here.updated, here.pk, size
        )
        rows = [row_of(record) for record in records]
        keys = await self._keys.load(connection, {row.key for row in rows})
        resealed = []
        for row, record in zip(rows, records, strict=True):
            if row.deleted:
                continue
            body = row.open(keys[row.key].key)
            found = self._indexer.index(here.type, fhir.parse(body))
            terms = blinded(self._blind, here.type, found.terms)
            packed = array_bytes(terms.others)
            if (terms.lead, packed) == (record["lead"], record["terms"]):
                continue
            columns = columns_digest(
                row.updated, record["day"], record["until"], row.deleted, terms.lead, packed
            )
            after = sealed_row(
                keys[row.key].key,
                row.key,
                body,
                id=row.id,
                type=row.type,
                type_name=here.type,
                version=row.version,
                updated=row.updated,
                deleted=row.deleted,
                columns=columns,
            )
            resealed.append(Resealed(row, after, terms))
        place = here._replace(seen=here.seen + len(rows))
        if records:
            place = place._replace(updated=records[-1]["updated"], pk=records[-1]["pk"])
        return Stretch(place, resealed, len(records) < size)

    async def write(self, connection: Connection, resealed: Sequence[Resealed]) -> list[Mark]:
        """Put the rows that are still as they were in their new form; their marks."""
        ids = [each.before.id for each in resealed]
        there = {
            record["id"]: (record["version"], record["key"], record["updated"])
            for record in await connection.fetch(_SQL["hold"], ids)
        }
        same = [
            each
            for each in resealed
            if there.get(each.before.id)
            == (each.before.version, each.before.key, each.before.updated)
        ]
        await connection.executemany(
            _SQL["reseal"],
            [
                (each.after.id, each.terms.others, each.after.sealed, each.terms.lead)
                for each in same
            ],
        )
        return [(*each.after.mark(), each.before.digest()) for each in same]
