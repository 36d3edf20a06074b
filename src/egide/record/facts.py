"""Facts: what the gate is told, loaded here and nowhere else, in the snapshot of the data."""

from collections.abc import Collection

from egide.actor import Actor
from egide.db import Connection, queries
from egide.gate import Decision, Facts, decide, grants_of
from egide.record.parts import Parts

_SQL = queries("egide.record", "sql/facts.sql")


def decision_for(
    actor: Actor, purpose: str, interaction: str, type: str | None, own: int | None = None
) -> Decision:
    """The gate's decision for one interaction of `actor`."""
    grants = grants_of(actor.roles)
    return decide(Facts(interaction, type, purpose, grants, own, actor.assurance))


async def own_key(parts: Parts, actor: Actor) -> int | None:
    """The key number of the patient the account is bound to, if it is and that patient exists."""
    if actor.patient is None:
        return None
    owner = parts.blind.ident("Patient", actor.patient)
    async with parts.database.connection() as connection:
        number: int | None = await connection.fetchval(_SQL["own"], owner)
    return number


async def reached(
    parts: Parts,
    connection: Connection,
    decision: Decision,
    actor: Actor,
    patients: Collection[int],
) -> frozenset[int]:
    """Which of `patients` lie in the actor's reach rows; asked only when the decision needs it."""
    if not patients or decision.reach.kind != "set":
        return frozenset()
    records = await connection.fetch(_SQL["reached"], actor.account, list(patients), parts.clock())
    return frozenset(record["patient_key"] for record in records)
