"""What a search shows, counts, includes and joins through is exactly what is permitted.

https://hl7.org/fhir/R4/security.html: with what is hidden there or not there, answers are the same.
"""

import random
from collections.abc import Awaitable, Callable

import pytest
from tests.integration.search.asking import ask, brought, names, pages
from tests.integration.search.library import CLINICIAN, SYSTEM, Library
from tests.integration.search.naive import Naive, name_of
from tests.integration.search.questions import Questions, askable

from egide.actor import Actor
from egide.errors import EgideError, Forbidden
from egide.gate import Facts, ResourceFacts, decide, grants_of
from egide.record import Record
from egide.record.labels import labels_of

Give = Callable[..., Awaitable[None]]


def permitted(library: Library, actor: Actor, reached: frozenset[int]) -> set[str]:
    """Each resource asked about by itself."""
    found = set()
    for name, patients in library.patients.items():
        type = name.partition("/")[0]
        grants = grants_of(actor.roles)
        decision = decide(Facts("search", type, "TREAT", grants, assurance=actor.assurance))
        facts = ResourceFacts(
            type, tuple(patients), reached & patients, labels_of(library.bodies[name])
        )
        if decision.allowed and decision.permits(facts) == "yes":
            found.add(name)
    return found


def numbers(library: Library) -> list[int]:
    """The key numbers of all patients, in the order of their ids."""
    people = sorted(name for name in library.patients if name.startswith("Patient/"))
    return [number for name in people for number in library.patients[name]]


@pytest.mark.parametrize("many", [0, 1, 4, 30])
async def test_exactly_what_is_permitted_is_found_counted_included_and_joined_through(
    record: Record, library: Library, reach: Give, many: int
) -> None:
    chance = random.Random(many)
    everyone = numbers(library)
    mine = frozenset(chance.sample(everyone, min(many, len(everyone))))
    await reach(*mine)
    allowed = permitted(library, CLINICIAN, mine)
    naive, questions = Naive(library, allowed.__contains__), Questions(library)
    wrong, partial = [], 0
    for type in sorted(library.by_type):
        asked: list[list[tuple[str, str]]] = [[], questions.some(chance, type, 1)]
        for _ in range(2):
            pair = questions.chain(chance, type, chance.choice((1, 2)))
            if pair and askable(type, pair):
                asked.append([pair])
        if (has := questions.has(chance, 1)) and has[0] == type and askable(*has):
            asked.append([has[1]])
        for pairs in asked:
            includes = [p for p in questions.includes(chance, type) if askable(type, p)]
            expected = naive.answer(type, pairs)
            sort = [("_sort", chance.choice(["_id", "-_lastUpdated"]))]
            try:
                found = await pages(
                    record,
                    CLINICIAN,
                    type,
                    [*pairs, *sort, *includes, ("_count", "300"), ("_total", "accurate")],
                )
            except Forbidden:
                assert not expected
                continue
            got = names(found)
            partial += 0 < len(expected) < len(library.by_type[type])
            if sorted(got) != sorted(expected) or found[0].total != len(expected):
                wrong.append((type, pairs, len(expected), len(got), found[0].total))
            for page in found:
                there = naive.included(set(names([page])), includes, type)
                if set(brought([page])) != there:
                    wrong.append((type, pairs, includes, there ^ set(brought([page]))))
    assert wrong == []
    assert partial > 5 or many in (0, 30)


async def test_has_goes_only_through_what_is_permitted(
    record: Record, library: Library, reach: Give
) -> None:
    chance = random.Random(11)
    mine = frozenset(chance.sample(numbers(library), 5))
    await reach(*mine)
    allowed = permitted(library, CLINICIAN, mine)
    naive, questions = Naive(library, allowed.__contains__), Questions(library)
    found = 0
    for _ in range(120):
        has = questions.has(chance, chance.choice((1, 2)))
        if has is None or not askable(*has):
            continue
        type, pair = has
        expected = naive.answer(type, [pair])
        try:
            got = await ask(record, CLINICIAN, type, [pair, ("_count", "300")])
        except Forbidden:
            assert not expected
            continue
        found += bool(expected)
        assert sorted(got) == sorted(expected), (type, pair)
    assert found > 10


