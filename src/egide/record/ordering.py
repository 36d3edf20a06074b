"""Ordering: pages of a query in the order it asks for, and where each page ends.

Four ways. No order asked: the store's, newest main day first. `_lastUpdated`: the store's. The
type's main date: days come in order from the store, instants are put in order by holding back what
a later day could still precede (two zones differ by 26 hours at most), so any size is sorted
exactly; what has no such date is placed by the one that stands in for it (`main_date`), and what
has none at all counts as the oldest. Anything else: all matches, up to `SORTABLE`, are sorted here.
https://hl7.org/fhir/R4/search.html#sort
"""

import heapq
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cmp_to_key
from typing import NamedTuple

from egide.errors import TooCostly
from egide.fhir.search.order import SortValue, sort_value
from egide.fhir.search.parameter import Context, Parameter, parameter
from egide.fhir.search.query import Sort
from egide.record.matching import Match
from egide.record.merging import Asked
from egide.record.opening import Seen
from egide.record.spot import Spot
from egide.store import Order, Place

SORTABLE = 5_000
"""Matches that are sorted by something the store has no order for."""

MOST_KEYS = 8
"""Keys of one order: every match is read once for each."""

_SLACK = timedelta(days=2)
_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1).toordinal()


class Ordered(NamedTuple):
    """A page of matches, and where it ended if there are more."""

    seen: list[Seen]
    end: Spot | None


async def ordered(matching: Asked, context: Context, after: Spot | None, wanted: int) -> Ordered:
    """The first `wanted` matches after a spot, in the order the query asks for."""
    sort = matching.query.sort
    if len(sort) > MOST_KEYS:
        raise TooCostly(f"a search may be sorted by {MOST_KEYS} parameters at once")
    if not sort:
        return await _stored(matching, Order("day", True), after, wanted)
    if len(sort) == 1 and sort[0].key == "updated":
        return await _stored(matching, Order("updated", sort[0].descending), after, wanted)
    if len(sort) == 1 and sort[0].key == "day":
        return await _dated(matching, context, sort[0], after, wanted)
    return await _sorted(matching, context, sort, after, wanted)


async def _stored(matching: Asked, order: Order, after: Spot | None, wanted: int) -> Ordered:
    found: list[Match] = []
    async for batch in matching.stream(order, _place(order, after), wanted + 1):
        found += batch
        if len(found) > wanted:
            break
    page = found[:wanted]
    end = _spot(page[-1].place) if page and len(found) > wanted else None
    return Ordered([match.seen for match in page], end)


async def _dated(
    matching: Asked, context: Context, sort: Sort, after: Spot | None, wanted: int
) -> Ordered:
    """By instant: a heap holds back what the days still to come might precede."""
    known = parameter(matching.types[0], sort.parameter)
    sign = -1 if sort.descending else 1
    bound = None if after is None else (sign * _number(after.values[0]), int(after.tie))
    start = None if after is None else _day_near(_number(after.values[0]), sort.descending)
    heap: list[tuple[int, int, Seen]] = []
    found: list[tuple[int, int, Seen]] = []
    order = Order("day", sort.descending)
    async for batch in matching.stream(order, None, wanted + 1, from_day=start):
        for match in batch:
            key = sign * _instant(known, match, context)
            if bound is None or (key, match.place.pk) > bound:
                heapq.heappush(heap, (key, match.place.pk, match.seen))
        if batch:
            settled = sign * _edge_of_day(batch[-1].day, sort.descending)
            while heap and heap[0][0] < settled and len(found) <= wanted:
                found.append(heapq.heappop(heap))
        if len(found) > wanted:
            break
    while heap and len(found) <= wanted:
        found.append(heapq.heappop(heap))
    page = found[:wanted]
    end = Spot((sign * page[-1][0],), page[-1][1]) if page and len(found) > wanted else None
    return Ordered([seen for _, _, seen in page], end)


