"""Grants: an account is let reach a patient, and not any more, by who runs the installation.

For what care does not say: a study nurse, a coordinator, an application for one patient. Also finds
the establishment an account's roles are to be held for (`egide.accounts.holding`).
"""

from datetime import datetime

from egide import fhir
from egide.errors import Incorrect, NotFound
from egide.fhir.search.narrow import terms_for
from egide.fhir.search.query import matches, parse
from egide.gate.ties import EARLIEST, LATEST, Kind, Tie
from egide.ids import RESOURCE_ID
from egide.record import reach
from egide.record.interaction import Interaction, not_found
from egide.store import Narrowing


async def grant(here: Interaction, id: str, account: int, until: datetime | None) -> None:
    """`account` reaches Patient `id` from now on, until an instant or until it is taken back.

    A grant of the same takes the place of the one before. Raises NotFound.
    """
    parts = here.parts
    tie = Tie(f"account/{account}", id, Kind.grant, EARLIEST, until or LATEST)
    async with parts.database.transaction() as connection:
        row = await parts.reader.current(connection, "Patient", id)
        if row is None or row.deleted:
            raise not_found()
        (opened,) = await parts.reader.open(connection, [row])
        here.concern(opened.patients)
        here.note(granted=account, until=until.isoformat() if until else None)
        source = _source(here, id, account)
        await reach.take_back(connection, [source])
        await reach.add(parts, connection, [(source, tie)])
        await here.log_rows(connection, [])
    here.committed()


async def withdraw(here: Interaction, id: str, account: int) -> None:
    """`account` reaches Patient `id` by no grant any more."""
    async with here.parts.database.transaction() as connection:
        here.note(withdrawn=account)
        await reach.take_back(connection, [_source(here, id, account)])
        await here.log_rows(connection, [])
    here.committed()


async def establishment(here: Interaction, named: str) -> str:
    """The id of the one Organization with that id or an identifier of that value, whatever its
    system, or as `system|value`. Raises NotFound, Incorrect."""
    parts, type = here.parts, "Organization"
    found: set[str] = set()
    async with parts.database.snapshot() as connection:
        lists = await parts.population.fresh(connection)
        if RESOURCE_ID.fullmatch(named):
            row = await parts.reader.current(connection, type, named)
            if row is not None and not row.deleted:
                found.add(named)
        query = parse(type, [("identifier", named)], here.context())
        (clause,) = query.clauses
        terms = terms_for(clause, lists.asking) or ()
        any_of = tuple(parts.blind.term(type, *each) for each in terms)
        narrowing = Narrowing(type, terms=(any_of,) if any_of else ())
        async for batch in parts.finder.candidates(connection, narrowing, 20):
            for opened in await parts.reader.open(connection, [each.row for each in batch]):
                if matches(query, resource := fhir.parse(opened.body)):
                    found.add(resource["id"])
    if not found:
        raise NotFound("there is no Organization with that id or identifier")
    if len(found) > 1:
        raise Incorrect("several Organizations are named like that: give the id of one")
    here.note(ids=sorted(found))
    return found.pop()


def _source(here: Interaction, id: str, account: int) -> bytes:
    return here.parts.blind.ident("grant", f"{account}/{id}")