async def test_nothing_tells_that_a_hidden_patient_is_there(
    record: Record, library: Library, reach: Give
) -> None:
    """Every probe is answered alike with the hidden patient's record there and erased."""
    chance = random.Random(12)
    everyone = numbers(library)
    hidden = next(
        name
        for name, patients in sorted(library.patients.items())
        if name.startswith("Patient/") and name != "Patient/linked" and len(patients) == 1
    )
    (number,) = library.patients[hidden]
    await reach(*[each for each in everyone if each != number])
    probes = _probes(library, hidden, number, chance)
    assert len(probes) > 60
    before = [await _answered(record, *probe) for probe in probes]
    async with record.open(Actor(1, "t", frozenset({"administrator"}), 1, 2), "HSYSADMIN") as s:
        await s.erase("Patient", hidden.partition("/")[2])
    after = [await _answered(record, *probe) for probe in probes]
    told = [
        probe
        for probe, one, other in zip(probes, before, after, strict=True)
        if _plain(one) != _plain(other)
    ]
    assert told == []


def _probes(
    library: Library, hidden: str, number: int, chance: random.Random
) -> list[tuple[str, list[tuple[str, str]]]]:
    questions = Questions(library)
    patient = library.resources[hidden]
    name = patient["name"][0]
    probes: list[tuple[str, list[tuple[str, str]]]] = [
        ("Patient", [("family", name["family"])]),
        ("Patient", [("family", name["family"]), ("_total", "accurate")]),
        ("Patient", [("birthdate", patient["birthDate"]), ("_summary", "count")]),
        ("Patient", [("_id", patient["id"])]),
        ("Patient", [("_sort", "family"), ("_count", "2")]),
        ("Patient", [("_sort", "-_lastUpdated"), ("_count", "2")]),
        ("Patient", [("_total", "accurate"), ("_count", "0")]),
        ("Observation", [("patient", hidden), ("_summary", "count")]),
        ("Observation", [("patient.family", name["family"])]),
        ("Observation", [("_sort", "-date"), ("_count", "2")]),
        ("Observation", [("_total", "accurate"), ("_count", "1")]),
        ("Practitioner", [("_has:Encounter:practitioner:patient", hidden)]),
        ("Practitioner", [("_has:Encounter:practitioner:patient.family", name["family"])]),
        ("Organization", [("_has:Encounter:service-provider:subject:Patient._id", hidden[8:])]),
        ("List", [("_include", "List:item"), ("_include:iterate", "List:item")]),
        ("Provenance", [("_include", "*"), ("_count", "100")]),
        ("Patient", [("_revinclude", "Appointment:patient"), ("_count", "100")]),
    ]
    for held, patients in sorted(library.patients.items()):
        if number not in patients or chance.random() > 0.15:
            continue
        type = held.partition("/")[0]
        resource = library.resources[held]
        probes.append((type, [("_id", resource["id"])]))
        for pair in questions.some(chance, type, 1):
            probes.append((type, [pair, ("_summary", "count")]))
        for code, target in questions.links(type)[:2]:
            if target != "Patient":
                probes.append((target, [(f"_has:{type}:{code}:_id", resource["id"])]))
                probes.append((target, [("_revinclude", f"{type}:{code}"), ("_count", "40")]))
    return [probe for probe in probes if all(askable(probe[0], pair) for pair in probe[1])]


async def _answered(record: Record, type: str, pairs: list[tuple[str, str]]) -> object:
    """What a clinician can tell of an answer: its entries, total, notes and whether it goes on."""
    try:
        async with record.open(CLINICIAN) as session:
            page = await session.search(type, pairs)
            told = []
            for _ in range(4):
                told.append(
                    (
                        [e.body for e in page.entries],
                        sorted(e.body for e in page.included),
                        page.total,
                        page.notes,
                        page.next is not None,
                    )
                )
                if page.next is None:
                    break
                page = await session.next_page(page.next)
            return told
    except EgideError as error:
        return type_of(error), error.message


def type_of(error: EgideError) -> str:
    return type(error).__name__


def _plain(answer: object) -> object:
    return answer


async def test_a_resource_of_several_patients_needs_them_all(
    record: Record, library: Library, reach: Give
) -> None:
    (visit,) = (each for each in library.by_type["Appointment"] if each["id"] == "visit-0")
    one, other = sorted(library.patients[name_of(visit)])
    for reached, seen in (((one,), False), ((other,), False), ((one, other), True)):
        await reach(*reached)
        for pairs in ([("_id", "visit-0")], [("date", "2024-01-10")]):
            assert (await ask(record, CLINICIAN, "Appointment", pairs) != []) is seen
        assert await ask(record, SYSTEM, "Appointment", [("_id", "visit-0")])
