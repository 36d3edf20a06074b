"""Finding: the access path of a search, and the candidates it yields, batch by batch.

The index only narrows; whoever asked opens each candidate and decides. A keyset place
`(value, pk)` resumes exactly where a batch ended, whatever was written meanwhile.

Hazards measured and avoided:
- with a common term the ordered scan is quickest, with a rare one the inverted index; so a bounded
  stretch of the ordered scan is probed first and the inverted index asked only when the stretch
  did not fill the batch;
- a patient's rows are sought key by key in their index, in order: `key = any(…)` makes the engine
  scan all patients' days instead (1.8 ms where this takes 0.1);
- inside one record, and among named ids, the inverted index is kept out (`is true`): those rows
  are few, the index's are not;
- these plans hold for any values and are made once a connection; the others for the values given.
"""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from egide.db import Connection, Fetched, custom_plans
from egide.fhir.definitions import number
from egide.store.reading import row_of
from egide.store.row import Row

_STRETCH = 1_000
_LARGEST_BATCH = 1_000

_ROW = (
    "r.pk, r.id, r.type, r.version, r.key, r.updated, r.day, r.until, r.deleted,"
    " array_send(r.terms) as terms, r.sealed"
)
_KEYS_OF = (
    "select number from data_key where owner = any({0}::uuid[]) union"
    " select s.number from shared_key s join data_key k on k.number = s.holder"
    " where k.owner = any({0}::uuid[])"
)
_OWNED = f"array({_KEYS_OF})"
_IN_REACH = (
    "(exists (select from reach a where a.account = {0} and a.patient_key = r.key)"
    " or exists (select from data_key k where k.number = r.key and k.kind <> 1)"
    " or exists (select from shared_key s join reach a on a.patient_key = s.holder"
    " where s.number = r.key and a.account = {0}))"
)
_REFERS = "r.id in (select source from ref where parameter = {1} and target = any({0}::uuid[]))"


class Order(NamedTuple):
    """By which column, and which way; the place of insertion breaks ties."""

    column: Literal["day", "updated"] = "day"
    descending: bool = True


BY_DAY = Order()
"""Newest main day first: the order when none is asked for."""


class Place(NamedTuple):
    """Where a batch ended: the last row's value in the order, and its place of insertion."""

    value: date | datetime
    pk: int


class Refers(msgspec.Struct, frozen=True):
    """It refers to one of `targets` (idents) along the edge numbered `parameter`.

    `patients`: targets that are Patients; a row of one of their records refers there too.
    """

    parameter: int
    targets: tuple[bytes, ...]
    patients: tuple[bytes, ...] = ()


class Narrowing(msgspec.Struct, frozen=True):
    """What the index can hold a search to. All that is given must hold.

    `ids`: idents, one of which it must be. `owners`: idents of patients, in the record of one of
    which it must be. `terms`: for each clause the blind terms of which it must have one. `refers`:
    edges it must have. `first`, `last`: its main day, inclusive; `until`: its end is not before.
    `reach`: the account whose reach it must be in. `after`: the place to go on from.
    """

    type: str
    ids: tuple[bytes, ...] | None = None
    owners: tuple[tuple[bytes, ...], ...] = ()
    terms: tuple[tuple[int, ...], ...] = ()
    refers: tuple[Refers, ...] = ()
    first: date | None = None
    last: date | None = None
    until: date | None = None
    reach: int | None = None
    order: Order = BY_DAY
    after: Place | None = None

    @property
    def selective(self) -> bool:
        """Whether it is held to some ids, patients or edges: few rows, whatever the terms."""
        return self.confined or bool(self.refers)

    @property
    def confined(self) -> bool:
        """Whether it is held to some ids or to the records of some patients."""
        return self.ids is not None or bool(self.owners)


class Candidate(NamedTuple):
    """A row that may answer, and its place in the order."""

    row: Row
    place: Place
    day: date


async def candidates(
    connection: Connection, narrowing: Narrowing, page: int
) -> AsyncIterator[list[Candidate]]:
    """Batches of candidates in order, the first about `page` rows, until there are no more."""
    size = max(page, 1)
    after = narrowing.after
    probe = bool(narrowing.terms) and not narrowing.selective
    while True:
        here = replace(narrowing, after=after)
        batch = await _stretch(connection, here, size) if probe else []
        if not probe or len(batch) < size:
            probe = False
            batch = await _batch(connection, here, size)
        if batch:
            yield batch
        if len(batch) < size:
            return
        after = batch[-1].place
        size = min(size * 2, _LARGEST_BATCH)


