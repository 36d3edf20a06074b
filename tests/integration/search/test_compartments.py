"""What is found within a compartment is what any of R4's parameters finds, and nothing else."""

import json
import random
from typing import Any

import pytest
from tests.integration.search.asking import brought, names
from tests.integration.search.library import CLINICIAN, SYSTEM, Library
from tests.integration.search.naive import Naive
from tests.integration.search.questions import Questions
from tests.integration.search.test_gate import Give, permitted

from egide import fhir
from egide.actor import Actor
from egide.db import Database
from egide.errors import EgideError, Forbidden, Gone, Incorrect, NotFound
from egide.fhir.definitions import TYPES, compartment, definitions
from egide.ledger import Reading
from egide.record import Compartment, Page, Record
from egide.record.interaction import not_found
from egide.seal import KeyRing

Pairs = list[tuple[str, str]]


def of(*references: str) -> Any:
    found = [{"reference": each} for each in references]
    return found[0] if len(found) == 1 else found


BESIDE: dict[str, dict[str, Any]] = {
    "Patient/a": {},
    "Patient/b": {"link": [{"other": of("Patient/a"), "type": "seealso"}]},
    "Person/one": {"link": [{"target": of("Patient/a")}]},
    "Person/both": {"link": [{"target": of("Patient/a")}, {"target": of("Patient/b")}]},
    "RelatedPerson/r": {"patient": of("Patient/a")},
    "Device/d": {"patient": of("Patient/a")},
    "Practitioner/p": {},
    "Encounter/e": {
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": of("Patient/a"),
        "participant": [{"individual": of("Practitioner/p")}],
    },
    "Observation/performed": {
        "status": "final",
        "code": {"text": "x"},
        "subject": of("Patient/b"),
        "performer": [of("Patient/a")],
        "encounter": of("Encounter/e"),
        "device": of("Device/d"),
    },
    "Observation/focused": {
        "status": "final",
        "code": {"text": "x"},
        "subject": of("Patient/b"),
        "focus": [of("Patient/a")],
    },
    "Observation/of-device": {
        "status": "final",
        "code": {"text": "x"},
        "subject": of("Device/d"),
        "performer": [of("Practitioner/p")],
    },
    "List/of-items": {
        "status": "current",
        "mode": "working",
        "entry": [{"item": of("Patient/a")}],
    },
    "Task/beside": {"status": "draft", "intent": "order", "for": of("Patient/a")},
    "Communication/sent": {
        "status": "completed",
        "sender": of("RelatedPerson/r"),
        "recipient": [of("Practitioner/p")],
        "subject": of("Patient/b"),
    },
    "Communication/got": {
        "status": "completed",
        "sender": of("Device/d"),
        "recipient": of("Patient/a", "RelatedPerson/r"),
    },
    "ServiceRequest/asked": {
        "status": "active",
        "intent": "order",
        "subject": of("Patient/b"),
        "requester": of("Practitioner/p"),
        "performer": [of("Patient/a")],
    },
    "Appointment/two": {
        "status": "proposed",
        "participant": [
            {"actor": of(each), "status": "accepted"}
            for each in ("Patient/a", "Patient/b", "Practitioner/p", "Device/d")
        ],
    },
    "Group/of-one": {"type": "person", "actual": True, "member": [{"entity": of("Patient/a")}]},
}
"""`Type/id` → a resource that belongs to compartments of others, in ways generators do not make."""


async def beside(record: Record, library: Library) -> Library:
    """The library, and what stands in `BESIDE`, stored and known."""
    more = Library(library.dsn, library.ring, dict(library.resources))
    more.by_type = {type: list(found) for type, found in library.by_type.items()}
    async with record.open(SYSTEM) as session:
        for name, body in BESIDE.items():
            type, id = name.split("/")
            raw = json.dumps({"resourceType": type, "id": id, **body}).encode()
            more.add((await session.update(type, id, raw)).body, frozenset())
    return more


async def within(
    record: Record, actor: Actor, inside: Compartment, type: str | None, pairs: Pairs
) -> list[Page]:
    """Every page of a search within a compartment."""
    async with record.open(actor) as session:
        page = await session.search(type, pairs, within=inside)
        found = [page]
        while page.next is not None:
            page = await session.next_page(page.next)
            found.append(page)
    assert {each.within for each in found} == {inside}
    return found


def expected(naive: Naive, inside: Compartment, type: str, pairs: Pairs) -> set[str]:
    """Each parameter the definition names asked alone; the compartment's own resource."""
    found: set[str] = set()
    for code in compartment(inside.name).get(type, ()):
        if code != "{def}":
            found |= naive.answer(type, [(code, str(inside)), *pairs])
    if type == inside.name:
        found |= naive.answer(type, [("_id", inside.id), *pairs])
    return found


