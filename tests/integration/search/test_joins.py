"""Chains, `_has` and includes equal following every reference in plain sight."""

import random
from collections.abc import Sequence

import pytest
from tests.integration.search.asking import ask, brought, names, pages
from tests.integration.search.library import SYSTEM, Library
from tests.integration.search.naive import Naive
from tests.integration.search.questions import Questions, askable

from egide.record import Record


async def test_chains_lead_where_references_lead(record: Record, library: Library) -> None:
    naive, questions = Naive(library), Questions(library)
    chance = random.Random(2)
    wrong, found, depths = [], 0, set()
    for _ in range(320):
        type = chance.choice(sorted(library.by_type))
        pair = questions.chain(chance, type, chance.choice((1, 1, 2, 3)))
        if pair is None or not askable(type, pair):
            continue
        pairs = [pair]
        if chance.random() < 0.3:
            pairs += questions.some(chance, type, 1)
        depths.add(pair[0].count("."))
        expected = naive.answer(type, pairs)
        answered = await ask(record, SYSTEM, type, [*pairs, ("_count", "500")])
        found += bool(expected)
        if len(answered) != len(set(answered)) or set(answered) != expected:
            wrong.append((type, pairs, len(expected), len(answered)))
    assert wrong == []
    assert found > 60
    assert depths >= {1, 2, 3}


async def test_has_finds_what_is_referred_to(record: Record, library: Library) -> None:
    naive, questions = Naive(library), Questions(library)
    chance = random.Random(3)
    wrong, found = [], 0
    for _ in range(140):
        asked = questions.has(chance, depth=chance.choice((1, 1, 2)))
        if asked is None:
            continue
        type, pair = asked
        if not askable(type, pair):
            continue
        pairs = [pair]
        if chance.random() < 0.3:
            pairs += questions.some(chance, type, 1)
        expected = naive.answer(type, pairs)
        answered = await ask(record, SYSTEM, type, [*pairs, ("_count", "500")])
        found += bool(expected)
        if len(answered) != len(set(answered)) or set(answered) != expected:
            wrong.append((type, pairs, len(expected), len(answered)))
    assert wrong == []
    assert found > 50


async def test_includes_bring_what_is_referred_to_and_what_refers(
    record: Record, library: Library
) -> None:
    naive, questions = Naive(library), Questions(library)
    chance = random.Random(4)
    wrong, found = [], 0
    for _ in range(140):
        type = chance.choice(sorted(library.by_type))
        wanted = questions.includes(chance, type)
        wanted = [pair for pair in wanted if askable(type, pair)]
        pairs = questions.some(chance, type, 1)
        count = chance.choice((1, 5, 20))
        async with record.open(SYSTEM) as session:
            page = await session.search(type, [*pairs, *wanted, ("_count", str(count))])
        matched = set(names([page]))
        got = brought([page])
        expected = naive.included(matched, wanted, type)
        found += bool(expected)
        if len(got) != len(set(got)) or set(got) != expected or set(got) & matched:
            wrong.append((type, pairs, wanted, len(expected), len(got)))
    assert wrong == []
    assert found > 60


@pytest.mark.parametrize(
    "wanted",
    [
        [("_include", "*")],
        [("_include", "List:item"), ("_include:iterate", "List:item")],
        [("_include:iterate", "List:item"), ("_revinclude:iterate", "List:item")],
        [("_include", "List:item:Patient")],
        [("_include", "List:*")],
        [("_include", "List:subject"), ("_include:iterate", "Patient:general-practitioner")],
        [("_include", "List:item"), ("_revinclude:iterate", "Provenance:target")],
        [("_include:iterate", "*")],
        [("_include", "List:item"), ("_include:iterate", "*"), ("_revinclude", "List:*")],
        [("_include:recurse", "List:item")],
        [("_revinclude", "List:*"), ("_include", "List:subject")],
    ],
)
async def test_circles_and_stars_end(
    record: Record, library: Library, wanted: Sequence[tuple[str, str]]
) -> None:
    naive = Naive(library)
    found = await pages(record, SYSTEM, "List", [("_id", "list-0"), *wanted])
    alike = [(name.replace("recurse", "iterate"), value) for name, value in wanted]
    assert set(brought(found)) == naive.included({"List/list-0"}, alike, "List")
    assert brought(found)


async def test_whatever_of_a_type_refers_here_is_brought_along_once(
    record: Record, library: Library
) -> None:
    naive = Naive(library)
    bringing = 0
    for type in ("Patient", "Observation", "Encounter", "List"):
        some = sorted(each["id"] for each in library.by_type[type])[-3:]
        for source in sorted(library.by_type):
            wanted = [("_revinclude", f"{source}:*")]
            asked = [("_id", ",".join(some)), *wanted]
            found = brought(await pages(record, SYSTEM, type, asked))
            expected = naive.included({f"{type}/{id}" for id in some}, wanted, type)
            assert set(found) == expected, (type, source)
            assert len(found) == len(set(found))
            bringing += bool(found)
    assert bringing > 15


@pytest.mark.parametrize("step", ["item:List.", "_has:List:item:"])
async def test_fifty_links_are_followed_round_a_circle(
    record: Record, library: Library, step: str
) -> None:
    """Four Lists, each a member of another: whoever starts there comes by again and again."""
    asked = [(step * 50 + "subject:Patient.gender", "female")]
    expected = Naive(library).answer("List", asked)
    assert 0 < len(expected) < len(library.by_type["List"])
    assert set(await ask(record, SYSTEM, "List", asked)) == expected
