"""The conditions of a narrowing, as SQL over `resource r` and the values they name.

Fixed fragments only: whatever was asked for is a value, never text.
"""

from collections.abc import Sequence
from copy import copy

from egide.fhir.definitions import number
from egide.store.narrowing import Led, Narrowing, Order, Place
from egide.store.standing import COLUMNS

_SOURCES = "select source from ref where parameter = {0} and target = any({1}::uuid[])"
_THESE = "select unnest({0}::uuid[])"
_OWNED = (
    "select number from data_key where owner = any({0}::uuid[]) union"
    " select s.number from shared_key s join data_key k on k.number = s.holder"
    " where k.owner = any({0}::uuid[])"
)
_REACHED = (
    "select patient_key from reach"
    " where member = any({0}) and until > {1} and since <= {1}"
    " union all select s.number from shared_key s join reach a on a.patient_key = s.holder"
    " where a.member = any({0}) and a.until > {1} and a.since <= {1}"
)

_OWNED_AND_REACHED = "select o.number from ({0}) o where {1}"

_FACING = " cross join lateral ties(r.key, {0}, {1}, {2}) a"
_ONCE = "select distinct patient_key from ({0}) a"
# Scalar, for an EXISTS the engine may answer from a hash of all that is in reach.
_REACHED_EACH = (
    "(select true from reach a where a.patient_key = {2}"
    " and a.member = any({0}) and a.until > {1} and a.since <= {1} limit 1) is true"
    " or (select true from shared_key s join reach a on a.patient_key = s.holder"
    " where s.number = {2} and a.member = any({0}) and a.until > {1} and a.since <= {1}"
    " limit 1) is true"
)


LASTING = "r.until > r.day and (isfinite(r.day) or isfinite(r.until))"
"""What the index of lasting rows holds: not those of one day, nor those without any date."""


def order_by(order: Order) -> str:
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


