"""Searches of several types find, order, count and bring along what looking at everything does."""

import random
from datetime import UTC, datetime

import pytest
from tests.integration.search.asking import ask, brought, names, pages
from tests.integration.search.library import CLINICIAN, SYSTEM, ZONE, Library, ticking
from tests.integration.search.naive import Naive, instant
from tests.integration.search.questions import Questions
from tests.integration.search.test_gate import Give, numbers, permitted

from egide import fhir
from egide.actor import Actor
from egide.db import Database
from egide.errors import EgideError, Forbidden, Incorrect, TooCostly, Unsupported
from egide.fhir.definitions import search_parameters
from egide.ledger import Ledger
from egide.record import Record
from egide.seal import KeyRing

COMMON = ("_id", "_lastUpdated", "_tag", "_profile", "_security", "_source")


def shared(types: list[str]) -> list[str]:
    """The parameters all of `types` have, of one kind."""
    tables = [search_parameters(type) for type in types]
    codes = set.intersection(*map(set, tables))
    return sorted(c for c in codes if len({table[c].type for table in tables}) == 1)


def expected(naive: Naive, types: list[str], pairs: list[tuple[str, str]]) -> set[str]:
    return {name for type in types for name in naive.answer(type, pairs)}


async def test_what_types_share_finds_what_it_should_in_all_of_them(
    record: Record, library: Library
) -> None:
    naive, questions = Naive(library), Questions(library)
    chance = random.Random(21)
    wrong, found, several = [], 0, 0
    occurring = set(library.parameters)
    for _ in range(150):
        types = chance.sample(sorted(library.by_type), chance.choice((1, 2, 3, 5)))
        codes = [c for c in shared(types) if any((type, c) in occurring for type in types)]
        pairs: list[tuple[str, str]] = []
        for code in chance.sample(codes, min(len(codes), chance.choice((1, 1, 2)))):
            of = [type for type in types if (type, code) in occurring]
            known = questions.of(chance.choice(of), code)
            if known:
                pairs.append(chance.choice(known))
        want = expected(naive, types, pairs)
        count = chance.choice((2, 7, 20, 1000))
        if len(want) > 25 * count:
            count = 1000
        asked = [("_type", ",".join(types)), *pairs, ("_count", str(count))]
        try:
            got = await ask(record, SYSTEM, None, asked)
        except (Incorrect, Unsupported):
            # A value that one of the types cannot take is refused alone, too.
            assert any(naive.clause(type, *pair) is None for type in types for pair in pairs)
            continue
        found += bool(want)
        several += len({name.partition("/")[0] for name in got}) > 1
        if len(got) != len(set(got)) or set(got) != want:
            wrong.append((types, pairs, count, len(want), len(got)))
    assert wrong == []
    assert found > 50
    assert several > 15


@pytest.mark.parametrize("sort", ["_lastUpdated", "-_lastUpdated"])
@pytest.mark.parametrize("count", [7, 200])
async def test_the_order_of_writing_goes_through_all_types(
    record: Record, library: Library, sort: str, count: int
) -> None:
    types = ["Patient", "Encounter", "Condition", "List", "Group", "RiskAssessment"]
    asked = [("_type", ",".join(types)), ("_sort", sort), ("_count", str(count))]
    got = await ask(record, SYSTEM, None, asked)
    times = [instant(library.resources[each]["meta"]["lastUpdated"]) for each in got]
    assert times == sorted(times, reverse=sort.startswith("-"))
    assert len(got) == len(set(got)) == sum(len(library.by_type[type]) for type in types)


@pytest.mark.parametrize("sort", ["_id", "-_id", "date,_id", "-date"])
async def test_what_types_share_sorts_them_together(
    record: Record, library: Library, sort: str
) -> None:
    naive = Naive(library)
    types = ["Encounter", "List", "RiskAssessment"]
    asked = [("_type", ",".join(types)), ("_sort", sort), ("_count", "13")]
    got = await ask(record, SYSTEM, None, asked)
    code, descending = sort.split(",")[0].removeprefix("-"), sort.startswith("-")
    keys = [
        naive.sort_key(each.partition("/")[0], code, library.resources[each], descending=descending)
        for each in got
    ]
    with_value = [key for key in keys if key is not None]
    assert keys == [*with_value, *[None] * (len(keys) - len(with_value))]
    assert with_value == sorted(with_value, reverse=descending)
    assert len(got) == len(set(got)) == sum(len(library.by_type[type]) for type in types)


async def test_no_type_named_is_every_type_there_is(record: Record, library: Library) -> None:
    everything = set(library.resources)
    found = await pages(record, SYSTEM, None, [("_count", "1000")])
    got = names(found)
    assert len(got) == len(set(got))
    assert set(got) == everything
    assert {page.type for page in found} == {None}
    id = sorted(everything)[0].partition("/")[2]
    named = await ask(record, SYSTEM, None, [("_id", id)])
    assert set(named) == {name for name in everything if name.endswith(f"/{id}")}


