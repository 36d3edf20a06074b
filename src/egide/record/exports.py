"""Exports: many records at once, in one snapshot, each batch in the ledger before it leaves.

What is in the records is of the instant the export began; who may have it is decided at each batch,
from what patients decided by then.

Invariants
- No batch leaves before its entry, with its patients, is durable
  (tests/integration/record/test_exports.py).
- Each resource is permitted by itself, as in any other interaction.
- What a patient takes back while an export goes on holds from its next batch on
  (test_what_a_patient_takes_back_meanwhile_is_left_out_of_the_next_batch).
"""

import re
from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple

from egide.actor import Actor
from egide.db import Connection
from egide.errors import Fault
from egide.fhir.definitions import TYPES
from egide.record.emission import Emitted, emit
from egide.record.facts import NOWHERE, decision_for, who
from egide.record.interaction import Interaction, interaction, not_found
from egide.record.parts import Parts
from egide.store import Candidate, Narrowing, Order

BATCH = 1_000
"""Resources in one batch at most."""

_AS_WRITTEN = Order("updated", descending=False)
_ID = re.compile(rb'\{"resourceType":"[A-Za-z]+","id":"([A-Za-z0-9\-.]{1,64})"')


class Batch(NamedTuple):
    """Some resources of one type, as lines of NDJSON; `patients` are key numbers."""

    type: str
    resources: int
    lines: bytes
    patients: frozenset[int]


async def export(
    parts: Parts,
    actor: Actor,
    purpose: str,
    types: Sequence[str],
    *,
    patient: str | None,
    to: str,
) -> AsyncGenerator[Batch]:
    """The current resources of `types`, or those of them in one patient's record.

    No types: all the actor may export. Raises Forbidden for a type he may not, NotFound for a
    patient there is not. `to` says in the ledger where they go.
    """
    asking = await who(parts, actor, purpose)

    def allowed(type: str) -> bool:
        return decision_for(parts, actor, purpose, "export", type, asking).allowed

    wanted = list(types) or [type for type in TYPES if allowed(type)]
    for type in types if wanted else ("Patient",):
        if not allowed(type):
            async with interaction(parts, actor, purpose, "export", type, to=to):
                raise Fault("what was refused once was allowed the next moment")
    async with parts.database.snapshot() as connection:
        owners: tuple[tuple[bytes, ...], ...] = ()
        if patient is not None:
            owners = ((parts.blind.ident("Patient", patient),),)
            async with interaction(
                parts, actor, purpose, "export", "Patient", ids=[patient], to=to
            ) as here:
                await _require(here, connection, patient)
        for type in wanted:
            narrowing = Narrowing(type, owners=owners, order=_AS_WRITTEN)
            async for found in parts.finder.candidates(connection, narrowing, BATCH):
                async with interaction(parts, actor, purpose, "export", type, to=to) as here:
                    emitted = await _permitted(here, connection, found)
                    patients = frozenset(key for each in emitted for key in each.patients)
                    here.concern(patients)
                    here.note(count=len(emitted))
                if emitted:
                    lines = b"\n".join([*(each.body for each in emitted), b""])
                    yield Batch(type, len(emitted), lines, patients)


async def _require(here: Interaction, connection: Connection, patient: str) -> None:
    row = await here.parts.reader.current(connection, "Patient", patient)
    if row is None or row.deleted:
        raise not_found()
    (opened,) = await here.parts.reader.open(connection, [row])
    here.concern(opened.patients)
    standing = await here.standing(connection, here.decision, opened.patients)
    if emit(here.decision, opened, patient, standing=standing, meets=here.meets) is None:
        raise here.hide()


async def _permitted(
    here: Interaction, connection: Connection, found: Sequence[Candidate]
) -> list[Emitted]:
    opened = await here.parts.reader.open(connection, [each.row for each in found])
    patients = {key for each in opened for key in each.patients}
    decision = here.decision
    standing = NOWHERE
    if decision.looks_up:
        async with here.parts.database.snapshot() as now:
            standing = await here.standing(now, decision, patients)
    emitted = (
        emit(decision, each, _id(each.body), standing=standing, meets=here.meets) for each in opened
    )
    return [each for each in emitted if each is not None]


def _id(body: bytes) -> str:
    """The id in canonical JSON, where it comes second."""
    match = _ID.match(body)
    if match is None:
        raise Fault("a stored body is not canonical")
    return match[1].decode("ascii")
