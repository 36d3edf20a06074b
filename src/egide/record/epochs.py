"""Epochs: a patient's policy epoch is another as soon as what holds for the record has changed, in
the transaction that changes it.

What a patient decided changes it, and so do the labels of stays and episodes of care, and what they
belong to. Who makes or changes a label waits for whoever makes a stay belong to another, and keeps
him waiting: of the two the later one finds what the other wrote. A patient of whom nothing was ever
decided or labelled has no epoch, however many stays belong to each other.

Invariants (tests/integration/record/test_episodes.py)
- Whenever a Consent of a patient is written or deleted, the patient's policy epoch changes with it
  (test_choices.py).
- Labels set or changed, a stay that moves and one that comes back hold from their commit on.
- Stays without labels give nobody an epoch.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum

from egide.db import Connection, queries
from egide.gate.episodes import TYPES
from egide.ids import internal_number
from egide.record.parts import Parts
from egide.record.policies import episode_of
from egide.store import Prepared

_SQL = queries("egide.record", "sql/epochs.sql")

_LOCK = 0x65676964_73740000
"""Advisory locks of labels and of what belongs to what: "egidst", and a number."""
_LOCKS = 64
"""Locks patients share: a transaction takes this many at most."""


class Change(IntEnum):
    """What a write changes of what holds for a record: nothing, what belongs to which stay, or what
    was decided or labelled."""

    nothing = 0
    belonging = 1
    deciding = 2


async def follow(parts: Parts, connection: Connection, written: Sequence[Prepared]) -> None:
    """Give another epoch to the patients of whom what holds is not what it was before these writes.

    Before anything is compiled again on this connection: what is not committed must not be kept
    under an epoch that others know.
    """
    changes: dict[int, Change] = {}
    stays = False
    for each in written:
        change = Change.nothing if each.unchanged else _change(each, parts.bases)
        if not change:
            continue
        stays = stays or each.draft.type in TYPES
        patients = each.patients | each.before
        if each.current is not None and each.current.deleted:
            key = each.current.key
            patients |= (await parts.keys.load(connection, [key]))[key].patients
        for patient in patients:
            changes[patient] = max(change, changes.get(patient, change))
    await renew(connection, changes, stays=stays)


def _change(written: Prepared, bases: frozenset[str]) -> Change:
    type = written.draft.type
    if type == "Consent":
        return Change.deciding
    if type not in TYPES or not written.body:
        # What is deleted goes on to hold: `egide.record.policies`.
        return Change.nothing
    now = episode_of(type, written.body, bases)
    if not written.current_body:
        # New, or deleted before, when its labels still held.
        back = written.current is not None
        return _least(bool(now.labels), back or bool(now.within))
    was = episode_of(type, written.current_body, bases)
    if was == now and written.patients == written.before:
        return Change.nothing
    return _least(bool(was.labels or now.labels), bool(was.within or now.within))


def _least(labels: bool, within: bool) -> Change:
    return Change.deciding if labels else Change.belonging if within else Change.nothing


async def renew(connection: Connection, changes: Mapping[int, Change], *, stays: bool) -> None:
    """Give patients (key numbers) another epoch: to each whose change is `deciding`; to others only
    where they have one. `stays`: the changes are of labels, or of what belongs to what."""
    if stays and changes:
        keys: dict[int, bool] = {}
        for patient, change in changes.items():
            key = _LOCK + patient % _LOCKS
            keys[key] = keys.get(key, False) or change is Change.deciding
        locks = sorted(keys.items())
        await connection.fetch(_SQL["hold"], [key for key, _ in locks], [one for _, one in locks])
    deciding = {patient for patient, change in changes.items() if change is Change.deciding}
    if len(deciding) < len(changes):
        held = await connection.fetch(_SQL["held"], list(changes))
        deciding.update(record["patient_key"] for record in held)
    if deciding:
        patients = sorted(deciding)
        await connection.execute(_SQL["renew"], patients, [internal_number() for _ in patients])


async def without(connection: Connection, patients: Collection[int]) -> frozenset[int]:
    """Those of some patients who have no epoch."""
    known = await connection.fetch(_SQL["known"], list(patients)) if patients else []
    return frozenset(patients).difference(record["patient_key"] for record in known)
