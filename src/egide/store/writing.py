"""Writing: drafts become rows, versions and edges, in the caller's transaction.

Two steps, so that the gate can look at what would be written before it is: `prepare` holds the
current rows, encodes, indexes and finds the keys; `apply` seals and writes.

Invariants
- What changes nothing writes nothing: a draft equal to the current version stays that version
  (tests/integration/store/test_writing.py).
- A version is never lost: the old row moves to `version` in the statement that replaces it.
- Terms are those of the allow-list in force when the transaction commits
  (tests/integration/record/test_indexing.py).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from egide import fhir
from egide.db import Connection, queries
from egide.errors import Conflict, PreconditionFailed
from egide.fhir.definitions import number
from egide.fhir.search.index import Index, Indexer
from egide.seal import KeyRing, Owner, owner
from egide.store.blinding import Blinded, blinded
from egide.store.concerns import Concerns, concerns
from egide.store.keys import Keys
from egide.store.parameters import parameter_number
from egide.store.population import Population
from egide.store.reading import row_of
from egide.store.row import NO_DAY, NO_END, Row, array_bytes, columns_digest, sealed_row

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

Edge = tuple[bytes, int]
"""Target's ident and the number of the search parameter that points there."""


class Draft(msgspec.Struct, frozen=True):
    """One write asked for: `resource` under type and id, or a deletion when it is None.

    `fresh`: the server has just chosen the id, so nothing needs looking up. `expected`: the only
    version it may replace. `absent`: it must not exist yet.
    """

    type: str
    id: str
    resource: fhir.Resource | None
    fresh: bool = False
    expected: int | None = None
    absent: bool = False


