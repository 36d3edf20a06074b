"""Finding: the access path of a search, and the candidates it yields, batch by batch.

The index only narrows; whoever asked opens each candidate and decides. A keyset place
`(value, pk)` resumes exactly where a batch ended, whatever was written meanwhile.

The path is chosen here, not by the planner, which takes the ordered index whenever there is a LIMIT
and then looks for what is not there:

- *by identity*: ids, keys of patients, edges name few rows; they are found, then put in order;
- *in order*: rows of the type are visited newest first, a bounded stretch of them, and kept if they
  have the terms and lie in the reach;
- *by lead*: rows with a leading code, in order, from the index that has them so, and with them what
  has the code elsewhere, from the inverted index;
- *by terms*: the inverted index finds all rows with the terms, then they are put in order;
- *by their end*: after a date, what began before it is found by the index of what lasts, what is of
  a later day in order;
- *by few terms*: the same where the terms are rare, each row being asked whether it is in reach;
- *by reach*: the first rows of each patient in reach, put in order together.

In order is best for what is common, the others for what is rare, and nobody knows beforehand
whether two common terms ever meet. So a search spends at most as much in order as the other path
would cost (from `TermCounts`), then switches, and goes on from where it was.

Each statement has one plan whatever its values, made once a connection: planning it anew costs the
engine 0.2 ms, and asking for that two round trips.
"""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from egide.db import Connection, Fetched, custom_plans, queries
from egide.fhir.definitions import number
from egide.store.conditions import Conditions, order_by
from egide.store.counts import TermCounts
from egide.store.narrowing import Narrowing, Place, leads_of
from egide.store.reaches import Reaches
from egide.store.reading import row_of
from egide.store.row import Row
from egide.store.standing import Within, ties_of

_SQL = queries("egide.store", "sql/finding.sql")
_LARGEST_BATCH = 1_000
_UNKNOWN = 1_000
"""The stretch when nothing is known of the terms."""
_SHORTEST, _LONGEST = 500, 30_000
"""Rows visited in order at least, when it is tried at all, and at most, before switching."""
_POSTING = 0.03
"""What an entry of the inverted index costs, a row visited being 1."""
_ENTRY = 0.15
"""What an entry of the index by lead costs when it alone tells what is asked."""
_FEW_PATIENTS = 100
"""A reach that is asked patient by patient before anything else."""
_FEW_ROWS = 300
"""Rows that are asked one by one whether they are in a reach, rather than looking up all of it."""
_FEW_LASTING = 2_000
"""Rows that began before a date and last till then that are looked for by their end."""
_MANY_SOURCES = 5_000
"""Rows referring along an edge from which on they are visited in order rather than one by one."""

_ROW = (
    "r.pk, r.id, r.type, r.version, r.key, r.updated, r.day, r.until, r.deleted,"
    " r.lead, array_send(r.terms) as terms, r.sealed"
)


class Candidate(NamedTuple):
    """A row that may answer, and its place in the order."""

    row: Row
    place: Place
    day: date


class _Path(NamedTuple):
    """`stretch`: rows to visit in order, 0 for none; then `by`, None to go on in order."""

    stretch: int
    by: str | None


class _Stretch(NamedTuple):
    """What a stretch had, where it ended, and whether there was nothing beyond it."""

    batch: list[Candidate]
    end: Place | None
    exhausted: bool


