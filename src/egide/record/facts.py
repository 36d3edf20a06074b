"""Facts: what the gate is told, loaded here and nowhere else, in the snapshot of the data."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

import msgspec

from egide.actor import Actor
from egide.db import Connection, queries
from egide.fhir.search.edge import edge
from egide.gate import Decision, Facts, decide, granted
from egide.gate.choices import Choices
from egide.gate.episodes import Episodes
from egide.gate.roles import FRESH
from egide.record.parts import Parts
from egide.record.policies import Moved, Policy
from egide.record.reach import establishment
from egide.store import Row, Ties, Within, parameter_number, ties_to

_SQL = queries("egide.record", "sql/facts.sql")
_NOBODY: frozenset[int] = frozenset()
_PART_OF: Final = parameter_number(edge("Organization", "partof").parameter)


class Establishment(msgspec.Struct, frozen=True):
    """An Organization and all that is part of it, by their `idents`; it contains their ids.

    `members` are the idents by which rows of reach name whose patient somebody is.
    """

    idents: frozenset[bytes]
    members: tuple[bytes, ...]
    ident: Callable[[str, str], bytes]

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and self.ident("Organization", id) in self.idents


class Who(msgspec.Struct, frozen=True):
    """Who asks, as the data knows it, for one purpose.

    `own`, `launched` and `behalf` are keys of patients, `idents` their idents by key; `members`
    the idents reach rows may name the actor by, besides the roles he works in as `practitioner`
    (an ident); `names` the references a Consent may name him by; `held` is the establishment his
    roles are held for, None for the whole house.
    """

    own: int | None = None
    launched: int | None = None
    behalf: int | None = None
    idents: Mapping[int, bytes] = {}
    members: tuple[bytes, ...] = ()
    practitioner: bytes | None = None
    names: frozenset[str] = frozenset()
    held: Establishment | None = None
    emergency: bool = False


class Standing(msgspec.Struct, frozen=True):
    """How an actor stands to some patients: in reach, in reach by consent alone, of the
    establishment the roles are held for; what they decided, what their labelled stays close."""

    reached: frozenset[int] = _NOBODY
    agreed: frozenset[int] = _NOBODY
    belonging: frozenset[int] = _NOBODY
    choices: Mapping[int, Choices] = {}
    episodes: Mapping[int, Episodes] = {}


NOWHERE: Final = Standing()
NOTHING_KNOWN: Final[Mapping[int, Ties]] = {}


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
    keys = await parts.keys.of_patients(parts.database, persons.values()) if persons else {}
    emergency = False
    if purpose == "BTG":
        async with parts.database.connection() as connection:
            emergency = await connection.fetchval(_SQL["glass"], actor.account, parts.clock())
    at_work = actor.practitioner is not None and purpose not in ("BTG", "FAMRQT")

    def key(id: str | None) -> int | None:
        return keys.get(persons[id]) if id else None

    own = key(actor.patient)
    return Who(
        own=own,
        launched=key(actor.launched) if actor.launched else own,
        behalf=key(actor.behalf),
        idents={number: owner for owner, number in keys.items()},
        members=tuple(members),
        practitioner=ident("Practitioner", str(actor.practitioner)) if at_work else None,
        names=frozenset(names),
        held=None if actor.held is None else await _establishment(parts, actor.held),
        emergency=emergency,
    )


async def _establishment(parts: Parts, id: str) -> Establishment:
    """The Organization with an id, and all that is part of it now."""
    ident = parts.blind.ident
    async with parts.database.connection() as connection:
        records = await connection.fetch(_SQL["parts"], ident("Organization", id), _PART_OF)
    found = [record["id"] for record in records]
    return Establishment(frozenset(found), tuple(map(establishment, found)), ident)


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
            held=asking.held,
            who=asking.names,
            assurance=actor.assurance,
            fresh=actor.authenticated is not None and now - actor.authenticated < FRESH,
            emergency=asking.emergency,
            zone=actor.zone,
            cleared=actor.cleared,
            clearance=actor.clearance,
            at=now,
            open=parts.opening is None or parts.opening.hold(now.astimezone(parts.zone)),
        )
    )


def within(parts: Parts, asking: Who) -> Within:
    """Whose reach a query of `asking` is held to."""
    patients = () if asking.held is None else asking.held.members
    return Within(asking.members, parts.clock(), asking.practitioner, patients)


def known_by(rows: Iterable[Row]) -> dict[int, Ties]:
    """Key number → the ties that came along with rows under that key."""
    return {row.key: row.ties for row in rows if row.ties is not None}


def standing_at_hand(
    parts: Parts,
    decision: Decision,
    patients: Collection[int],
    known: Mapping[int, Ties],
) -> Standing | None:
    """How who asks stands to `patients`, from the ties that came with their rows and the
    policies that are kept; None when something has to be looked up."""
    if not patients or not decision.looks_up:
        return NOWHERE
    if not all(patient in known for patient in patients):
        return None
    epochs = _epochs(known, patients)
    policies = parts.policies.at_hand(epochs) if epochs else {}
    return None if policies is None else _standing(decision, patients, known, policies)


async def standing(
    parts: Parts,
    connection: Connection,
    decision: Decision,
    asking: Who,
    patients: Collection[int],
    *,
    known: Mapping[int, Ties] = NOTHING_KNOWN,
    always: bool = False,
) -> Standing:
    """How `asking` stands to `patients`; unless `always`, only when the decision depends on it.

    `known`: patient → ties, that came along with the rows; then raises Moved when what holds for a
    patient is not any more what it was when they were found, which in a snapshot never happens.
    """
    if not patients or not (always or decision.looks_up):
        return NOWHERE
    missing = [patient for patient in patients if patient not in known]
    while True:
        ties = known
        if missing:
            ties = {**known, **await ties_to(connection, missing, within(parts, asking))}
        epochs = _epochs(ties, patients)
        try:
            policies = await parts.policies.of(connection, epochs) if epochs else {}
        except Moved:
            if known:
                raise
            continue
        return _standing(decision, patients, ties, policies)


def _epochs(ties: Mapping[int, Ties], patients: Collection[int]) -> dict[int, int]:
    """Patient → policy epoch, of those for whom there is a policy."""
    return {each: epoch for each in patients if (epoch := ties[each].epoch) is not None}


def _standing(
    decision: Decision,
    patients: Collection[int],
    ties: Mapping[int, Ties],
    policies: Mapping[int, Policy],
) -> Standing:
    relative = decision.facts.purpose == "FAMRQT"
    reached, agreed, belonging = set(), set(), set()
    for patient in patients:
        tied = ties[patient]
        if tied.belongs:
            belonging.add(patient)
        if tied.care:
            reached.add(patient)
        elif tied.agreed and (tied.tied or not relative):
            agreed.add(patient)
    return Standing(
        frozenset(reached),
        frozenset(agreed),
        frozenset(belonging),
        {key: each.choices for key, each in policies.items() if each.choices.each},
        {key: each.episodes for key, each in policies.items() if each.episodes.labels},
    )
