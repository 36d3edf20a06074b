"""What any interaction returns or counts is exactly what `decide` allows, one resource at a time.

For random populations, policies, actors and queries, from inside and outside, in and out of hours,
with trainings in order and not, each asked by itself or as an entry of a bundle. A query is a list
of parameters and a function of what the actor sees: whatever is hidden, or masked, cannot be part
of its answer.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.record.drawn import (
    ACTORS,
    PARIS,
    PATIENTS,
    Body,
    Population,
    labelled,
    populations,
    to,
    whose,
)
from tests.unit.http.asking import request

from egide.actor import Actor, Zone
from egide.api.rest import FHIR
from egide.api.rest.call import Call
from egide.api.rest.read import read as read_over_rest
from egide.clock import system_clock
from egide.db import Database
from egide.errors import Forbidden, Gone, NotFound
from egide.fhir.definitions import Element, type_definition
from egide.fhir.summary import SUBSETTED
from egide.ledger import Ledger
from egide.opening import OpeningHours
from egide.record import (
    Compartment,
    Emitted,
    Item,
    Record,
    Result,
    Session,
    batch,
    bundle_of,
    part_digest,
)
from egide.seal import KeyRing

IMPORTER = Actor(1, "import", frozenset({"administrator"}), 2, assurance=2)
TRUSTED = Actor(31, "app", frozenset({"system"}), 32)
EVERYTHING = "truncate resource, version, ref, reach, reach_role, policy, glass, import_part"
AT_ONCE = 8
MASKED = ["in an emergency", "desk", "desk of one"]
"""Those who see something masked."""
OTHERS = [each for each in ACTORS if each not in MASKED]
KEPT: dict[str, Callable[[str, Element], bool]] = {
    "true": lambda name, element: element.summary or element.min > 0,
    "text": lambda name, element: name == "text" or element.min > 0,
    "data": lambda name, element: name != "text",
}
"""What each `_summary` keeps besides type, id and meta."""
Seen = dict[str, Body]
Part = tuple[str, str] | None
Pairs = list[tuple[str, str]]


class Query(NamedTuple):
    """A search of `type`, None for several: its parameters, the names of what answers it and of
    what comes along, as functions of what the actor sees; `types` are all that it is of."""

    type: str | None
    parameters: Pairs
    answers: Callable[[Seen], set[str]]
    brings: Callable[[Seen, set[str]], set[str]] = lambda seen, found: set()
    within: Compartment | None = None
    several: tuple[str, ...] = ()

    @property
    def types(self) -> tuple[str, ...]:
        return self.several or (str(self.type),)


class Asker(NamedTuple):
    """Who asks, from where, in order or not, and how: alone or by entries of bundles."""

    name: str
    zone: Zone
    cleared: bool
    way: str


class Entries:
    """Asks what a session is asked by entries of a batch or a transaction, one at a time."""

    def __init__(self, session: Session, kind: str) -> None:
        self._session = session
        self._kind = kind

    async def _ask(self, url: str) -> Result:
        entry = {"request": {"method": "GET", "url": url}}
        whole = {"resourceType": "Bundle", "type": self._kind, "entry": [entry]}
        bundle = bundle_of(json.dumps(whole).encode())
        if self._kind == "transaction":
            (result,) = await self._session.transaction(bundle)
        else:
            (result,) = await batch(self._session, bundle)
        if result.error is not None:
            raise result.error
        return result

    async def read(self, type: str, id: str) -> Emitted | None:
        return (await self._ask(f"{type}/{id}")).emitted

    async def vread(self, type: str, id: str, version: int) -> Emitted | None:
        return (await self._ask(f"{type}/{id}/_history/{version}")).emitted

    async def history(self, type: str, id: str) -> Any:
        return (await self._ask(f"{type}/{id}/_history?_count=50")).page

    async def changes(self, type: str | None, count: int) -> Any:
        of = f"{type}/" if type else ""
        return (await self._ask(f"{of}_history?_count={count}")).page

    async def everything(self, id: str) -> Any:
        return (await self._ask(f"Patient/{id}/$everything")).page

    async def search(
        self, type: str | None, query: Pairs, *, within: Compartment | None = None
    ) -> Any:
        path = type or ""
        if within is not None:
            path = f"{within}/{type or '*'}"
        return (await self._ask(f"{path}?{urlencode(query)}")).page

    async def next_page(self, cursor: str) -> Any:
        return (await self._ask(f"?_cursor={cursor}")).page


Asking = Session | Entries


def of_type(seen: Seen, type: str) -> Seen:
    return {name: body for name, body in seen.items() if body["resourceType"] == type}


def has_code(body: Body, code: str) -> bool:
    return any(each.get("code") == code for each in body.get("code", {}).get("coding", ()))


def subject(body: Body) -> str:
    return str(body.get("subject", {}).get("reference", ""))


def coded(code: str) -> Query:
    return Query(
        "Observation",
        [("code", f"http://x|{code}")],
        lambda seen: {n for n, b in of_type(seen, "Observation").items() if has_code(b, code)},
    )


def not_coded(code: str) -> Query:
    return Query(
        "Observation",
        [("code:not", f"http://x|{code}")],
        lambda seen: {n for n, b in of_type(seen, "Observation").items() if not has_code(b, code)},
    )


def uncoded(said: bool) -> Query:
    """What is masked and must be there says `masked`, so it is not missing."""
    return Query(
        "Observation",
        [("code:missing", str(said).lower())],
        lambda seen: {
            n for n, b in of_type(seen, "Observation").items() if ("code" not in b) == said
        },
    )


def after(day: str) -> Query:
    return Query(
        "Observation",
        [("date", f"ge{day}")],
        lambda seen: {
            n for n, b in of_type(seen, "Observation").items() if b["effectiveDateTime"] >= day
        },
    )


def of_family(patient: str) -> Query:
    """A chain: Observations of the Patients of a name."""
    return Query(
        "Observation",
        [("subject:Patient.family", f"Family{patient}")],
        lambda seen: {
            n
            for n, b in of_type(seen, "Observation").items()
            if subject(b) == f"Patient/{patient}" and "name" in seen.get(f"Patient/{patient}", {})
        },
    )


def of_patient(patient: str) -> Query:
    return Query(
        "Observation",
        [("patient", f"Patient/{patient}")],
        lambda seen: {
            n for n, b in of_type(seen, "Observation").items() if subject(b) == f"Patient/{patient}"
        },
    )


def observed(code: str) -> Query:
    """A reverse chain: Patients of whom there is such an Observation."""
    return Query(
        "Patient",
        [("_has:Observation:patient:code", f"http://x|{code}")],
        lambda seen: {
            n
            for n in of_type(seen, "Patient")
            if any(
                has_code(b, code) and subject(b) == n for b in of_type(seen, "Observation").values()
            )
        },
    )


def with_subjects(code: str) -> Query:
    return Query(
        "Observation",
        [*coded(code).parameters, ("_include", "Observation:subject")],
        coded(code).answers,
        lambda seen, found: {subject(seen[name]) for name in found} & seen.keys(),
    )


def with_observations(patient: str) -> Query:
    return Query(
        "Patient",
        [("_id", patient), ("_revinclude", "Observation:subject")],
        lambda seen: {f"Patient/{patient}"} & seen.keys(),
        lambda seen, found: {
            n for n, b in of_type(seen, "Observation").items() if subject(b) in found
        },
    )


def expected_of(patient: str) -> Query:
    return Query(
        "Appointment",
        [("actor", f"Patient/{patient}"), ("_include", "Appointment:patient")],
        lambda seen: {n for n, b in of_type(seen, "Appointment").items() if patient in whose(b)},
        lambda seen, found: (
            {f"Patient/{p}" for name in found for p in whose(seen[name])} & seen.keys()
        ),
    )


def reasoned(code: str) -> Query:
    return Query(
        "Appointment",
        [("reason-code", f"http://x|{code}")],
        lambda seen: {
            n for n, b in of_type(seen, "Appointment").items() if "reasonCode" in b and code == "1"
        },
    )


def of_stay(patient: str) -> Query:
    return Query(
        "Observation",
        [("encounter", f"Encounter/s0-{patient}"), ("_include", "Observation:encounter")],
        lambda seen: {
            n for n, b in of_type(seen, "Observation").items() if at(b) == f"Encounter/s0-{patient}"
        },
        lambda seen, found: {at(seen[name]) for name in found} & seen.keys(),
    )


def of_stays_within(patient: str) -> Query:
    """A chain: Observations of the stays of an episode."""
    episode = f"EpisodeOfCare/e-{patient}"
    return Query(
        "Observation",
        [("encounter:Encounter.episode-of-care", episode)],
        lambda seen: {
            n
            for n, b in of_type(seen, "Observation").items()
            if {"reference": episode} in seen.get(at(b), {}).get("episodeOfCare", ())
        },
    )


def stays_where(code: str) -> Query:
    """A reverse chain: stays of which there is such an Observation."""
    return Query(
        "Encounter",
        [("_has:Observation:encounter:code", f"http://x|{code}")],
        lambda seen: {
            n
            for n in of_type(seen, "Encounter")
            if any(has_code(b, code) and at(b) == n for b in of_type(seen, "Observation").values())
        },
    )


def at(body: Body) -> str:
    return str(body.get("encounter", {}).get("reference", ""))


def belonging(type: str, patient: str) -> Query:
    """Within a patient's compartment, if the patient is there: what names him, and himself."""
    name = f"Patient/{patient}"
    return Query(
        type,
        [],
        lambda seen: {
            n for n, b in of_type(seen, type).items() if name in seen and member(b, name)
        },
        within=Compartment("Patient", patient),
    )


