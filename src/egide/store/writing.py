"""Writing: drafts become rows, versions and edges, in the caller's transaction.

Two steps, so that the gate can look at what would be written before it is: `prepare` holds the
current rows, encodes, indexes and looks whom drafts concern (`egide.store.owning`); `apply` makes
the keys that are missing, seals and writes.

Invariants
- What changes nothing writes nothing: a draft equal to the current version stays that version
  (tests/integration/store/test_writing.py).
- A version is never lost: the old row moves to `version` in the statement that replaces it.
- Terms are those of the allow-list in force when the transaction commits
  (tests/integration/record/test_indexing.py).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from egide import fhir
from egide.db import Connection, queries
from egide.errors import Conflict
from egide.fhir.definitions import number
from egide.fhir.search.index import Index, Indexer
from egide.seal import KeyRing
from egide.store.blinding import blinded
from egide.store.concerns import Concerns, concerns
from egide.store.drafts import Draft, Edge, Prepared, drafted
from egide.store.keys import Keys
from egide.store.owning import Owning
from egide.store.parameters import parameter_number
from egide.store.population import Population
from egide.store.reading import Opened, row_of
from egide.store.row import NO_DAY, NO_END, array_bytes, columns_digest, sealed_row

_SQL = queries("egide.store", "sql/write.sql")
_COLUMNS = (
    "key",
    "updated",
    "version",
    "day",
    "until",
    "id",
    "type",
    "deleted",
    "lead",
    "terms",
    "sealed",
)
_COPY_FROM = 4
"""From this many new rows on, COPY costs less than single statements."""


class Writer:
    """Turns drafts into rows. One for the process; the connection is the caller's."""

    def __init__(
        self,
        ring: KeyRing,
        keys: Keys,
        population: Population,
        bases: frozenset[str] = frozenset(),
    ) -> None:
        """`bases`: own base addresses, ending with `/`; references under them are local."""
        self._indexer = Indexer(bases=bases)
        self._blind = ring.blind
        self._keys = keys
        self._owning = Owning(keys, ring.blind)
        self._population = population

    def index(self, type: str, resource: Mapping[str, Any]) -> Index:
        """What the index says of a resource, by the allow-list this process writes by."""
        return self._indexer.index(type, resource)

    async def prepare(
        self,
        connection: Connection,
        drafts: Sequence[Draft],
        *,
        now: datetime,
        references: Mapping[str, str] | None = None,
    ) -> list[Prepared]:
        """What each draft would write; the rows it would replace are held until the end.

        `references` says what to write for a reference (`urn:uuid:…` → `Patient/…`). Raises
        PreconditionFailed when a draft's condition does not hold; writes nothing.
        """
        lists = await self._population.fresh(connection)
        if lists.writing != self._indexer.allowed:
            self._indexer = Indexer(bases=self._indexer.bases, allowed=lists.writing)
        idents = [self._blind.ident(draft.type, draft.id) for draft in drafts]
        held = await self._held(connection, drafts, idents)
        replacements = fhir.Replacements(references) if references else None
        prepared = []
        for draft, id in zip(drafts, idents, strict=True):
            each = drafted(draft, id, held.get(id), now, replacements)
            if each is not None:
                each.generation = lists.generation
                # Here, and not in a loop of its own: what was just encoded is still in the cache.
                self._look(each)
                prepared.append(each)
        await self._owning.look(connection, prepared)
        return prepared

    async def apply(self, connection: Connection, prepared: Sequence[Prepared]) -> None:
        """Make the keys that are missing, seal and write. Raises Conflict when another transaction
        was quicker; a draft that is `late` concerns somebody whom the gate was not told of."""
        await self._owning.settle(connection, prepared)
        fresh: list[tuple[Any, ...]] = []
        edges: list[tuple[bytes, bytes, int]] = []
        keys = await self._keys.load(
            connection, {each.key for each in prepared if not each.unchanged}
        )
        for each in prepared:
            if each.unchanged:
                each.row = each.current
                continue
            deleted = each.draft.resource is None
            lead, terms = each.terms
            columns = columns_digest(
                each.updated, each.day, each.until, deleted, lead, array_bytes(terms)
            )
            row = each.row = sealed_row(
                keys[each.key].key,
                each.key,
                each.body,
                id=each.id,
                type=number(each.draft.type),
                type_name=each.draft.type,
                version=each.version,
                updated=each.updated,
                deleted=deleted,
                columns=columns,
            )
            values = (
                row.key,
                row.updated,
                row.version,
                each.day,
                each.until,
                row.id,
                row.type,
                row.deleted,
                lead,
                terms,
                row.sealed,
            )
            if each.current is None:
                fresh.append(values)
                edges += [(row.id, *edge) for edge in each.edges]
            else:
                await self._replace(connection, each, values)
        fresh.sort(key=_by_id)
        if fresh:
            await self._add(connection, fresh, edges, min(each.generation for each in prepared))

    async def _held(
        self, connection: Connection, drafts: Sequence[Draft], idents: Sequence[bytes]
    ) -> dict[bytes, Opened]:
        wanted = [id for draft, id in zip(drafts, idents, strict=True) if not draft.fresh]
        if not wanted:
            return {}
        rows = [row_of(record) for record in await connection.fetch(_SQL["held"], wanted)]
        keys = await self._keys.load(connection, {row.key for row in rows})
        return {
            row.id: Opened(row, row.open(keys[row.key].key), keys[row.key].patients) for row in rows
        }

    def _look(self, each: Prepared) -> None:
        """Index the new version and the one it replaces: whom they concern, terms, edges."""
        type = each.draft.type
        if each.body:
            mapping = fhir.parse(each.body)
            found = self.index(type, mapping)
            each.day, each.until = found.day or NO_DAY, found.until or NO_END
            each.terms = blinded(self._blind, type, found.terms)
            each.edges = self._edges(found.references)
            each.now = self._concerns(type, mapping, found)
        if each.unchanged:
            each.was, each.edges_before = each.now, each.edges
        elif each.current_body:
            mapping = fhir.parse(each.current_body)
            found = self.index(type, mapping)
            each.edges_before = self._edges(found.references)
            each.was = self._concerns(type, mapping, found)

    def _concerns(self, type: str, mapping: Mapping[str, Any], found: Index) -> Concerns:
        return concerns(self.index, type, mapping, found.patients, self._indexer.bases)

    def _edges(self, references: Sequence[tuple[str, str]]) -> set[Edge]:
        return {
            (self._owning.ident(target), parameter_number(parameter))
            for parameter, target in references
        }

    async def _replace(
        self, connection: Connection, each: Prepared, values: tuple[Any, ...]
    ) -> None:
        assert each.current is not None
        gone = sorted(each.edges_before - each.edges)
        added = sorted(each.edges - each.edges_before)
        (done,) = await connection.fetch(
            _SQL["replace"],
            *values,
            each.current.columns,
            [edge[0] for edge in gone],
            [edge[1] for edge in gone],
            [edge[0] for edge in added],
            [edge[1] for edge in added],
        )
        if done["count"] != 1:
            raise Conflict("the resource was changed by somebody else meanwhile")
        self._population.require(done["generation"], each.generation)

    async def _add(
        self,
        connection: Connection,
        fresh: Sequence[tuple[Any, ...]],
        edges: Sequence[tuple[bytes, bytes, int]],
        generation: int,
    ) -> None:
        if len(fresh) >= _COPY_FROM:
            await connection.copy_records_to_table("resource", records=fresh, columns=_COLUMNS)
            await connection.copy_records_to_table(
                "ref", records=edges, columns=("source", "target", "parameter")
            )
            self._population.require(await connection.fetchval(_SQL["generation"]), generation)
            return
        for values in fresh:
            own = [edge for edge in edges if edge[0] == values[5]]
            targets = [edge[1] for edge in own]
            parameters = [edge[2] for edge in own]
            there = await connection.fetchval(_SQL["add"], *values, targets, parameters)
            self._population.require(there, generation)


def _by_id(values: tuple[Any, ...]) -> bytes:
    """One order for everyone, so that two writers of the same resources wait and never deadlock."""
    id: bytes = values[5]
    return id
