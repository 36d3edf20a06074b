"""Explaining a decision to who looks after rights: what the gate would say to somebody else.

Nothing of a resource is told but whether it leaves, and by which rule. Where there is none, the
grants are explained without one.
"""

from typing import NamedTuple
from urllib.parse import urlsplit

from egide.actor import PURPOSES, Actor
from egide.errors import Incorrect
from egide.fhir.definitions import TYPES
from egide.gate import grants_of
from egide.gate.explaining import Explanation, explain
from egide.ids import RESOURCE_ID
from egide.record.content import facts_of
from egide.record.facts import decision_for, standing, who
from egide.record.interaction import Interaction

_TYPES = frozenset(TYPES)
_OF_INSTANCE = {"GET": "read", "HEAD": "read", "PUT": "update", "DELETE": "delete"}
_OF_TYPE = {"GET": "search", "HEAD": "search", "POST": "create"}


class Asked(NamedTuple):
    """An interaction as an address says it: its name, the type and the id it is about."""

    interaction: str
    type: str | None
    id: str | None


def asked_by(method: str, address: str) -> Asked:
    """The interaction that a method of an address (`/fhir/Observation/42`) asks for.

    Raises Incorrect for what is none.
    """
    method, parts = method.upper(), urlsplit(address)
    segments = [each for each in parts.path.split("/") if each]
    if segments[:1] == ["fhir"]:
        segments = segments[1:]
    match segments:
        case [] if method == "POST":
            return Asked("transaction", None, None)
        case ["_history"] if method == "GET":
            return Asked("history", None, None)
        case [type] if type in _TYPES and method in _OF_TYPE:
            return Asked(_OF_TYPE[method], type, None)
        case [type, "_search"] if type in _TYPES and method == "POST":
            return Asked("search", type, None)
        case [type, "_history"] if type in _TYPES and method == "GET":
            return Asked("history", type, None)
        case [type, id] if type in _TYPES and RESOURCE_ID.match(id) and method in _OF_INSTANCE:
            return Asked(_OF_INSTANCE[method], type, id)
        case ["Patient", id, ("$everything" | "$break-glass") as name] if RESOURCE_ID.match(id):
            return Asked(name, "Patient", id)
        case [type, id, "_history"] if type in _TYPES and RESOURCE_ID.match(id):
            return Asked("history", type, id)
        case [type, id, "_history", _] if type in _TYPES and RESOURCE_ID.match(id):
            return Asked("vread", type, id)
    raise Incorrect("this is no interaction of this server: say it as GET /fhir/Observation/42")


async def explained(
    here: Interaction, actor: Actor, purpose: str, method: str, address: str
) -> Explanation:
    """What the gate would say to `actor`. Raises Incorrect."""
    if purpose not in PURPOSES:
        raise Incorrect("the purpose of use is not one this server knows")
    parts = here.parts
    asked = asked_by(method, address)
    here.note(explained=[asked.interaction, asked.type, actor.account])
    asking = await who(parts, actor, purpose)
    decision = decision_for(parts, actor, purpose, asked.interaction, asked.type, asking)
    resource = None
    if asked.id is not None and asked.type is not None:
        here.note(ids=[asked.id])
        here.question()
        async with parts.database.snapshot() as connection:
            row = await parts.reader.current(connection, asked.type, asked.id)
            if row is not None and not row.deleted:
                (opened,) = await parts.reader.open(connection, [row])
                here.concern(opened.patients)
                there = await standing(
                    parts, connection, decision, asking, opened.patients, always=True
                )
                resource = facts_of(
                    decision, asked.type, opened.body, opened.patients, there, here.meets
                )
    return explain(decision.facts, grants_of(actor.roles), resource)