async def busy(database: Database, ring: KeyRing, ledger: Ledger) -> Record:
    """The one door, while time goes on."""
    clock = ticking(datetime(2027, 1, 1, tzinfo=UTC))
    door = Record(database, ring, ledger, clock=clock, zone=ZONE)
    await door.start()
    return door


async def test_resources_of_one_id_and_different_types_are_told_apart(
    database: Database, ring: KeyRing, ledger: Ledger
) -> None:
    door = Record(
        database, ring, ledger, clock=ticking(datetime(2027, 1, 1, tzinfo=UTC)), zone=ZONE
    )
    await door.start()
    async with door.open(SYSTEM) as session:
        for number in range(3):
            for type, more in (("Basic", b'"code":{"text":"x"}'), ("Library", LIBRARY)):
                body = b'{"resourceType":"%s","id":"same-%d",%s}' % (type.encode(), number, more)
                await session.update(type, f"same-{number}", body)
    for sort in ("_id", "-_id", "_lastUpdated", "-_lastUpdated"):
        asked = [("_type", "Basic,Library"), ("_sort", sort), ("_count", "1")]
        got = await ask(door, SYSTEM, None, [*asked, ("_id", "same-0,same-1,same-2")])
        assert len(got) == len(set(got)) == 6


LIBRARY = b'"status":"draft","type":{"text":"x"}'


async def test_totals_and_parts_are_of_all_types(record: Record, library: Library) -> None:
    types = ["Patient", "Condition", "List"]
    everything = sum(len(library.by_type[type]) for type in types)
    named = ("_type", ",".join(types))
    async with record.open(SYSTEM) as session:
        whole = await session.search(None, [named, ("_total", "accurate"), ("_count", "3")])
        count = await session.search(None, [named, ("_summary", "count")])
        none = await session.search(None, [named, ("_count", "0")])
        part = await session.search(
            None, [named, ("_elements", "subject,name"), ("_count", "1000")]
        )
        text = await session.search(None, [named, ("_summary", "true"), ("_count", "50")])
    assert (whole.total, count.total, none.total) == (everything,) * 3
    assert (len(whole.entries), len(count.entries), len(none.entries)) == (3, 0, 0)
    assert {each.type for each in part.entries} == set(types)
    for each in (*part.entries, *text.entries):
        assert fhir.parse(each.body)["meta"]["tag"][-1]["code"] == "SUBSETTED"


async def test_includes_go_from_each_type(record: Record, library: Library) -> None:
    naive = Naive(library)
    includes = [("_include", "Condition:subject"), ("_revinclude", "Provenance:target"),
                ("_include", "List:item")]  # fmt: skip
    asked = [("_type", "Condition,List,Observation"), *includes, ("_count", "300")]
    for page in await pages(record, SYSTEM, None, asked):
        there = {
            name
            for type in ("Condition", "List", "Observation")
            for name in naive.included(set(names([page])), includes, type)
        }
        assert set(brought([page])) == there - set(names([page]))


async def test_an_include_that_suits_one_type_is_not_lost_among_several(
    record: Record, library: Library
) -> None:
    """A Condition never has a Patient for its encounter: alone, that would be refused."""
    naive = Naive(library)
    wanted = [("_revinclude", "Condition:encounter"), ("_include", "Encounter:subject")]
    asked = [("_type", "Patient,Encounter"), *wanted, ("_count", "200")]
    bringing = 0
    for page in await pages(record, SYSTEM, None, asked):
        matched = set(names([page]))
        encounters = {each for each in matched if each.startswith("Encounter/")}
        there = naive.included(encounters, wanted, "Encounter")
        assert set(brought([page])) == there - matched
        bringing += bool(there)
    assert bringing


async def test_a_parameter_without_a_value_is_left_out_and_told(
    record: Record, library: Library
) -> None:
    async with record.open(SYSTEM) as session:
        asked = [("_type", "Group,List"), ("title", ""), ("_id", "group"), ("_sort", "")]
        page = await session.search(None, asked)
        assert names([page]) == ["Group/group"]
        assert page.used == (asked[0], asked[2])
        assert [note.partition(":")[0] for note in page.notes] == ["title", "_sort"]
        page = await session.search("List", [("title", ""), ("_id", "list-0")])
        assert names([page]) == ["List/list-0"]
        assert [note.partition(":")[0] for note in page.notes] == ["title"]


async def test_what_cannot_be_joined_on_is_left_out_of_all_when_lenient(
    record: Record, library: Library
) -> None:
    wanted = ("_include", "QuestionnaireResponse:questionnaire")
    asked = [("_type", "List,QuestionnaireResponse"), wanted, ("_id", "list-0")]
    async with record.open(SYSTEM) as session:
        with pytest.raises(Unsupported, match="by address"):
            await session.search(None, asked)
        page = await session.search(None, asked, lenient=True)
    assert names([page]) == ["List/list-0"]
    assert len(page.notes) == 1


