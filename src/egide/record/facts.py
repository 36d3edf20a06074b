"""Facts: what the gate is told, loaded here and nowhere else, in the snapshot of the data."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from egide.actor import Actor
from egide.db import Connection, queries
from egide.gate import Decision, Facts, decide, granted
from egide.gate.choices import Choices
from egide.record.parts import Parts
from egide.store import Within

_SQL = queries("egide.record", "sql/facts.sql")
_NOBODY: frozenset[int] = frozenset()


class Who(msgspec.Struct, frozen=True):
    """Who asks, as the data knows it, for one purpose.

    `own`, `launched` and `behalf` are keys of patients, `idents` their idents by key; `members`
    the idents reach rows may name the actor by, `names` the references a Consent may.
    """

    own: int | None = None
    launched: int | None = None
    behalf: int | None = None
    idents: Mapping[int, bytes] = {}
    members: tuple[bytes, ...] = ()
    names: frozenset[str] = frozenset()
    emergency: bool = False


class Standing(msgspec.Struct, frozen=True):
    """How an actor stands to some patients: in reach, in reach by consent alone, their choices."""

    reached: frozenset[int] = _NOBODY
    agreed: frozenset[int] = _NOBODY
    choices: Mapping[int, Choices] = {}


NOWHERE: Final = Standing()


async def who(parts: Parts, actor: Actor, purpose: str) -> Who:
    """Who `actor` is for `purpose`, looked up only as far as the account says more than a role."""
    ident = parts.blind.ident
    persons = {
        id: ident("Patient", id) for id in (actor.patient, actor.launched, actor.behalf) if id
    }
    names = _names(actor, purpose)
    members = [ident(*name.split("/", 1)) for name in names if not name.startswith("Patient/")]
    if purpose == "BTG":
        members = [ident("glass", str(actor.account))]
    elif purpose != "FAMRQT":
        members.append(ident("account", str(actor.account)))
    keys: dict[bytes, int] = {}
    emergency = False
    at_work = actor.practitioner is not None and purpose not in ("BTG", "FAMRQT")
    if persons or at_work or purpose == "BTG":
        async with parts.database.connection() as connection:
            if persons:
                found = await connection.fetch(_SQL["persons"], list(persons.values()))
                keys = {record["owner"]: record["number"] for record in found}
            if at_work:
                practitioner = ident("Practitioner", str(actor.practitioner))
                roles = await connection.fetch(_SQL["roles"], practitioner, parts.clock())
                members += [record["role"] for record in roles]
            if purpose == "BTG":
                emergency = await connection.fetchval(_SQL["glass"], actor.account, parts.clock())

    def key(id: str | None) -> int | None:
        return keys.get(persons[id]) if id else None

    own = key(actor.patient)
    return Who(
        own=own,
        launched=key(actor.launched) if actor.launched else own,
        behalf=key(actor.behalf),
        idents={number: owner for owner, number in keys.items()},
        members=tuple(members),
        names=frozenset(names),
        emergency=emergency,
    )


def _names(actor: Actor, purpose: str) -> list[str]:
    """The references that stand for the actor: a relative's when a relative asks, only then."""
    if purpose == "FAMRQT":
        return [f"RelatedPerson/{actor.relative}"] if actor.relative else []
    found = {
        "Practitioner": actor.practitioner,
        "Organization": actor.establishment,
        "Patient": actor.patient,
    }
    return [f"{type}/{id}" for type, id in found.items() if id]


def decision_for(
    parts: Parts, actor: Actor, purpose: str, interaction: str, type: str | None, asking: Who
) -> Decision:
    """The gate's decision for one interaction of `actor`."""
    now = parts.clock()
    return decide(
        Facts(
            interaction,
            type,
            purpose,
            granted(actor.roles, actor.scope),
            own=asking.own,
            launched=asking.launched,
            behalf=asking.behalf,
            who=asking.names,
            assurance=actor.assurance,
            emergency=asking.emergency,
            zone=actor.zone,
            cleared=actor.cleared,
            at=now,
            hour=now.astimezone(parts.zone).hour,
        )
    )


def within(parts: Parts, asking: Who) -> Within:
    """Whose reach a query of `asking` is held to."""
    return Within(asking.members, parts.clock())


async def standing(
    parts: Parts,
    connection: Connection,
    decision: Decision,
    asking: Who,
    patients: Collection[int],
    *,
    always: bool = False,
) -> Standing:
    """How `asking` stands to `patients`; unless `always`, only when the decision depends on it."""
    if not patients or not (always or decision.looks_up):
        return NOWHERE
    records = await connection.fetch(
        _SQL["standing"], list(asking.members), list(patients), parts.clock()
    )
    relative = decision.facts.purpose == "FAMRQT"
    reached, agreed, epochs = set(), set(), {}
    for record in records:
        patient = record["patient_key"]
        if record["care"]:
            reached.add(patient)
        elif record["agreed"] and (record["tied"] or not relative):
            agreed.add(patient)
        if record["epoch"] is not None:
            epochs[patient] = record["epoch"]
    choices = await parts.policies.of(connection, epochs) if epochs else {}
    return Standing(frozenset(reached), frozenset(agreed), choices)