async def _sorted(
    matching: Asked,
    context: Context,
    sort: tuple[Sort, ...],
    after: Spot | None,
    wanted: int,
) -> Ordered:
    found: list[tuple[tuple[SortValue | None, ...], str, Seen]] = []
    async for batch in matching.stream(Order(), None, 200):
        for match in batch:
            values = tuple(_value(match.seen, key, context) for key in sort)
            found.append((values, match.seen.reference, match.seen))
        if len(found) > SORTABLE:
            names = ", ".join(key.parameter for key in sort)
            raise TooCostly(
                f"more than {SORTABLE:,} matches to sort by {names}; narrow the search, or sort "
                "by _lastUpdated or the type's main date"
            )

    def compare(
        left: tuple[tuple[SortValue | None, ...], str, object],
        right: tuple[tuple[SortValue | None, ...], str, object],
    ) -> int:
        for key, one, other in zip(sort, left[0], right[0], strict=True):
            if one != other:
                if one is None or other is None:
                    return 1 if one is None else -1
                return (1 if one > other else -1) * (-1 if key.descending else 1)  # type: ignore[operator]
        return (left[1] > right[1]) - (left[1] < right[1])

    found.sort(key=cmp_to_key(compare))
    if after is not None:
        last = (_values(matching.types[0], sort, after), str(after.tie), None)
        found = [each for each in found if compare(each, last) > 0]
    page = found[:wanted]
    end = None
    if page and len(found) > wanted:
        texts = tuple(str(v) if isinstance(v, Decimal) else v for v in page[-1][0])
        end = Spot(texts, page[-1][1])
    return Ordered([seen for _, _, seen in page], end)


def _value(seen: Seen, key: Sort, context: Context) -> SortValue | None:
    if key.key == "id":
        return seen.emitted.id
    if key.key == "updated":
        return _micros(seen.emitted.updated)
    known = parameter(seen.emitted.type, key.parameter)
    if known is None:
        return None
    return sort_value(known, seen.resource, context, descending=key.descending)


def _values(type: str, sort: tuple[Sort, ...], spot: Spot) -> tuple[SortValue | None, ...]:
    """A spot's values as they compare: numbers travel as text."""
    values: list[SortValue | None] = []
    for key, value in zip(sort, spot.values, strict=True):
        known = parameter(type, key.parameter)
        numeric = known is not None and known.kind in ("number", "quantity")
        values.append(Decimal(value) if numeric and isinstance(value, str) else value)
    return tuple(values)


def _instant(known: Parameter | None, match: Match, context: Context) -> int:
    """The instant a match is sorted by; without one of its own, the start of its main day."""
    value = None
    if known is not None:
        value = sort_value(known, match.seen.resource, context, descending=False)
    if isinstance(value, int):
        return max(value, (match.day.toordinal() - _EPOCH) * _DAY - _DAY)
    return (match.day.toordinal() - _EPOCH) * _DAY


def _edge_of_day(day: date, descending: bool) -> int:
    """The instant beyond which nothing of this day or of those still to come can lie."""
    ordinal = day.toordinal() - _EPOCH
    return (ordinal + 3) * _DAY if descending else (ordinal - 2) * _DAY


def _day_near(instant: int, descending: bool) -> date | None:
    """The day from which the scan for what follows an instant has to start."""
    try:
        near = datetime.fromtimestamp(instant / 1_000_000, UTC).date()
        return near + _SLACK if descending else near - _SLACK
    except (OverflowError, ValueError, OSError):
        return None


def _micros(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _number(value: int | str | None) -> int:
    return value if isinstance(value, int) else 0


def _spot(place: Place) -> Spot:
    value = place.value
    if isinstance(value, datetime):
        return Spot((_micros(value),), place.pk)
    return Spot((value.toordinal(),), place.pk)


def _place(order: Order, spot: Spot | None) -> Place | None:
    if spot is None:
        return None
    value = _number(spot.values[0])
    if order.column == "day":
        return Place(date.fromordinal(value), int(spot.tie))
    return Place(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=value), int(spot.tie))
