"""Reach: who reaches whom, derived from what is written, in the transaction that writes it.

Rows name members and sources by keyed hashes: an account that is made later profits from what was
written before, and what a resource gave goes when the resource changes. What is over is not kept:
no clock brings it back.

Invariants (tests/integration/record/test_reach.py)
- What a resource gives holds from its commit on, and no longer than the resource says it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from egide import fhir
from egide.db import Connection, queries
from egide.gate.ties import TYING, Kind, Tie, role_of, ties_of
from egide.record.parts import Parts
from egide.store import Prepared

_SQL = queries("egide.record", "sql/reach.sql")
ROLE = "PractitionerRole"
DERIVED = TYING | {ROLE}
"""The types reach follows from."""


class Source(NamedTuple):
    """A resource reach follows from: its ident, type and content (None: deleted), the patients it
    concerns or did; `known`: it may have given something before; `decides`: what holds for the
    records of those patients depends on it (`egide.record.epochs`)."""

    id: bytes
    type: str
    resource: Any
    patients: frozenset[int]
    known: bool = True
    decides: bool = False


async def derive(parts: Parts, connection: Connection, prepared: Sequence[Prepared]) -> None:
    """Bring reach and roles in line with what is about to be committed."""
    written = [each for each in prepared if each.draft.type in DERIVED and not each.unchanged]
    if not written:
        return
    await derive_from(
        parts,
        connection,
        [
            Source(
                each.id,
                each.draft.type,
                fhir.parse(each.body) if each.body else None,
                each.patients | each.before,
                known=each.current is not None,
            )
            for each in written
        ],
    )


async def derive_from(parts: Parts, connection: Connection, sources: Sequence[Source]) -> None:
    """Let `sources` give just what they say, whatever they gave."""
    stale = [each.id for each in sources if each.known]
    if stale:
        await connection.execute(_SQL["take_back"], stale)
    for each in sources:
        if each.type == ROLE:
            await _work(parts, connection, each)
    await add(parts, connection, [(each.id, tie) for each in sources for tie in ties(parts, each)])


def ties(parts: Parts, source: Source) -> list[Tie]:
    """The ties a source makes that are not over."""
    if source.resource is None or source.type == ROLE:
        return []
    found = ties_of(source.type, source.resource, zone=parts.zone, grace=parts.care_grace)
    now = parts.clock()
    return [tie for tie in found if tie.until > now]


def work(parts: Parts, source: Source) -> tuple[bytes, datetime, datetime] | None:
    """Who works in a PractitionerRole (an ident), from when until when; None when nobody does."""
    found = None if source.resource is None else role_of(source.resource, parts.zone)
    if found is None:
        return None
    return parts.blind.ident(*found.practitioner.split("/", 1)), found.since, found.until


async def add(parts: Parts, connection: Connection, ties: Sequence[tuple[bytes, Tie]]) -> None:
    """Add ties, each with the ident of its source; those to patients unknown here are left out."""
    if not ties:
        return
    ident = parts.blind.ident
    await connection.execute(
        _SQL["add"],
        [member(parts, tie) for _, tie in ties],
        [ident("Patient", tie.patient) for _, tie in ties],
        [source for source, _ in ties],
        [int(tie.kind) for _, tie in ties],
        [tie.since for _, tie in ties],
        [tie.until for _, tie in ties],
    )


def member(parts: Parts, tie: Tie) -> bytes:
    """The ident by which a row names who is tied to a patient."""
    ident = parts.blind.ident(*tie.member.split("/", 1))
    return establishment(ident) if tie.kind is Kind.establishment else ident


def establishment(organization: bytes) -> bytes:
    """The ident of an Organization as that whose patients somebody is: another one than that by
    which who works there has care, so that care is not looked for among all of them."""
    return organization[:-1] + bytes([organization[-1] ^ 1])


async def take_back(connection: Connection, sources: Sequence[bytes]) -> None:
    """What these sources gave is given no more."""
    await connection.execute(_SQL["take_back"], list(sources))


async def forget(connection: Connection, key: int, owner: bytes) -> None:
    """Nothing is left of an erased owner of a key, whose ident is `owner`."""
    await connection.execute(_SQL["forget"], key, owner)


async def _work(parts: Parts, connection: Connection, role: Source) -> None:
    found = work(parts, role)
    if found is None:
        await connection.execute(_SQL["leave"], [role.id])
    else:
        await connection.execute(_SQL["work_in"], role.id, *found)
