"""What an actor can do with one resource: stored sealed, read back equal, decided, versioned."""

import json
from decimal import Decimal

import pytest
from tests.integration.reaching import reaches
from tests.integration.record.conftest import Put

from egide import fhir
from egide.actor import Actor
from egide.db import Database
from egide.errors import Forbidden, Gone, Incorrect, NotFound, PreconditionFailed
from egide.record import Record
from egide.seal import KeyRing

PATIENT = json.dumps(
    {
        "resourceType": "Patient",
        "name": [{"family": "Essai", "given": ["Camille"]}],
        "birthDate": "1980-02-29",
        "identifier": [{"system": "urn:oid:1.2.3", "value": "IPP-0001"}],
    }
).encode()


def observation(patient: str, value: str = "5.40") -> bytes:
    return (
        b'{"resourceType":"Observation","status":"final","code":{"coding":[{"system":'
        b'"http://loinc.org","code":"4548-4"}]},"subject":{"reference":"Patient/'
        + patient.encode()
        + b'"},"effectiveDateTime":"2024-05-01T10:00:00+02:00","valueQuantity":{"value":'
        + value.encode()
        + b',"unit":"%"}}'
    )


async def test_what_was_created_reads_back_equal(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        created = await session.create("Patient", PATIENT)
        found = await session.read("Patient", created.id)
    assert found.body == created.body
    stored = fhir.parse(found.body)
    assert stored["meta"]["versionId"] == "1"
    assert {k: v for k, v in stored.items() if k not in ("id", "meta")} == json.loads(PATIENT)


async def test_decimals_keep_every_digit(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        patient = await session.create("Patient", PATIENT)
        for digits in ("5.40", "0.000001000", "1e2", "-0.0", "123456789012345678.90"):
            made = await session.create("Observation", observation(patient.id, digits))
            body = (await session.read("Observation", made.id)).body
            assert b'"value":' + digits.encode() + b"," in body
            assert fhir.parse(body)["valueQuantity"]["value"] == Decimal(digits)


async def test_an_update_makes_a_version_and_keeps_the_old_one(
    record: Record, system: Actor
) -> None:
    async with record.open(system) as session:
        patient = await session.create("Patient", PATIENT)
        changed = fhir.parse(patient.body) | {"active": True}
        second = await session.update("Patient", patient.id, json.dumps(changed).encode())
        assert (second.version, second.created) == (2, False)
        assert (await session.vread("Patient", patient.id, 1)).body == patient.body
        assert (await session.vread("Patient", patient.id, 2)).body == second.body
        versions = await session.history("Patient", patient.id)
    assert [each.version for each in versions.entries] == [2, 1]


async def test_an_update_that_changes_nothing_writes_nothing(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        patient = await session.create("Patient", PATIENT)
        again = await session.update("Patient", patient.id, patient.body)
    assert (again.version, again.updated) == (patient.version, patient.updated)
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from version") == 0


async def test_a_deletion_is_a_version_and_the_id_can_live_again(
    record: Record, system: Actor
) -> None:
    async with record.open(system) as session:
        patient = await session.create("Patient", PATIENT)
        gone = await session.delete("Patient", patient.id)
        assert gone is not None and gone.version == 2
        with pytest.raises(Gone):
            await session.read("Patient", patient.id)
        with pytest.raises(Gone):
            await session.vread("Patient", patient.id, 2)
        assert (await session.vread("Patient", patient.id, 1)).body == patient.body
        assert await session.delete("Patient", patient.id) is None
        body = json.dumps(fhir.parse(PATIENT) | {"id": patient.id}).encode()
        back = await session.update("Patient", patient.id, body)
        assert (back.version, back.created) == (3, True)


async def test_conditions_on_the_version_hold(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        patient = await session.create("Patient", PATIENT)
        changed = json.dumps(fhir.parse(patient.body) | {"active": True}).encode()
        with pytest.raises(PreconditionFailed):
            await session.update("Patient", patient.id, changed, expected=7)
        with pytest.raises(PreconditionFailed):
            await session.update("Patient", patient.id, changed, absent=True)
        with pytest.raises(PreconditionFailed):
            await session.delete("Patient", patient.id, expected=3)
        assert (await session.update("Patient", patient.id, changed, expected=1)).version == 2


async def test_what_is_invalid_stores_nothing(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        for bad in (b"{", b'{"resourceType":"Patient","gender":"banana"}', b"[]", b""):
            with pytest.raises(Incorrect):
                await session.create("Patient", bad)
        with pytest.raises(Incorrect):
            await session.update("Patient", "a", PATIENT)
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from resource") == 0


async def test_a_resource_out_of_reach_answers_like_one_that_is_not_there(
    record: Record, system: Actor, clinician: Actor
) -> None:
    async with record.open(system) as session:
        patient = await session.create("Patient", PATIENT)
        made = await session.create("Observation", observation(patient.id))
    async with record.open(clinician) as session:
        answers = []
        for id in (made.id, "absent"):
            with pytest.raises(NotFound) as caught:
                await session.read("Observation", id)
            answers.append((caught.value.message, caught.value.issues))
            with pytest.raises(NotFound):
                await session.history("Observation", id)
            with pytest.raises(NotFound):
                await session.vread("Observation", id, 1)
        assert answers[0] == answers[1]
        page = await session.search("Observation", [("code", "4548-4")])
        assert page.entries == ()


async def test_reach_opens_the_patients_record_and_only_that(
    record: Record, system: Actor, clinician: Actor, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        mine = await session.create("Patient", PATIENT)
        other = await session.create("Patient", PATIENT)
        seen = await session.create("Observation", observation(mine.id))
        hidden = await session.create("Observation", observation(other.id))
    (key,) = mine.patients
    async with database.transaction() as connection:
        await reaches(connection, ring, clinician.account, key)
    async with record.open(clinician) as session:
        assert (await session.read("Observation", seen.id)).id == seen.id
        with pytest.raises(NotFound):
            await session.read("Observation", hidden.id)
        page = await session.search("Observation", [("code", "4548-4")])
        assert [each.id for each in page.entries] == [seen.id]


async def test_the_gate_refuses_before_anything_is_looked_up(
    record: Record, clinician: Actor, system: Actor
) -> None:
    nobody = Actor(103, "nobody", frozenset(), 1003)
    async with record.open(nobody) as session:
        with pytest.raises(Forbidden):
            await session.read("Patient", "a")
        with pytest.raises(Forbidden):
            await session.create("Patient", PATIENT)
    async with record.open(system, "HRESCH") as session:
        with pytest.raises(Forbidden):
            await session.read("Patient", "a")


async def test_a_patient_sees_his_own_record_and_no_other(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        mine = await session.create("Patient", PATIENT)
        other = await session.create("Patient", PATIENT)
        seen = await session.create("Observation", observation(mine.id))
        hidden = await session.create("Observation", observation(other.id))
    patient = Actor(104, "test-patient", frozenset({"patient"}), 1004, patient=mine.id)
    async with record.open(patient, "PATRQT") as session:
        page = await session.search("Observation", [("_total", "accurate")])
        assert ([each.id for each in page.entries], page.total) == ([seen.id], 1)
        found = await session.search("Patient", [])
        assert [each.id for each in found.entries] == [mine.id]
        with pytest.raises(NotFound):
            await session.read("Observation", hidden.id)
        with pytest.raises(Forbidden):
            await session.create("Observation", observation(mine.id))


async def test_persons_are_found_by_the_patients_they_link_to(
    record: Record, system: Actor, put: Put
) -> None:
    """A Person is under a key of its own, not under the patient's."""
    await put("Patient", "a")
    await put("Patient", "b")
    await put("Person", "one", link=[{"target": {"reference": "Patient/a"}}])
    await put("Person", "two", link=[{"target": {"reference": f"Patient/{p}"}} for p in "ab"])
    async with record.open(system) as session:
        for code in ("patient", "link"):
            for patient, expected in (("a", ["one", "two"]), ("b", ["two"])):
                page = await session.search("Person", [(code, f"Patient/{patient}")])
                assert sorted(each.id for each in page.entries) == expected
        page = await session.search("Patient", [("_id", "a"), ("_revinclude", "Person:patient")])
        assert sorted(each.id for each in page.included) == ["one", "two"]
