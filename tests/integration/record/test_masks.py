"""What a mask hides of a resource is in no answer and is told by none.

Two records are alike in all that their mask shows and differ in all it hides. A masked reader gets
the same answers about both, whatever is asked; one who sees them whole does not.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.clock import system_clock
from egide.errors import EgideError, Forbidden, Incorrect, NotFound
from egide.fhir.definitions import search_parameters
from egide.record import Record, Session

RESTRICTED = {
    "security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    ]
}
DOCTOR = Actor(
    7,
    "app",
    frozenset({"clinician"}),
    8,
    assurance=2,
    authenticated=system_clock(),
    practitioner="d",
)
DESK = Actor(13, "desk", frozenset({"registrar"}), 14)
WORDS = {"a": "alpha", "b": "beta"}
MASKED = {
    "Observation": "code,value,note,component,performer",
    "Appointment": "description,comment,reasonCode,participant",
}
Body = dict[str, Any]


def observation(word: str) -> Body:
    """What `word` tells is masked; category, dates and stay are shown."""
    return {
        "meta": RESTRICTED,
        "status": "final",
        "category": [
            {"coding": [{"system": "urn:c", "code": "vital", "display": word}], "text": word}
        ],
        "code": {"coding": [{"system": "urn:k", "code": word}], "text": word},
        "subject": {"reference": "Patient/p", "display": word},
        "encounter": {"reference": "Encounter/stay", "display": word},
        "effectiveDateTime": "2026-01-01",
        "performer": [{"reference": f"Practitioner/{word}"}],
        "valueString": word,
        "note": [{"text": word}],
        "interpretation": [{"coding": [{"system": "urn:i", "code": word}]}],
        "component": [{"code": {"text": word}, "valueString": word}],
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{word}</div>',
        },
        "identifier": [{"system": "urn:x", "value": word}],
    }


def appointment(word: str) -> Body:
    return {
        "meta": RESTRICTED,
        "status": "booked",
        "start": "2026-05-01T10:00:00Z",
        "end": "2026-05-01T10:30:00Z",
        "description": word,
        "comment": word,
        "serviceType": [{"coding": [{"system": "urn:k", "code": word}]}],
        "specialty": [{"coding": [{"system": "urn:k", "code": word}]}],
        "reasonCode": [{"coding": [{"system": "urn:k", "code": word}]}],
        "identifier": [{"system": "urn:x", "value": word}],
        "participant": [
            {"actor": {"reference": "Patient/p", "display": word}, "status": "accepted"},
            {"actor": {"reference": f"Practitioner/{word}"}, "status": "accepted"},
        ],
    }


READERS: dict[str, tuple[Actor, str, str]] = {
    "a doctor who broke the glass": (DOCTOR, "BTG", "Observation"),
    "the desk": (DESK, "HOPERAT", "Appointment"),
}
reader = pytest.mark.parametrize(("actor", "purpose", "type"), READERS.values(), ids=READERS)


@pytest.fixture(autouse=True)
async def population(put: Put, record: Record) -> None:
    await put("Patient", "p", name=[{"family": "Famille"}])
    await put("Encounter", "stay", status="finished", subject={"reference": "Patient/p"},
              **{"class": {"system": "urn:v", "code": "IMP"}})  # fmt: skip
    for id, word in WORDS.items():
        await put("Practitioner", word, name=[{"family": word}])
        await put("Observation", id, **observation(word))
        await put("Appointment", id, **appointment(word))
        await put("List", f"list-{id}", status="current", mode="working",
                  subject={"reference": "Patient/p"}, meta=RESTRICTED,
                  entry=[{"item": {"reference": f"Observation/{id}"}}])  # fmt: skip
    async with record.open(DOCTOR, "BTG") as session:
        await session.break_glass("p", code="cannot-speak", text="found unconscious")


def questions(type: str) -> list[list[tuple[str, str]]]:
    """Every parameter of a type, asked for the word of `a`, as present, as absent, as another."""
    found: list[list[tuple[str, str]]] = []
    for code, definition in sorted(search_parameters(type).items()):
        values = [WORDS["a"], f"urn:k|{WORDS['a']}", f"urn:x|{WORDS['a']}", f"urn:i|{WORDS['a']}",
                  f"Practitioner/{WORDS['a']}", f"{WORDS['a']}${WORDS['a']}"]  # fmt: skip
        found += [[(code, value)] for value in values]
        found += [[(f"{code}:missing", said)] for said in ("true", "false")]
        found += [[(f"{code}:{how}", values[0])] for how in ("not", "text", "contains", "exact")]
        if definition.type == "reference":
            found += [[(f"{code}:Practitioner.name", WORDS["a"])]]
        found += [[("_sort", code)], [("_sort", f"-{code}")]]
    found += [[("_list", "list-a")], [("_list", "list-b")]]
    found += [[("_text", WORDS["a"])], [("_content", WORDS["a"])]]
    return found


async def answer(session: Session, type: str, query: list[tuple[str, str]]) -> Any:
    try:
        page = await session.search(type, [*query, ("_total", "accurate"), ("_count", "50")])
    except EgideError as error:
        return error.category
    return {each.id for each in page.entries}, page.total


@reader
async def test_no_criterion_tells_what_is_masked(
    record: Record, system: Actor, actor: Actor, purpose: str, type: str
) -> None:
    both = ({"a", "b"}, 2)
    told = 0
    async with record.open(actor, purpose) as masked, record.open(system) as whole:
        for query in questions(type):
            found = await answer(masked, type, query)
            assert found in (both, (set(), 0)) or isinstance(found, str), query
            told += await answer(whole, type, query) in (({"a"}, 1), ({"b"}, 1))
    assert told > 10


@reader
async def test_no_way_of_asking_shows_what_is_masked(
    record: Record, system: Actor, actor: Actor, purpose: str, type: str
) -> None:
    async with record.open(actor, purpose) as session:
        bodies = [(await session.read(type, "a")).body, (await session.vread(type, "a", 1)).body]
        bodies += [each.body for each in (await session.history(type, "a")).entries]
        bodies += [each.body for each in (await session.changes(type)).entries]
        for part in (
            [],
            [("_elements", MASKED[type])],
            [("_summary", "true")],
            [("_summary", "text")],
            [("_summary", "data")],
            [("_include", f"{type}:*")],
        ):
            page = await session.search(type, [("_id", "a"), *part])
            assert [each.id for each in page.entries] == ["a"]
            assert "Practitioner" not in {each.type for each in page.included}
            bodies += [each.body for each in (*page.entries, *page.included)]
        if actor is DOCTOR:
            whole = await session.everything("p")
            kept = [each for each in whole.entries if each.id in "ab"]
            assert {each.id for each in kept} == {"a", "b"}
            assert {each.id for each in whole.included} == set()
            bodies += [each.body for each in kept]
            page = await session.search("Patient", [("_revinclude", "Observation:subject")])
            assert {each.id for each in page.included} == {"a", "b"}
            bodies += [each.body for each in page.included]
    assert [body for body in bodies if b"alpha" in body] == []
    assert len(bodies) > 8


@reader
async def test_what_is_shown_can_be_asked_for(
    record: Record, actor: Actor, purpose: str, type: str
) -> None:
    query = {
        "Observation": ("category", "urn:c|vital"),
        "Appointment": ("actor", "Patient/p"),
    }
    async with record.open(actor, purpose) as session:
        page = await session.search(type, [query[type]])
        assert {each.id for each in page.entries} == {"a", "b"}
        for each in page.entries:
            assert b"SUBSETTED" in each.body
        if type == "Observation":
            page = await session.search(type, [("_include", "Observation:encounter")])
            assert {each.id for each in page.included} == {"stay"}
            assert json.loads(page.entries[0].body)["category"] == [
                {"coding": [{"system": "urn:c", "code": "vital"}]}
            ]


@reader
async def test_other_resources_are_not_found_by_what_is_masked_in_these(
    record: Record, system: Actor, actor: Actor, purpose: str, type: str
) -> None:
    link = {"Observation": ("subject", "code"), "Appointment": ("patient", "reason-code")}[type]
    query = [(f"_has:{type}:{link[0]}:{link[1]}", "urn:k|alpha")]
    async with record.open(actor, purpose) as session:
        assert (await session.search("Patient", query)).entries == ()
    async with record.open(system) as session:
        assert {each.id for each in (await session.search("Patient", query)).entries} == {"p"}


async def test_the_criteria_of_a_scope_tell_nothing_of_what_is_masked(record: Record) -> None:
    for word in WORDS.values():
        scope = f"user/Observation.rs?code=urn:k|{word}"
        narrowed = replace(DOCTOR, scope=scope)
        async with record.open(narrowed, "BTG") as session:
            assert (await session.search("Observation", [])).entries == ()
            for id in WORDS:
                with pytest.raises(NotFound):
                    await session.read("Observation", id)


@reader
async def test_what_was_read_masked_is_not_written_back(
    record: Record, system: Actor, actor: Actor, purpose: str, type: str
) -> None:
    async with record.open(actor, purpose) as session:
        part = (await session.read(type, "a")).body
        with pytest.raises((Forbidden, Incorrect, NotFound)):
            await session.update(type, "a", part)
        plain = json.loads(part)
        del plain["meta"]
        with pytest.raises(EgideError):
            await session.update(type, "a", json.dumps(plain).encode())
    async with record.open(system) as session:
        with pytest.raises(Incorrect):
            await session.update(type, "a", part)
        now = await session.read(type, "a")
        assert now.version == 1 and b"alpha" in now.body