class Conditions:
    """What a row must be like. `values` are those the SQL names, in order.

    Ranges are what the ordered indexes hold a scan to; filters are asked of each row visited.
    """

    def __init__(self, narrowing: Narrowing) -> None:
        self.narrowing = narrowing
        self.values: list[object] = []
        self._there = [f"r.type = {self.value(number(narrowing.type))}", "not r.deleted"]
        self._days: list[str] = []
        self._filters: list[str] = []
        self._edges: list[list[tuple[str, str]]] = []
        """For each edge the ways to have it: a column, and a query of what it may be."""
        self._terms = ""
        self._led = ""
        self._owned = [_OWNED.format(self.value(list(each))) for each in narrowing.owners]
        self._reached = self._of_reach = self._each_of_reach = ""
        self._read(narrowing)
        if narrowing.reach is not None:
            self._reach(*narrowing.reach.marks(self.value), unbound=narrowing.unbound)
            if narrowing.reach.wide:
                # So many may be in it that asking row by row costs less than reading all of it.
                self._of_reach = self._each_of_reach
        self._tail: list[str] = []
        if narrowing.after is not None:
            self._tail = [self._place(narrowing.after)]

    def _reach(self, members: str, at: str, *, unbound: bool) -> None:
        """Hold the rows to the reach of `members` (the marks of the values)."""
        if self._owned:
            # Few keys: each is looked up, rather than all that is in reach.
            first, *others = self._owned
            each = _REACHED_EACH.format(members, at, "o.number")
            self._owned = [_OWNED_AND_REACHED.format(first, each), *others]
            return
        self._reached = _REACHED.format(members, at)
        self._of_reach = f"r.key in ({self._reached})"
        self._each_of_reach = f"({_REACHED_EACH.format(members, at, 'r.key')})"
        if unbound:
            apart = "select k.number from data_key k where k.kind <> 1"
            self._of_reach = f"({self._of_reach} or r.key in ({apart}))"
            each = f"({apart} and k.number = r.key) is not null"
            self._each_of_reach = f"({self._each_of_reach} or {each})"

    def after(self, place: Place | None) -> "Conditions":
        """The same, after a place."""
        other = copy(self)
        if self._tail:
            other.values = self.values[:-2]
        else:
            other.values = list(self.values)
        other._tail = []
        if place is not None:
            other._tail = [other._place(place)]
        return other

    def ranges(self) -> str:
        """What holds of every row a scan in order visits."""
        return " and ".join([*self._there, *self._days, *self._tail])

    def filters(self) -> str:
        """The rest, to be asked of many rows: what may be is looked up once, in a hash."""
        return " and ".join([*self._asked(), *filter(None, [self._led])]) or "true"

    def led(self) -> str:
        """What is asked of rows with a lead that fulfils the clauses: dates and a reach, if that is
        all, so that the index by lead tells it alone. No deleted row has a lead, and each lead is
        of one type. `is true` keeps every other index out."""
        asked = " and ".join(self._asked()) or "true"
        return " and ".join([*self._days, *self._tail, f"({asked}) is true"])

    def else_led(self, leads: str) -> str:
        """What holds of the rows without one of `leads` (the mark of those that fulfil all clauses
        on the leading code) that fulfil them too: a code is among their other terms."""
        others = self.value(sorted({term for each in self.narrowing.led for term in each.terms}))
        rest = " and ".join([*self._there, *self._days, *self._tail, *self._asked(), self._led])
        return (
            f"r.terms && {others}::bigint[]"
            f" and ({rest} and (r.lead = any({leads}::bigint[])) is not true) is true"
        )

    def _asked(self) -> list[str]:
        edges = [_either(each, "in ({})") for each in self._edges]
        owned = [f"r.key in ({each})" for each in self._owned]
        return [*self._filters, *edges, *owned, *filter(None, [self._terms, self._of_reach])]

    def all(self, by: str | None = None) -> str:
        """Everything, to be found by an index; what `by` (`keys`, `reach`) brings is left out.

        `by` `terms` nothing but the inverted index may find: `is true` keeps the others out, for a
        plan made for any values knows nothing of their share. `by` `few` likewise, and of each of
        the rows is asked whether it is in the reach, rather than what all is.
        """
        edges = [_either(each, "= any(array({}))") for each in self._edges]
        owned = [f"r.key = any(array({each}))" for each in self._owned[by == "keys" :]]
        found = [*self._there, *self._days, *self._filters, *edges, *owned, *self._tail]
        if self._of_reach and by != "reach":
            found.append(self._each_of_reach if by == "few" else self._of_reach)
        if by in ("terms", "few"):
            first, *rest = filter(None, [self._terms, self._led])
            return f"{first} and ({' and '.join([*found, *rest])}) is true"
        # Inside a record and among named ids the indexes of terms are kept out.
        apart = by in ("reach", "lasting") or self.narrowing.confined
        for terms in filter(None, [self._terms, self._led]):
            found.append(f"({terms}) is true" if apart else terms)
        return " and ".join(found)

    def holders(self, by: str) -> str:
        """A query of the keys whose rows are looked at, each once."""
        return self._owned[0] if by == "keys" else _ONCE.format(self._reached)

    def facing(self) -> tuple[str, str]:
        """Columns and joins that bring along who asks' ties to each row's patient, if any do."""
        within = self.narrowing.facing
        if within is None:
            return "", ""
        marks = map(self.value, (within.tying, within.practitioner, within.at))
        return f", {COLUMNS}", _FACING.format(*marks)

    def value(self, value: object) -> str:
        """The mark of one more value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def _read(self, narrowing: Narrowing) -> None:
        if narrowing.ids is not None:
            self._filters.append(f"r.id = any({self.value(list(narrowing.ids))}::uuid[])")
        for edge in narrowing.refers:
            parameter, targets = self.value(edge.parameter), self.value(list(edge.targets))
            ways = [("r.id", _SOURCES.format(parameter, targets))]
            ways += [("r.id", _SOURCES.format(self.value(b), targets)) for b in edge.beside]
            if edge.ids:
                ways.append(("r.id", _THESE.format(self.value(list(edge.ids)))))
            if edge.patients:
                ways.append(("r.key", _OWNED.format(self.value(list(edge.patients)))))
            self._edges.append(ways)
        if narrowing.first is not None:
            self._days.append(f"r.day >= {self.value(narrowing.first)}")
        if narrowing.last is not None:
            self._days.append(f"r.day <= {self.value(narrowing.last)}")
        if narrowing.until is not None:
            self._filters.append(f"r.until >= {self.value(narrowing.until)}")
        if narrowing.lasting:
            self._filters.append(LASTING)
        parts = []
        # One condition for all that must be there at once: the inverted index skips best then.
        must = [each[0] for each in narrowing.terms if len(each) == 1]
        if must:
            parts.append(f"r.terms @> {self.value(must)}::bigint[]")
        for alternatives in narrowing.terms:
            if len(alternatives) > 1:
                parts.append(f"r.terms && {self.value(list(alternatives))}::bigint[]")
        self._terms = " and ".join(parts)
        if narrowing.led:
            self._read_led(narrowing.led)

    def _read_led(self, led: Sequence[Led]) -> None:
        clauses = []
        for each in led:
            leads, terms = self.value(list(each.leads)), self.value(list(each.terms))
            clauses.append(f"(r.lead = any({leads}::bigint[]) or r.terms && {terms}::bigint[])")
        self._led = " and ".join(clauses)

    def _place(self, place: Place) -> str:
        return _beyond(self.narrowing.order).format(self.value(place.value), self.value(place.pk))


def _either(ways: Sequence[tuple[str, str]], test: str) -> str:
    return "(" + " or ".join(f"{column} {test.format(query)}" for column, query in ways) + ")"
