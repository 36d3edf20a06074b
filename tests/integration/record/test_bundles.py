"""Transactions are whole or not at all; batches are not."""

import json
from typing import Any

import pytest

from egide import fhir
from egide.actor import Actor
from egide.db import Database
from egide.errors import EgideError, Incorrect
from egide.record import Record, batch, bundle_of

PATIENT = {"resourceType": "Patient", "name": [{"family": "Essai"}]}


def observed(subject: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "essai"},
        "subject": {"reference": subject},
    }


def entry(resource: dict[str, Any], url: str = "", full_url: str | None = None) -> dict[str, Any]:
    kind = resource["resourceType"]
    made: dict[str, Any] = {
        "resource": resource,
        "request": {"method": "PUT" if url else "POST", "url": url or kind},
    }
    return made | ({"fullUrl": full_url} if full_url else {})


def bundle(*entries: dict[str, Any], type: str = "transaction") -> bytes:
    return json.dumps({"resourceType": "Bundle", "type": type, "entry": list(entries)}).encode()


async def count(database: Database) -> int:
    async with database.connection() as connection:
        number: int = await connection.fetchval("select count(*) from resource")
    return number


URN = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
OTHER = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"


async def test_references_between_entries_are_resolved(record: Record, system: Actor) -> None:
    asked = bundle_of(bundle(entry(observed(URN)), entry(PATIENT, full_url=URN)))
    async with record.open(system) as session:
        seen, patient = await session.transaction(asked)
    assert seen.emitted is not None and patient.emitted is not None
    reference = fhir.parse(seen.emitted.body)["subject"]["reference"]
    assert reference == f"Patient/{patient.emitted.id}"
    assert seen.emitted.patients == patient.emitted.patients


@pytest.mark.parametrize(
    ("entries", "where"),
    [
        ([entry(PATIENT, full_url=URN), entry(observed(OTHER))], "Bundle.entry[1].resource"),
        (
            [entry(PATIENT), entry({"resourceType": "Patient", "gender": "banana"})],
            "Bundle.entry[1].resource.gender",
        ),
        (
            [
                entry(PATIENT | {"id": "a"}, "Patient/a"),
                entry(PATIENT | {"id": "a"}, "Patient/a"),
            ],
            "Bundle.entry[1].request.url",
        ),
        ([entry(PATIENT, full_url=URN), entry(PATIENT, full_url=URN)], "Bundle.entry[1].fullUrl"),
        (
            [entry(PATIENT), entry(PATIENT | {"id": "b"}, "Patient/a")],
            "Bundle.entry[1].resource.id",
        ),
        ([entry(PATIENT), entry(observed("Patient?identifier=x|y"))], "Bundle.entry[1].resource"),
        (
            [entry(PATIENT), {"request": {"method": "POST", "url": "Patient"}}],
            "Bundle.entry[1].resource",
        ),
        (
            [entry(PATIENT), {"request": {"method": "DELETE", "url": "Patient"}}],
            "Bundle.entry[1].request.url",
        ),
    ],
)
async def test_one_bad_entry_refuses_the_whole(
    record: Record, system: Actor, database: Database, entries: list[dict[str, Any]], where: str
) -> None:
    async with record.open(system) as session:
        with pytest.raises(EgideError) as caught:
            await session.transaction(bundle_of(bundle(*entries)))
    assert [issue.expression for issue in caught.value.issues] == [where]
    assert await count(database) == 0


async def test_an_unknown_field_in_an_entry_is_refused() -> None:
    odd = bundle(entry(PATIENT) | {"colour": "blue"})
    with pytest.raises(Incorrect) as caught:
        bundle_of(odd)
    assert [issue.expression for issue in caught.value.issues] == ["Bundle.entry[0].colour"]


async def test_a_conditional_reference_finds_the_one_it_names(
    record: Record, system: Actor
) -> None:
    named = PATIENT | {"identifier": [{"system": "urn:oid:1.2.3", "value": "IPP-7"}]}
    async with record.open(system) as session:
        patient = await session.create("Patient", json.dumps(named).encode())
        asked = bundle(entry(observed("Patient?identifier=urn:oid:1.2.3|IPP-7")))
        (seen,) = await session.transaction(bundle_of(asked))
    assert seen.emitted is not None
    assert fhir.parse(seen.emitted.body)["subject"]["reference"] == f"Patient/{patient.id}"


async def test_a_transaction_reads_what_it_has_written(record: Record, system: Actor) -> None:
    asked = bundle(
        {"request": {"method": "GET", "url": "Patient/a"}},
        entry(PATIENT | {"id": "a"}, "Patient/a"),
        {"request": {"method": "GET", "url": "Patient?_id=a"}},
    )
    async with record.open(system) as session:
        read, written, found = await session.transaction(bundle_of(asked))
    assert read.emitted is not None and written.emitted is not None and found.page is not None
    assert read.emitted.body == written.emitted.body
    assert [each.body for each in found.page.entries] == [written.emitted.body]


async def test_a_batch_does_what_it_can(record: Record, system: Actor, database: Database) -> None:
    asked = bundle(
        entry(PATIENT | {"id": "a"}, "Patient/a"),
        entry({"resourceType": "Patient", "gender": "banana"}),
        {"request": {"method": "GET", "url": "Patient/absent"}},
        {"request": {"method": "DELETE", "url": "Patient/nothing"}},
        type="batch",
    )
    async with record.open(system) as session:
        done, bad, absent, nothing = await batch(session, bundle_of(asked))
    assert done.emitted is not None and done.emitted.created
    assert bad.error is not None and bad.error[0] == "incorrect"
    assert absent.error is not None and absent.error[0] == "not_found"
    assert nothing.error is None and nothing.emitted is None
    assert await count(database) == 1