def member(body: Body, patient: str) -> bool:
    if body["resourceType"] == "Patient":
        return patient in (f"Patient/{body['id']}", *links(body))
    return patient.removeprefix("Patient/") in whose(body)


def listed(type: str) -> Query:
    """Members of a List, as far as the List and what it says are seen."""
    return Query(type, [("_list", "l")], lambda seen: in_list(seen) & of_type(seen, type).keys())


def in_list(seen: Seen) -> set[str]:
    entries = seen.get("List/l", {}).get("entry", ())
    return {str(each.get("item", {}).get("reference")) for each in entries}


def of_several(types: tuple[str, ...], patient: str | None, listed: bool) -> Query:
    """A search of several types, perhaps within a patient's compartment, or of a List's members."""

    def answers(seen: Seen) -> set[str]:
        found = {name for type in types for name in of_type(seen, type)}
        if listed:
            found &= in_list(seen)
        if patient is not None:
            found &= {n for type in types for n in belonging(type, patient).answers(seen)}
        return found

    within = None if patient is None else Compartment("Patient", patient)
    asked = [("_type", ",".join(types)), *([("_list", "l")] if listed else [])]
    return Query(None, asked, answers, within=within, several=types)


def links(body: Body) -> list[str]:
    return [str(each["other"]["reference"]) for each in body.get("link", ())]


