"""Behind a broken glass: what the account that broke it did with the record, as the ledger says.

A reviewer is told what was done, when, on which type and how it ended. A resource is named only
where it was opened by its id: what was asked for and not given stays unknown to him too.

Invariant: nobody reviews his own (tests/integration/record/test_behind.py).
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from egide.db import queries
from egide.errors import Forbidden, NotFound
from egide.ledger import Action, Logged, Outcome
from egide.record.interaction import Interaction

_SQL = queries("egide.record", "sql/glass.sql")

MOST: Final = 10_000
"""Entries told at most."""
_SETTLED: Final = timedelta(minutes=1)
"""What was let in before the end is in the ledger by then."""
_BY_ID: Final = frozenset({Action.read, Action.vread, Action.history})


class Deed(NamedTuple):
    """One entry. `resources` are those opened, as `Type/id`, where they were asked for by id;
    `gave`: how many a search or `$everything` gave."""

    at: datetime
    interaction: str
    type: str | None
    outcome: str
    resources: tuple[str, ...] = ()
    gave: int | None = None


class Behind(NamedTuple):
    """What was done, in its order; `more`: and more than is told."""

    deeds: tuple[Deed, ...]
    more: bool


async def behind(here: Interaction, number: int) -> Behind:
    """What was done behind the glass with this number. Raises NotFound, Forbidden."""
    parts = here.parts
    here.note(glass=number)
    async with parts.database.connection() as connection:
        glass = await connection.fetchrow(_SQL["whole"], number)
        if glass is None:
            raise NotFound("there is no such broken glass")
        here.concern([glass["patient_key"]])
        if glass["account"] == here.actor.account:
            raise Forbidden("nobody reviews a glass he or she broke")
        logged = await parts.reading.of_both(
            connection,
            glass["account"],
            glass["patient_key"],
            glass["at"],
            glass["until"] + _SETTLED,
            limit=MOST + 1,
        )
    deeds = tuple(_deed(each) for each in logged[:MOST] if each.facts.get("purpose") == "BTG")
    here.note(count=len(deeds))
    return Behind(deeds, len(logged) > MOST)


def _deed(logged: Logged) -> Deed:
    facts = logged.facts
    done = logged.outcome is Outcome.success
    named = done and logged.action in _BY_ID
    word = "$break-glass" if logged.action is Action.break_glass else logged.action.name
    return Deed(
        logged.at,
        facts.get("operation", word),
        logged.type,
        logged.outcome.name,
        tuple(f"{logged.type}/{id}" for id in facts.get("ids", ())) if named else (),
        facts.get("count") if done else None,
    )
