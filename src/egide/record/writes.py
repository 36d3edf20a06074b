"""Writing one resource: create, update, delete.

https://hl7.org/fhir/R4/http.html#create
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from egide.db import Connection
from egide.errors import Fault, Forbidden
from egide.gate import Decision, ResourceFacts
from egide.record.emission import Emitted, emit
from egide.record.facts import reached
from egide.record.interaction import Interaction
from egide.record.labels import labels_of
from egide.store import Draft, Opened, Prepared, Row


class Done(NamedTuple):
    """One write that was made: its row for the ledger, the resource for whoever asked.

    `unchanged`: it equals the current version, so nothing was written.
    """

    row: Row
    emitted: Emitted
    unchanged: bool


async def write(here: Interaction, draft: Draft) -> Emitted | None:
    """Write one draft in a transaction of its own; None when there was nothing to delete."""
    async with here.parts.database.transaction() as connection:
        written = await write_in(here, connection, [draft])
        await here.log_rows(connection, [done.row.mark() for done in written if not done.unchanged])
    here.committed()
    return written[0].emitted if written else None


async def write_in(
    here: Interaction,
    connection: Connection,
    drafts: Sequence[Draft],
    references: Mapping[str, str] | None = None,
) -> list[Done]:
    """Prepare, ask the gate about every state before and after, apply.

    What there was nothing to delete of is left out. Raises Forbidden, or NotFound for what is
    out of reach, and then nothing is written.
    """
    parts = here.parts
    prepared = await parts.writer.prepare(
        connection, drafts, now=parts.clock(), references=references
    )
    here.concern(patient for each in prepared for patient in each.patients | each.before)
    rights = [await _permit(here, connection, each) for each in prepared]
    await parts.writer.apply(connection, prepared)
    done = []
    for each, (decision, mine) in zip(prepared, rights, strict=True):
        row = each.row
        if row is None:
            raise Fault("a prepared write was not applied")
        opened = Opened(row, each.body, each.patients | each.before)
        new = each.created and not each.unchanged
        emitted = emit(decision, opened, each.draft.id, reached=mine, created=new)
        if emitted is None:
            raise Fault("a write the gate had permitted did not come out of it")
        done.append(Done(row, emitted, each.unchanged))
    return done


async def _permit(
    here: Interaction, connection: Connection, each: Prepared
) -> tuple[Decision, frozenset[int]]:
    """The decision for one write, once it permits the state before and the state after."""
    draft = each.draft
    name = "delete" if draft.resource is None else "create" if each.created else "update"
    if here.name == "import":
        name = here.name
    decision = here.decide(name, draft.type)
    if not decision.allowed:
        here.note(rule=decision.rule)
        raise Forbidden(f"{name} of {draft.type} is not allowed to you here ({decision.rule})")
    mine = await reached(here.parts, connection, decision, here.actor, each.patients | each.before)
    if each.current is not None and not each.current.deleted:
        before = ResourceFacts(draft.type, tuple(each.before), mine, labels_of(each.current_body))
        if decision.permits(before) != "yes":
            raise here.hide()
    after = ResourceFacts(draft.type, tuple(each.patients), mine, labels_of(each.body))
    if draft.resource is not None and decision.permits(after) != "yes":
        raise Forbidden(f"you may not write this {draft.type}: it concerns others")
    return decision, mine