class Prepared(msgspec.Struct):
    """A draft that is ready to be written, with what it would replace.

    `now` is whom the new version concerns and `patients` their key numbers, `was` and `before`
    those of the version it replaces; `body` is canonical JSON, empty for a deletion; `generation`
    is that of the allow-list its terms are made by.
    """

    draft: Draft
    id: bytes
    version: int
    updated: datetime
    body: bytes
    current: Row | None = None
    current_body: bytes = b""
    unchanged: bool = False
    now: Concerns | None = None
    was: Concerns | None = None
    day: date = NO_DAY
    until: date = NO_END
    terms: Blinded = Blinded(None, [])
    edges: set[Edge] = set()
    edges_before: set[Edge] = set()
    patients: frozenset[int] = frozenset()
    before: frozenset[int] = frozenset()
    key: int = 0
    generation: int = 0
    row: Row | None = None

    @property
    def created(self) -> bool:
        """Whether there was nothing under this identity, or only a deletion."""
        return self.current is None or self.current.deleted


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
        PreconditionFailed or Conflict when a draft's condition does not hold; writes only keys.
        """
        lists = await self._population.fresh(connection)
        if lists.writing != self._indexer.allowed:
            self._indexer = Indexer(bases=self._indexer.bases, allowed=lists.writing)
        idents = [self._blind.ident(draft.type, draft.id) for draft in drafts]
        held = await self._held(connection, drafts, idents)
        replacements = fhir.Replacements(references) if references else None
        prepared = []
        for draft, id in zip(drafts, idents, strict=True):
            current, body = held.get(id, (None, b""))
            each = _prepare(draft, id, current, body, now, replacements)
            if each is not None:
                each.generation = lists.generation
                # Here, and not in a loop of its own: what was just encoded is still in the cache.
                self._look(each)
                prepared.append(each)
        await self._own(connection, prepared)
        return prepared

    async def apply(self, connection: Connection, prepared: Sequence[Prepared]) -> None:
        """Seal and write. Raises Conflict when another transaction was quicker."""
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
    ) -> dict[bytes, tuple[Row, bytes]]:
        wanted = [id for draft, id in zip(drafts, idents, strict=True) if not draft.fresh]
        if not wanted:
            return {}
        rows = [row_of(record) for record in await connection.fetch(_SQL["held"], wanted)]
        keys = await self._keys.load(connection, {row.key for row in rows})
        return {row.id: (row, row.open(keys[row.key].key)) for row in rows}

    async def _own(self, connection: Connection, prepared: Sequence[Prepared]) -> None:
        """Find or make the keys of what is written, name the patients it concerns."""
        owners: dict[bytes, str] = {}
        chosen: list[Owner | None] = []
        for each in prepared:
            now, was = each.now, each.was
            holders: Owner | None = None
            if now is not None:
                holders = owner(each.draft.type, each.draft.id, now.patients, persons=now.persons)
                if holders.kind == "person":
                    owners[self._ident(holders.holders[0])] = "person"
                for id in now.patients:
                    owners[self._patient(id)] = "patient"
            if was is not None and was is not now:
                for id in was.patients:
                    owners[self._patient(id)] = "patient"
            chosen.append(holders)
        numbers = await self._keys.of_owners(connection, owners) if owners else {}
        for each, holders in zip(prepared, chosen, strict=True):
            now, was = each.now, each.was
            if now is not None:
                each.patients = frozenset([numbers[self._patient(id)] for id in now.patients])
            if was is not None:
                each.before = frozenset([numbers[self._patient(id)] for id in was.patients])
            if each.current is not None and (each.unchanged or holders is None):
                each.key = each.current.key
            elif holders is not None and now is not None:
                await self._choose(connection, each, holders, now, numbers)

    def _look(self, each: Prepared) -> None:
        """Index the new version and the one it replaces: whom they concern, terms, edges."""
        type = each.draft.type
        if each.body:
            mapping = fhir.parse(each.body)
            found = self.index(type, mapping)
            each.day, each.until = found.day or NO_DAY, found.until or NO_END
            each.terms = blinded(self._blind, type, found.terms)
            each.edges = self._edges(found.references)
            each.now = concerns(self.index, type, mapping, found.patients)
        if each.unchanged:
            each.was, each.edges_before = each.now, each.edges
        elif each.current_body:
            mapping = fhir.parse(each.current_body)
            found = self.index(type, mapping)
            each.edges_before = self._edges(found.references)
            each.was = concerns(self.index, type, mapping, found.patients)

    async def _choose(
        self,
        connection: Connection,
        each: Prepared,
        holders: Owner,
        now: Concerns,
        numbers: Mapping[bytes, int],
    ) -> None:
        """The key the new version is sealed with."""
        if now.context is not None and not now.patients:
            key = await connection.fetchval(_SQL["key_of"], self._ident(now.context))
            if key is not None:
                each.key = key
                each.patients = (await self._keys.load(connection, [key]))[key].patients
                return
        if holders.kind == "person":
            each.key = numbers[self._ident(holders.holders[0])]
        elif holders.kind == "patient":
            each.key = numbers[self._patient(holders.holders[0])]
        elif holders.kind == "establishment":
            each.key = self._keys.house
        else:
            if each.current is not None:
                held = await self._keys.load(connection, [each.current.key])
                if len(each.patients) > 1 and held[each.current.key].patients == each.patients:
                    each.key = each.current.key
                    return
            each.key = await self._keys.share(connection, each.patients)

    def _patient(self, id: str) -> bytes:
        return self._blind.ident("Patient", id)

    def _ident(self, reference: str) -> bytes:
        type, _, id = reference.partition("/")
        return self._blind.ident(type, id)

    def _edges(self, references: Sequence[tuple[str, str]]) -> set[Edge]:
        return {
            (self._ident(target), parameter_number(parameter)) for parameter, target in references
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


def _prepare(
    draft: Draft,
    id: bytes,
    current: Row | None,
    current_body: bytes,
    now: datetime,
    replacements: fhir.Replacements | None,
) -> Prepared | None:
    """The draft as it would be written; None when there is nothing to delete."""
    alive = current is not None and not current.deleted
    if draft.absent and alive:
        raise PreconditionFailed("the resource exists already")
    if draft.expected is not None and (
        current is None or current.deleted or current.version != draft.expected
    ):
        raise PreconditionFailed("the current version is not the one named")
    version = current.version + 1 if current else 1
    if current is not None:
        # Who waited for the row, or whose clock is behind, does not write before what he replaces.
        now = max(now, current.updated)
    if draft.resource is None:
        if not alive:
            return None
        return Prepared(draft, id, version, now, b"", current, current_body)
    if alive and current is not None:
        same = _encode(draft, current.version, current.updated, replacements)
        if same == current_body:
            return Prepared(
                draft,
                id,
                current.version,
                current.updated,
                same,
                current,
                current_body,
                unchanged=True,
            )
    body = _encode(draft, version, now, replacements)
    return Prepared(draft, id, version, now, body, current, current_body)


def _encode(
    draft: Draft, version: int, updated: datetime, replacements: fhir.Replacements | None
) -> bytes:
    assert draft.resource is not None
    body = fhir.encode(draft.resource, id=draft.id, version=version, updated=updated)
    return replacements.apply(body) if replacements else body
