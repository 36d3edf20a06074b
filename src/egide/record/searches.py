"""Searching one type: the index narrows, every candidate is opened, asked and permitted.

What leaves satisfies the whole question and the gate; what the index cannot tell is found out by
opening, under a budget, and beyond it the search is refused rather than cut short.
https://hl7.org/fhir/R4/search.html
"""

from collections.abc import Sequence
from typing import NamedTuple

from egide import fhir
from egide.db import Connection
from egide.errors import Forbidden, TooCostly, Unsupported
from egide.fhir.definitions import number
from egide.fhir.search.clause import Clause
from egide.fhir.search.edge import edge, patient_edges
from egide.fhir.search.narrow import days_for, ids_for, targets_for, terms_for
from egide.fhir.search.parameter import Context
from egide.fhir.search.query import Query, matches, parse
from egide.gate import Decision
from egide.record.emission import Emitted, emit
from egide.record.facts import reached
from egide.record.interaction import Interaction
from egide.store import Candidate, Narrowing, Opened, Place, candidates

BUDGET = 50_000
"""Candidates one search may open."""

PAGE = 20
LARGEST_PAGE = 1_000


class Page(NamedTuple):
    """One page of a search of `type`.

    `next` is the cursor of the page after, None on the last. `used` are the parameters that were
    understood, `ignored` the names of those left out under lenient handling.
    """

    type: str
    entries: tuple[Emitted, ...]
    next: str | None
    used: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...] = ()


async def search(
    here: Interaction,
    type: str,
    asked: Sequence[tuple[str, str]],
    *,
    lenient: bool = False,
    after: Place | None = None,
) -> Page:
    """One page.

    Where reach is looked up besides the rows, both are read in one snapshot; else one statement
    brings the candidates, and two round trips are saved.
    """
    database = here.parts.database
    alone = here.decision.reach.kind != "set"
    async with database.connection() if alone else database.snapshot() as connection:
        return await search_in(here, connection, type, asked, lenient=lenient, after=after)


async def search_in(
    here: Interaction,
    connection: Connection,
    type: str,
    asked: Sequence[tuple[str, str]],
    *,
    lenient: bool = False,
    after: Place | None = None,
) -> Page:
    """One page as this connection sees the data. Raises Incorrect, Forbidden, TooCostly."""
    decision = here.decide("search", type)
    if not decision.allowed:
        here.note(rule=decision.rule)
        raise Forbidden(f"search of {type} is not allowed to you here ({decision.rule})")
    query = _parsed(here, type, asked, lenient)
    wanted = min(query.count if query.count is not None else PAGE, LARGEST_PAGE)
    found = await _matching(here, connection, decision, query, after, wanted + 1)
    entries = tuple(each.emitted for each in found[:wanted])
    here.concern(patient for each in entries for patient in each.patients)
    here.note(count=len(entries), ids=[each.id for each in entries])
    cursor = None
    if len(found) > wanted > 0:
        place = found[wanted - 1].place
        cursor = here.parts.cursors.write(here.actor.account, type, query.understood, place)
    ignored = tuple(each.name for each in query.ignored)
    return Page(type, entries, cursor, query.understood, ignored)


async def identify(
    here: Interaction, connection: Connection, type: str, asked: Sequence[tuple[str, str]]
) -> list[str]:
    """The ids of at most two resources a criterion matches: none, the one, or too many."""
    decision = here.decide("search", type)
    if not decision.allowed:
        raise Forbidden(f"search of {type} is not allowed to you here ({decision.rule})")
    query = _parsed(here, type, asked, lenient=False)
    found = await _matching(here, connection, decision, query, None, 2)
    return [each.emitted.id for each in found]


class _Found(NamedTuple):
    emitted: Emitted
    place: Place


async def _matching(
    here: Interaction,
    connection: Connection,
    decision: Decision,
    query: Query,
    after: Place | None,
    wanted: int,
) -> list[_Found]:
    """The first `wanted` matches after a place, in order. Raises TooCostly past the budget."""
    narrowing = _narrowing(here, query, decision, after)
    found: list[_Found] = []
    opened = 0
    if decision.reach.kind == "none" and not decision.reach.unbound:
        return found
    async for batch in candidates(connection, narrowing, wanted):
        opened += len(batch)
        found += await _answering(here, connection, decision, query, batch)
        if len(found) >= wanted:
            return found[:wanted]
        if opened > BUDGET:
            raise TooCostly(
                f"more than {BUDGET:,} {query.type} would have to be opened for an exact answer; "
                "name a patient, an identifier, a code or a shorter time"
            )
    return found


async def _answering(
    here: Interaction,
    connection: Connection,
    decision: Decision,
    query: Query,
    batch: Sequence[Candidate],
) -> list[_Found]:
    opened = await here.parts.reader.open(connection, [each.row for each in batch])
    patients = {patient for each in opened for patient in each.patients}
    mine = await reached(here.parts, connection, decision, here.actor, patients)
    found = []
    for candidate, each in zip(batch, opened, strict=True):
        emitted = _answer(decision, query, each, mine)
        if emitted is not None:
            found.append(_Found(emitted, candidate.place))
    return found


def _answer(
    decision: Decision, query: Query, opened: Opened, mine: frozenset[int]
) -> Emitted | None:
    resource = fhir.parse(opened.body)
    if not matches(query, resource):
        return None
    return emit(decision, opened, resource["id"], reached=mine)


def _parsed(here: Interaction, type: str, asked: Sequence[tuple[str, str]], lenient: bool) -> Query:
    parts = here.parts
    context = Context(zone=parts.zone, now=parts.clock(), bases=parts.bases)
    query = parse(type, asked, context, lenient=lenient)
    if query.total not in (None, "none") or query.summary not in (None, "false"):
        raise Unsupported("_total and _summary are not done here yet")
    if query.elements:
        raise Unsupported("_elements is not done here yet")
    return query


def _owner(type: str, clause: Clause) -> str | None:
    """The id of the one Patient under whose key whatever matches must lie, if there is one."""
    targets = targets_for(clause)
    if targets is None or len(targets) != 1 or type == "Patient":
        return None
    kind, _, id = targets[0].partition("/")
    if kind != "Patient" or edge(type, clause.parameter.code).parameter not in patient_edges(type):
        return None
    return id


def _narrowing(
    here: Interaction, query: Query, decision: Decision, after: Place | None
) -> Narrowing:
    """What the index can hold the search to: always a superset of the answer."""
    blind = here.parts.blind
    ids: tuple[bytes, ...] | None = None
    patient: bytes | None = None
    terms: list[tuple[int, ...]] = []
    for clause in query.clauses:
        named = ids_for(clause)
        if named is not None:
            ids = tuple(blind.ident(query.type, id) for id in named)
            continue
        owner = _owner(query.type, clause)
        if owner is not None:
            patient = blind.ident("Patient", owner)
            continue
        alternatives = terms_for(clause)
        if alternatives is not None:
            terms.append(tuple(blind.term(query.type, *each) for each in alternatives))
    days = days_for(query)
    reach = here.actor.account if decision.reach.kind == "set" else None
    return Narrowing(
        number(query.type),
        ids,
        patient,
        tuple(terms),
        days.first,
        days.last,
        days.until,
        reach,
        after,
    )
