"""Includes: what matches refer to, and what refers to them.

https://hl7.org/fhir/R4/search.html#include
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from egide.errors import TooCostly
from egide.fhir.search.edge import Edge, edge_sources
from egide.fhir.search.join import Include
from egide.fhir.search.parameter import parameter
from egide.record.joins import Joins
from egide.record.opening import Opening, Seen

MOST = 1_000
"""Resources one page may bring along."""

_PAGE = 200


class Includes:
    """Finds what a page brings along, each resource once, permitted like everything else."""

    def __init__(self, opening: Opening, joins: Joins) -> None:
        self._opening = opening
        self._joins = joins
        self._index = opening.here.parts.writer.index

    async def of(self, matches: Sequence[Seen], wanted: Sequence[Include]) -> list[Seen]:
        """What `wanted` brings along with `matches`, in the order it was found."""
        known = {match.reference for match in matches}
        brought: list[Seen] = []
        frontier, asked = list(matches), wanted
        while frontier and asked:
            found = [seen for include in asked for seen in await self._one(include, frontier)]
            frontier = []
            for seen in found:
                if seen.reference not in known:
                    known.add(seen.reference)
                    frontier.append(seen)
            brought += frontier
            if len(brought) > MOST:
                raise TooCostly(f"a page would bring more than {MOST:,} resources along; ask less")
            asked = [include for include in wanted if include.iterate]
        return brought

    async def _one(self, include: Include, frontier: Sequence[Seen]) -> list[Seen]:
        if include.reverse:
            return await self._referring(include, frontier)
        references = [
            target
            for seen in frontier
            if include.source in (None, seen.emitted.type)
            for target in self._targets(include, seen)
        ]
        return list((await self._opening.targets(references)).values())

    def _targets(self, include: Include, seen: Seen) -> list[str]:
        found = self._index(seen.emitted.type, seen.resource)
        return [
            target
            for parameter, target in (*found.references, *found.about)
            if (include.edge is None or parameter == include.edge.parameter)
            and _is(target, include.target or (include.edge and include.edge.target))
        ]

    async def _referring(self, include: Include, frontier: Sequence[Seen]) -> list[Seen]:
        """What refers to the frontier along the edge, or along any edge of its type."""
        targets = {seen.reference for seen in frontier if _is(seen.reference, include.target)}
        source = include.source
        if source is None or not targets or not self._opening.here.decide("search", source).allowed:
            return []
        edges = [include.edge] if include.edge else _edges_to(source, targets)
        found: dict[str, Seen] = {}
        for edge in edges:
            refers = self._joins.refers(edge, sorted(targets))
            narrowing = replace(self._joins.within_reach(source), refers=(refers,))
            finder = self._opening.here.parts.finder
            async for batch in finder.candidates(self._opening.connection, narrowing, _PAGE):
                for seen in await self._opening.see([each.row for each in batch]):
                    if seen is not None and targets & self._joins.along(seen, edge):
                        found[seen.reference] = seen
                if len(found) > MOST:
                    raise TooCostly(
                        f"a page would bring more than {MOST:,} resources along; ask less"
                    )
        return list(found.values())


def _edges_to(source: str, targets: Iterable[str]) -> list[Edge]:
    """The edges of a type that may lead to what is at `targets`."""
    types = {target.partition("/")[0] for target in targets}
    found = []
    for edge, _ in edge_sources(source):
        known = parameter(source, edge.parameter)
        if known is not None and (not known.targets or not types.isdisjoint(known.targets)):
            found.append(edge)
    return found


def _is(reference: str, type: str | None) -> bool:
    return type is None or reference.startswith(f"{type}/")
