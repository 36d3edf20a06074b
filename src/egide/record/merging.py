"""Merging: the stream of what satisfies a query of several types, in an order the store keeps.

Each type has its own access path; the candidates of all of them come in one order, are opened in
that order, and are each asked the question of their type. Places of insertion are unique over all
types, so that one place says where every type goes on.
"""

import heapq
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from msgspec.structs import replace

from egide.fhir.definitions import number
from egide.fhir.search.query import Query
from egide.record.compartments import Membership
from egide.record.joins import Joins
from egide.record.matching import Match, Matching
from egide.record.opening import Opening
from egide.store import Candidate, Order, Place

_LEAST = 8
"""Candidates looked for of one type at first, however many types there are."""
_LARGEST_BATCH = 1_000
_EPOCH = datetime.fromtimestamp(0, UTC)


Key = tuple[int, int]


class Merging:
    """Queries of several types, asked on one connection; `query` says what all are to be like.
    `members` says of each type what belongs to a compartment, if only that is asked for."""

    def __init__(
        self,
        opening: Opening,
        query: Query,
        each: Sequence[Query],
        members: Mapping[str, Membership] = MappingProxyType({}),
    ) -> None:
        self.opening = opening
        self.query = query
        self.types = tuple(one.type for one in each)
        self.joins = Joins(opening)
        self._matchings = {
            number(one.type): Matching(opening, one, members.get(one.type)) for one in each
        }

    async def stream(
        self, order: Order, after: Place | None, page: int, *, from_day: date | None = None
    ) -> AsyncIterator[list[Match]]:
        """Batches of matches, in `order`, after a place."""
        assert from_day is None, "several types have no main date in common"
        size = max(page, 1)
        batch: list[Candidate] = []
        async for candidate in self._candidates(order, after, size):
            batch.append(candidate)
            if len(batch) >= size:
                yield await self._matched(batch)
                batch, size = [], min(size * 2, _LARGEST_BATCH)
        if batch:
            yield await self._matched(batch)

    async def number(self) -> int:
        """How many match. Raises TooCostly."""
        return sum([await matching.number() for matching in await self._present()])

    async def _present(self) -> list[Matching]:
        """Those of the types that have any row: most of R4's have none."""
        finder = self.opening.here.parts.finder
        there = await finder.present(self.opening.connection)
        return [matching for type, matching in self._matchings.items() if type in there]

    async def _candidates(
        self, order: Order, after: Place | None, page: int
    ) -> AsyncIterator[Candidate]:
        """The candidates of all types, in order."""
        matchings = await self._present()
        first = max(page // max(len(matchings), 1), min(page, _LEAST))
        ways = [self._way(matching, order, after, first) for matching in matchings]
        heads: list[tuple[Key, int, Candidate]] = []
        for way, candidates in enumerate(ways):
            async for candidate in candidates:
                heads.append((_key(order, candidate.place), way, candidate))
                break
        heapq.heapify(heads)
        while heads:
            _, way, candidate = heads[0]
            yield candidate
            try:
                following = await anext(ways[way])
            except StopAsyncIteration:
                heapq.heappop(heads)
            else:
                heapq.heapreplace(heads, (_key(order, following.place), way, following))

    async def _way(
        self, matching: Matching, order: Order, after: Place | None, first: int
    ) -> AsyncIterator[Candidate]:
        """The candidates of one type, one by one."""
        narrowing = replace(await matching.narrowing(), order=order, after=after)
        finder = self.opening.here.parts.finder
        async for batch in finder.candidates(self.opening.connection, narrowing, first):
            for candidate in batch:
                yield candidate

    async def _matched(self, batch: Sequence[Candidate]) -> list[Match]:
        """Those that satisfy the query of their type, in the order of the batch."""
        seen = await self.opening.see([each.row for each in batch])
        found: dict[int, Match] = {}
        for type in dict.fromkeys(each.row.type for each in batch):
            mine = [pair for pair in zip(batch, seen, strict=True) if pair[0].row.type == type]
            for match in await self._matchings[type].matched(mine):
                found[match.place.pk] = match
        return [found[each.place.pk] for each in batch if each.place.pk in found]


Asked = Matching | Merging
"""A search of one type, or of several."""


def _key(order: Order, place: Place) -> Key:
    """What comes first is smaller; as the store orders rows of one type."""
    value = place.value
    if isinstance(value, datetime):
        value_number = (value - _EPOCH) // timedelta(microseconds=1)
        return (-value_number, -place.pk) if order.descending else (value_number, place.pk)
    return (-value.toordinal(), place.pk) if order.descending else (value.toordinal(), -place.pk)