def insides(naive: Naive, chance: random.Random, most: int) -> list[Compartment]:
    found = []
    for name in definitions().compartments:
        ids = [each["id"] for each in naive.of_type(name)]
        found += [Compartment(name, id) for id in chance.sample(ids, min(most, len(ids)))]
    return found


async def test_within_a_compartment_is_found_what_belongs_to_it_and_nothing_else(
    record: Record, library: Library
) -> None:
    known = await beside(record, library)
    naive, chance = Naive(known), random.Random(5)
    made = [Compartment(*name.split("/")) for name in BESIDE if name.split("/")[0] in
            definitions().compartments]  # fmt: skip
    wrong, found, seen = [], 0, set()
    for inside in [*made, *insides(naive, chance, 3)]:
        types = {inside.name, *compartment(inside.name)} & known.by_type.keys()
        want_all: set[str] = set()
        for type in sorted(types):
            want = expected(naive, inside, type, [])
            want_all |= want
            got = names(await within(record, SYSTEM, inside, type, [("_count", "7")]))
            if len(got) != len(set(got)) or set(got) != want:
                wrong.append((inside, type, want, got))
            found += bool(want)
            seen.update((inside.name, type) for _ in want)
        got = names(await within(record, SYSTEM, inside, None, [("_count", "200")]))
        if len(got) != len(set(got)) or set(got) != want_all:
            wrong.append((inside, "*", want_all ^ set(got), len(got)))
    assert wrong == []
    assert found > 60
    assert len({name for name, _ in seen}) == 5
    assert len(seen) > 35


async def test_what_names_a_patient_besides_the_definition_does_not_belong(
    record: Record, library: Library
) -> None:
    """It is under the patient's key, so the index alone would let it through."""
    await beside(record, library)
    inside = Compartment("Patient", "a")
    got = names(await within(record, SYSTEM, inside, "Observation", []))
    assert got == ["Observation/performed"]
    assert names(await within(record, SYSTEM, inside, "List", [])) == []
    with pytest.raises(NotFound):
        await within(record, SYSTEM, inside, "Task", [])
    everything = names(await within(record, SYSTEM, inside, None, [("_count", "1")]))
    assert sorted(everything) == [
        "Appointment/two", "Communication/got", "Encounter/e", "Group/of-one",
        "Observation/performed", "Patient/a", "Patient/b", "Person/both", "Person/one",
        "RelatedPerson/r", "ServiceRequest/asked",
    ]  # fmt: skip


async def test_a_compartment_holds_any_search_to_it(record: Record, library: Library) -> None:
    """Clauses, orders, totals and pages are those of the same search without it."""
    naive, questions, chance = Naive(library), Questions(library), random.Random(8)
    wrong, found = [], 0
    for inside in insides(naive, chance, 4):
        for type in sorted({inside.name, *compartment(inside.name)} & library.by_type.keys()):
            pairs = questions.some(chance, type, chance.choice((1, 1, 2)))
            want = expected(naive, inside, type, pairs)
            sort = chance.choice(["_id", "-_lastUpdated", "_lastUpdated"])
            asked = [*pairs, ("_sort", sort), ("_total", "accurate"), ("_count", "3")]
            try:
                got = await within(record, SYSTEM, inside, type, asked)
            except EgideError:
                with pytest.raises(EgideError):
                    async with record.open(SYSTEM) as session:
                        await session.search(type, asked)
                continue
            order = names(got)
            totals = {page.total for page in got}
            if set(order) != want or len(order) != len(want) or totals != {len(want)}:
                wrong.append((inside, type, pairs, want, order, totals))
            if sort == "_id":
                assert order == sorted(order)
            found += bool(want)
    assert wrong == []
    assert found > 10


async def test_includes_are_brought_from_outside_the_compartment(
    record: Record, library: Library
) -> None:
    await beside(record, library)
    inside = Compartment("Patient", "a")
    asked = [("_include", "Observation:subject"), ("_include", "Observation:device")]
    got = await within(record, SYSTEM, inside, "Observation", asked)
    assert names(got) == ["Observation/performed"]
    assert sorted(brought(got)) == ["Device/d", "Patient/b"]
    counted = await within(record, SYSTEM, inside, "Observation", [("_summary", "count")])
    assert ([page.total for page in counted], names(counted)) == ([1], [])


