"""Every order, either way, over any pages: all matches once, and in order."""

import random

from tests.integration.search.asking import ask
from tests.integration.search.library import SYSTEM, Library
from tests.integration.search.naive import Naive, in_order
from tests.integration.search.questions import Questions, askable

from egide.fhir.search import MAIN_DATES
from egide.record import Record


async def test_every_parameter_sorts_either_way(record: Record, library: Library) -> None:
    naive = Naive(library)
    chance = random.Random(5)
    wrong = []
    asked = 0
    for type in sorted(library.by_type):
        codes = [code for of, code in library.parameters if of == type]
        codes = [code for code in codes if askable(type, ("_sort", code))]
        for code in dict.fromkeys([*codes, "_id", "_lastUpdated"]):
            for descending in (False, True):
                size = len(library.by_type[type])
                count = max(size // chance.choice((1, 2, 4)), 2)
                if size > 300 and chance.random() < 0.7:
                    continue
                sort = f"-{code}" if descending else code
                answered = await ask(
                    record, SYSTEM, type, [("_sort", sort), ("_count", str(count))]
                )
                asked += 1
                main = MAIN_DATES.get(type)
                lowest = main is not None and main.parameter == code
                keys = [
                    (naive.sort_key(type, code, library.resources[e], descending=descending),)
                    for e in answered
                ]
                if lowest:
                    # By its main date: what has none is placed by what stands in for it.
                    keys = [key for key in keys if key[0] is not None]
                everything = {f"{type}/{each['id']}" for each in library.by_type[type]}
                whole = set(answered) == everything and len(answered) == len(everything)
                if not whole or not in_order(keys, [descending], lowest):
                    wrong.append((type, sort, count, len(answered), len(everything)))
    assert wrong == []
    assert asked > 250


async def test_several_keys_sort_together(record: Record, library: Library) -> None:
    naive, questions = Naive(library), Questions(library)
    chance = random.Random(6)
    wrong = []
    for _ in range(60):
        type = chance.choice(sorted(library.by_type))
        codes = [code for of, code in library.parameters if of == type]
        codes = [code for code in codes if askable(type, ("_sort", code))]
        chosen = chance.sample(codes, min(len(codes), chance.choice((2, 3))))
        ways = [chance.random() < 0.5 for _ in chosen]
        sort = ",".join(f"-{c}" if way else c for c, way in zip(chosen, ways, strict=True))
        pairs = questions.some(chance, type, 1)
        expected = naive.answer(type, pairs)
        count = max(chance.choice((3, 20)), len(expected) // 12)
        answered = await ask(
            record, SYSTEM, type, [*pairs, ("_sort", sort), ("_count", str(count))]
        )
        keys = [
            tuple(
                naive.sort_key(type, code, library.resources[each], descending=way)
                for code, way in zip(chosen, ways, strict=True)
            )
            for each in answered
        ]
        whole = set(answered) == expected and len(answered) == len(expected)
        if not whole or not in_order(keys, ways, len(chosen) < 1):
            wrong.append((type, pairs, sort, count, len(answered), len(expected)))
    assert wrong == []


async def test_by_date_is_by_instant_and_not_by_day_as_written(
    record: Record, library: Library
) -> None:
    naive = Naive(library)
    for sort, descending in (("date", False), ("-date", True)):
        for count in (1, 2, 5, 50):
            answered = await ask(
                record,
                SYSTEM,
                "Observation",
                [("code", "X0,X1,X2,X3"), ("_sort", sort), ("_count", str(count))],
            )
            keys = [
                naive.sort_key(
                    "Observation", "date", library.resources[each], descending=descending
                )
                for each in answered
            ]
            assert len(answered) == len(set(answered)) == 30
            assert keys == sorted(keys, reverse=descending)
