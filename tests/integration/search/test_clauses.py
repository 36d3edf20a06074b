"""What a search finds equals what looking at every resource finds: one clause, and several.

Questions are drawn by seeded chance from the data itself, the same ones on every run.
"""

import random

from tests.integration.search.asking import ask
from tests.integration.search.library import SYSTEM, Library
from tests.integration.search.naive import Naive
from tests.integration.search.questions import Questions, askable

from egide.record import Record


async def test_every_parameter_that_occurs_finds_what_it_should(
    record: Record, library: Library
) -> None:
    naive, questions = Naive(library), Questions(library)
    asked, found, wrong = 0, 0, []
    for type, code in library.parameters:
        pairs = [pair for pair in questions.of(type, code) if askable(type, pair)]
        many = 3 if len(library.by_type[type]) > 300 else 6
        chance = random.Random(f"{type} {code}")
        for name, value in chance.sample(pairs, min(many, len(pairs))):
            expected = naive.answer(type, [(name, value)])
            if len(expected) > 500 and chance.random() < 0.8:
                continue
            answered = await ask(record, SYSTEM, type, [(name, value), ("_count", "1000")])
            asked += 1
            found += bool(expected)
            if len(answered) != len(set(answered)) or set(answered) != expected:
                wrong.append((type, name, value, len(expected), len(answered)))
    assert wrong == []
    assert asked > 700
    assert found > asked / 3


async def test_several_clauses_hold_together_and_pages_join(
    record: Record, library: Library
) -> None:
    naive, questions = Naive(library), Questions(library)
    chance = random.Random(1)
    wrong, found = [], 0
    for _ in range(250):
        type = chance.choice(sorted(library.by_type))
        pairs = questions.some(chance, type, chance.choice((1, 2, 2, 3)))
        expected = naive.answer(type, pairs)
        count = chance.choice([1, 2, 7, 20, 50, 333])
        if len(expected) > 25 * count:
            count = 333
        answered = await ask(record, SYSTEM, type, [*pairs, ("_count", str(count))])
        found += bool(expected)
        if len(answered) != len(set(answered)) or set(answered) != expected:
            wrong.append((type, pairs, count, len(expected), len(answered)))
    assert wrong == []
    assert found > 70
