"""Writing one resource: create, update, delete.

https://hl7.org/fhir/R4/http.html#create
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from egide import fhir
from egide.db import Connection
from egide.errors import Fault, Forbidden, Incorrect, Issue, PreconditionFailed
from egide.gate import Decision
from egide.gate.choices import agreed, binds
from egide.record.admitting import admits, numbers_of
from egide.record.content import facts_of, inherited
from egide.record.emission import Emitted, emit
from egide.record.epochs import follow
from egide.record.facts import Standing
from egide.record.interaction import Interaction
from egide.record.labels import labels_of
from egide.record.reach import derive
from egide.store import STRANGER, Draft, Opened, Prepared, Row


class Done(NamedTuple):
    """One write that was made: its row for the ledger, the resource for whoever asked.

    `unchanged`: it equals the current version, so nothing was written.
    """

    row: Row
    emitted: Emitted
    unchanged: bool


class Astray(Incorrect):
    """What these drafts name as their context is nowhere here: it says whose key they get."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        words = "names no resource of this server, by a reference, that is stored or comes along"
        super().__init__(
            f"the securityContext of a Binary {words}",
            issues=[Issue("not-found", words, "Binary.securityContext")],
        )
        self.drafts = tuple(drafts)


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
    out of reach, Astray, and then nothing is written, no key either.
    """
    parts = here.parts
    for draft in drafts:
        if not draft.fresh:
            # Before anything is looked up: a refusal tells nothing of what is there.
            here.require(_asked(here, draft), draft.type)
    prepared = await parts.writer.prepare(
        connection,
        [_bare(here, draft) for draft in drafts],
        now=parts.clock(),
        references=references,
    )
    _concern(here, prepared)
    if here.name == "import" and any(each.lost for each in prepared):
        raise Astray([each.draft for each in prepared if each.lost])
    conditions = {(draft.type, draft.id): draft for draft in drafts}
    rights = []
    admitted = admits(here, prepared)
    for each in prepared:
        rights.append(await _permit(here, connection, each, admitted))
        _require(conditions.pop((each.draft.type, each.draft.id)), each)
    if any(not _sees_all(here, draft) for draft in conditions.values()):
        # What there is nothing to delete of answers like what is somebody else's.
        raise here.hide()
    await parts.writer.apply(connection, prepared)
    await follow(parts, connection, prepared)
    for place, each in enumerate(prepared):
        if each.late or admitted:
            rights[place] = await _permit(here, connection, each, admitted)
    _concern(here, prepared)
    await derive(parts, connection, prepared)
    done = []
    for each, (decision, standing) in zip(prepared, rights, strict=True):
        row = each.row
        if row is None:
            raise Fault("a prepared write was not applied")
        emitted = emit(
            decision,
            Opened(row, each.body, each.patients | each.before),
            each.draft.id,
            standing=standing,
            meets=here.meets,
            created=each.created and not each.unchanged,
            deleted=Opened(row, each.current_body, each.before) if row.deleted else None,
        )
        if emitted is None:
            raise Fault("a write the gate had permitted did not come out of it")
        done.append(Done(row, emitted, each.unchanged))
    return done


def _concern(here: Interaction, prepared: Sequence[Prepared]) -> None:
    """Name the patients in the entry, as far as they are known yet."""
    for each in prepared:
        here.concern((each.patients | each.before) - {STRANGER})


def _sees_all(here: Interaction, draft: Draft) -> bool:
    """Whether nothing of the type is hidden from the actor, who may then be told what is there."""
    return here.decide(_asked(here, draft), draft.type).opens_all(draft.type)


def _asked(here: Interaction, draft: Draft) -> str:
    """The interaction a draft under a known id asks for, whatever is there."""
    if here.name == "import":
        return here.name
    return "delete" if draft.resource is None else "update"


def _bare(here: Interaction, draft: Draft) -> Draft:
    """A draft without the conditions whose answer would tell of what is hidden: they are asked
    once the gate has permitted the write."""
    if draft.fresh or _sees_all(here, draft):
        return draft
    return replace(draft, expected=None, absent=False)


def _require(asked: Draft, each: Prepared) -> None:
    """The conditions of a write that is permitted. Raises PreconditionFailed."""
    current = None if each.created else each.current
    if asked.absent and current is not None:
        raise PreconditionFailed("the resource exists already")
    if asked.expected is not None and (current is None or current.version != asked.expected):
        raise PreconditionFailed("the current version is not the one named")


async def _permit(
    here: Interaction, connection: Connection, each: Prepared, admitted: frozenset[bytes]
) -> tuple[Decision, Standing]:
    """The decision for one write, once it permits the state before and the state after; `admitted`
    are new patients of the establishment the roles are held for."""
    draft = each.draft
    name = "delete" if draft.resource is None else "create" if each.created else "update"
    if here.name == "import":
        name = here.name
    decision = here.decide(name, draft.type)
    type = draft.type
    if each.created and not draft.fresh:
        _question(here, decision, type)
        if not decision.may_identify(type):
            # The same answer as for an id that is somebody else's.
            here.note(rule="server-chosen-ids")
            raise here.hide()
    if not decision.allowed:
        here.require(name, type)
    standing = await here.standing(connection, decision, each.patients | each.before)
    if admitted:
        new = numbers_of(each, admitted)
        standing = replace(standing, belonging=standing.belonging | new)

    def permitted(body: bytes, patients: frozenset[int]) -> bool:
        facts = facts_of(decision, type, body, patients, standing, here.meets)
        return decision.permits(facts) == "yes"

    alive = each.current is not None and not each.current.deleted
    if alive and not permitted(each.current_body, each.before):
        if draft.resource is not None:
            _question(here, decision, type)
        raise here.hide()
    if draft.resource is not None:
        was = each.current_body if alive else b""
        if not decision.may_label(type) and (
            labels_of(each.body) != labels_of(was) or _leaves(each, standing)
        ):
            here.note(rule="labels")
            raise Forbidden("you may not change security labels")
        if each.lost and decision.opens_all(type):
            raise Astray([draft])
        if each.lost or not permitted(each.body, each.patients):
            others = "others" if here.actor.held is None else "others, or another establishment"
            raise here.keep_apart(f"you may not write this {type}: it concerns {others}")
    if type == "Consent":
        _leave_alone(here, decision, each)
    return decision, standing


def _leaves(each: Prepared, standing: Standing) -> bool:
    """Whether a write takes a resource out of a stay whose labels it has."""
    if not standing.episodes:
        return False
    held = standing.episodes
    was = inherited(fhir.reference_strings(each.current_body), each.before, held)
    will = inherited(fhir.reference_strings(each.body), each.patients, held)
    return not was <= will | labels_of(each.body)


def _leave_alone(here: Interaction, decision: Decision, each: Prepared) -> None:
    """Raises Forbidden when a Consent that binds who asks would be changed, or one be made that
    lets him in: what a patient decided about somebody is not that one's to write."""
    if not all(grant.heeds for grant in decision.grants_on("Consent")):
        return
    zone, facts = here.parts.zone, decision.facts
    was, will = (fhir.parse(body) if body else {} for body in (each.current_body, each.body))
    if binds(was, zone, facts.who, facts.purpose):
        here.note(rule="own-consent")
        raise Forbidden("you may not change a Consent that denies you something")
    named = {each.actor for each in agreed(will, zone)} - {each.actor for each in agreed(was, zone)}
    if any(name in facts.who for name in named if name.startswith("Practitioner/")):
        here.note(rule="own-consent")
        raise Forbidden("you may not write a Consent that lets yourself in")


def _question(here: Interaction, decision: Decision, type: str) -> None:
    """An id is free, or somebody else's: told to who may choose ids, so many times an hour."""
    told = decision.may_identify(type) and not decision.opens_all(type)
    if told and here.name != "import":
        here.question()
