"""Random questions, orders, page sizes and writes between pages, all at once, as a property.

What did not change, nor anything its answer hangs on, comes exactly once, whatever is written
meanwhile. What a join needs is there to stay if it is found without all that was touched.
"""

import random
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from tests.integration.search.asking import brought, names
from tests.integration.search.conftest import cloned
from tests.integration.search.library import NOW, SYSTEM, ZONE, Library, ticking
from tests.integration.search.naive import Naive, Pair, in_order
from tests.integration.search.questions import Questions, askable

from egide.fhir.search import MAIN_DATES
from egide.ledger import Ledger
from egide.record import Record
from egide.record.session import Session

TOUCHED_EACH_TIME = 3
PAGES = 8
"""Pages a question is cut into, about."""


class Question(NamedTuple):
    """`types`: one, or several asked together. `sort`: (parameter, descending) of each key."""

    types: tuple[str, ...]
    clauses: tuple[Pair, ...]
    joins: tuple[Pair, ...]
    includes: tuple[Pair, ...]
    sort: tuple[tuple[str, bool], ...]

    def pairs(self) -> list[Pair]:
        order = ",".join(f"{'-' * way}{code}" for code, way in self.sort)
        several = [("_type", ",".join(self.types))] if len(self.types) > 1 else []
        sort = [("_sort", order)] if order else []
        return [*several, *self.clauses, *self.joins, *self.includes, *sort]

    def answer(self, naive: Naive) -> set[str]:
        asked = [*self.clauses, *self.joins]
        return {name for type in self.types for name in naive.answer(type, asked)}


KINDS = ("clauses", "joins", "includes", "several")


def question(kind: str, chance: random.Random, library: Library, questions: Questions) -> Question:
    """Any question of a kind: of several types, or of one with clauses and perhaps the rest."""
    all_types = sorted(type for type, held in library.by_type.items() if len(held) > 5)
    if kind == "several":
        types = tuple(chance.sample(all_types, 3))
        sort = tuple((code, chance.random() < 0.5) for code in ("_id", "_lastUpdated"))
        return Question(types, (), (), (), tuple(chance.sample(sort, chance.choice((0, 1, 2)))))
    type = chance.choice(all_types)
    joins: list[Pair] = []
    clauses = questions.some(chance, type, chance.choice((0, 1, 1, 2)))
    if kind == "joins" or chance.random() < 0.2:
        chain = questions.chain(chance, type, chance.choice((1, 2)))
        joins += [chain] if chain and askable(type, chain) else []
    if kind == "joins" or chance.random() < 0.2:
        has = questions.has(chance, 1)
        joins += [has[1]] if has and has[0] == type and askable(type, has[1]) else []
    includes = questions.includes(chance, type) if kind == "includes" else []
    codes = [code for of, code in library.parameters if of == type]
    codes = ["_id", "_lastUpdated", *(code for code in codes if askable(type, ("_sort", code)))]
    chosen = chance.sample(codes, chance.choice((0, 1, 1, 2)))
    sort = tuple((code, chance.random() < 0.5) for code in chosen)
    return Question((type,), tuple(clauses), tuple(joins), tuple(includes), sort)


@asynccontextmanager
async def busy(dsn: str, library: Library) -> Any:
    """The one door over a clone of the library, while time goes on."""
    async with cloned(dsn) as database:
        clock = ticking(NOW)  # the naive answers' now: `ap` asks how long ago a date is
        ledger = Ledger(database, library.ring, clock)
        await ledger.open()
        try:
            door = Record(database, library.ring, ledger, clock=clock, zone=ZONE)
            await door.start()
            yield door
        finally:
            await ledger.close()


async def disturb(session: Session, library: Library, some: Iterator[str]) -> set[str]:
    """Makes one, changes some, deletes one; what was touched."""
    body = b'{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"X0"}]},'
    made = await session.create("Observation", body + b'"effectiveDateTime":"2024-03-31"}')
    touched = {f"Observation/{made.id}"}
    for number, name in zip(range(TOUCHED_EACH_TIME), some, strict=False):
        type, id = name.split("/")
        if number == 0:
            await session.delete(type, id)
        else:
            changed = library.bodies[name][:-1] + b',"language":"fr"}'
            await session.update(type, id, changed)
        touched.add(name)
    return touched


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=8,
    phases=(Phase.generate,),
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
@given(seed=st.integers(0, 2**32))
async def test_what_did_not_change_comes_exactly_once_whatever_is_asked_and_written(
    engine_dsn: str, library: Library, kind: str, seed: int
) -> None:
    questions, chance = Questions(library), random.Random(seed)
    asked = question(kind, chance, library, questions)
    naive = Naive(library)
    before = asked.answer(naive)
    assume(before and (asked.joins if kind == "joins" else asked.includes or kind != "includes"))
    count = max(chance.choice((1, 3, 10, 50)), len(before) // PAGES)
    everything = sorted(
        name for name in library.resources if b'"language"' not in library.bodies[name]
    )
    pool = iter(chance.sample(everything, 300))
    touched: set[str] = set()
    found: list[str] = []
    async with busy(engine_dsn, library) as door, door.open(SYSTEM) as session:
        type = asked.types[0] if len(asked.types) == 1 else None
        page = await session.search(type, [*asked.pairs(), ("_count", str(count))])
        while True:
            here = names([page])
            assert len(here) <= count
            _included(asked, library, touched, here, brought([page]))
            found += here
            if page.next is None:
                break
            touched |= await disturb(session, library, pool)
            page = await session.next_page(page.next)
    still = [name for name in found if name not in touched]
    assert len(still) == len(set(still)), "what did not change came twice"
    firm = asked.answer(Naive(library, lambda name: name not in touched)) if touched else before
    assert firm <= set(still), "what did not change was lost"
    if not asked.joins:
        assert set(still) == before - touched, "what was not asked for came"
    _ordered(asked, naive, library, still)


def _included(
    asked: Question, library: Library, touched: set[str], matched: list[str], came: list[str]
) -> None:
    """What matches that did not change bring along of what did not change is there, once."""
    assert len(came) == len(set(came)) and not set(came) & set(matched)
    if asked.includes:
        left = Naive(library, lambda name: name not in touched)
        firm = {name for name in matched if name not in touched}
        wanted = left.included(firm, asked.includes, asked.types[0])
        assert wanted - set(matched) <= set(came)


def _ordered(asked: Question, naive: Naive, library: Library, still: list[str]) -> None:
    if len(asked.types) > 1 or not asked.sort:
        return
    (type,) = asked.types
    keys = [
        tuple(
            naive.sort_key(type, code, library.resources[name], descending=way)
            for code, way in asked.sort
        )
        for name in still
    ]
    main = MAIN_DATES.get(type)
    if main is not None and [code for code, _ in asked.sort] == [main.parameter]:
        keys = [key for key in keys if key[0] is not None]
    assert in_order(keys, [way for _, way in asked.sort], lowest=False)