async def test_a_clinician_finds_within_a_compartment_what_he_reaches_of_it(
    record: Record, library: Library, reach: Give
) -> None:
    people = sorted(name for name in library.patients if name.startswith("Patient/"))
    mine = frozenset(number for name in people[:6] for number in library.patients[name])
    await reach(*mine)
    allowed = permitted(library, CLINICIAN, mine)
    naive, found = Naive(library, allowed.__contains__), 0
    hidden = [name for name in people if name not in allowed]
    assert 0 < len(hidden) < len(people)
    for name in set(people) - set(hidden):
        inside = Compartment(*name.split("/"))
        for type in sorted({"Patient", *compartment("Patient")} & library.by_type.keys()):
            want = expected(naive, inside, type, [])
            got = names(await within(record, CLINICIAN, inside, type, [("_count", "50")]))
            assert (set(got), len(got)) == (want, len(want)), (inside, type)
            found += bool(want)
    assert found > 20
    for name in (*hidden[:5], "Patient/absent"):
        for kind in ("Observation", "Patient", None):
            with pytest.raises(NotFound) as refused:
                await within(record, CLINICIAN, Compartment(*name.split("/")), kind, [])
            assert refused.value.message == not_found().message


async def test_a_page_link_ends_where_the_patient_goes_out_of_reach(
    record: Record, database: Database, library: Library, reach: Give
) -> None:
    naive = Naive(library)
    name = max(
        (name for name in library.patients if name.startswith("Patient/")),
        key=lambda name: len(naive.answer("Observation", [("subject", name)])),
    )
    await reach(*library.patients[name])
    async with record.open(CLINICIAN) as session:
        inside = Compartment(*name.split("/"))
        page = await session.search("Observation", [("_count", "1")], within=inside)
        assert page.next is not None
        assert (await session.next_page(page.next)).within == inside
        async with database.connection() as connection:
            await connection.execute("delete from reach")
        with pytest.raises(NotFound):
            await session.next_page(page.next)
    async with record.open(SYSTEM) as session:
        with pytest.raises(Incorrect):
            await session.next_page(page.next)


async def test_a_compartment_of_what_is_deleted_or_was_never_there_is_not_searched(
    record: Record, library: Library
) -> None:
    await beside(record, library)
    async with record.open(SYSTEM) as session:
        await session.delete("Patient", "b")
        for type in ("Observation", None):
            with pytest.raises(Gone):
                await session.search(type, [], within=Compartment("Patient", "b"))
            with pytest.raises(NotFound):
                await session.search(type, [], within=Compartment("Patient", "absent"))
            with pytest.raises(NotFound):
                await session.search(type, [], within=Compartment("Organization", "o"))
            with pytest.raises(Incorrect):
                await session.search(type, [], within=Compartment("Patient", "no id"))
        with pytest.raises(NotFound):
            asked = [("_type", "Observation,Task")]
            await session.search(None, asked, within=Compartment("Patient", "a"))
        with pytest.raises(Incorrect):
            await session.search("Nothing", [], within=Compartment("Patient", "a"))
        with pytest.raises(Incorrect):
            await session.search("Observation", [("banana", "1")],
                                 within=Compartment("Patient", "a"))  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        ("system/Observation.rs", True),
        ("system/Patient.rs", True),
        ("system/Patient.s system/Observation.s", True),
        ("system/Patient.r system/Observation.s", False),
    ],
)
async def test_a_compartment_asks_for_the_search_and_for_the_read_of_whose_it_is(
    record: Record,
    library: Library,
    scope: str,
    refused: bool,
) -> None:
    await beside(record, library)
    scoped = Actor(101, "test-system", frozenset({"system"}), 1001, scope=scope)
    inside = Compartment("Patient", "a")
    if refused:
        with pytest.raises(Forbidden):
            await within(record, scoped, inside, "Observation", [])
    else:
        got = names(await within(record, scoped, inside, "Observation", []))
        assert got == ["Observation/performed"]
        got = names(await within(record, scoped, inside, None, []))
        assert got == ["Observation/performed"]


async def test_the_ledger_says_in_which_compartment_was_searched(
    record: Record, database: Database, ring: KeyRing, library: Library
) -> None:
    await beside(record, library)
    async with record.open(SYSTEM) as session:
        await session.search("Observation", [], within=Compartment("Patient", "a"))
        with pytest.raises(NotFound):
            await session.search("Observation", [], within=Compartment("Patient", "absent"))
    async with database.connection() as connection:
        absent, found = (await Reading(ring).of_actor(connection, SYSTEM.account))[:2]
    assert (found.facts["compartment"], found.facts["ids"]) == ("Patient/a", ["performed"])
    assert absent.facts["compartment"] == "Patient/absent"


def test_every_type_of_every_compartment_is_one_of_r4_and_has_parameters() -> None:
    for name in definitions().compartments:
        assert name in TYPES
        for type, codes in compartment(name).items():
            assert type in TYPES
            assert set(codes) - {"{def}"} <= fhir.search_parameters(type).keys()