def whole(type: str) -> Query:
    return Query(type, [], lambda seen: set(of_type(seen, type)))


codes, patients = st.sampled_from("123"), st.sampled_from(PATIENTS)
TYPES = ("Appointment", "CareTeam", "Consent", "Encounter", "EpisodeOfCare", "List", "Observation",
         "Patient", "PractitionerRole", "RelatedPerson")  # fmt: skip
IN_COMPARTMENTS = st.sampled_from(("Appointment", "Encounter", "List", "Observation", "Patient"))
queries = st.one_of(
    st.sampled_from(TYPES).map(whole),
    codes.map(coded),
    codes.map(not_coded),
    codes.map(with_subjects),
    codes.map(observed),
    codes.map(stays_where),
    patients.map(of_stay),
    patients.map(of_stays_within),
    codes.map(reasoned),
    st.booleans().map(uncoded),
    st.sampled_from(["2026-01-01", "2026-02-01"]).map(after),
    patients.map(of_family),
    patients.map(of_patient),
    patients.map(with_observations),
    patients.map(expected_of),
    st.builds(belonging, IN_COMPARTMENTS, patients),
    IN_COMPARTMENTS.map(listed),
    st.builds(
        of_several,
        st.lists(IN_COMPARTMENTS, min_size=2, unique=True).map(tuple),
        st.sampled_from([None, *PATIENTS]),
        st.booleans(),
    ),
)
sorts = st.sampled_from([None, "_id", "-_id", "_lastUpdated", "-date", "code", "-code"])
parts = st.sampled_from(
    [None, None, ("_elements", "language,subject"), *(("_summary", each) for each in KEPT)]
)
ways = st.sampled_from(["alone", "batch", "transaction"])
zones: st.SearchStrategy[Zone] = st.sampled_from(("inside", "inside", "outside"))
often = st.sampled_from([True, True, False])


