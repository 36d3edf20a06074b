"""`_list`, `_text` and `_content` find what looking at every resource by other means does."""

import html
import json
import random
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.search.asking import ask
from tests.integration.search.library import CLINICIAN, SYSTEM, Library
from tests.integration.search.test_gate import Give, numbers, permitted

from egide.db import Database
from egide.errors import Incorrect, TooCostly, Unsupported
from egide.record import Record


def members(library: Library, id: str, type: str) -> set[str]:
    entries = library.resources.get(f"List/{id}", {}).get("entry", ())
    said = {entry["item"]["reference"] for entry in entries if not entry.get("deleted")}
    return {name for name in said if name in library.resources and name.startswith(f"{type}/")}


@pytest.mark.parametrize("type", ["Patient", "Observation", "List", "Condition"])
async def test_a_list_finds_its_members(record: Record, library: Library, type: str) -> None:
    for number in range(4):
        want = members(library, f"list-{number}", type)
        for value in (f"list-{number}", f"List/list-{number}"):
            assert set(await ask(record, SYSTEM, type, [("_list", value)])) == want
    either = [("_list", "list-0,list-1"), ("_count", "1")]
    want = members(library, "list-0", type) | members(library, "list-1", type)
    assert set(await ask(record, SYSTEM, type, either)) == want
    both = [("_list", "list-0"), ("_list", "list-1")]
    want = members(library, "list-0", type) & members(library, "list-1", type)
    assert set(await ask(record, SYSTEM, type, both)) == want
    assert await ask(record, SYSTEM, type, [("_list", "nowhere")]) == []


async def test_a_list_goes_with_other_questions_and_totals(
    record: Record, library: Library
) -> None:
    whole = await ask(record, SYSTEM, "Observation", [("_list", "list-0"), ("code", "X1")])
    assert whole == ["Observation/odd-1"]
    assert await ask(record, SYSTEM, "Observation", [("_list", "list-0"), ("code", "X0")]) == []
    async with record.open(SYSTEM) as session:
        asked = [("_list", "list-0,list-1,list-2,list-3"), ("_summary", "count")]
        page = await session.search("Patient", asked)
    want = {name for n in range(4) for name in members(library, f"list-{n}", "Patient")}
    assert page.total == len(want) > 0
    both = await ask(record, SYSTEM, None, [("_type", "Patient,List"), ("_list", "list-0")])
    assert set(both) == members(library, "list-0", "Patient") | members(library, "list-0", "List")


async def test_what_was_taken_off_a_list_is_no_member(
    record: Record, database: Database, library: Library
) -> None:
    body = {
        "resourceType": "List",
        "id": "taken",
        "status": "current",
        "mode": "changes",
        "entry": [
            {"item": {"reference": "Observation/odd-1"}, "deleted": True},
            {"item": {"reference": "Observation/odd-2/_history/1"}},
            {"item": {"display": "nothing"}},
        ],
    }
    async with record.open(SYSTEM) as session:
        await session.update("List", "taken", json.dumps(body).encode())
    assert await ask(record, SYSTEM, "Observation", [("_list", "taken")]) == ["Observation/odd-2"]


async def test_a_list_out_of_reach_tells_nothing(
    record: Record, library: Library, reach: Give
) -> None:
    everyone = numbers(library)
    for number in range(4):
        (owner,) = (
            library.patients[f"List/list-{number}"]
            if len(library.patients[f"List/list-{number}"]) == 1
            else (None,)
        )
        await reach(*[each for each in everyone if each != owner])
        allowed = permitted(library, CLINICIAN, frozenset(everyone) - {owner})
        want = set()
        if f"List/list-{number}" in allowed:
            want = members(library, f"list-{number}", "Patient") & allowed
        found = await ask(record, CLINICIAN, "Patient", [("_list", f"list-{number}")])
        assert set(found) == want


async def test_functional_lists_and_bad_ids_are_refused(record: Record) -> None:
    with pytest.raises(Unsupported):
        await ask(record, SYSTEM, "Condition", [("_list", "$current-problems")])
    with pytest.raises(Incorrect):
        await ask(record, SYSTEM, "Condition", [("_list", "a/b")])


async def test_a_criterion_asks_for_no_list(record: Record) -> None:
    async with record.open(SYSTEM) as session:
        with pytest.raises(Incorrect):
            await session.create(
                "Patient", b'{"resourceType":"Patient"}', unless=[("_list", "list-0")]
            )


def bare(text: str) -> str:
    """Without case and accents, one space between words."""
    kept = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", kept.casefold().replace("œ", "oe").replace("æ", "ae")))


def leaves(node: Any, name: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in ("data", "valueBase64Binary"):
                yield from leaves(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value, name)
    elif node is not None and node is not True and node is not False:
        text = str(node)
        yield html.unescape(re.sub(r"<[^>]*>", " ", text)) if name == "div" else text


def said(resource: Any, what: str) -> list[str]:
    texts = (
        leaves(resource.get("text", {}).get("div"), "div") if what == "_text" else leaves(resource)
    )
    return [f" {bare(each)} " for each in texts]


@pytest.mark.parametrize("what", ["_text", "_content"])
async def test_words_find_what_reading_everything_finds(
    record: Record, library: Library, what: str
) -> None:
    chance = random.Random(what)
    asked = found = 0
    for type in sorted(library.by_type):
        if len(library.by_type[type]) > 1_500:
            continue
        known = {name: said(each, what) for each in library.by_type[type]
                 for name in [f"{type}/{each['id']}"]}  # fmt: skip
        texts = [text for each in known.values() for text in each if len(text) > 4]
        for text in chance.sample(texts, min(len(texts), 4)):
            words = text.split()
            one, other = chance.choice(words), chance.choice(chance.choice(texts).split())
            start = chance.randrange(len(words))
            phrase = " ".join(words[start : start + 3])
            for query, wanted in (
                (one.capitalize(), [[one]]),  # in capitals it may be OR, an operator
                (f"{one} {other}", [[one, other]]),
                (f"{one},{other}", [[one], [other]]),
                (f'"{phrase}"', [[phrase]]),
                (f'{other} "{phrase}",{one}x', [[other, phrase], [one + "x"]]),
            ):
                want = {
                    name
                    for name, each in known.items()
                    if any(all(any(f" {p} " in t for t in each) for p in ps) for ps in wanted)
                }
                got = await ask(record, SYSTEM, type, [(what, query), ("_count", "1000")])
                asked += 1
                found += bool(got)
                assert set(got) == want, (type, query)
    assert asked > 40
    assert found > asked / 2


async def test_words_are_looked_for_under_the_budget(
    record: Record, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egide.record.budget.Budget.__init__.__defaults__", (300,))
    for what in ("_text", "_content"):
        with pytest.raises(TooCostly):
            await ask(record, SYSTEM, "Observation", [(what, "nowhereatall")])


async def test_words_are_looked_for_in_what_one_may_see_only(
    record: Record, library: Library, reach: Give
) -> None:
    mine = frozenset(numbers(library)[:2])
    await reach(*mine)
    allowed = permitted(library, CLINICIAN, mine)
    for type in ("Patient", "Condition"):
        found = await ask(record, CLINICIAN, type, [("_content", type), ("_count", "1000")])
        assert set(found) == {name for name in allowed if name.startswith(f"{type}/")}
