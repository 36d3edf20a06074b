"""Searching: the index narrows, every candidate is opened, asked and permitted.

What leaves satisfies the whole question and the gate; what the index cannot tell is found out by
opening, under a budget, and beyond it the search is refused rather than cut short.
https://hl7.org/fhir/R4/search.html
"""

from collections.abc import Sequence
from typing import NamedTuple

from egide.db import Connection
from egide.errors import Incorrect, TooCostly
from egide.fhir.search.query import Feature, Query, parse
from egide.fhir.search.several import Several, parse_several
from egide.record import reads
from egide.record.budget import Budget
from egide.record.compartments import Compartment, member_types, membership
from egide.record.emission import Emitted, part_of
from egide.record.includes import Includes
from egide.record.interaction import Interaction
from egide.record.matching import Matching
from egide.record.merging import Merging
from egide.record.opening import Opening
from egide.record.ordering import ordered
from egide.record.policies import Moved
from egide.record.spot import Spot

PAGE = 20
LARGEST_PAGE = 1_000
FEATURES: frozenset[Feature] = frozenset({"chain", "has", "include", "list", "sort"})


class Page(NamedTuple):
    """One page of a search of `type`, None when it is of several, `within` a compartment or not.

    `included` are brought along by includes. `next` is the cursor of the page after, None on the
    last. `used` are the parameters that were understood, `notes` words for the client: what was
    left out under lenient handling, why there is no total.
    """

    type: str | None
    entries: tuple[Emitted, ...]
    included: tuple[Emitted, ...]
    total: int | None
    next: str | None
    used: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    within: Compartment | None = None


async def search(
    here: Interaction,
    type: str | None,
    asked: Sequence[tuple[str, str]],
    *,
    lenient: bool = False,
    after: Spot | None = None,
    within: Compartment | None = None,
) -> Page:
    """One page; without a type, of those in `_type`, or of all the actor may search. `within` a
    compartment it is of what belongs there: NotFound or Gone when its own resource is not there.

    One statement that brings the candidates, and with them who asks' ties to their patients, needs
    no snapshot; more that must agree do: for joins, totals and includes.
    """
    if type is None:
        wanted = parsed_several(here, asked, lenient=lenient, blanks=True, within=within)
        async with here.looking(at_once=True) as connection:
            return await answer(here, connection, wanted, after, within)
    query = parsed(here, type, asked, lenient=lenient, blanks=True)
    joined = query.chains or query.has or query.lists or query.includes
    alone = not (joined or query.total or query.summary or within)
    async with here.looking(at_once=not alone) as connection:
        return await answer(here, connection, query, after, within)


async def identify(
    here: Interaction, connection: Connection, type: str, asked: Sequence[tuple[str, str]]
) -> list[str]:
    """The ids of at most two resources a criterion matches: none, the one, or too many.

    Raises Incorrect for a criterion that does not select.
    """
    query = selecting(here, type, asked)
    _require(here, type)
    while True:
        try:
            found = await ordered(_matching(here, connection, query), here.context(), None, 2)
        except Moved:
            continue
        return [each.emitted.id for each in found.seen]


def selecting(here: Interaction, type: str, asked: Sequence[tuple[str, str]]) -> Query:
    """The query of a criterion, which selects and does no more. Raises Incorrect."""
    query = parsed(here, type, asked)
    wishes = (query.count, query.total, query.summary)
    if query.includes or query.sort or query.elements or any(each is not None for each in wishes):
        raise Incorrect("a criterion takes parameters that select, none that shape an answer")
    if query.lists:
        raise Incorrect("a criterion cannot ask for the members of a List")
    if not (query.clauses or query.chains or query.has):
        raise Incorrect("a criterion needs at least one search parameter")
    return query


async def answer(
    here: Interaction,
    connection: Connection,
    asked: Query | Several,
    after: Spot | None,
    within: Compartment | None = None,
) -> Page:
    """The page of a search after a spot, as this connection sees the data; anew when what holds for
    a record changes meanwhile."""
    while True:
        try:
            return await _answer(here, connection, asked, after, within)
        except Moved:
            continue


