"""What a search finds equals what looking at every resource finds: one clause, and several.

Questions are drawn by seeded chance from the data itself, the same ones on every run.
"""

import random
import re
from collections import Counter

from tests.integration.search.asking import ask
from tests.integration.search.library import SYSTEM, Library
from tests.integration.search.naive import Naive
from tests.integration.search.questions import ORDERED, PREFIXES, Questions, askable, refusal

from egide.fhir.search import parameter
from egide.fhir.search.clause import MODIFIERS
from egide.record import Record

NAMED = re.compile(r"^[a-z-]+(?=:)|(?<=by )[a-z-]+|(?<=, as )[a-z-]+")
"""The names in a refusal."""


EVERY = {
    kind: set(modifiers) | ({*PREFIXES} if kind in ORDERED else {""})
    for kind, modifiers in (MODIFIERS | {"reference": MODIFIERS["reference"] | {"[type]"}}).items()
}
"""Search type → each way a parameter of it can be asked: every modifier, every prefix, and none."""

PLAIN = 4
"""Questions without a modifier, of a parameter that takes no prefixes."""


async def test_every_parameter_that_occurs_is_asked_every_way_and_finds_what_it_should(
    record: Record, library: Library
) -> None:
    naive, questions = Naive(library), Questions(library)
    asked, found, wrong = Counter[tuple[str, str]](), Counter[tuple[str, str]](), []
    for type, code in library.parameters:
        known = parameter(type, code)
        assert known is not None
        chance = random.Random(f"{type} {code}")
        for form, pairs in questions.by_form(known).items():
            many = PLAIN if form == "" and known.kind not in ORDERED else 1
            for name, value in chance.sample(pairs, min(many, len(pairs))):
                expected = naive.answer(type, [(name, value)])
                answered = await ask(record, SYSTEM, type, [(name, value), ("_count", "1000")])
                asked[known.kind, form] += 1
                found[known.kind, form] += bool(expected)
                if len(answered) != len(set(answered)) or set(answered) != expected:
                    wrong.append((type, name, value, len(expected), len(answered)))
    assert wrong == []
    every = {(kind, form) for kind, forms in EVERY.items() for form in forms}
    assert set(asked) == every, "a way of asking was not asked, or is none"
    assert +found == found and set(found) == every, "a way of asking never found anything"
    assert found.total() > asked.total() / 3


def test_every_date_number_and_quantity_is_asked_with_every_prefix(library: Library) -> None:
    questions = Questions(library)
    ordered = [known for each in library.parameters if (known := parameter(*each))]
    ordered = [known for known in ordered if known.kind in ORDERED]
    assert len(ordered) > 50
    for known in ordered:
        assert set(questions.by_form(known)) == EVERY[known.kind], (known.type, known.code)


def test_no_question_about_one_parameter_is_left_out_for_being_refused(library: Library) -> None:
    questions = Questions(library)
    for type, code in library.parameters:
        assert [pair for pair in questions.of(type, code) if not askable(type, pair)] == []


def test_what_is_drawn_and_not_asked_is_what_the_documents_refuse(library: Library) -> None:
    """Of orders, chains, `_has` and includes: by the words of the refusal."""
    questions = Questions(library)
    chance = random.Random(8)
    refused: dict[str, Counter[str]] = {"sort": Counter(), "join": Counter()}
    drawn = [("sort", type, ("_sort", code)) for type, code in library.parameters]
    for _ in range(600):
        type = chance.choice(sorted(library.by_type))
        chain, has = questions.chain(chance, type, 3), questions.has(chance, 2)
        drawn += [("join", type, chain)] if chain else []
        drawn += [("join", *has)] if has else []
        drawn += [("join", type, include) for include in questions.includes(chance, type)]
    for what, type, pair in drawn:
        error = refusal(type, pair)
        if error is None:
            continue
        refused[what][NAMED.sub("…", error.message)] += 1
        if what == "sort":
            known = parameter(type, pair[1])
            assert known is not None, (type, pair)
            assert not known.sources or known.kind == "special", (type, pair)
    assert set(refused["sort"]) == {"_sort: sorting by … is not supported"}
    assert set(refused["join"]) == {"…: may refer to anything; say which, as …:Patient"}
    assert sum(refused["join"].values()) < len(drawn) / 10


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
