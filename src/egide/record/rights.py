"""Rights: what each account may reach and what it did reach, for who reviews them.

Dormant rights come first: what nobody uses is what nobody misses until somebody steals it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from egide.actor import Actor
from egide.db import Connection, queries
from egide.gate import grants_of
from egide.gate.roles import READS
from egide.ledger.use import use
from egide.record.facts import Who, who
from egide.record.interaction import Interaction

_SQL = queries("egide.record", "sql/reach.sql")


class Right(NamedTuple):
    """One account: whose patients its roles let it reach (`all`, or how many are in its reach),
    and what it did in the time looked at."""

    account: int
    roles: frozenset[str]
    reaches: int | None
    """Patients in reach now; None: everybody's."""
    entries: int
    refused: int
    patients: int
    last: datetime | None

    @property
    def dormant(self) -> bool:
        """Whether it did nothing."""
        return self.entries == 0


async def rights(here: Interaction, actors: Sequence[Actor], *, days: int) -> list[Right]:
    """What `actors` may reach and what they did in the last `days`, the dormant first."""
    parts = here.parts
    now = parts.clock()
    here.note(count=len(actors), days=days)
    asking = {actor.account: await who(parts, actor, "TREAT") for actor in actors}
    async with parts.database.snapshot() as connection:
        members = await _members(connection, asking, now)
        used = await use(connection, now - timedelta(days=days))
        everyone = sorted({member for each in members.values() for member in each})
        records = await connection.fetch(_SQL["counts"], everyone, now)
    reached = {record["member"]: record["patients"] for record in records}
    found = []
    for actor in actors:
        did = used.get(actor.account)
        own = sum(reached.get(member, 0) for member in members[actor.account])
        found.append(
            Right(
                actor.account,
                actor.roles,
                _reaches(actor, own),
                did.entries if did else 0,
                did.refused if did else 0,
                did.patients if did else 0,
                did.last if did else None,
            )
        )
    found.sort(key=lambda each: (not each.dormant, each.entries, each.account))
    return found


async def _members(
    connection: Connection, asking: Mapping[int, Who], at: datetime
) -> dict[int, tuple[bytes, ...]]:
    """Account → the idents it reaches patients by, its roles included."""
    practitioners = [each.practitioner for each in asking.values() if each.practitioner]
    roles: dict[bytes | None, list[bytes]] = {}
    for record in await connection.fetch(_SQL["roles"], practitioners, at):
        roles.setdefault(record["practitioner"], []).append(record["role"])
    return {
        account: (*each.members, *roles.get(each.practitioner, ()))
        for account, each in asking.items()
    }


def _reaches(actor: Actor, own: int) -> int | None:
    grants = grants_of(actor.roles)
    spans = {grant.reach for grant in grants if grant.interactions & READS}
    if "all" in spans:
        return None
    return (own if "set" in spans else 0) + (1 if "self" in spans and actor.patient else 0)
