"""$everything of a patient: the whole record, and what it refers to that is nobody's record.

https://hl7.org/fhir/R4/operation-patient-everything.html. Resources come as they were first
stored, the patient first; a page brings along the practitioners, organisations, places and
products it refers to. Other patients do not come along.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec

from egide import fhir
from egide.db import Connection
from egide.errors import Incorrect, NotFound
from egide.fhir.definitions import TYPES, number, type_name
from egide.fhir.search.literal import local_target
from egide.fhir.search.refusal import wrong
from egide.fhir.search.span import span
from egide.record import reads
from egide.record.emission import Emitted, emit
from egide.record.interaction import Interaction
from egide.record.timeframe import timeframe
from egide.store import Row, of_nobody, sealed_for

PAGE = 1_000
"""Resources of the record on a page, at most and when nothing else is said."""

_TYPES = frozenset(TYPES)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended, and what was asked for."""

    id: str
    types: tuple[str, ...]
    since: datetime | None
    count: int
    first: date | None = None
    last: date | None = None
    after: int = -1


class EverythingPage(NamedTuple):
    """A page of a record: what is in it, what it refers to, and the cursor of the page after,
    None on the last."""

    entries: tuple[Emitted, ...]
    included: tuple[Emitted, ...]
    next: str | None


class Everything(NamedTuple):
    """A page of a record, what it brings along, and where to go on."""

    entries: tuple[Emitted, ...]
    included: tuple[Emitted, ...]
    next: Place | None


def types_of(text: str | None) -> tuple[str, ...]:
    """The types in `_type`, none for all. Raises Incorrect."""
    if text is None:
        return ()
    types = tuple(text.split(","))
    if not _TYPES.issuperset(types):
        raise Incorrect("_type: names something that is no resource type")
    return types


def days_of(start: str | None, end: str | None) -> tuple[date | None, date | None]:
    """The first and the last day of care, from the dates `start` and `end`. Raises Incorrect."""
    first, last = _dated("start", start), _dated("end", end)
    return None if first is None else first[0], None if last is None else last[1]


def _dated(name: str, text: str | None) -> tuple[date, date] | None:
    """The first and the last day of a date, a month or a year."""
    if text is None:
        return None
    try:
        if "T" in text:
            raise ValueError
        days = span(text, UTC)
        low, high = (_EPOCH + timedelta(microseconds=each) for each in days)
    except (ValueError, OverflowError):
        raise wrong(name, "is a date, as 2026-05 or 2026-05-31") from None
    return low.date(), high.date()


async def first(
    here: Interaction,
    id: str,
    *,
    types: str | None,
    since: str | None,
    count: int | None,
    start: str | None,
    end: str | None,
) -> EverythingPage:
    """The first page of the record of Patient `id`. Raises NotFound, Gone, Incorrect."""
    frame = timeframe(since, None, here.parts.zone)
    size = min(count or PAGE, PAGE)
    days = days_of(start, end)
    place = Place(id, types_of(types), frame.since, size, *days)
    return _sealed(here, await everything(here, place))


async def following(here: Interaction, id: str, cursor: str) -> EverythingPage:
    """The page a cursor leads to. Raises Incorrect for one of another account or patient."""
    place = here.parts.cursors.open(here.actor.account, cursor, Place)
    if place.id != id:
        raise Incorrect("the page link is of another patient")
    return _sealed(here, await everything(here, place))


def _sealed(here: Interaction, page: Everything) -> EverythingPage:
    account, place = here.actor.account, page.next
    cursor = None if place is None else here.parts.cursors.seal(account, place)
    return EverythingPage(page.entries, page.included, cursor)


async def everything(here: Interaction, place: Place) -> Everything:
    """The page after a place. Raises NotFound, Gone."""
    parts = here.parts
    patient = parts.blind.ident("Patient", place.id)
    # Reach that is looked up must be of the same instant as the rows; else a snapshot only costs.
    async with here.looking(at_once=here.decision.looks_up) as connection:
        found = await sealed_for(
            connection,
            patient,
            after=place.after,
            types=[number(each) for each in place.types] or None,
            since=place.since,
            count=place.count + 1,
            first=place.first,
            last=place.last,
        )
        if not found or found[0][1].id != patient:
            await reads.read_in(here, connection, here.decision, "Patient", place.id)
            raise NotFound("there is no such patient")
        first = found[0][1]
        wanted = place.after < 0 and (not place.types or "Patient" in place.types)
        wanted = wanted and (place.since is None or first.updated >= place.since)
        end = place.count + (0 if wanted else 1)
        emitted = await _see(here, connection, [row for _, row in found[:end]])
        if emitted[0] is None:
            raise here.hide()
        entries = [each for each in (emitted if wanted else emitted[1:]) if each is not None]
        included = await _beside(here, connection, entries, place.types)
    here.concern(patient for each in (*entries, *included) for patient in each.patients)
    here.note(count=len(entries))
    following = None
    if len(found) > end:
        after = found[end - 1][0] if end > 1 else 0
        following = msgspec.structs.replace(place, after=after)
    return Everything(tuple(entries), tuple(included), following)


async def _see(
    here: Interaction, connection: Connection, rows: Sequence[Row]
) -> list[Emitted | None]:
    opened = await here.parts.reader.open(connection, rows)
    patients = {patient for each in opened for patient in each.patients}
    decision = here.decision
    standing = await here.standing(connection, decision, patients)
    return [
        emit(decision, each, fhir.identity(each.body), standing=standing, meets=here.meets)
        for each in opened
    ]


async def _beside(
    here: Interaction, connection: Connection, entries: Sequence[Emitted], types: Sequence[str]
) -> list[Emitted]:
    """What `entries` refer to that is nobody's record, and may be seen."""
    parts = here.parts
    references = {ref for each in entries for ref in fhir.reference_strings(each.body)}
    idents: set[bytes] = set()
    for reference in references:
        target = local_target(reference, parts.bases)
        if target is None:
            continue
        type, _, id = target.partition("/")
        if type != "Patient" and (not types or type in types):
            idents.add(parts.blind.ident(type, id))
    if not idents:
        return []
    opened = await parts.reader.open(connection, await of_nobody(connection, sorted(idents)))
    seen = (
        emit(
            here.decide("search", type_name(each.row.type)),
            each,
            fhir.identity(each.body),
            meets=here.meets,
        )
        for each in opened
    )
    return [each for each in seen if each is not None]
