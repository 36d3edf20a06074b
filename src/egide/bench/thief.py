"""The thief: what somebody guesses who has the database and not the keys.

He is given the readable columns of the rows, our source, and what he knows from elsewhere; nothing
here touches a key. His means are the classic ones against searchable encryption: rank terms by how
often they occur, recognise a record he knows by its days, and have records of his own stored.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

Value = tuple[str, str]
"""A search parameter and the value a term stands for."""

Guess = Mapping[tuple[str, int], Value]
"""(type, term) → what he takes it for."""


class Row(NamedTuple):
    """What one row of `resource` shows: place, key number, type, main day, all its terms, and which
    of them is that of the leading code."""

    pk: int
    key: int
    type: str
    day: date
    terms: frozenset[int]
    lead: int | None = None


class Known(NamedTuple):
    """A resource he has in full: its type, its main day, the values our code makes terms of, and
    the leading one."""

    type: str
    day: date
    values: frozenset[Value]
    lead: Value | None = None


class Thief:
    """One thief: the rows he took, and records of other people to learn frequencies from."""

    def __init__(
        self, rows: Sequence[Row], elsewhere: Iterable[Known], chance: random.Random
    ) -> None:
        """`chance` decides where terms are equally frequent."""
        self._chance = chance
        self._by_key: dict[int, list[Row]] = defaultdict(list)
        self._often: dict[str, Counter[int]] = defaultdict(Counter)
        self._lead: set[tuple[str, int | None]] = set()
        self._led: set[tuple[str, Value | None]] = set()
        for row in rows:
            self._by_key[row.key].append(row)
            self._often[row.type].update(row.terms)
            self._lead.add((row.type, row.lead))
        self._usual: dict[str, Counter[Value]] = defaultdict(Counter)
        for known in elsewhere:
            self._usual[known.type].update(known.values)
            self._led.add((known.type, known.lead))
        self._shapes = {key: Counter(map(_shape, own)) for key, own in self._by_key.items()}

    def by_frequency(self, sure: Guess | None = None) -> Guess:
        """The n-th most frequent term of a type is the n-th most frequent value elsewhere: of those
        seen to lead, and of the others.

        What he is `sure` of is set aside first.
        """
        guess = dict(sure or {})
        for type, often in self._often.items():
            taken = {guess[type, term] for term in often if (type, term) in guess}
            terms = [term for term in often if (type, term) not in guess]
            self._chance.shuffle(terms)
            terms.sort(key=lambda term: -often[term])
            values = [value for value, _ in self._usual[type].most_common() if value not in taken]
            for leading in (True, False):
                here = [term for term in terms if ((type, term) in self._lead) is leading]
                there = [value for value in values if ((type, value) in self._led) is leading]
                guess |= {(type, term): value for term, value in zip(here, there, strict=False)}
        return guess

    def recognise(self, record: Sequence[Known]) -> int | None:
        """The key number whose rows fit a patient's record best, by types, days and numbers."""
        wanted = Counter((each.type, each.day, len(each.values)) for each in record)
        best, most = None, 0
        for key, shape in self._shapes.items():
            fit = 2 * (wanted & shape).total() - shape.total()
            if fit > most or best is None:
                best, most = key, fit
        return best

    def by_records(self, pairs: Sequence[tuple[Sequence[Row], Sequence[Known]]]) -> Guess:
        """What he decodes from records he knows, each with the rows he takes it for.

        A value and a term that occur in the same places are the same; where several do, the more
        frequent is taken for the more frequent.
        """
        terms: dict[tuple[str, int], Counter[object]] = defaultdict(Counter)
        values: dict[tuple[str, Value], Counter[object]] = defaultdict(Counter)
        for place, (rows, record) in enumerate(pairs):
            for row in rows:
                for term in row.terms:
                    terms[row.type, term][place, *_shape(row), term == row.lead] += 1
            for known in record:
                spot = (place, known.type, known.day, len(known.values))
                for value in known.values:
                    values[known.type, value][*spot, value == known.lead] += 1
        alike: dict[tuple[str, frozenset[object]], list[int]] = defaultdict(list)
        for (type, term), where in terms.items():
            alike[type, frozenset(where.items())].append(term)
        same: dict[tuple[str, frozenset[object]], list[Value]] = defaultdict(list)
        for (type, value), where in values.items():
            same[type, frozenset(where.items())].append(value)
        guess: dict[tuple[str, int], Value] = {}
        for (type, spots), found in alike.items():
            often, usual = self._often[type], self._usual[type]
            found.sort(key=lambda term: -often[term])
            meant = sorted(same.get((type, spots), ()), key=lambda value: -usual[value])
            guess |= {(type, term): value for term, value in zip(found, meant, strict=False)}
        return guess

    def of(self, key: int) -> Sequence[Row]:
        """The rows under a key."""
        return self._by_key[key]


def _shape(row: Row) -> tuple[str, date, int]:
    return row.type, row.day, len(row.terms)
