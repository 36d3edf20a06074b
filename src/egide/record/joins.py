"""Joins: chains and `_has`, decided on opened resources; and what they narrow beforehand.

`holds` is exact: it follows the references of each opened candidate, or looks for those that refer
to it, and asks the opened ones. `narrow` looks from the other end first: when few resources satisfy
the end of a chain, only what refers to them needs opening.
https://hl7.org/fhir/R4/search.html#chaining
"""

from collections.abc import AsyncIterator, Sequence

from msgspec.structs import replace

from egide.fhir.search.allowlist import WITHHELD, leading_parameter
from egide.fhir.search.clause import Clause
from egide.fhir.search.edge import KEYED_APART, Edge, edge, patient_edges
from egide.fhir.search.join import Chain, Condition, Has
from egide.fhir.search.narrow import ids_for, targets_for, terms_for
from egide.record.compartments import Membership
from egide.record.facts import within
from egide.record.opening import Opening, Seen
from egide.store import Led, Narrowing, Refers, parameter_number

FEW = 1_000
"""Resources opened to look at a join from its other end; beyond, candidates are followed."""

_PAGE = 200


class Joins:
    """Answers joins for one search."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._here = opening.here
        self._index = opening.here.parts.writer.index
        self._along: dict[tuple[str, Edge], set[str]] = {}

    async def holds(self, condition: Condition, seen: Sequence[Seen]) -> list[bool]:
        """Whether each of `seen`, all of one type, satisfies `condition`."""
        if isinstance(condition, Clause):
            return [condition.test(each.resource, each.resource) for each in seen]
        if isinstance(condition, Chain):
            return await self._chain(condition, seen)
        return await self._has(condition, seen)

    async def _chain(self, chain: Chain, seen: Sequence[Seen]) -> list[bool]:
        """Follow each one's references along the edge, and ask where they lead."""
        conditions = dict(chain.by_type)
        along = [self.along(each, chain.edge) for each in seen]
        wanted = [
            reference
            for references in along
            for reference in references
            if reference.partition("/")[0] in conditions
        ]
        found = await self._opening.targets(wanted)
        good: set[str] = set()
        for type, condition in conditions.items():
            ends = [(name, end) for name, end in found.items() if end.emitted.type == type]
            held = await self.holds(condition, [end for _, end in ends])
            good.update(name for (name, _), yes in zip(ends, held, strict=True) if yes)
        return [not good.isdisjoint(references) for references in along]

    async def _has(self, has: Has, seen: Sequence[Seen]) -> list[bool]:
        """Look for what refers to each one along the edge, and ask it."""
        if not seen:
            return []
        good: set[str] = set()
        narrowing = self.narrowing(has.type, has.condition)
        narrowing = replace(
            narrowing,
            refers=(*narrowing.refers, self.refers(has.edge, [each.reference for each in seen])),
        )
        async for source in self._all(narrowing, has.condition):
            good.update(self.along(source, has.edge))
        return [each.reference in good for each in seen]

    async def ends(self, chain: Chain) -> list[str] | None:
        """Every `Type/id` a chain may end at, when they are few; else None."""
        found: list[str] = []
        for type, condition in chain.by_type:
            there = await self._few(type, condition)
            if there is None or len(found) + len(there) > FEW:
                return None
            found += [end.reference for end in there]
        return found

    async def starts(self, has: Has) -> list[str] | None:
        """Every `Type/id` that something satisfying a `_has` refers to, when they are few."""
        there = await self._few(has.type, has.condition)
        if there is None:
            return None
        return sorted({target for source in there for target in self.along(source, has.edge)})

    async def _few(self, type: str, condition: Condition) -> list[Seen] | None:
        """All of `type` that satisfies `condition`; None when finding out takes many openings."""
        narrowing = self.narrowing(type, condition)
        if not (narrowing.selective or narrowing.terms or narrowing.led):
            return None
        about = await self._here.parts.finder.about(self._opening.connection, narrowing)
        if about is not None and about > 2 * FEW and not narrowing.selective:
            return None
        found: list[Seen] = []
        before = self._opening.budget.spent
        async for end in self._all(narrowing, condition):
            found.append(end)
            if self._opening.budget.spent - before > FEW:
                return None
        return found if self._opening.budget.spent - before <= FEW else None

    def narrowing(self, type: str, condition: Condition) -> Narrowing:
        """What the index can hold one condition on `type` to; joins narrow nothing here."""
        narrowing = self.within_reach(type)
        return self.narrowed(narrowing, condition) if isinstance(condition, Clause) else narrowing

    def within_reach(self, type: str) -> Narrowing:
        """What the actor's reach alone holds a search of `type` to."""
        here = self._here
        decision = here.decide("search", type)
        reach = decision.reach
        facing = within(here.parts, here.who) if decision.looks_up else None
        if reach.kind == "set" and reach.patient is None:
            whose = facing and replace(facing, wide=reach.held)
            return Narrowing(type, reach=whose, unbound=reach.unbound, facing=facing)
        if reach.kind == "one" and not reach.unbound and reach.patient is not None:
            owner = here.who.idents[reach.patient]
            return Narrowing(type, owners=((owner,),), facing=facing)
        if reach.kind == "none" and not reach.unbound:
            return Narrowing(type, ids=())
        return Narrowing(type, facing=facing)

    def narrowed(self, narrowing: Narrowing, clause: Clause) -> Narrowing:
        """`narrowing`, and what one clause adds to it."""
        blind, type = self._here.parts.blind, narrowing.type
        ids = ids_for(clause)
        if ids is not None:
            idents = tuple(blind.ident(type, id) for id in ids)
            if narrowing.ids is not None:
                idents = tuple(set(idents) & set(narrowing.ids))
            return replace(narrowing, ids=idents)
        targets = targets_for(clause)
        if targets is not None:
            return self.referring(narrowing, edge_of(clause), targets)
        terms = terms_for(clause, self._here.parts.population.lists.asking)
        if terms is None:
            return narrowing
        added = tuple(blind.term(type, *each) for each in terms)
        if {parameter for parameter, _ in terms} - {WITHHELD[0]} == {leading_parameter(type)}:
            others = tuple(blind.term(type, *each) for each in terms if each != WITHHELD)
            return replace(narrowing, led=(*narrowing.led, Led(added, others)))
        return replace(narrowing, terms=(*narrowing.terms, added))

    def referring(self, narrowing: Narrowing, along: Edge, targets: Sequence[str]) -> Narrowing:
        """`narrowing`, held to what refers along an edge to one of `targets` (`Type/id`)."""
        refers = self.refers(along, targets)
        type = narrowing.type
        whole = len(refers.patients) == len(refers.targets)
        if whole and type not in KEYED_APART and along.parameter in patient_edges(type):
            return replace(narrowing, owners=(*narrowing.owners, refers.patients))
        return replace(narrowing, refers=(*narrowing.refers, refers))

    def belonging(self, narrowing: Narrowing, member: Membership) -> Narrowing:
        """`narrowing`, held to what may belong to a compartment."""
        blind, type, (name, id) = self._here.parts.blind, narrowing.type, member.compartment
        own = (blind.ident(name, id),)
        if name == "Patient" and type not in KEYED_APART:
            return replace(narrowing, owners=(*narrowing.owners, own))
        along = [edge_of(each) for each in member.clauses if each.parameter.kind == "reference"]
        numbers = tuple(dict.fromkeys(parameter_number(each.parameter) for each in along))
        if not numbers:
            return self.narrowed(narrowing, member.clauses[0])
        itself = own if type == name else ()
        refers = Refers(numbers[0], own, beside=numbers[1:], ids=itself)
        return replace(narrowing, refers=(*narrowing.refers, refers))

    def refers(self, along: Edge, targets: Sequence[str]) -> Refers:
        """The edge to one of `targets`, as the store looks for it."""
        blind = self._here.parts.blind
        if along.target is not None:
            targets = [each for each in targets if each.startswith(f"{along.target}/")]
        idents = {target: blind.ident(*target.split("/", 1)) for target in targets}
        patients = [idents[target] for target in targets if target.startswith("Patient/")]
        number = parameter_number(along.parameter)
        return Refers(number, tuple(idents.values()), tuple(patients))

    def along(self, seen: Seen, way: Edge) -> set[str]:
        """The `Type/id` a resource refers to along an edge: looked for once, for a long chain may
        come by again and again."""
        key = seen.reference, way
        if key not in self._along:
            found = self._index(seen.emitted.type, seen.resource)
            self._along[key] = {
                target
                for parameter, target in (*found.references, *found.about)
                if parameter == way.parameter
                and (way.target is None or target.startswith(f"{way.target}/"))
            }
        return self._along[key]

    async def _all(self, narrowing: Narrowing, condition: Condition) -> AsyncIterator[Seen]:
        """Everything permitted that `narrowing` finds and `condition` holds for."""
        if not self._here.decide("search", narrowing.type).allowed:
            return
        finder = self._here.parts.finder
        async for batch in finder.candidates(self._opening.connection, narrowing, _PAGE):
            seen = await self._opening.see([each.row for each in batch])
            there = [each for each in seen if each is not None]
            for each, yes in zip(there, await self.holds(condition, there), strict=True):
                if yes:
                    yield each


def edge_of(clause: Clause) -> Edge:
    """The edge a reference clause reads."""
    return edge(clause.parameter.type, clause.parameter.code)
