"""Explaining a decision to who looks after rights: what the gate would say to somebody else.

Nothing of a resource is told but whether it leaves, and by which rule. Where there is none, the
grants are explained without one.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from msgspec import structs

from egide.actor import PURPOSES, Actor
from egide.db import Connection
from egide.errors import Incorrect, PreconditionFailed
from egide.gate import Decision, ResourceFacts, grants_of
from egide.gate.explaining import Explanation, explain
from egide.ids import RESOURCE_ID
from egide.record import conditional, represented
from egide.record.content import facts_of
from egide.record.facts import Who, decision_for, standing, who
from egide.record.interaction import Interaction
from egide.record.parts import Parts
from egide.store import Row

OPEN = "open-to-anyone"
"""The rule of an address at which nobody is asked who he is."""
_SERVER_CHOSEN = "server-chosen-ids"
"""The rule by which only some may say under which id something new is kept."""


class Asked(NamedTuple):
    """What an address asks for: the interactions it may come to, and of what.

    No interaction: it is open to anyone. `type`, `id`, `version`: those it names, if it does;
    `criterion`: the parameters that select, where a write names no id but what it matches.
    """

    interactions: tuple[str, ...]
    type: str | None = None
    id: str | None = None
    version: int | None = None
    criterion: tuple[tuple[str, str], ...] | None = None


async def explained(
    here: Interaction, actor: Actor, purpose: str, asked: Asked, relatives: Sequence[str] = ()
) -> Explanation:
    """What the gate would say to `actor`; where he acts for somebody, by the tie of `relatives`
    (ids of RelatedPersons) that holds now. A criterion is looked up as the write itself would, and
    nothing is written. Raises Incorrect, Unsupported, TooCostly."""
    if purpose not in PURPOSES:
        raise Incorrect("the purpose of use is not one this server knows")
    if not all(id is None or RESOURCE_ID.match(id) for id in (actor.behalf, actor.launched)):
        raise Incorrect("a patient to act for, or to be launched with, is named by an id")
    here.note(explained=[list(asked.interactions), asked.type, actor.account])
    if not asked.interactions:
        return Explanation("allow", OPEN, None, ())
    parts = here.parts
    tied = await _tied(here, actor, relatives)
    asking = await who(parts, tied, purpose)

    def decide(name: str) -> Decision:
        return decision_for(parts, tied, purpose, name, asked.type, asking)

    if asked.id is not None:
        here.note(ids=[asked.id])
        here.question()
    selected = _NO_CRITERION
    async with parts.database.snapshot() as connection:
        if asked.criterion is not None and decide(asked.interactions[0]).allowed:
            here.note(criterion=list(asked.criterion))
            here.question()
            selected = await _selected(parts, connection, tied, purpose, asking, asked)
        row = await _row(here, connection, asked._replace(id=asked.id or selected.id))
        there = row is not None or selected.rule is not None
        decision = decide(_comes_to(asked, lambda name: decide(name).allowed, there))
        resource = None
        if row is not None:
            resource = await _facts(here, connection, decision, asking, row)
    found = explain(decision.facts, grants_of(actor.roles), resource)
    if selected.rule is not None:
        return _refused(found, selected.rule)
    if asked.id is not None and decision.facts.interaction == "create":
        return _under_an_id(found, decision)
    return found


class _Selected(NamedTuple):
    """What a criterion comes to: the id of what matches (None: nothing does), or the rule by which
    it is refused."""

    id: str | None = None
    rule: str | None = None


_NO_CRITERION: Final = _Selected()


async def _selected(
    parts: Parts, connection: Connection, actor: Actor, purpose: str, asking: Who, asked: Asked
) -> _Selected:
    """What the criterion selects for `actor`, by what his own write would look it up with."""
    assert asked.type is not None and asked.criterion is not None
    his = Interaction(parts, actor, purpose, asked.interactions[0], asked.type)
    his.who = asking
    his.decision = his.decide(his.name, his.type)
    if not conditional.entitled(his, asked.type):
        return _Selected(rule=conditional.IDENTITY_SEARCH)
    wanted = conditional.selecting(his, asked.type, asked.criterion)
    try:
        found = await conditional.find(his, connection, wanted)
    except PreconditionFailed:
        return _Selected(rule=conditional.MULTIPLE_MATCHES)
    return _Selected(None if found is None else found.id)


async def _tied(here: Interaction, actor: Actor, relatives: Sequence[str]) -> Actor:
    """`actor` as the RelatedPerson of the patient he acts for."""
    if actor.behalf is None:
        return actor
    ties = await represented.by(here.parts, relatives)
    tie = next((each.relative for each in ties if each.patient == actor.behalf), actor.relative)
    return replace(actor, relative=tie)


async def _row(here: Interaction, connection: Connection, asked: Asked) -> Row | None:
    """The version that is asked about; None when there is none, or it is a deletion."""
    if asked.type is None or asked.id is None:
        return None
    reader = here.parts.reader
    if asked.version is None:
        row = await reader.current(connection, asked.type, asked.id)
    else:
        row = await reader.version(connection, asked.type, asked.id, asked.version)
    return None if row is None or row.deleted else row


async def _facts(
    here: Interaction, connection: Connection, decision: Decision, asking: Who, row: Row
) -> ResourceFacts:
    """The facts of a row for a decision on its type."""
    parts, type = here.parts, decision.facts.type
    assert type is not None
    (opened,) = await parts.reader.open(connection, [row])
    here.concern(opened.patients)
    there = await standing(parts, connection, decision, asking, opened.patients, always=True)
    return facts_of(decision, type, opened.body, opened.patients, there, here.meets)


def _comes_to(asked: Asked, allowed: Callable[[str], bool], there: bool) -> str:
    """Which of its interactions an address comes to: what is not there, or what nothing matches, is
    created by who may update; of bundles, the first kind that may be sent."""
    first, *others = asked.interactions
    if asked.id is not None or asked.criterion is not None:
        return others[0] if others and not there and allowed(first) else first
    if asked.type is not None:
        return first
    return next((each for each in asked.interactions if allowed(each)), first)


def _under_an_id(found: Explanation, decision: Decision) -> Explanation:
    """The explanation of creating under an id one has chosen."""
    facts = decision.facts
    if not decision.allowed or facts.type is None or decision.may_identify(facts.type):
        return found
    return _refused(found, _SERVER_CHOSEN)


def _refused(found: Explanation, rule: str) -> Explanation:
    """An explanation of what no grant would be enough for, by `rule`."""
    lines = tuple(
        structs.replace(line, answer="no", reason=rule) if line.answer == "yes" else line
        for line in found.lines
    )
    return structs.replace(found, outcome="deny", rule=rule, lines=lines)
