"""Conditional writes: a criterion says whether a resource is made, or which one is replaced or
deleted.

https://hl7.org/fhir/R4/http.html#ccreate, https://hl7.org/fhir/R4/http.html#cond-update,
https://hl7.org/fhir/R4/http.html#3.1.0.7.1

A criterion is answered from everybody's records, so it can tell that somebody is known here. Only
who may search the type for all patients may use one, of the house or of the establishment his roles
are held for; what such a search does not show, because of a label, an opposition or an
establishment, is not matched and not revealed; and unless there can be nothing of the
kind, so many may be asked an hour (`oracles`).

Conditional writes exclude each other where one could change what the other finds. In its
transaction each takes, before it looks:

- the type of its criterion, with others; alone when the criterion narrows nothing;
- the blind terms of its criterion's narrowest clause, alone: whatever matches has one of them;
- the blind terms of the resource it would write, if any, with others.

So a resource that matches a criterion meets it at a term, whatever its own criterion was. The keys
are sorted, over all entries of a transaction, and taken before any row is, so nobody waits in a
circle. Where a resource's codes are withheld, `WITHHELD` is taken the other way round: by the
resource alone, by criteria with others; else every criterion on a code would wait for every other.
Writes without a condition take no lock: one that runs at the same time counts as coming after, as
if its client had sent it a moment later.

Invariants
- Of conditional creates that match each other's resources, one creates, whatever their criteria
  (tests/integration/record/test_conditional_storm.py).
- Of conditional deletes by one criterion one deletes, and what is made meanwhile is either seen or
  left (tests/integration/record/test_conditional_storm.py).
- Who may not search a type for everybody learns nothing from a criterion
  (test_only_who_searches_everybody_may_use_a_criterion).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from egide import fhir
from egide.db import Connection, queries
from egide.errors import Conflict, Forbidden, Gone, Incorrect, Issue, PreconditionFailed
from egide.fhir.search import WITHHELD, Query, Term, ids_for, index, matches, terms_for
from egide.ids import resource_id
from egide.record import reads, searches, writes
from egide.record.emission import Emitted
from egide.record.interaction import Interaction
from egide.store import Draft

_SQL = queries("egide.record", "sql/conditional.sql")

MOST_LOCKS = 200
"""Keys one transaction takes at most; one that needs more takes its types alone instead. All
transactions share some thousands (PostgreSQL's max_locks_per_transaction × max_connections)."""

IDENTITY_SEARCH: Final = "identity-search"
"""The rule by which a criterion is for who may search for everybody."""
MULTIPLE_MATCHES: Final = "multiple-matches"
"""What is wrong with a criterion that more than one resource matches."""

Pairs = Sequence[tuple[str, str]]

_RANKS: Mapping[str, int] = {
    "_id": 0,
    "identifier": 1,
    "accession": 1,
    "group-identifier": 1,
    "requisition": 1,
    "url": 1,
    "name": 2,
    "family": 2,
    "given": 2,
    "birthdate": 2,
    "status": 4,
}
"""Parameter → how much it narrows, the least number the most; 3 for all others."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What must match once, or not at all. `terms`: whatever matches has one of them; None when
    nothing narrows."""

    type: str
    pairs: tuple[tuple[str, str], ...]
    query: Query
    terms: frozenset[Term] | None

    def may_match(self, terms: frozenset[Term]) -> bool:
        """Whether a resource of its type with these terms could match."""
        return self.terms is None or not self.terms.isdisjoint(terms)


def criterion(here: Interaction, type: str, pairs: Pairs) -> Criterion:
    """The criterion in `pairs`. Raises Incorrect, Unsupported, TooCostly, Forbidden."""
    if not entitled(here, type):
        here.note(rule=IDENTITY_SEARCH)
        raise Forbidden(f"a criterion needs the right to search {type} of everybody")
    if not here.decide("search", type).opens_all(type):
        here.question()
    return selecting(here, type, pairs)


def entitled(here: Interaction, type: str) -> bool:
    """Whether who asks may use a criterion on `type`."""
    decision = here.decide("search", type)
    return decision.allowed and decision.searches_all(type)


def selecting(here: Interaction, type: str, pairs: Pairs) -> Criterion:
    """The criterion in `pairs`, whoever may use it. Raises Incorrect, Unsupported, TooCostly."""
    query = searches.selecting(here, type, pairs)
    return Criterion(type, tuple(pairs), query, _narrowest(query))


def _narrowest(query: Query) -> frozenset[Term] | None:
    """The terms of the clause that narrows most."""
    best: tuple[int, frozenset[Term]] | None = None
    for clause in query.clauses:
        ids = ids_for(clause)
        terms = terms_for(clause) if ids is None else [("_id", id) for id in ids]
        rank = _RANKS.get(clause.parameter.code, 3)
        if terms is not None and (best is None or rank < best[0]):
            best = rank, frozenset(terms)
    return None if best is None else best[1]


def terms_of(type: str, mapping: Mapping[str, Any]) -> frozenset[Term]:
    """What a criterion can narrow `mapping` by, its id included."""
    return frozenset([*index(type, mapping).terms, ("_id", mapping["id"])])


async def hold(
    here: Interaction,
    connection: Connection,
    wanted: Iterable[tuple[Criterion, frozenset[Term]]],
) -> None:
    """Wait for whoever could change what a criterion finds, and keep others waiting.

    `wanted` are criteria, each with the terms of the resource written under it.
    """
    types: dict[str, bool] = {}
    keys: dict[int, bool] = {}
    term = here.parts.blind.term
    for each, written in wanted:
        types[each.type] = types.get(each.type, False) or each.terms is None
        needs = [(found, found != WITHHELD) for found in each.terms or ()]
        needs += [(found, found == WITHHELD) for found in written]
        for found, alone in needs:
            key = term(each.type, *found)
            keys[key] = keys.get(key, False) or alone
    if len(keys) > MOST_LOCKS:
        types, keys = dict.fromkeys(types, True), {}
    locks = [*sorted((term(each, "_type", ""), types[each]) for each in types)]
    locks += sorted(keys.items())
    await connection.fetch(_SQL["hold"], [key for key, _ in locks], [alone for _, alone in locks])


async def find(
    here: Interaction, connection: Connection, wanted: Criterion, where: str = ""
) -> Emitted | None:
    """The one that matches, if one does. PreconditionFailed (`where`) when several do."""
    type = wanted.type
    ids = await searches.identify(here, connection, type, wanted.pairs)
    if len(ids) > 1:
        words = f"the criterion matches more than one {type}"
        raise PreconditionFailed(words, issues=[Issue(MULTIPLE_MATCHES, words, where)])
    if not ids:
        return None
    try:
        return await reads.read_in(here, connection, here.decide("search", type), type, ids[0])
    except Gone:
        raise Conflict(f"the {type} that matched was deleted meanwhile") from None


def replacing(
    found: Emitted | None, resource: fhir.Resource, expected: int | None, path: str
) -> Draft:
    """What a conditional update comes to; `path` is where the resource stands in the request.

    Raises Incorrect when the resource has another id than what matches, PreconditionFailed.
    """
    type = resource.type
    if found is None:
        if expected is not None:
            raise PreconditionFailed("nothing matches the criterion: there is no version to name")
        id = resource.id or resource_id()
        return Draft(type, id, resource, fresh=resource.id is None, absent=resource.id is not None)
    if resource.id not in (None, found.id):
        words = "must be absent, or the id of the resource that matches"
        raise Incorrect(words, issues=[Issue("value", words, f"{path}.id")])
    if expected not in (None, found.version):
        raise PreconditionFailed("the current version is not the one named")
    return Draft(type, found.id, resource, expected=found.version)


def removing(found: Emitted | None, expected: int | None) -> Draft | None:
    """What a conditional delete comes to; None when nothing matches. Raises PreconditionFailed."""
    if found is None:
        if expected is not None:
            raise PreconditionFailed("nothing matches the criterion: there is no version to name")
        return None
    if expected not in (None, found.version):
        raise PreconditionFailed("the current version is not the one named")
    return Draft(found.type, found.id, None, expected=found.version)


async def create(
    here: Interaction, type: str, id: str, resource: fhir.Resource, pairs: Pairs
) -> Emitted:
    """Make `resource` under `id` unless the criterion matches; else what matches."""
    here.note(criterion=list(pairs))
    wanted = criterion(here, type, pairs)
    draft = Draft(type, id, resource, fresh=True)
    async with here.parts.database.transaction() as connection:
        await hold(here, connection, [(wanted, terms_of(type, mapping_of(here, draft)))])
        found = await find(here, connection, wanted)
        here.note(matched=[found.id] if found else [])
        if found is not None:
            here.note(ids=[found.id])
            return found
        written = await writes.write_in(here, connection, [draft])
        await here.log_rows(connection, [done.row.mark() for done in written])
    here.committed()
    return written[0].emitted


async def update(
    here: Interaction, type: str, resource: fhir.Resource, pairs: Pairs, expected: int | None
) -> Emitted:
    """Replace what matches by `resource`, or make it when nothing does."""
    here.note(criterion=list(pairs))
    wanted = criterion(here, type, pairs)
    async with here.parts.database.transaction() as connection:
        draft = Draft(type, resource.id or "", resource)
        await hold(here, connection, [(wanted, terms_of(type, mapping_of(here, draft)))])
        found = await find(here, connection, wanted)
        here.note(matched=[found.id] if found else [])
        draft = replacing(found, resource, expected, type)
        done = await _write_matched(here, connection, draft, expected)
    here.committed()
    return done


async def delete(
    here: Interaction, type: str, pairs: Pairs, expected: int | None
) -> Emitted | None:
    """Delete what matches; None when nothing does."""
    here.note(criterion=list(pairs))
    wanted = criterion(here, type, pairs)
    async with here.parts.database.transaction() as connection:
        await hold(here, connection, [(wanted, frozenset())])
        found = await find(here, connection, wanted)
        here.note(matched=[found.id] if found else [])
        draft = removing(found, expected)
        if draft is None:
            return None
        done = await _write_matched(here, connection, draft, expected)
    here.committed()
    return done


async def _write_matched(
    here: Interaction, connection: Connection, draft: Draft, expected: int | None
) -> Emitted:
    """Write in place of what matched. Raises Conflict when it was changed since it was found."""
    here.note(ids=[draft.id])
    try:
        (done,) = await writes.write_in(here, connection, [draft])
    except PreconditionFailed as error:
        if expected is not None:
            raise
        raise Conflict(error.message) from None
    await here.log_rows(connection, [] if done.unchanged else [done.row.mark()])
    return done.emitted


def mapping_of(here: Interaction, draft: Draft) -> dict[str, Any]:
    """The resource of a draft, parsed, as its first version would be."""
    assert draft.resource is not None
    body = fhir.encode(draft.resource, id=draft.id, version=1, updated=here.parts.clock())
    return fhir.parse(body)


def meets(wanted: Criterion, mapping: Mapping[str, Any]) -> bool:
    """Whether `mapping`, not stored yet, matches; what only a join could tell counts as yes."""
    return matches(wanted.query, mapping)
