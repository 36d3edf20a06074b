"""Whose key a draft gets: the patients it names however it names them, a Binary's context, nobody's
key before the gate has said yes."""

import json
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from egide.actor import Actor
from egide.clock import system_clock
from egide.db import Database
from egide.errors import Forbidden, Incorrect, NotFound
from egide.ledger import Ledger
from egide.record import Item, Record, batch, bundle_of
from egide.seal import KeyRing

BASE = "https://ehr.example.org"
ADMINISTRATOR = Actor(1, "test", frozenset({"administrator"}), 1000, assurance=2)
CONTEXT = "securityContext"


@pytest.fixture
async def record(database: Database, ring: KeyRing, ledger: Ledger) -> Record:
    """The one door of a server that knows its own address."""
    zone = ZoneInfo("Europe/Paris")
    door = Record(database, ring, ledger, clock=system_clock, zone=zone, base_url=BASE)
    await door.start()
    return door


@pytest.fixture(autouse=True)
async def one_in_reach_and_one_not(record: Record, system: Actor, clinician: Actor) -> None:
    for id in ("p", "q"):
        await put(record, system, "Patient", id)
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        await session.grant("p", clinician.account)


def body(type: str, id: str | None, **elements: Any) -> bytes:
    named = {} if id is None else {"id": id}
    return json.dumps({"resourceType": type, **named, **elements}).encode()


async def put(record: Record, actor: Actor, type: str, id: str, **elements: Any) -> None:
    async with record.open(actor) as session:
        await session.update(type, id, body(type, id, **elements))


def attachment(context: str | None) -> dict[str, Any]:
    named = {} if context is None else {CONTEXT: {"reference": context}}
    return {"contentType": "text/plain", "data": "YQ==", **named}


def document(patient: str) -> dict[str, Any]:
    return {
        "status": "current",
        "subject": {"reference": f"Patient/{patient}"},
        "content": [{"attachment": {"contentType": "text/plain"}}],
    }


def members(ids: Iterable[str]) -> dict[str, Any]:
    entry = [{"item": {"reference": f"Patient/{id}"}} for id in ids]
    return {"status": "current", "mode": "working", "entry": entry}