class Finder:
    """Finds candidates. One for the process; the connection is the caller's."""

    def __init__(self) -> None:
        self._counts = TermCounts()
        self._reaches = Reaches()

    async def candidates(
        self, connection: Connection, narrowing: Narrowing, page: int
    ) -> AsyncIterator[list[Candidate]]:
        """Batches of candidates in order, the first about `page` rows, until there are no more."""
        if narrowing.ids == ():
            return
        for part in await self._parts(connection, narrowing):
            async for batch in self._of(connection, part, page):
                yield batch

    async def _parts(self, connection: Connection, narrowing: Narrowing) -> list[Narrowing]:
        """What is looked for one after the other: after a date, what is of a later day, and apart
        from it what began before and lasts. The whole at once when that would be much."""
        day = narrowing.until
        narrow = narrowing.terms or narrowing.led or narrowing.selective
        apart = narrow or narrowing.order.column != "day"
        if day is None or apart or (narrowing.first is not None and narrowing.first >= day):
            return [narrowing]
        few = await connection.fetchval(
            _SQL["lasting"], number(narrowing.type), day, _FEW_LASTING + 1
        )
        if few > _FEW_LASTING:
            return [narrowing]
        before = day - timedelta(days=1)
        last = before if narrowing.last is None else min(narrowing.last, before)
        lasting = replace(narrowing, last=last, lasting=True)
        if narrowing.last is not None and narrowing.last < day:
            return [lasting]
        parts = [replace(narrowing, first=day), lasting]
        return parts if narrowing.order.descending else parts[::-1]

    async def _of(
        self, connection: Connection, narrowing: Narrowing, page: int
    ) -> AsyncIterator[list[Candidate]]:
        size = max(page, 1)
        known = Conditions(narrowing)
        path = await self._path(connection, narrowing, size)
        stretch, after = path.stretch, narrowing.after
        while True:
            here = known.after(after)
            if stretch:
                batch, end, exhausted = await _stretch(connection, here, size, stretch)
                if len(batch) < size and not exhausted:
                    stretch = 0 if path.by else stretch
                    after = end
                    if batch:
                        yield batch
                    continue
                done = exhausted
            else:
                batch = await _batch(connection, here, size, path.by)
                done = len(batch) < size
            if batch:
                yield batch
            if done:
                return
            after = batch[-1].place
            size = min(size * 2, _LARGEST_BATCH)

    async def count(self, connection: Connection, narrowing: Narrowing) -> int:
        """How many rows the narrowing leaves."""
        known = Conditions(narrowing)
        text = f"select count(*) from resource r where {known.all()}"  # noqa: S608  (fixed fragments)
        async with custom_plans(connection):
            found: int = await connection.fetchval(text, *known.values)
        return found

    async def present(self, connection: Connection) -> frozenset[int]:
        """The types (numbers) that have any row."""
        return frozenset(record["type"] for record in await connection.fetch(_SQL["present"]))

    async def about(self, connection: Connection, narrowing: Narrowing) -> float | None:
        """About how many rows its terms leave, at most; None when nothing is known."""
        counts = await self._counts.fresh(connection)
        if not counts.known or not (narrowing.terms or narrowing.led):
            return None
        return min(_about(narrowing, counts))

    async def _path(self, connection: Connection, narrowing: Narrowing, size: int) -> _Path:
        if narrowing.ids is not None:
            return _Path(0, "identity")
        if narrowing.owners:
            return _Path(0, "keys")
        if narrowing.refers:
            return await self._along_edges(connection, narrowing, size)
        if narrowing.lasting:
            return _Path(0, "lasting")
        counts = await self._counts.fresh(connection)
        if narrowing.reach is not None and not narrowing.unbound:
            return await self._within_reach(connection, narrowing, narrowing.reach, counts, size)
        if _led(narrowing, counts):
            return _Path(0, "lead")
        if not (narrowing.terms or narrowing.led):
            return _Path(_LONGEST, None) if narrowing.reach is not None else _Path(0, None)
        return _by_terms(narrowing, counts, size)

    async def _along_edges(self, connection: Connection, narrowing: Narrowing, size: int) -> _Path:
        """The sources one by one, unless they are so many that visiting in order meets them."""
        for edge in narrowing.refers:
            sources, targets = 0, list(edge.targets)
            for parameter in (edge.parameter, *edge.beside):
                sources += await connection.fetchval(
                    _SQL["sources"], parameter, targets, _MANY_SOURCES + 1
                )
            if sources <= _MANY_SOURCES:
                return _Path(0, "identity")
        return _Path(_LONGEST, "identity")

    async def _within_reach(
        self,
        connection: Connection,
        narrowing: Narrowing,
        within: Within,
        counts: TermCounts,
        size: int,
    ) -> _Path:
        """Patient by patient when they are few; else in order first, then patient by patient."""
        patients = await self._reaches.count(connection, within, _FEW_PATIENTS + 1)
        few = patients <= _FEW_PATIENTS
        if _led(narrowing, counts) and not (few and _rarer(narrowing, counts, patients, size)):
            return _Path(0, "lead")
        if few:
            return _Path(0, "reach")
        if narrowing.terms or narrowing.led:
            path = _by_terms(narrowing, counts, size)
            few_rows = counts.known and min(_about(narrowing, counts)) <= _FEW_ROWS
            if few_rows and not path.stretch:
                return _Path(0, "few")
            return path
        return _Path(_LONGEST // 6, "reach")


def _about(narrowing: Narrowing, counts: TermCounts) -> list[float]:
    """About how many rows each clause on terms leaves."""
    led = [counts.of_leads(each.leads) + counts.of_terms(each.terms) for each in narrowing.led]
    return [*map(counts.of_terms, narrowing.terms), *led]


def _led(narrowing: Narrowing, counts: TermCounts) -> bool:
    """Whether to go by the leading code: when the order is that of its index, and no other term is
    rarer."""
    if not narrowing.led or narrowing.order.column != "day":
        return False
    rows = counts.of_leads(leads_of(narrowing.led))
    return all(rows <= counts.of_terms(alternatives) for alternatives in narrowing.terms)


def _rarer(narrowing: Narrowing, counts: TermCounts, patients: int, size: int) -> bool:
    """Whether so many patients have fewer rows of the type than going by the lead would visit."""
    if not counts.known:
        return True
    everybody = counts.of_type(number("Patient"))
    theirs = counts.of_type(number(narrowing.type)) * patients / everybody
    rows = counts.of_leads(leads_of(narrowing.led))
    alone = not (narrowing.terms or narrowing.refers)
    walk = min(rows, size * everybody / max(patients, 1)) * (_ENTRY if alone else 1.0)
    return theirs < walk


def _by_terms(narrowing: Narrowing, counts: TermCounts, size: int) -> _Path:
    """In order at most for as long as the inverted index would take, and only if that may do."""
    if not counts.known:
        return _Path(_UNKNOWN, "terms")
    of_type = counts.of_type(number(narrowing.type))
    each = [min(rows, of_type) for rows in _about(narrowing, counts)]
    together = of_type
    for rows in each:
        together *= rows / of_type
    inverted = _POSTING * sum(each) + together
    wanted = size * of_type / max(together, 0.001)
    bounded = narrowing.first is not None
    if not bounded and (wanted > 2 * inverted or wanted > _LONGEST):
        return _Path(0, "terms")
    return _Path(int(min(max(2 * wanted, _SHORTEST), max(inverted, _SHORTEST), _LONGEST)), "terms")


async def _stretch(connection: Connection, known: Conditions, size: int, rows: int) -> _Stretch:
    """At most `size` candidates among the next `rows` rows of the type."""
    order = order_by(known.narrowing.order)
    few, many = known.value(size), known.value(rows)
    columns, joins = known.facing()
    text = (
        f"select {_ROW}, s.hit, s.nth = {many} as last{columns} from ("  # noqa: S608  (fixed fragments)
        f" select * from (select r.ctid as tid, r.day, r.updated, r.pk, ({known.filters()}) as hit,"
        f" row_number() over (order by {order}) as nth from resource r where {known.ranges()}"
        f" order by {order} limit {many}) r where r.hit or r.nth = {many}"
        f" order by {order} limit {few}) s join resource r on r.ctid = s.tid{joins}"
        f" order by {order}"
    )
    records = await connection.fetch(text, *known.values)
    batch = [_candidate(known.narrowing, each) for each in records if each["hit"]]
    ended = bool(records) and records[-1]["last"]
    end = _place(known.narrowing, records[-1]) if ended else None
    return _Stretch(batch, end, not ended and len(batch) < size)


async def _batch(
    connection: Connection, known: Conditions, size: int, by: str | None
) -> list[Candidate]:
    order = order_by(known.narrowing.order)
    if by == "lead":
        rows = _by_lead(known, order, size)
    elif by is None:
        rows = f"select {_ROW} from resource r where {known.all()} order by {order} limit {size}"  # noqa: S608
    else:
        columns = "r.ctid as tid, r.day, r.updated, r.pk"
        if by in ("keys", "reach"):
            # Key by key, in order: an array of keys makes the engine scan all patients' days.
            inner = (
                f"select r.* from ({known.holders(by)}) h (key) cross join lateral"  # noqa: S608
                f" (select {columns} from resource r where r.key = h.key and {known.all(by)}"
                f" order by {order} limit {size}) r"
            )
        else:
            # OFFSET 0 keeps the planner from walking the ordered index for the LIMIT's sake.
            inner = f"select {columns} from resource r where {known.all(by)} offset 0"  # noqa: S608
        rows = (
            f"select {_ROW} from (select * from ({inner}) r order by {order} limit {size}) s"  # noqa: S608
            f" join resource r on r.ctid = s.tid order by {order}"
        )
    columns, joins = known.facing()
    if joins:
        rows = f"select r.*{columns} from ({rows}) r{joins} order by {order}"  # noqa: S608
    records = await connection.fetch(rows, *known.values)
    return [_candidate(known.narrowing, record) for record in records]


def _by_lead(known: Conditions, order: str, size: int) -> str:
    """The first of each lead, found by its index alone where that tells enough, and what has one of
    the codes among its other terms."""
    leads = known.value(leads_of(known.narrowing.led))
    led = (
        f"select {_ROW} from (select w.* from unnest({leads}::bigint[]) l (lead)"  # noqa: S608
        f" cross join lateral (select r.lead, r.day, r.pk from resource r where r.lead = l.lead"
        f" and {known.led()} order by {order} limit {size}) w"
        f" order by {order.replace('r.', 'w.')} limit {size}) s"
        f" join resource r on r.lead = s.lead and r.day = s.day and r.pk = s.pk"
    )
    others = (
        f"select {_ROW} from (select * from (select r.ctid as tid, r.day, r.pk"  # noqa: S608
        f" from resource r where {known.else_led(leads)} offset 0) r"
        f" order by {order} limit {size}) s"
        f" join resource r on r.ctid = s.tid"
    )
    return (
        f"select * from ({led} union all {others}) r"  # noqa: S608  (fixed fragments)
        f" order by {order} limit {size}"
    )


def _place(narrowing: Narrowing, record: Fetched) -> Place:
    return Place(record[narrowing.order.column], record["pk"])


def _candidate(narrowing: Narrowing, record: Fetched) -> Candidate:
    ties = None if narrowing.facing is None else ties_of(record)
    return Candidate(row_of(record, ties), _place(narrowing, record), record["day"])
