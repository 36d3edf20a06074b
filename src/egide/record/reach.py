"""Reach: who reaches whom, derived from what is written, in the transaction that writes it.

Rows name members and sources by keyed hashes: an account that is made later profits from what was
written before, and what a resource gave goes when the resource changes. What is over is not kept:
no clock brings it back.

Invariants (tests/integration/record/test_reach.py)
- What a resource gives holds from its commit on, and no longer than the resource says it.
- Whenever a Consent of a patient is written or deleted, the patient's policy epoch changes with it.
"""

from collections.abc import Sequence
from typing import Any

from egide import fhir
from egide.db import Connection, queries
from egide.gate.ties import TYING, Tie, role_of, ties_of
from egide.ids import internal_number
from egide.record.parts import Parts
from egide.store import Prepared

_SQL = queries("egide.record", "sql/reach.sql")
_ROLE = "PractitionerRole"
_DERIVED = TYING | {_ROLE}


async def derive(parts: Parts, connection: Connection, prepared: Sequence[Prepared]) -> None:
    """Bring reach, roles and policy epochs in line with what is about to be committed."""
    written = [each for each in prepared if each.draft.type in _DERIVED and not each.unchanged]
    if not written:
        return
    stale = [each.id for each in written if each.current is not None]
    if stale:
        await connection.execute(_SQL["take_back"], stale)
    ties: list[tuple[bytes, Tie]] = []
    deciding: set[int] = set()
    for each in written:
        type = each.draft.type
        resource: Any = fhir.parse(each.body) if each.body else None
        if type == "Consent":
            deciding |= each.patients | each.before
        if type == _ROLE:
            await _work(parts, connection, each.id, resource)
        elif resource is not None:
            found = ties_of(type, resource, zone=parts.zone, grace=parts.care_grace)
            ties += [(each.id, tie) for tie in found]
    now = parts.clock()
    await add(parts, connection, [pair for pair in ties if pair[1].until > now])
    if deciding:
        patients = sorted(deciding)
        epochs = [internal_number() for _ in patients]
        await connection.execute(_SQL["decided"], patients, epochs)


async def add(parts: Parts, connection: Connection, ties: Sequence[tuple[bytes, Tie]]) -> None:
    """Add ties, each with the ident of its source; those to patients unknown here are left out."""
    if not ties:
        return
    ident = parts.blind.ident
    await connection.execute(
        _SQL["add"],
        [ident(*tie.member.split("/", 1)) for _, tie in ties],
        [ident("Patient", tie.patient) for _, tie in ties],
        [source for source, _ in ties],
        [int(tie.kind) for _, tie in ties],
        [tie.since for _, tie in ties],
        [tie.until for _, tie in ties],
    )


async def take_back(connection: Connection, sources: Sequence[bytes]) -> None:
    """What these sources gave is given no more."""
    await connection.execute(_SQL["take_back"], list(sources))


async def forget(connection: Connection, key: int, owner: bytes) -> None:
    """Nothing is left of an erased owner of a key, whose ident is `owner`."""
    await connection.execute(_SQL["forget"], key, owner)


async def _work(parts: Parts, connection: Connection, role: bytes, resource: Any) -> None:
    found = None if resource is None else role_of(resource, parts.zone)
    if found is None:
        await connection.execute(_SQL["leave"], [role])
        return
    practitioner = parts.blind.ident(*found.practitioner.split("/", 1))
    await connection.execute(_SQL["work_in"], role, practitioner, found.since, found.until)