async def _answer(
    here: Interaction,
    connection: Connection,
    asked: Query | Several,
    after: Spot | None,
    within: Compartment | None,
) -> Page:
    matching = _matching(here, connection, asked, within)
    query = matching.query
    for type in matching.types:
        _require(here, type)
    if within is not None:
        decision = here.require("read", within.name)
        await reads.read_in(here, connection, decision, within.name, within.id)
    counts_only = query.summary == "count" or query.count == 0
    wanted = 0 if counts_only else min(query.count or PAGE, LARGEST_PAGE)
    notes = [each.reason for each in query.ignored]
    total = await _total(here, connection, asked, counts_only, notes, within)
    page = await ordered(matching, here.context(), after, wanted) if wanted else None
    seen = page.seen if page else []
    brought = await Includes(matching.opening, matching.joins).of(seen, query.includes)
    entries = tuple(part_of(each.emitted, query.summary, query.elements) for each in seen)
    included = tuple(part_of(each.emitted, query.summary, ()) for each in brought)
    here.concern(patient for each in (*entries, *included) for patient in each.patients)
    here.note(count=len(entries), ids=[each.id for each in (*entries, *included)])
    of = query.type or None
    cursor = None
    if page and page.end is not None:
        cursors, account = here.parts.cursors, here.actor.account
        cursor = cursors.write(account, of, query.understood, page.end, within)
    return Page(of, entries, included, total, cursor, _used(query), tuple(notes), within)


def _used(query: Query) -> tuple[tuple[str, str], ...]:
    """What was understood, with the size a page really has."""
    if query.count is None or query.count <= LARGEST_PAGE:
        return query.understood
    most = ("_count", str(LARGEST_PAGE))
    return tuple(most if pair[0] == "_count" else pair for pair in query.understood)


def _matching(
    here: Interaction,
    connection: Connection,
    asked: Query | Several,
    within: Compartment | None = None,
) -> Matching | Merging:
    """What answers a search, with a budget of its own. Raises NotFound for types of which nothing
    is ever in the compartment."""
    types = [asked.type] if isinstance(asked, Query) else [each.type for each in asked.each]
    members = {} if within is None else {t: membership(within, t, here.context()) for t in types}
    if isinstance(asked, Query):
        opening = Opening(here, connection, Budget(asked.type))
        return Matching(opening, asked, members.get(asked.type))
    opening = Opening(here, connection, Budget("several types"))
    return Merging(opening, asked.whole, asked.each, members)


async def _total(
    here: Interaction,
    connection: Connection,
    asked: Query | Several,
    counts_only: bool,
    notes: list[str],
    within: Compartment | None,
) -> int | None:
    """The exact number of matches, when it was asked for and can be told."""
    matching = _matching(here, connection, asked, within)
    if not counts_only and matching.query.total in (None, "none"):
        return None
    try:
        return await matching.number()
    except TooCostly as error:
        if counts_only:
            raise
        notes.append(f"there is no total: {error.message}")
        return None


def parsed(
    here: Interaction,
    type: str,
    asked: Sequence[tuple[str, str]],
    *,
    lenient: bool = False,
    blanks: bool = False,
) -> Query:
    """The query `asked` is. Raises Incorrect, Unsupported, TooCostly."""
    context = here.context()
    return parse(type, asked, context, lenient=lenient, blanks=blanks, supports=FEATURES)


def parsed_several(
    here: Interaction,
    asked: Sequence[tuple[str, str]],
    *,
    lenient: bool = False,
    blanks: bool = False,
    within: Compartment | None = None,
) -> Several:
    """The search of several types `asked` is. Raises Incorrect, Unsupported, TooCostly."""
    every, context = here.decision.types, here.context()
    if within is not None:
        every &= member_types(within.name)
    return parse_several(asked, every, context, lenient=lenient, blanks=blanks, supports=FEATURES)


def _require(here: Interaction, type: str) -> None:
    here.require("search", type)
