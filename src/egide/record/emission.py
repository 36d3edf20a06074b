"""Emission: the one function through which a resource leaves, and what it leaves as.

Invariants
- Nothing else in `egide` makes an `Emitted` (tests/house/test_one_door.py).
- What `permits` refuses does not leave, whatever path it came by
  (tests/unit/record/test_emission.py).
"""

from collections.abc import Collection
from datetime import datetime

import msgspec
from msgspec.structs import replace

from egide.fhir import summary as parts
from egide.fhir.definitions import type_name
from egide.fhir.masking import masked
from egide.gate import Decision
from egide.record.content import Meets, facts_of
from egide.record.facts import NOWHERE, Standing
from egide.store import Opened


class Emitted(msgspec.Struct, frozen=True, gc=False):
    """A resource on its way out.

    `body` is canonical JSON (empty for a deletion, which only a history shows), `patients` the
    key numbers of those whose record it is, `created` whether this interaction made it.
    """

    type: str
    id: str
    version: int
    updated: datetime
    body: bytes
    patients: frozenset[int]
    deleted: bool = False
    created: bool = False


def emit(
    decision: Decision,
    opened: Opened,
    id: str,
    *,
    standing: Standing = NOWHERE,
    meets: Meets | None = None,
    created: bool = False,
    deleted: Opened | None = None,
    now: Opened | None = None,
) -> Emitted | None:
    """`opened`, whose id is `id`, if the decision permits it; else None.

    `standing` is how the actor stands to its patients, in the same snapshot; `meets` tells whether
    a resource satisfies the criteria of a scope. A deletion says nothing but that it was: what it
    `deleted` decides whether it may leave. The labels of what the resource is `now` close an older
    version as well. What is masked leaves as a part (`fhir.masking`).
    """
    row, body, patients = opened
    type = type_name(row.type)
    content, whose = body, patients
    if deleted is not None:
        content, whose = deleted.body, patients | deleted.patients
    facts = facts_of(decision, type, content, whose, standing, meets, now)
    answer = decision.permits(facts)
    if answer == "no":
        return None
    if answer == "masked":
        body = masked(type, body, decision.shown(facts))
    return Emitted(type, id, row.version, row.updated, body, patients, row.deleted, created)


def part_of(emitted: Emitted, summary: str | None, elements: Collection[str]) -> Emitted:
    """What `_summary` or `_elements` keeps of what already leaves, marked as a part."""
    if elements:
        return replace(emitted, body=parts.elements(emitted.type, emitted.body, elements))
    if summary in ("true", "text", "data"):
        kind: parts.Summary = summary  # type: ignore[assignment]
        return replace(emitted, body=parts.summary(emitted.type, emitted.body, kind))
    return emitted
