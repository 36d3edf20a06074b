"""Compartment: what is sealed with a patient's keys, his own and those he shares.

It is a superset of https://hl7.org/fhir/R4/compartmentdefinition-patient.html: whatever names one
patient is sealed with his key, also where the definition leaves it out.
"""

from collections.abc import Collection
from datetime import date, datetime

from egide.db import Connection, queries
from egide.store.reading import either_row_of, row_of
from egide.store.row import Row

_SQL = queries("egide.store", "sql/compartment.sql")


async def sealed_for(
    connection: Connection,
    patient: bytes,
    *,
    after: int,
    types: Collection[int] | None,
    since: datetime | None,
    count: int,
    first: date | None = None,
    last: date | None = None,
) -> list[tuple[int, Row]]:
    """The row of `patient` (his ident), and up to `count` others after the place `after`.

    Each with its place, the order in which it was first stored; the patient's own row is the
    first, whatever is asked for, if it is there. `types` are numbers, None for all; `since`: not
    written before; `first` and `last`: the days the main date must not lie wholly outside of, which
    what has none never does.
    """
    asked = None if types is None else list(types)
    values = patient, after, asked, since, count + 1, first, last
    records = await connection.fetch(_SQL["sealed_for"], *values)
    return [(record["pk"], row_of(record)) for record in records]


async def lasting(
    connection: Connection, patient: bytes, types: Collection[int], count: int
) -> list[Row]:
    """Up to `count` rows of `types` (numbers) sealed with a patient's keys; of what was deleted,
    the version that was."""
    records = await connection.fetch(_SQL["lasting"], patient, list(types), count)
    return [either_row_of(record) for record in records]


async def of_nobody(connection: Connection, ids: Collection[bytes]) -> list[Row]:
    """The current rows with these idents that are no patient's record."""
    return [row_of(record) for record in await connection.fetch(_SQL["of_nobody"], list(ids))]