def askers(names: list[str]) -> st.SearchStrategy[Asker]:
    return st.builds(Asker, st.sampled_from(names), zones, often, ways)


@st.composite
def listing(draw: st.DrawFn) -> Population:
    """A population in which somebody made a List of Observations, some of them others'."""
    found = draw(populations())
    items = draw(st.lists(st.sampled_from(sorted(found.versions)), max_size=4, unique=True))
    body = {"resourceType": "List", "id": "l", "status": "current", "mode": "working"}
    body |= {"subject": to(f"Patient/{draw(patients)}")}
    body |= {"entry": [{"item": to(name)} for name in items]} if items else {}
    found.versions["List/l"] = [body | labelled(draw(st.sampled_from([None, None, "R", "V"])))]
    found.hours = draw(often)
    return found


class Desks(OpeningHours):
    """Hours that are what the population says, not what the clock does."""

    working = True

    def hold(self, at: datetime) -> bool:
        return self.working


@pytest.fixture
async def record(database: Database, ring: KeyRing, ledger: Ledger) -> Record:
    """The one door, of an establishment whose desks have hours."""
    desks = Desks("drawn", ())
    door = Record(database, ring, ledger, clock=system_clock, zone=PARIS, opening=desks)
    await door.start()
    return door


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    population=listing(),
    asking=st.tuples(askers(MASKED), askers(OTHERS), askers(OTHERS)),
    asked=st.lists(
        st.tuples(queries, sorts, parts, st.integers(1, 4)),
        min_size=6,
        max_size=12,
        unique_by=repr,
    ),
)
async def test_every_way_to_ask_gives_just_what_is_allowed_one_by_one(
    record: Record,
    database: Database,
    population: Population,
    asking: tuple[Asker, ...],
    asked: list[tuple[Query, str | None, Part, int]],
) -> None:
    await _store(record, database, population)
    Desks.working = population.hours
    for asker in {each.name: each for each in asking}.values():
        known, purpose = ACTORS[asker.name]
        actor = replace(known, zone=asker.zone, cleared=asker.cleared)
        async with record.open(actor, purpose) as alone:
            emergency = purpose == "BTG" and await _breaks_glass(alone, population, actor)

            def may(interaction: str, type: str | None) -> bool:
                return population.may(actor, purpose, interaction, type, emergency)  # noqa: B023

            session: Asking = alone
            if asker.way != "alone" and may(asker.way, None):
                session = Entries(alone, asker.way)
            await _single(session, population, actor, purpose, emergency)
            await _histories(session, population, actor, purpose, emergency)
            await _everything(session, population, actor, purpose, emergency)
            seen = population.seen(actor, purpose, "search", emergency=emergency)
            types = frozenset(type for type in TYPES if may("search", type))
            await _together([partial(_search, session, seen, types, *each) for each in asked])
            if may("search", None):
                await _at_large(session, seen, population)


async def _store(record: Record, database: Database, population: Population) -> None:
    Desks.working = True
    async with database.connection() as connection:
        await connection.execute(EVERYTHING)
    raw = [json.dumps(versions[0]).encode() for versions in population.versions.values()]
    items = [Item(place, None, each) for place, each in enumerate(raw)]
    async with record.open(IMPORTER, "HSYSADMIN") as session:
        loaded = await session.load(part_digest(b"k" * 32, b"".join(raw)), items, whole=True)
        assert loaded.created == len(raw)
        for patient, account in population.granted:
            await session.grant(patient, account)
    async with record.open(TRUSTED) as session:
        for name, versions in population.versions.items():
            for body in versions[1:]:
                await session.update(*name.split("/"), json.dumps(body).encode())