async def count(connection: Connection, narrowing: Narrowing) -> int:
    """How many rows the narrowing leaves."""
    where, values = _conditions(narrowing)
    text = f"select count(*) from resource r where {where}"  # noqa: S608  (fixed fragments only)
    async with custom_plans(connection):
        number: int = await connection.fetchval(text, *values)
    return number


async def _batch(connection: Connection, narrowing: Narrowing, size: int) -> list[Candidate]:
    order = _order(narrowing.order)
    if narrowing.owners and narrowing.ids is None:
        first, *others = narrowing.owners
        where, values = _conditions(replace(narrowing, owners=tuple(others)), list(first))
        text = (
            f"select {_ROW} from ({_KEYS_OF.format('$1')}) k"  # noqa: S608  (as above)
            f" cross join lateral (select * from resource r where r.key = k.number and {where}"
            f" order by {order} limit {size}) r order by {order} limit {size}"
        )
    else:
        where, values = _conditions(narrowing)
        text = f"select {_ROW} from resource r where {where} order by {order} limit {size}"  # noqa: S608
    return await _fetched(connection, narrowing, text, values)


async def _stretch(connection: Connection, narrowing: Narrowing, size: int) -> list[Candidate]:
    where, values = _conditions(replace(narrowing, terms=()))
    terms, values = _term_conditions(narrowing.terms, values)
    order = _order(narrowing.order)
    text = (
        f"select {_ROW} from (select * from resource r where {where}"  # noqa: S608  (as above)
        f" order by {order} limit {_STRETCH}) r where {terms} order by {order} limit {size}"
    )
    return await _fetched(connection, replace(narrowing, terms=()), text, values)


async def _fetched(
    connection: Connection, narrowing: Narrowing, text: str, values: list[object]
) -> list[Candidate]:
    """The rows; planned for these values where the best plan depends on them."""
    if narrowing.refers or narrowing.reach or (narrowing.terms and not narrowing.confined):
        async with custom_plans(connection):
            records = await connection.fetch(text, *values)
    else:
        records = await connection.fetch(text, *values)
    return [_candidate(narrowing, record) for record in records]


def _order(order: Order) -> str:
    """The order as the indexes have it: (type, day desc, pk) and (type, updated, pk)."""
    match order:
        case Order("day", True):
            return "r.day desc, r.pk"
        case Order("day", False):
            return "r.day, r.pk desc"
        case Order("updated", True):
            return "r.updated desc, r.pk desc"
    return "r.updated, r.pk"


def _beyond(order: Order) -> str:
    """What is after a place ({0}: its value, {1}: its pk), so that the index can start there."""
    match order:
        case Order("day", True):
            return "r.day <= {0} and (r.day < {0} or r.pk > {1})"
        case Order("day", False):
            return "r.day >= {0} and (r.day > {0} or r.pk < {1})"
        case Order("updated", True):
            return "(r.updated, r.pk) < ({0}, {1})"
    return "(r.updated, r.pk) > ({0}, {1})"


def _conditions(narrowing: Narrowing, *before: object) -> tuple[str, list[object]]:
    """The narrowing as SQL, and its values after those given `before`."""
    values: list[object] = [*before, number(narrowing.type)]
    parts = [f"r.type = ${len(values)}", "not r.deleted"]

    def put(fragment: str, *given: object) -> None:
        marks = [f"${len(values) + place}" for place in range(1, len(given) + 1)]
        values.extend(given)
        parts.append(fragment.format(*marks))

    if narrowing.ids is not None:
        put("r.id = any({}::uuid[])", list(narrowing.ids))
    for owners in narrowing.owners:
        put(f"r.key = any({_OWNED})", list(owners))
    for edge in narrowing.refers:
        if edge.patients:
            put(
                f"({_REFERS} or r.key = any({_OWNED.replace('{0}', '{2}')}))",
                list(edge.targets),
                edge.parameter,
                list(edge.patients),
            )
        else:
            put(_REFERS, list(edge.targets), edge.parameter)
    if narrowing.first is not None:
        put("r.day >= {}", narrowing.first)
    if narrowing.last is not None:
        put("r.day <= {}", narrowing.last)
    if narrowing.until is not None:
        put("r.until >= {}", narrowing.until)
    if narrowing.reach is not None:
        put(_IN_REACH, narrowing.reach)
    if narrowing.after is not None:
        put(_beyond(narrowing.order), *narrowing.after)
    text = " and ".join(parts)
    if narrowing.terms:
        terms, values = _term_conditions(narrowing.terms, values)
        text += f" and ({terms}) is true" if narrowing.confined or before else f" and {terms}"
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


def _candidate(narrowing: Narrowing, record: Fetched) -> Candidate:
    place = Place(record[narrowing.order.column], record["pk"])
    return Candidate(row_of(record), place, record["day"])
