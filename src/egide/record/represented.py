"""Represented: whom a relative may act for now, by a tie and a consent that are both in force.

A fact like those of `egide.record.facts`: asked anew at each request, under system authority. It
names patients by id alone; whatever is shown of one is read through the gate, as any other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from egide import fhir
from egide.db import Connection, queries
from egide.gate.choices import Choices
from egide.gate.extent import Extent, closed, extent
from egide.gate.ties import ties_of
from egide.record.parts import Parts

_SQL = queries("egide.record", "sql/facts.sql")


class Represented(NamedTuple):
    """As which RelatedPerson, for which Patient (ids), from when until when, how far."""

    relative: str
    patient: str
    since: datetime
    until: datetime
    extent: Extent


async def by(parts: Parts, relatives: Sequence[str]) -> list[Represented]:
    """For whom `relatives` (ids of RelatedPersons) may act now, in their order."""
    found = []
    async with parts.database.snapshot() as connection:
        for relative in relatives:
            patient = await _patient(parts, connection, relative)
            tie = None if patient is None else await _tie(parts, connection, relative, patient)
            if patient is None or tie is None:
                continue
            far = extent(tie.choices, _member(relative), parts.clock())
            if far is not None:
                found.append(Represented(relative, patient, tie.since, tie.until, far))
    return found


async def holds(parts: Parts, relative: str, patient: str) -> bool:
    """Whether the RelatedPerson may act for the Patient now."""
    async with parts.database.snapshot() as connection:
        tie = await _tie(parts, connection, relative, patient)
    return tie is not None and not closed(tie.choices, _member(relative), parts.clock())


class _Tie(NamedTuple):
    since: datetime
    until: datetime
    choices: Choices


async def _tie(parts: Parts, connection: Connection, relative: str, patient: str) -> _Tie | None:
    """A tie and a consent in force, and all that the patient decided."""
    ident = parts.blind.ident
    row = await connection.fetchrow(
        _SQL["on_behalf"],
        ident("RelatedPerson", relative),
        ident("Patient", patient),
        parts.clock(),
    )
    if row is None or row["epoch"] is None:
        return None
    key = row["number"]
    policies = await parts.policies.of(connection, {key: row["epoch"]})
    return _Tie(row["since"], row["until"], policies[key].choices)


async def _patient(parts: Parts, connection: Connection, relative: str) -> str | None:
    """The id of the patient a RelatedPerson is a relative of."""
    row = await parts.reader.current(connection, "RelatedPerson", relative)
    if row is None or row.deleted:
        return None
    (opened,) = await parts.reader.open(connection, [row])
    resource: Any = fhir.parse(opened.body)
    ties = ties_of("RelatedPerson", resource, zone=parts.zone, grace=parts.care_grace)
    return ties[0].patient if ties else None


def _member(relative: str) -> str:
    return f"RelatedPerson/{relative}"
