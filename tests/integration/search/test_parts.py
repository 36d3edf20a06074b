"""Totals, counts and parts of resources: exact, and marked as parts."""

import random
import re
from typing import Any

import pytest
from tests.integration.search.asking import names, pages
from tests.integration.search.library import SYSTEM, Library
from tests.integration.search.naive import Naive
from tests.integration.search.questions import Questions, askable

from egide import fhir
from egide.errors import Incorrect
from egide.fhir.definitions import type_definition
from egide.record import Record

NUMBER = re.compile(rb"(?<=[:\[,])-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?=[,}\]])")


async def test_totals_are_the_number_of_matches(record: Record, library: Library) -> None:
    naive, questions = Naive(library), Questions(library)
    chance = random.Random(7)
    for _ in range(60):
        type = chance.choice(sorted(library.by_type))
        pairs = questions.some(chance, type, chance.choice((0, 1, 2)))
        expected = len(naive.answer(type, pairs))
        async with record.open(SYSTEM) as session:
            whole = await session.search(type, [*pairs, ("_total", "accurate"), ("_count", "3")])
            count = await session.search(type, [*pairs, ("_summary", "count")])
            none = await session.search(type, [*pairs, ("_count", "0")])
            silent = await session.search(type, [*pairs, ("_count", "3")])
        assert (whole.total, count.total, none.total) == (expected, expected, expected), (
            type,
            pairs,
        )
        assert silent.total is None
        assert len(whole.entries) == min(3, expected)
        assert not (count.entries or none.entries or count.next or none.next)


async def test_totals_count_joins(record: Record, library: Library) -> None:
    naive, questions = Naive(library), Questions(library)
    chance = random.Random(8)
    asked = 0
    for _ in range(60):
        type = chance.choice(sorted(library.by_type))
        pair = questions.chain(chance, type, 1)
        if pair is None or not askable(type, pair):
            continue
        expected = len(naive.answer(type, [pair]))
        if not expected:
            continue
        async with record.open(SYSTEM) as session:
            page = await session.search(type, [pair, ("_summary", "count")])
        assert page.total == expected, (type, pair)
        asked += 1
    assert asked > 10


def elements_of(type: str) -> dict[str, Any]:
    return {key: element for element in type_definition(type).elements for key in element.keys()}  # noqa: SIM118


@pytest.mark.parametrize("summary", ["true", "text", "data"])
async def test_a_summary_keeps_what_it_should_and_says_it_is_a_part(
    record: Record, library: Library, summary: str
) -> None:
    for type in sorted(library.by_type):
        found = await pages(record, SYSTEM, type, [("_summary", summary), ("_count", "1000")])
        known = elements_of(type)
        for page in found:
            for each in page.entries:
                whole = library.resources[f"{type}/{each.id}"]
                part = fhir.parse(each.body)
                tags = part["meta"]["tag"]
                assert tags[-1]["code"] == "SUBSETTED"
                assert tags[:-1] == whole["meta"].get("tag", [])
                for name, value in whole.items():
                    element = known.get(name.removeprefix("_"))
                    if name in ("resourceType", "id"):
                        kept = True
                    elif name == "meta":
                        continue
                    elif summary == "data":
                        kept = name != "text"
                    elif element is None:
                        continue
                    elif summary == "true":
                        kept = element.summary or element.min > 0
                    else:
                        kept = name == "text" or element.min > 0
                    assert (name in part) == kept, (type, name)
                    assert not kept or part[name] == value
                same_digits(each.body, library.bodies[f"{type}/{each.id}"])


async def test_elements_keep_what_is_named_and_what_is_required(
    record: Record, library: Library
) -> None:
    chance = random.Random(9)
    for type in sorted(library.by_type):
        known = elements_of(type)
        names_known = sorted({e.name for e in known.values()} - {"id", "meta"})
        chosen = chance.sample(names_known, 2)
        found = await pages(
            record, SYSTEM, type, [("_elements", ",".join(chosen)), ("_count", "1000")]
        )
        for page in found:
            for each in page.entries:
                whole = library.resources[f"{type}/{each.id}"]
                part = fhir.parse(each.body)
                assert part["meta"]["tag"][-1]["code"] == "SUBSETTED"
                for name, value in whole.items():
                    if name in ("resourceType", "id", "meta"):
                        assert name in part
                        continue
                    element = known[name.removeprefix("_")]
                    kept = element.min > 0 or element.name in chosen
                    assert (name in part) == kept, (type, name, chosen)
                    assert not kept or part[name] == value
                same_digits(each.body, library.bodies[f"{type}/{each.id}"])


def same_digits(part: bytes, whole: bytes) -> None:
    """Every number of a part is written as in the whole."""
    there = set(NUMBER.findall(whole))
    assert set(NUMBER.findall(part)) <= there


async def test_a_part_is_no_replacement_for_the_whole(record: Record, library: Library) -> None:
    async with record.open(SYSTEM) as session:
        for summary in (("_summary", "true"), ("_elements", "name")):
            page = await session.search("Patient", [summary, ("_count", "1")])
            (part,) = page.entries
            with pytest.raises(Incorrect) as refused:
                await session.update("Patient", part.id, part.body)
            assert [issue.code for issue in refused.value.issues] == ["business-rule"]
            assert (await session.read("Patient", part.id)).version == 1


async def test_included_resources_are_parts_too(record: Record, library: Library) -> None:
    asked = [("_summary", "true"), ("_include", "Observation:subject"), ("_count", "3")]
    (page, *_) = await pages(record, SYSTEM, "Observation", [*asked, ("code", "X1")])
    assert page.included
    for each in page.included:
        assert fhir.parse(each.body)["meta"]["tag"][-1]["code"] == "SUBSETTED"


async def test_the_first_page_is_the_first_of_all(record: Record, library: Library) -> None:
    one = await pages(record, SYSTEM, "Encounter", [("_count", "1000")])
    several = await pages(record, SYSTEM, "Encounter", [("_count", "9")])
    assert names(one) == names(several)
