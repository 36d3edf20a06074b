"""Finding: the access path of a search, and the candidates it yields, page by page.

The index only narrows; whoever asked opens each candidate and decides. Order is the type's main
day, newest first, with the row's place of insertion breaking ties, so that a keyset cursor
`(day, pk)` resumes exactly where a page ended.

Hazard measured and avoided: with a common term the ordered scan is quickest, with a rare one the
inverted index; so a bounded stretch of the ordered scan is probed first and the inverted index
asked only when the stretch did not fill the page.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from egide.db import Connection, Fetched
from egide.store.reading import row_of
from egide.store.row import Row

_STRETCH = 1_000
_LARGEST_BATCH = 1_000

_ROW = (
    "r.pk, r.id, r.type, r.version, r.key, r.updated, r.day, r.until, r.deleted,"
    " array_send(r.terms) as terms, r.sealed"
)
_OF_PATIENT = (
    "r.key = any(array(select number from data_key where owner = {0} union all"
    " select s.number from shared_key s join data_key k on k.number = s.holder"
    " where k.owner = {0}))"
)
_IN_REACH = (
    "(exists (select from reach a where a.account = {0} and a.patient_key = r.key)"
    " or exists (select from data_key k where k.number = r.key and k.kind <> 1)"
    " or exists (select from shared_key s join reach a on a.patient_key = s.holder"
    " where s.number = r.key and a.account = {0}))"
)


class Place(NamedTuple):
    """Where a page ended: the last row's day and place of insertion."""

    day: date
    pk: int


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the index can hold a search to. All that is given must hold.

    `ids`: idents, one of which it must be. `patient`: ident of the patient whose record it is in.
    `terms`: for each clause the blind terms of which it must have one. `first`, `last`: its main
    day, inclusive; `until`: its end is not before. `reach`: the account whose reach it must
    be in. `after`: the place to go on from.
    """

    type: int
    ids: tuple[bytes, ...] | None = None
    patient: bytes | None = None
    terms: tuple[tuple[int, ...], ...] = ()
    first: date | None = None
    last: date | None = None
    until: date | None = None
    reach: int | None = None
    after: Place | None = None


class Candidate(NamedTuple):
    """A row that may answer, and its place in the order."""

    row: Row
    place: Place


async def candidates(
    connection: Connection, narrowing: Narrowing, page: int
) -> AsyncIterator[list[Candidate]]:
    """Batches of candidates in order, the first about `page` rows, until there are no more."""
    size = page
    after = narrowing.after
    probe = bool(narrowing.terms) and narrowing.patient is None and narrowing.ids is None
    while True:
        here = replace(narrowing, after=after)
        if probe:
            batch = await _stretch(connection, here, size)
            if len(batch) < size:
                probe = False
                batch = await _batch(connection, here, size)
        else:
            batch = await _batch(connection, here, size)
        if batch:
            yield batch
        if len(batch) < size:
            return
        after = batch[-1].place
        size = min(size * 2, _LARGEST_BATCH)


async def _batch(connection: Connection, narrowing: Narrowing, size: int) -> list[Candidate]:
    where, values = _conditions(narrowing)
    text = (
        f"select {_ROW} from resource r where {where}"  # noqa: S608  (fixed fragments only)
        f" order by r.day desc, r.pk desc limit {size}"
    )
    return [_candidate(record) for record in await connection.fetch(text, *values)]


async def _stretch(connection: Connection, narrowing: Narrowing, size: int) -> list[Candidate]:
    where, values = _conditions(replace(narrowing, terms=()))
    terms, values = _term_conditions(narrowing.terms, values)
    text = (
        f"select {_ROW} from (select * from resource r where {where}"  # noqa: S608  (as above)
        f" order by r.day desc, r.pk desc limit {_STRETCH}) r where {terms}"
        f" order by r.day desc, r.pk desc limit {size}"
    )
    return [_candidate(record) for record in await connection.fetch(text, *values)]


def _conditions(narrowing: Narrowing) -> tuple[str, list[object]]:
    values: list[object] = [narrowing.type]
    parts = ["r.type = $1", "not r.deleted"]

    def put(fragment: str, *given: object) -> None:
        marks = [f"${len(values) + place}" for place in range(1, len(given) + 1)]
        values.extend(given)
        parts.append(fragment.format(*marks))

    if narrowing.ids is not None:
        put("r.id = any({}::uuid[])", list(narrowing.ids))
    if narrowing.patient is not None:
        put(_OF_PATIENT, narrowing.patient)
    if narrowing.first is not None:
        put("r.day >= {}", narrowing.first)
    if narrowing.last is not None:
        put("r.day <= {}", narrowing.last)
    if narrowing.until is not None:
        put("r.until >= {}", narrowing.until)
    if narrowing.reach is not None:
        put(_IN_REACH, narrowing.reach)
    if narrowing.after is not None:
        put("(r.day, r.pk) < ({}, {})", narrowing.after.day, narrowing.after.pk)
    text = " and ".join(parts)
    if narrowing.terms:
        terms, values = _term_conditions(narrowing.terms, values)
        text += f" and {terms}"
    return text, values


def _term_conditions(
    terms: tuple[tuple[int, ...], ...], values: list[object]
) -> tuple[str, list[object]]:
    parts = []
    for alternatives in terms:
        values = [*values, list(alternatives)]
        operator = "@>" if len(alternatives) == 1 else "&&"
        parts.append(f"r.terms {operator} ${len(values)}::bigint[]")
    return " and ".join(parts), values


def _candidate(record: Fetched) -> Candidate:
    return Candidate(row_of(record), Place(record["day"], record["pk"]))