async def transaction(record: Record, actor: Actor, *entries: tuple[str, bytes]) -> list[str]:
    asked = [
        {"fullUrl": url, "resource": json.loads(each), "request": request_of(json.loads(each))}
        for url, each in entries
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": asked}
    async with record.open(actor) as session:
        results = await session.transaction(bundle_of(json.dumps(bundle).encode()))
    return [each.emitted.id for each in results if each.emitted is not None]


def request_of(resource: dict[str, Any]) -> dict[str, str]:
    type, id = resource["resourceType"], resource.get("id")
    return {"method": "PUT", "url": f"{type}/{id}"} if id else {"method": "POST", "url": type}


async def readable(record: Record, actor: Actor, type: str, id: str) -> bool:
    try:
        async with record.open(actor) as session:
            await session.read(type, id)
    except NotFound:
        return False
    return True


async def erase(record: Record, id: str) -> None:
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        await session.erase("Patient", id)


NAMING: dict[str, Any] = {
    "BiologicallyDerivedProduct": lambda to: {"collection": {"source": to}},
    "Binary": lambda to: {"contentType": "text/plain", CONTEXT: to},
    "Contract": lambda to: {"subject": [to]},
    "Device": lambda to: {"patient": to},
    "GuidanceResponse": lambda to: {
        "moduleUri": "http://x.example",
        "status": "success",
        "subject": to,
    },
    "Linkage": lambda to: {
        "item": [
            {"type": "source", "resource": to},
            {"type": "alternate", "resource": {"display": "x"}},
        ]
    },
    "List": lambda to: {"status": "current", "mode": "working", "entry": [{"item": to}]},
    "Task": lambda to: {"status": "requested", "intent": "order", "for": to},
    "VerificationResult": lambda to: {"status": "attested", "target": [to]},
}
WAYS = {
    "relative": "Patient/q",
    "of a version": "Patient/q/_history/1",
    "absolute": f"{BASE}/fhir/Patient/q",
    "absolute, of a version": f"{BASE}/fhir/Patient/q/_history/1",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("type", sorted(NAMING))
async def test_a_patient_is_somebody_however_he_is_named(
    record: Record, system: Actor, clinician: Actor, type: str, way: str
) -> None:
    await put(record, system, type, "x", **NAMING[type]({"reference": WAYS[way]}))
    assert await readable(record, system, type, "x")
    assert not await readable(record, clinician, type, "x")
    await erase(record, "q")
    assert not await readable(record, system, type, "x")


async def test_a_patient_of_another_server_is_none_of_ours(
    record: Record, system: Actor, database: Database
) -> None:
    to = {"reference": "https://elsewhere.example/fhir/Patient/q"}
    await put(record, system, "Device", "x", patient=to)
    await erase(record, "q")
    assert await readable(record, system, "Device", "x")


@pytest.mark.parametrize("way", WAYS)
async def test_a_role_is_its_practitioners_however_he_is_named(
    record: Record, system: Actor, way: str
) -> None:
    await put(record, system, "Practitioner", "q")
    to = {"reference": WAYS[way].replace("Patient", "Practitioner")}
    await put(record, system, "PractitionerRole", "x", practitioner=to)
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        await session.erase("Practitioner", "q")
    assert not await readable(record, system, "PractitionerRole", "x")


URN = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
OTHER = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"


@pytest.mark.parametrize("later", [False, True], ids=["context first", "context last"])
async def test_a_binary_has_the_key_of_a_context_of_the_same_transaction(
    record: Record, system: Actor, clinician: Actor, later: bool
) -> None:
    entries = [
        (URN, body("DocumentReference", None, **document("q"))),
        (OTHER, body("Binary", "b", **attachment(URN))),
        ("urn:uuid:0", body("Binary", "of-b", **attachment(OTHER))),
    ]
    await transaction(record, system, *(reversed(entries) if later else entries))
    for id in ("b", "of-b"):
        assert await readable(record, system, "Binary", id)
        assert not await readable(record, clinician, "Binary", id)
    await erase(record, "q")
    for id in ("b", "of-b"):
        assert not await readable(record, system, "Binary", id)


async def test_a_binary_follows_the_version_of_its_context_that_is_written_with_it(
    record: Record, system: Actor
) -> None:
    await put(record, system, "DocumentReference", "d", **document("p"))
    await transaction(
        record,
        system,
        ("urn:uuid:1", body("Binary", "b", **attachment("DocumentReference/d"))),
        ("urn:uuid:2", body("DocumentReference", "d", **document("q"))),
    )
    await erase(record, "p")
    assert await readable(record, system, "Binary", "b")
    await erase(record, "q")
    assert not await readable(record, system, "Binary", "b")


async def test_a_binary_of_a_shared_context_has_its_key(
    record: Record, system: Actor, clinician: Actor
) -> None:
    await transaction(
        record,
        system,
        (OTHER, body("Binary", "b", **attachment(URN))),
        (URN, body("List", None, **members(["p", "q"]))),
    )
    assert await readable(record, system, "Binary", "b")
    assert not await readable(record, clinician, "Binary", "b")


NOWHERE = {
    "not there": {"reference": "DocumentReference/absent"},
    "elsewhere": {"reference": "https://elsewhere.example/fhir/DocumentReference/d"},
    "itself": {"reference": "Binary/b"},
    "identified only": {"identifier": {"value": "d"}},
}


@pytest.mark.parametrize("where", NOWHERE)
async def test_a_binary_whose_context_is_nowhere_is_refused(
    record: Record, system: Actor, database: Database, where: str
) -> None:
    with pytest.raises(Incorrect) as raised:
        await put(record, system, "Binary", "b", contentType="a/b", securityContext=NOWHERE[where])
    (issue,) = raised.value.issues
    assert (issue.code, issue.expression) == ("not-found", "Binary.securityContext")
    assert "absent" not in str(raised.value)
    assert not await readable(record, system, "Binary", "b")


async def test_a_binary_in_a_circle_is_refused(record: Record, system: Actor) -> None:
    with pytest.raises(Incorrect):
        await transaction(
            record,
            system,
            ("urn:uuid:1", body("Binary", "b", **attachment("Binary/c"))),
            ("urn:uuid:2", body("Binary", "c", **attachment("Binary/b"))),
        )


async def test_a_context_out_of_reach_and_one_that_is_nowhere_are_refused_alike(
    record: Record, system: Actor, clinician: Actor
) -> None:
    await put(record, system, "DocumentReference", "d", **document("q"))
    told = set()
    for context in ("DocumentReference/d", "DocumentReference/absent", "Patient/absent"):
        with pytest.raises(Forbidden) as raised:
            async with record.open(clinician) as session:
                await session.create("Binary", body("Binary", None, **attachment(context)))
        told.add(raised.value.message)
    assert len(told) == 1


async def test_a_clinician_keeps_an_attachment_of_a_record_in_reach(
    record: Record, system: Actor, clinician: Actor, database: Database
) -> None:
    await put(record, system, "DocumentReference", "d", **document("p"))
    async with record.open(clinician) as session:
        made = await session.create(
            "Binary", body("Binary", None, **attachment("DocumentReference/d"))
        )
        changed = attachment("DocumentReference/d") | {"data": "Yg=="}
        await session.update("Binary", made.id, body("Binary", made.id, **changed))
        assert (await session.read("Binary", made.id)).version == 2
        await session.delete("Binary", made.id)
    assert await concerned(database) == made.patients and made.patients


async def test_the_ledger_names_the_patient_of_a_binary_that_is_deleted(
    record: Record, system: Actor, database: Database
) -> None:
    await put(record, system, "DocumentReference", "d", **document("p"))
    async with record.open(system) as session:
        made = await session.create(
            "Binary", body("Binary", None, **attachment("DocumentReference/d"))
        )
        await session.delete("Binary", made.id)
    assert await concerned(database) == made.patients and made.patients


async def concerned(database: Database) -> frozenset[int]:
    """The patients of the newest entry."""
    async with database.connection() as connection:
        last = "select patient from ledger_entry order by entry desc limit 1"
        return frozenset({await connection.fetchval(last)} - {None})


async def test_changing_what_names_an_erased_patient_gives_him_no_key_again(
    record: Record, system: Actor, database: Database
) -> None:
    await put(record, system, "List", "x", **members(["p", "q"]))
    await erase(record, "q")
    before = await keys(database)
    await put(record, system, "List", "x", **members(["p"]))
    assert await keys(database) == before


async def keys(database: Database) -> int:
    async with database.connection() as connection:
        number: int = await connection.fetchval("select count(*) from data_key")
    return number


NO_KEYS = (
    "create function no_key() returns trigger language plpgsql as"
    " $$ begin raise exception 'a key is made'; end $$",
    "create trigger no_key before insert on data_key execute function no_key()",
    "create trigger no_key before insert on shared_key execute function no_key()",
)
"""From then on whoever makes a key fails, and not by a refusal."""


@pytest.mark.parametrize("way", ["create", "update", "transaction", "batch"])
@pytest.mark.parametrize("named", [["absent"], ["q"], ["p", "absent"], ["p", "q"]])
async def test_a_refused_write_makes_no_key_on_its_way(
    record: Record,
    system: Actor,
    clinician: Actor,
    database: Database,
    way: str,
    named: list[str],
) -> None:
    await put(record, system, "List", "x", **members(["p"]))
    async with database.connection() as connection:
        for statement in NO_KEYS:
            await connection.execute(statement)
    new, changed = (body("List", id, **members(named)) for id in (None, "x"))
    if way == "batch":
        assert await batched(record, clinician, new) == "forbidden"
        return
    with pytest.raises(Forbidden):
        async with record.open(clinician) as session:
            if way == "create":
                await session.create("List", new)
            elif way == "update":
                await session.update("List", "x", changed)
            else:
                await transaction(record, clinician, (URN, new))


async def batched(record: Record, actor: Actor, resource: bytes) -> str:
    """The category of the error of a batch that does one thing."""
    asked = {"resource": json.loads(resource), "request": {"method": "POST", "url": "List"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [asked]}
    async with record.open(actor) as session:
        (result,) = await batch(session, bundle_of(json.dumps(bundle).encode()))
    assert result.error is not None
    return result.error.category


def lines(*resources: bytes) -> list[Item]:
    return [Item(place, None, each) for place, each in enumerate(resources)]


async def test_a_part_of_an_import_may_hold_the_context_anywhere(
    record: Record, system: Actor
) -> None:
    items = lines(
        body("Patient", "p", active=True),
        body("Patient", "p"),
        body("Binary", "b", **attachment("DocumentReference/d")),
        body("DocumentReference", "d", **document("q")),
    )
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        loaded = await session.load(b"1" * 16, items, whole=False)
    assert (loaded.created, loaded.updated, loaded.refused) == (2, 2, ())
    await erase(record, "q")
    assert not await readable(record, system, "Binary", "b")


@pytest.mark.parametrize("whole", [True, False], ids=["bundle", "lines"])
async def test_a_part_whose_context_is_still_to_come_waits_and_is_stored_later(
    record: Record, system: Actor, whole: bool
) -> None:
    waiting = lines(body("Binary", "b", **attachment("DocumentReference/d")))
    context = lines(body("DocumentReference", "d", **document("q")))
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        first = await session.load(b"1" * 16, waiting, whole=whole, last=False)
        assert first.waits and not first.created and not first.refused
        assert (await session.load(b"2" * 16, context, whole=whole, last=False)).created == 1
        second = await session.load(b"1" * 16, waiting, whole=whole, last=False)
    assert (second.created, second.waits, second.skipped) == (1, False, False)
    await erase(record, "q")
    assert not await readable(record, system, "Binary", "b")


async def test_what_waited_for_nothing_is_refused_alone_or_with_its_bundle(
    record: Record, system: Actor
) -> None:
    items = lines(
        body("Patient", "r"),
        body("Binary", "b", **attachment("DocumentReference/absent")),
        body("Binary", "c", **attachment("Binary/b")),
        body("Binary", "d", **attachment("Patient/r")),
    )
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        bundle = await session.load(b"1" * 16, items, whole=True)
        assert (bundle.created, [each.place for each in bundle.refused]) == (0, [1, 2])
        loaded = await session.load(b"2" * 16, items, whole=False)
    assert (loaded.created, [each.place for each in loaded.refused]) == (2, [1, 2])
    assert not await readable(record, system, "Binary", "b")