async def _breaks_glass(session: Session, population: Population, actor: Actor) -> bool:
    """Whether the glass of the patient drawn breaks, which is just when `decide` says so."""
    patient = population.current[f"Patient/{population.opened}"]
    allowed = population.one(actor, "BTG", "$break-glass", patient) is not None
    try:
        await session.break_glass(population.opened, code="cannot-speak", text="found unconscious")
    except (Forbidden, NotFound):
        assert not allowed
        return False
    assert allowed
    # The patient finds a Communication about it, which is of no interest here.
    return True


async def _together(asked: list[Callable[[], Awaitable[None]]]) -> None:
    """All that is asked, some at once: what is hidden is answered late, on purpose."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(ask: Callable[[], Awaitable[None]]) -> None:
        async with limit:
            await ask()

    async with asyncio.TaskGroup() as group:
        for each in asked:
            group.create_task(one(each))


async def _single(
    session: Asking, population: Population, actor: Actor, purpose: str, emergency: bool
) -> None:
    """read, conditional read, vread."""
    read = population.seen(actor, purpose, "read", emergency=emergency)
    versions = population.allowed(actor, purpose, "vread", emergency=emergency)

    async def current(name: str, latest: int) -> None:
        type, id = name.split("/")
        found = await answered(session.read(type, id))
        assert (found is not None) == (name in read), name
        if found is not None:
            assert alike(json.loads(found.body), read[name])
        for known, status in ((latest, 304), (latest + 1, 200)):
            asking = request(headers=[(b"if-none-match", b'W/"%d"' % known)])
            call = Call(asking, session, "", b"application/fhir+json", False, {}, None, FHIR)  # type: ignore[arg-type]
            answer = await answered(read_over_rest(call, type, id))
            assert (answer.status if answer else None) == (status if name in read else None), name

    async def version(name: str, number: int) -> None:
        type, id = name.split("/")
        found = await answered(session.vread(type, id, number))
        assert (found is not None) == ((name, number) in versions), (name, number)
        if found is not None:
            assert alike(json.loads(found.body), versions[name, number])

    asked = []
    for name, bodies in population.versions.items():
        asked.append(partial(current, name, len(bodies)))
        asked += [partial(version, name, number) for number in range(1, len(bodies) + 1)]
    await _together(asked)


async def _histories(
    session: Asking, population: Population, actor: Actor, purpose: str, emergency: bool
) -> None:
    """History of an instance and of a type."""
    allowed = set(population.allowed(actor, purpose, "history", emergency=emergency))

    async def instance(name: str) -> None:
        page = await answered(session.history(*name.split("/")))
        found = {(name, each.version) for each in page.entries} if page else set()
        assert found == {each for each in allowed if each[0] == name}, name

    async def of_all(type: str) -> None:
        page = await answered(session.changes(type, count=300))
        found = {(f"{e.type}/{e.id}", e.version) for e in page.entries} if page else set()
        assert found == {each for each in allowed if each[0].startswith(f"{type}/")}, type

    async def of_the_system() -> None:
        page = await answered(session.changes(None, count=300))
        found = {(f"{e.type}/{e.id}", e.version) for e in page.entries} if page else set()
        assert {each for each in found if each[0] in population.versions} == allowed

    instances = [partial(instance, name) for name in population.versions]
    of_types = [partial(of_all, type) for type in TYPES]
    await _together([*instances, *of_types, of_the_system])


async def _everything(
    session: Asking, population: Population, actor: Actor, purpose: str, emergency: bool
) -> None:
    allowed = population.seen(actor, purpose, "$everything", emergency=emergency)
    seen = population.seen(actor, purpose, "search", emergency=emergency)

    async def record_of(patient: str) -> None:
        page = await answered(session.everything(patient))
        if page is None:
            assert f"Patient/{patient}" not in allowed
            return
        names = [f"{each.type}/{each.id}" for each in page.entries if each.type != "Communication"]
        expected = {n for n in allowed if patient in whose(population.current[n])}
        assert (set(names), len(names)) == (expected, len(expected))
        assert {f"{each.type}/{each.id}" for each in page.included} <= seen.keys()

    await _together([partial(record_of, patient) for patient in PATIENTS])


async def _at_large(session: Asking, seen: Seen, population: Population) -> None:
    """A search of all types one may search, and of nothing less."""
    found: list[str] = []
    page = await answered(session.search(None, [("_count", "20")]))
    while page is not None:
        found += [f"{each.type}/{each.id}" for each in page.entries]
        page = await session.next_page(page.next) if page.next else None
    assert len(found) == len(set(found))
    assert {name for name in found if name in population.versions} == seen.keys()


async def _search(
    session: Asking,
    seen: Seen,
    types: frozenset[str],
    query: Query,
    sort: str | None,
    part: Part,
    count: int,
) -> None:
    """Every page of a search, its total, its count alone."""
    if sort is not None and sort.strip("-") in ("date", "code") and query.type != "Observation":
        sort = None
    if part is not None and part[0] == "_elements" and query.type != "Observation":
        part = ("_elements", "language")
    order = [*([("_sort", sort)] if sort else []), *([part] if part else [])]
    asked = [*query.parameters, *order, ("_total", "accurate"), ("_count", str(count))]
    expected = query.answers(seen)
    page = await answered(session.search(query.type, asked, within=query.within))
    if page is None:
        assert not expected or not types.issuperset(query.types)
        return
    names: list[str] = []
    brought: set[str] = set()
    while True:
        assert page.total == len(expected)
        assert len(page.entries) <= count
        for each in page.entries:
            name = f"{each.type}/{each.id}"
            names.append(name)
            assert name in seen and alike(json.loads(each.body), cut(seen[name], part)), name
        brought |= {f"{each.type}/{each.id}" for each in page.included}
        if page.next is None:
            break
        page = await session.next_page(page.next)
    assert (set(names), len(names)) == (expected, len(expected))
    assert brought - expected == query.brings(seen, expected) - expected
    if sort in ("_id", "-_id"):
        ids = [each.partition("/")[2] for each in names]
        assert ids == sorted(ids, reverse=sort == "-_id")
    only = [each for each in query.parameters if not each[0].startswith("_incl")]
    only = [each for each in only if not each[0].startswith("_revincl")]
    counting = [*only, ("_summary", "count")]
    counted = await session.search(query.type, counting, within=query.within)
    assert (counted.total, counted.entries) == (len(expected), ())


async def answered(ask: Awaitable[Any]) -> Any:
    """What was asked for; None when it is not there, or not there for who asks."""
    try:
        return await ask
    except (Forbidden, NotFound, Gone):
        return None


def cut(body: Body, part: Part) -> Body:
    """What `_elements` or `_summary` leaves of a resource as it is seen."""
    if part is None:
        return body
    defined: dict[str, Element] = {}
    for element in type_definition(body["resourceType"]).elements:
        defined |= dict.fromkeys(element.keys(), element)

    def kept(name: str) -> bool:
        if name in ("resourceType", "id", "meta"):
            return True
        if part[0] == "_elements":
            return name in part[1].split(",") or defined[name].min > 0
        return KEPT[part[1]](name, defined[name])

    tags = body.get("meta", {}).get("tag", [])
    tags = tags if SUBSETTED in tags else [*tags, SUBSETTED]
    left = {name: value for name, value in body.items() if kept(name)}
    return left | {"meta": body.get("meta", {}) | {"tag": tags}}


def alike(left: Body, right: Body) -> bool:
    """Equal but for what the server writes into meta."""

    def bare(body: Body) -> Body:
        meta = {k: body.get("meta", {}).get(k) for k in ("security", "tag")}
        return {k: v for k, v in body.items() if k != "meta"} | {"meta": meta}

    return bare(left) == bare(right)
