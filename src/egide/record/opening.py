"""Opening rows for a search: parsed, permitted, within the budget.

Whatever a search looks at (a match, the target of a chain, an include) is permitted first: what is
hidden neither leaves nor helps to find what leaves.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from egide import fhir
from egide.db import Connection
from egide.fhir.definitions import type_name
from egide.record.budget import Budget
from egide.record.emission import Emitted, emit
from egide.record.facts import NOWHERE, known_by
from egide.record.interaction import Interaction
from egide.store import Row


class Seen(NamedTuple):
    """An opened resource the actor may see: parsed, as it would leave, and its ident."""

    resource: Mapping[str, Any]
    emitted: Emitted
    ident: bytes

    @property
    def reference(self) -> str:
        """`Type/id`."""
        return f"{self.emitted.type}/{self.emitted.id}"


class Opening:
    """Opens rows on one connection, for one interaction."""

    def __init__(self, here: Interaction, connection: Connection, budget: Budget) -> None:
        self.here = here
        self.connection = connection
        self.budget = budget
        self._known: dict[bytes, Seen | None] = {}

    async def see(self, rows: Sequence[Row]) -> list[Seen | None]:
        """Each row opened, in order; None for what is deleted or not permitted."""
        here, parts = self.here, self.here.parts
        self.budget.spend(len(rows))
        opened = await parts.reader.open(self.connection, rows)
        kinds = {each.row.type for each in opened}
        decisions = {kind: here.decide("search", type_name(kind)) for kind in kinds}
        standing = NOWHERE
        for decision in decisions.values():
            if decision.looks_up:
                patients = {patient for each in opened for patient in each.patients}
                standing = await here.standing(self.connection, decision, patients, known_by(rows))
                break
        seen: list[Seen | None] = []
        for each in opened:
            if not each.body:
                seen.append(None)
                continue
            resource = fhir.parse(each.body)
            decision = decisions[each.row.type]
            emitted = emit(decision, each, resource["id"], standing=standing, meets=here.meets)
            if emitted is None:
                seen.append(None)
                continue
            if emitted.body is not each.body:
                # What is masked is not there for questions, orders and joins either.
                resource = fhir.parse(emitted.body)
            seen.append(Seen(resource, emitted, each.row.id))
        return seen

    async def targets(self, references: Sequence[str]) -> dict[str, Seen]:
        """`Type/id` → the current resource there, for those that exist and are permitted."""
        blind = self.here.parts.blind
        idents = {reference: blind.ident(*reference.split("/", 1)) for reference in set(references)}
        missing = [ident for ident in idents.values() if ident not in self._known]
        if missing:
            rows = await self.here.parts.reader.many(self.connection, missing)
            found = dict.fromkeys(missing)
            for row, seen in zip(rows, await self.see(rows), strict=True):
                found[row.id] = seen
            self._known |= found
        return {
            reference: seen
            for reference, ident in idents.items()
            if (seen := self._known[ident]) is not None
        }