@pytest.mark.parametrize("many", [0, 3, 30])
async def test_each_resource_is_permitted_by_itself(
    record: Record, library: Library, reach: Give, many: int
) -> None:
    chance = random.Random(many)
    everyone = numbers(library)
    mine = frozenset(chance.sample(everyone, min(many, len(everyone))))
    await reach(*mine)
    allowed = permitted(library, CLINICIAN, mine)
    found = await pages(record, CLINICIAN, None, [("_count", "500"), ("_total", "accurate")])
    assert sorted(names(found)) == sorted(allowed)
    assert found[0].total == len(allowed)


async def test_a_type_one_may_not_search_is_refused_by_name(
    record: Record, library: Library
) -> None:
    async with record.open(CLINICIAN) as session:
        with pytest.raises(Forbidden):
            await session.search(None, [("_type", "Patient,AuditEvent")])
    nobody = Actor(103, "test-nobody", frozenset(), 1003)
    async with record.open(nobody) as session:
        with pytest.raises(Forbidden):
            await session.search(None, [("_type", "Patient")])
        with pytest.raises(Forbidden):
            await session.search(None, [])


REFUSED = {
    "a type that is none": [("_type", "Patient,Nothing")],
    "an empty type": [("_type", "Patient,")],
    "types twice": [("_type", "Patient"), ("_type", "Group")],
    "what only one has": [("_type", "Patient,Observation"), ("birthdate", "2000")],
    "what nobody has": [("_type", "Patient,Observation"), ("nonsense", "1")],
    "an order only one has": [("_type", "Patient,Observation"), ("_sort", "birthdate")],
    "an element of none": [("_type", "Patient,Observation"), ("_elements", "nonsense")],
    "parts twice": [("_type", "Patient"), ("_elements", "name"), ("_elements", "id")],
    "an include of none": [("_type", "Patient,Group"), ("_revinclude", "Condition:encounter")],
    "what comes from nowhere": [("_include", "Nothing:x")],
    "ten thousand alternatives": [("_id", ",".join(f"i{n}" for n in range(10_000)))],
    "a thousand alternatives of every type": [("_tag", ",".join(f"i{n}" for n in range(1_000)))],
    "a count twice": [("_count", "1"), ("_count", "2")],
    "a bad date": [("_lastUpdated", "yesterday")],
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_cannot_be_asked_of_all_is_refused(record: Record, what: str) -> None:
    async with record.open(SYSTEM) as session:
        with pytest.raises((Incorrect, TooCostly, Unsupported)) as refused:
            await session.search(None, REFUSED[what])
    assert len(refused.value.message) < 400


async def test_what_one_type_lacks_is_left_out_of_all_when_lenient(
    record: Record, library: Library
) -> None:
    asked = [("_type", "Group,List"), ("title", "x"), ("_count", "50")]
    async with record.open(SYSTEM) as session:
        page = await session.search(None, asked, lenient=True)
    assert page.used == (asked[0], asked[2])
    assert len(page.notes) == 1
    assert len(page.entries) == len(library.by_type["Group"]) + len(library.by_type["List"])


async def test_too_many_openings_are_refused_over_all_types_together(
    record: Record, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egide.record.budget.Budget.__init__.__defaults__", (300,))
    with pytest.raises(TooCostly):
        await ask(record, SYSTEM, None, [("_source", "urn:nowhere")])
    async with record.open(SYSTEM) as session:
        page = await session.search(None, [("_count", "5")])
    assert len(page.entries) == 5


async def test_a_cursor_of_several_types_is_its_accounts_own(
    record: Record, library: Library
) -> None:
    async with record.open(SYSTEM) as session:
        page = await session.search(None, [("_count", "5")])
        assert page.next
        following = await session.next_page(page.next)
        assert len(following.entries) == 5
    async with record.open(CLINICIAN) as session:
        with pytest.raises(EgideError):
            await session.next_page(page.next)


async def test_pages_lose_nothing_while_others_write(
    database: Database, ring: KeyRing, ledger: Ledger, library: Library
) -> None:
    door = Record(
        database, ring, ledger, clock=ticking(datetime(2027, 1, 1, tzinfo=UTC)), zone=ZONE
    )
    await door.start()
    types = ["Patient", "Basic", "Encounter", "Condition", "List"]
    still = {f"{type}/{each['id']}" for type in types for each in library.by_type.get(type, ())}
    for sort in ([], [("_sort", "_lastUpdated")], [("_sort", "-_lastUpdated")], [("_sort", "_id")]):
        found: list[str] = []
        async with door.open(SYSTEM) as session:
            asked = [("_type", ",".join(types)), *sort, ("_count", "60")]
            page = await session.search(None, asked)
            found += names([page])
            while page.next:
                await session.create(
                    "Group", b'{"resourceType":"Group","type":"person","actual":true}'
                )
                made = await session.create("Patient", b'{"resourceType":"Patient"}')
                page = await session.next_page(page.next)
                found += names([page])
                await session.delete("Patient", made.id)
        assert len([name for name in found if name in still]) == len(still)
        assert still <= set(found)
