"""Matching: the stream of what satisfies a query, in an order the store keeps.

Every candidate is opened, permitted, and asked the whole question, joins included.
"""

from collections.abc import AsyncIterator, Iterable
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from egide.fhir.search.join import Condition
from egide.fhir.search.narrow import days_for
from egide.fhir.search.query import Query, matches
from egide.record.compartments import Membership
from egide.record.joins import Joins
from egide.record.members import members
from egide.record.opening import Opening, Seen
from egide.store import Candidate, Narrowing, Order, Place

_RARE = 200
"""Candidates that are opened and followed rather than looked for from the ends of their joins."""


class Match(NamedTuple):
    """Something that satisfies the query, and its place in the store's order."""

    seen: Seen
    place: Place
    day: date


class Matching:
    """One query, asked on one connection, perhaps of what belongs to a compartment only."""

    def __init__(self, opening: Opening, query: Query, member: Membership | None = None) -> None:
        self.opening = opening
        self.query = query
        self.types = (query.type,)
        self.joins = Joins(opening)
        self._member = member
        self._narrowing: Narrowing | None = None
        self._members: list[frozenset[str]] = []

    async def stream(
        self, order: Order, after: Place | None, page: int, *, from_day: date | None = None
    ) -> AsyncIterator[list[Match]]:
        """Batches of matches, in `order`, after a place (or from a day on, in a day's order)."""
        narrowing = await self.narrowing()
        narrowing = replace(narrowing, order=order, after=after)
        if from_day is not None and order.descending:
            narrowing = replace(narrowing, last=min(narrowing.last or from_day, from_day))
        elif from_day is not None:
            narrowing = replace(narrowing, first=max(narrowing.first or from_day, from_day))
        finder = self.opening.here.parts.finder
        async for batch in finder.candidates(self.opening.connection, narrowing, page):
            seen = await self.opening.see([each.row for each in batch])
            yield await self.matched(zip(batch, seen, strict=True))

    async def matched(self, opened: Iterable[tuple[Candidate, Seen | None]]) -> list[Match]:
        """Those of the opened candidates that satisfy the query, in the same order."""
        asked = [
            Match(seen, candidate.place, candidate.day)
            for candidate, seen in opened
            if seen is not None
            and all(seen.reference in held for held in self._members)
            and (self._member is None or self._member.holds(seen.resource))
            and matches(self.query, seen.resource)
        ]
        return await self._joined(asked)

    async def number(self) -> int:
        """How many match. Raises TooCostly."""
        narrowing = await self.narrowing()
        if self._plain():
            finder = self.opening.here.parts.finder
            return await finder.count(self.opening.connection, narrowing)
        total = 0
        async for batch in self.stream(Order(), None, 200):
            total += len(batch)
        return total

    async def narrowing(self) -> Narrowing:
        """What the index holds the query to: always a superset of the answer."""
        if self._narrowing is None:
            self._narrowing = await self._narrow()
        return self._narrowing

    async def _narrow(self) -> Narrowing:
        query, here = self.query, self.opening.here
        await here.parts.population.fresh(self.opening.connection)
        days = days_for(query)
        narrowing = replace(
            self.joins.within_reach(query.type),
            first=days.first,
            last=days.last,
            until=days.until,
        )
        if self._member is not None:
            narrowing = self.joins.belonging(narrowing, self._member)
        for clause in query.clauses:
            narrowing = self.joins.narrowed(narrowing, clause)
        for lists in query.lists:
            held = await members(self.opening, lists)
            self._members.append(held)
            narrowing = self._among(narrowing, held)
        if narrowing.selective or await self._rare(narrowing):
            return narrowing
        for chain in query.chains:
            ends = await self.joins.ends(chain)
            if ends is not None:
                narrowing = self.joins.referring(narrowing, chain.edge, ends)
        for has in query.has:
            starts = await self.joins.starts(has)
            if starts is not None:
                narrowing = self._among(narrowing, starts)
        return narrowing

    def _among(self, narrowing: Narrowing, references: Iterable[str]) -> Narrowing:
        """`narrowing`, held to some `Type/id`, of which those of another type are none."""
        blind, type = self.opening.here.parts.blind, narrowing.type
        mine = (each.split("/", 1) for each in references if each.startswith(f"{type}/"))
        idents = {blind.ident(*each) for each in mine}
        if narrowing.ids is not None:
            idents &= set(narrowing.ids)
        return replace(narrowing, ids=tuple(idents))

    async def _rare(self, narrowing: Narrowing) -> bool:
        """Whether following each candidate's joins is less work than looking from their ends."""
        if not (self.query.chains or self.query.has):
            return False
        finder = self.opening.here.parts.finder
        about = await finder.about(self.opening.connection, narrowing)
        return about is not None and about <= _RARE

    async def _joined(self, asked: list[Match]) -> list[Match]:
        conditions: list[Condition] = [*self.query.chains, *self.query.has]
        for condition in conditions:
            held = await self.joins.holds(condition, [match.seen for match in asked])
            asked = [match for match, yes in zip(asked, held, strict=True) if yes]
            if not asked:
                break
        return asked

    def _plain(self) -> bool:
        """Whether the narrowing alone is the answer: nothing asked, everything permitted."""
        query, here = self.query, self.opening.here
        asks = query.clauses or query.chains or query.has or query.lists or self._member
        return not asks and here.decide("search", query.type).opens_all(query.type)
