"""Deriving reach anew: when the rule changes by which reach follows from what is written, or was
not kept to, a pass brings what is stored in line; and gives an epoch to whom Consents or labelled
stays should have given one.

The rule is the code's (`egide.gate.ties.RULE`) and what the installation sets: its time zone, how
long care goes on. A pass goes over all that ties somebody to a patient in stretches. A stretch is
compared in a snapshot; what differs is held, derived again and replaced in a transaction of its
own, with its entry in the ledger and the place it has come to: stopped at any moment, a pass goes
on where it was.

Invariants (tests/integration/record/test_deriving.py)
- What a source gave stays in force until, in one commit, what it gives by the new rule is.
- Killed and run again, a pass leaves the reach that writing everything anew would leave.
- Reach that was given by an act, a grant or a broken glass, no pass touches.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from egide import fhir
from egide.actor import Actor
from egide.db import Connection, Database, Fetched, queries
from egide.errors import Conflict
from egide.fhir.definitions import number, type_name
from egide.gate import episodes
from egide.gate.ties import RULE
from egide.record import reach
from egide.record.epochs import Change, renew, without
from egide.record.interaction import interaction
from egide.record.parts import Parts
from egide.record.policies import episode_of
from egide.store import Row
from egide.store.walk import Walked, count_of, held, walk

_SQL = queries("egide.record", "sql/deriving.sql")

STRETCH = 500
"""Rows compared at once."""

_LOCK = 0x65676964_72656163
"""Advisory lock of whoever derives: "egidreac"."""
_TYPES = sorted(reach.DERIVED, key=number)


class Derivation(NamedTuple):
    """How far a pass is, of about how many rows; `changed`: sources that give something else."""

    type: str
    seen: int
    changed: int
    total: int
    since: datetime


def rule_of(zone: ZoneInfo, grace: timedelta) -> str:
    """The name of the rule by which an installation derives reach."""
    return f"{RULE} {zone.key} {int(grace.total_seconds())}"


async def derivation(database: Database, rule: str) -> Derivation | None:
    """The pass there is to do for all reach to follow `rule`; None when it does."""
    async with database.snapshot() as connection:
        state = await connection.fetchrow(_SQL["state"])
        if state is None or (state["rule"] == rule and state["pass"] is None):
            return None
        total = await count_of(connection, _TYPES)
    if state["pass"] != rule:
        return Derivation(_TYPES[0], 0, 0, total, state["since"])
    return _place(state, total)


async def derive_anew(
    parts: Parts,
    actor: Actor,
    purpose: str,
    *,
    again: bool = False,
    stretch: int = STRETCH,
    rest: float = 0.0,
) -> AsyncIterator[Derivation]:
    """Do the pass there is to do, telling after each stretch how far it has come.

    `again`: begin one whatever was done before. `rest`: seconds to pause for each second of work.
    Raises Conflict when somebody does it already, Forbidden.
    """
    rule = rule_of(parts.zone, parts.care_grace)
    lock = await parts.database.dedicated()
    try:
        if not await lock.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            raise Conflict("somebody derives reach already; `egide access reach` tells how far")
        async with interaction(parts, actor, purpose, "derive", None, rule=rule) as doing:
            async with parts.database.transaction() as connection:
                await connection.execute(_SQL["begin"], rule, again, number(_TYPES[0]))
                total = await count_of(connection, _TYPES)
                await doing.log_rows(connection, [])
            doing.committed()
        began = time.monotonic()
        while place := await _stretch(parts, actor, purpose, rule, stretch):
            yield _place(place, total)
            await asyncio.sleep(rest * (time.monotonic() - began))
            began = time.monotonic()
    finally:
        await lock.close()


async def start(parts: Parts) -> None:
    """Where nothing is stored yet there is nothing to derive anew."""
    async with parts.database.transaction() as connection:
        await connection.execute(_SQL["first"], rule_of(parts.zone, parts.care_grace))


def _place(state: Fetched, total: int) -> Derivation:
    seen = min(state["seen"], total)
    return Derivation(type_name(state["type"]), seen, state["changed"], total, state["since"])


async def _stretch(
    parts: Parts, actor: Actor, purpose: str, rule: str, size: int
) -> Fetched | None:
    """Do the next stretch, or end the pass; where it is then, None when there is none."""
    async with parts.database.snapshot() as connection:
        state = await connection.fetchrow(_SQL["state"])
        if state is None or state["pass"] != rule:
            return None
        type = type_name(state["type"])
        walked = await walk(connection, type, state["updated"], state["pk"], size)
        differing = await _differing(parts, connection, await _open(parts, connection, walked.rows))
    last = len(walked.rows) < size
    if differing:
        async with interaction(parts, actor, purpose, "derive", type) as doing:
            async with parts.database.transaction() as connection:
                rows = await held(connection, [each.id for each in differing])
                changed = await _differing(parts, connection, await _open(parts, connection, rows))
                doing.concern(patient for each in changed for patient in each.patients)
                doing.note(count=len(changed))
                await reach.derive_from(parts, connection, changed)
                deciding = dict.fromkeys(_decided(changed), Change.deciding)
                await renew(connection, deciding, stays=True)
                await _advance(connection, type, walked, last, len(changed))
                await doing.log_rows(connection, [])
            doing.committed()
    else:
        async with parts.database.transaction() as connection:
            await _advance(connection, type, walked, last, 0)
    if last and type == _TYPES[-1]:
        await _finish(parts, actor, purpose, rule)
    async with parts.database.connection() as connection:
        return await connection.fetchrow(_SQL["state"])


async def _advance(
    connection: Connection, type: str, walked: Walked, last: bool, changed: int
) -> None:
    """Past what was walked; past the last row of a type, to the next type."""
    seen = len(walked.rows)
    if last and type != _TYPES[-1]:
        following = _TYPES[_TYPES.index(type) + 1]
        await connection.execute(_SQL["next"], number(following), seen, changed)
    else:
        await connection.execute(_SQL["advance"], walked.updated, walked.pk, seen, changed)


async def _finish(parts: Parts, actor: Actor, purpose: str, rule: str) -> None:
    """Take back what comes from what is not there any more; the pass is over."""
    types = [number(type) for type in _TYPES]
    async with interaction(parts, actor, purpose, "derive", None, rule=rule) as doing:
        async with parts.database.transaction() as connection:
            orphans = await connection.fetch(_SQL["orphans"], types)
            doing.concern(record["patient_key"] for record in orphans)
            await connection.execute(_SQL["sweep"], types)
            await connection.execute(_SQL["finish"], rule)
            await doing.log_rows(connection, [])
        doing.committed()


async def _open(parts: Parts, connection: Connection, rows: Sequence[Row]) -> list[reach.Source]:
    found = []
    for each in await parts.reader.open(connection, rows):
        type = type_name(each.row.type)
        resource = fhir.parse(each.body) if each.body else None
        stay = resource is not None and type in episodes.TYPES
        labelled = stay and bool(episode_of(type, each.body, parts.bases).labels)
        decides = type == "Consent" or labelled
        found.append(reach.Source(each.row.id, type, resource, each.patients, decides=decides))
    return found


async def _differing(
    parts: Parts, connection: Connection, sources: Sequence[reach.Source]
) -> list[reach.Source]:
    """Those of the sources, all of one type, that say something else than they give."""
    if not sources:
        return []
    ids = [each.id for each in sources]
    if sources[0].type == reach.ROLE:
        worked = {
            record["role"]: (record["practitioner"], record["since"], record["until"])
            for record in await connection.fetch(_SQL["roles"], ids)
        }
        return [each for each in sources if reach.work(parts, each) != worked.get(each.id)]
    given: dict[bytes, set[tuple[Any, ...]]] = {id: set() for id in ids}
    for record in await connection.fetch(_SQL["ties"], ids, parts.clock()):
        source, *tie = record.values()
        given[source].add(tuple(tie))
    said = await _said(parts, connection, sources)
    undecided = await _undecided(connection, sources)
    return [
        each
        for each in sources
        if given[each.id] != said[each.id] or not undecided.isdisjoint(each.patients)
    ]


async def _said(
    parts: Parts, connection: Connection, sources: Sequence[reach.Source]
) -> dict[bytes, set[tuple[Any, ...]]]:
    """What each source gives if it gives just what it says, as rows of reach have it."""
    ident = parts.blind.ident
    ties = [(each.id, tie) for each in sources for tie in reach.ties(parts, each)]
    owners = list({ident("Patient", tie.patient) for _, tie in ties})
    found = await connection.fetch(_SQL["keys"], owners)
    keys = {record["owner"]: record["number"] for record in found}
    said: dict[bytes, set[tuple[Any, ...]]] = {each.id: set() for each in sources}
    for id, tie in ties:
        key = keys.get(ident("Patient", tie.patient))
        if key is not None:
            said[id].add((reach.member(parts, tie), key, int(tie.kind), tie.since, tie.until))
    return said


async def _undecided(connection: Connection, sources: Sequence[reach.Source]) -> frozenset[int]:
    """The patients of Consents and of labelled stays for whom nothing is known to hold."""
    return await without(connection, _decided(sources))


def _decided(sources: Sequence[reach.Source]) -> set[int]:
    return {patient for each in sources if each.decides for patient in each.patients}
