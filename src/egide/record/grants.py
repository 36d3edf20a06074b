"""Grants: an account is let reach a patient, and not any more, by who runs the installation.

For what care does not say: a study nurse, a coordinator, an application for one patient.
"""

from datetime import datetime

from egide.gate.ties import EARLIEST, LATEST, Kind, Tie
from egide.record import reach
from egide.record.interaction import Interaction, not_found


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


def _source(here: Interaction, id: str, account: int) -> bytes:
    return here.parts.blind.ident("grant", f"{account}/{id}")
