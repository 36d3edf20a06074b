"""What patients decide holds on the next request: opposition, consent, relatives, masks."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.integration.record.conftest import Put

from egide import fhir
from egide.actor import Actor
from egide.clock import system_clock
from egide.db import Database
from egide.errors import Forbidden, Incorrect, NotFound, PreconditionFailed
from egide.ledger import Ledger
from egide.ledger.reading import Reading
from egide.record import Record
from egide.seal import KeyRing

DOCTOR = Actor(7, "app", frozenset({"clinician"}), 8, assurance=2, practitioner="doctor")
EXPERT = Actor(9, "app", frozenset({"clinician"}), 10, assurance=2, practitioner="expert")
MOTHER = Actor(11, "portal", frozenset({"relative"}), 12, relative="mother", behalf="p")
DESK = Actor(13, "desk", frozenset({"registrar"}), 14)
PATIENT = Actor(15, "portal", frozenset({"patient"}), 16, patient="p")
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
VISIBILITY = "urn:oid:1.2.250.1.213.1.1.4.13"
OF = {"subject": {"reference": "Patient/p"}}
ADMITTED = {
    "participant": [{"actor": {"reference": "Patient/p"}, "status": "accepted"}],
    "start": "2026-05-01T10:00:00Z",
    "end": "2026-05-01T10:30:00Z",
}


def observation(code: str, **more: Any) -> dict[str, Any]:
    coding = {"system": "http://loinc.org", "code": code}
    return {"status": "final", "code": {"coding": [coding]}, **OF, **more}


def labelled(system: str, code: str) -> dict[str, Any]:
    return {"meta": {"security": [{"system": system, "code": code}]}}


def consent(provision: dict[str, Any], status: str = "active") -> dict[str, Any]:
    return {
        "status": status,
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p"},
        "policyRule": {"text": "CSP L.1110-4"},
        "provision": provision,
    }


def naming(kind: str, reference: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "actor": [{"role": {"text": "x"}, "reference": {"reference": reference}}],
        **more,
    }


@pytest.fixture(autouse=True)
async def cared_for(put: Put) -> None:
    await put("Patient", "p", name=[{"family": "Essai"}])
    await put("Observation", "a", **observation("1-1"))
    await put("Observation", "b", **observation("2-2"))
    await put(
        "CareTeam",
        "t",
        status="active",
        **OF,
        participant=[{"member": {"reference": "Practitioner/doctor"}}],
    )


@pytest.fixture
async def elsewhere(database: Database, ring: KeyRing) -> AsyncIterator[Record]:
    """The one door of another process."""
    ledger = Ledger(database, ring, system_clock)
    await ledger.open()
    door = Record(database, ring, ledger, clock=system_clock, zone=ZoneInfo("Europe/Paris"))
    await door.start()
    yield door
    await ledger.close()


async def seen(door: Record, actor: Actor, purpose: str = "TREAT", type: str = "Observation"):  # type: ignore[no-untyped-def]
    async with door.open(actor, purpose) as session:
        page = await session.search(type, [("_total", "accurate"), ("_sort", "_id")])
        found = [each.id for each in page.entries]
        assert page.total == len(found)
        return found


async def test_an_opposition_and_its_withdrawal_hold_at_once_in_every_process(
    record: Record, elsewhere: Record, put: Put
) -> None:
    for door in (record, elsewhere):
        assert await seen(door, DOCTOR) == ["a", "b"]
    await put("Consent", "c", **consent(naming("deny", "Practitioner/doctor")))
    for door in (record, elsewhere):
        assert await seen(door, DOCTOR) == []
        async with door.open(DOCTOR) as session:
            for type, id in (("Observation", "a"), ("Patient", "p"), ("Consent", "c")):
                with pytest.raises(NotFound):
                    await session.read(type, id)
    await put("Consent", "c", **consent(naming("deny", "Practitioner/doctor"), "inactive"))
    for door in (elsewhere, record):
        assert await seen(door, DOCTOR) == ["a", "b"]


async def test_an_opposition_to_a_code_hides_just_that(record: Record, put: Put) -> None:
    code = [{"coding": [{"system": "http://loinc.org", "code": "1-1"}]}]
    await put("Consent", "c", **consent({"provision": [{"type": "deny", "code": code}]}))
    assert await seen(record, DOCTOR) == ["b"]
    async with record.open(DOCTOR) as session:
        for query in ([("code", "1-1")], [("_id", "a")], [("patient", "p"), ("code", "1-1")]):
            page = await session.search("Observation", [*query, ("_total", "accurate")])
            assert (page.entries, page.total) == ((), 0)
        whole = await session.everything("p")
        assert "a" not in {each.id for each in whole.entries}
        assert {each.id for each in (await session.changes("Observation")).entries} == {"b"}
        with pytest.raises(NotFound):
            await session.history("Observation", "a")


async def test_an_opposition_to_managing_care_leaves_treatment_open(
    record: Record, put: Put
) -> None:
    for purpose in ("TREAT", "COC", "CAREMGT"):
        assert await seen(record, DOCTOR, purpose) == ["a", "b"]
    for named, open in (("CAREMGT", {"TREAT", "COC"}), ("TREAT", set())):
        coded = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": named}]
        denied = naming("deny", "Practitioner/doctor", purpose=coded)
        await put("Consent", "c", **consent(denied))
        for purpose in ("TREAT", "COC", "CAREMGT"):
            expected = ["a", "b"] if purpose in open else []
            assert await seen(record, DOCTOR, purpose) == expected, (named, purpose)


async def test_a_refusal_names_the_opposition_in_the_ledger_and_to_nobody_who_asks(
    record: Record, put: Put, database: Database, ring: KeyRing
) -> None:
    await put("Consent", "c", **consent(naming("deny", "Practitioner/doctor")))
    for id in ("a", "absent"):
        async with record.open(DOCTOR) as session:
            with pytest.raises(NotFound) as refused:
                await session.read("Observation", id)
        assert "Consent" not in str(refused.value)
        with pytest.raises(NotFound):
            async with record.open(DOCTOR) as session:
                await session.history("Observation", id)
    async with database.connection() as connection:
        entries = await Reading(ring).of_actor(connection, DOCTOR.account)
    said = [(each.facts.get("rule"), each.facts.get("consent")) for each in entries]
    assert said == [(None, None), (None, None), *[("opposition", "Consent/c")] * 2]


async def test_a_deleted_consent_opposes_no_more(record: Record, put: Put, system: Actor) -> None:
    await put("Consent", "c", **consent({"type": "deny"}))
    assert await seen(record, DOCTOR) == []
    async with record.open(system) as session:
        await session.delete("Consent", "c")
    assert await seen(record, DOCTOR) == ["a", "b"]


async def test_a_consent_opens_to_who_is_not_in_the_team_just_what_it_names(
    record: Record, put: Put
) -> None:
    assert await seen(record, EXPERT) == []
    code = [{"coding": [{"system": "http://loinc.org", "code": "1-1"}]}]
    await put("Consent", "c", **consent(naming("permit", "Practitioner/expert", code=code)))
    assert await seen(record, EXPERT) == ["a"]
    assert await seen(record, DOCTOR) == ["a", "b"]
    async with record.open(EXPERT) as session:
        with pytest.raises(NotFound):
            await session.read("Observation", "b")
    await put("Consent", "c", **consent(naming("permit", "Practitioner/expert"), "inactive"))
    assert await seen(record, EXPERT) == []


async def test_being_informed_opens_nothing_to_who_is_not_in_the_team(
    record: Record, put: Put
) -> None:
    told = consent(naming("permit", "Practitioner/expert"))
    told["category"] = [{"coding": [{"code": "INFORMATION"}]}]
    await put("Consent", "c", **told)
    assert await seen(record, EXPERT) == []


async def test_a_relative_needs_the_tie_and_the_right_and_acts_for_one(
    record: Record, put: Put
) -> None:
    assert await seen(record, MOTHER, "FAMRQT") == []
    await put("RelatedPerson", "mother", patient={"reference": "Patient/p"})
    assert await seen(record, MOTHER, "FAMRQT") == []
    await put("Consent", "c", **consent(naming("permit", "RelatedPerson/mother")))
    assert await seen(record, MOTHER, "FAMRQT") == ["a", "b"]
    assert await seen(record, replace(MOTHER, behalf=None), "FAMRQT") == []
    assert await seen(record, replace(MOTHER, behalf="q"), "FAMRQT") == []
    assert await seen(record, replace(MOTHER, relative="other"), "FAMRQT") == []
    await put("RelatedPerson", "mother", active=False, patient={"reference": "Patient/p"})
    assert await seen(record, MOTHER, "FAMRQT") == []


async def test_a_consent_without_a_tie_opens_nothing_to_a_relative(
    record: Record, put: Put
) -> None:
    await put("Consent", "c", **consent(naming("permit", "RelatedPerson/mother")))
    assert await seen(record, MOTHER, "FAMRQT") == []


async def test_what_a_professional_hides_from_the_parents_they_do_not_see(
    record: Record, put: Put
) -> None:
    await put("RelatedPerson", "mother", patient={"reference": "Patient/p"})
    await put("Consent", "c", **consent(naming("permit", "RelatedPerson/mother")))
    async with record.open(DOCTOR) as session:
        hidden = {"resourceType": "Observation", "id": "a", **observation("1-1")}
        hidden |= labelled(VISIBILITY, "INVISIBLE_REPRESENTANTS_LEGAUX")
        await session.update("Observation", "a", json.dumps(hidden).encode())
    assert await seen(record, MOTHER, "FAMRQT") == ["b"]
    assert await seen(record, PATIENT, "PATRQT") == ["a", "b"]


async def test_what_is_masked_is_found_by_nothing_that_is_masked(record: Record, put: Put) -> None:
    await put(
        "Appointment",
        "r",
        status="booked",
        description="secret",
        serviceType=[{"text": "secret"}],
        **ADMITTED,
        **labelled(CONFIDENTIALITY, "R"),
    )
    await put("Appointment", "n", status="booked", serviceType=[{"text": "plain"}], **ADMITTED)
    async with record.open(DESK, "HOPERAT") as session:
        masked = await session.read("Appointment", "r")
        assert b"secret" not in masked.body and b"SUBSETTED" in masked.body
        for query in (
            [("service-type:text", "secret")],
            [("_elements", "description"), ("_id", "r")],
            [("_summary", "data"), ("_id", "r")],
            [("_sort", "service-type"), ("_id", "r")],
        ):
            page = await session.search("Appointment", query)
            assert not any(b"secret" in each.body for each in page.entries)
            assert (len(page.entries) == 0) == (query[0][0] == "service-type:text")
        whole = fhir.parse(masked.body)
        del whole["meta"]["tag"]
        for body in (masked.body, json.dumps(whole | {"status": "cancelled"}).encode()):
            with pytest.raises((Incorrect, NotFound)):
                await session.update("Appointment", "r", body)
        versions = await session.history("Appointment", "r")
        assert not any(b"secret" in each.body for each in versions.entries)


async def test_labels_are_changed_by_who_may_label_only(record: Record, put: Put) -> None:
    await put("Appointment", "n", status="booked", **ADMITTED)
    await put("Appointment", "l", status="booked", **ADMITTED, **labelled(CONFIDENTIALITY, "N"))
    plain = {"resourceType": "Appointment", "id": "n", "status": "booked", **ADMITTED}
    async with record.open(DESK, "HOPERAT") as session:
        marked = json.dumps(plain | labelled(CONFIDENTIALITY, "N")).encode()
        with pytest.raises(Forbidden):
            await session.update("Appointment", "n", marked)
        with pytest.raises(Forbidden):
            await session.create("Appointment", marked)
        with pytest.raises(Forbidden):
            await session.update("Appointment", "l", json.dumps(plain | {"id": "l"}).encode())
        moved = json.dumps(plain | {"status": "cancelled"}).encode()
        assert (await session.update("Appointment", "n", moved)).version == 2


async def test_ids_are_the_server_s_to_choose_and_conditions_tell_nothing_of_what_is_hidden(
    record: Record, put: Put
) -> None:
    await put("Patient", "q")
    await put(
        "Observation", "hidden", **observation("1-1") | {"subject": {"reference": "Patient/q"}}
    )
    async with record.open(DOCTOR) as session:
        answers = []
        for id in ("hidden", "absent"):
            body = json.dumps({"resourceType": "Observation", "id": id, **observation("1-1")})
            for asked in (
                session.update("Observation", id, body.encode()),
                session.update("Observation", id, body.encode(), expected=1),
                session.update("Observation", id, body.encode(), expected=7),
                session.update("Observation", id, body.encode(), absent=True),
                session.delete("Observation", id),
                session.delete("Observation", id, expected=1),
                session.read("Observation", id),
                session.vread("Observation", id, 1),
                session.history("Observation", id),
            ):
                with pytest.raises(NotFound) as refused:
                    await asked
                answers.append((id, refused.value.message, refused.value.issues))
        half = len(answers) // 2
        assert [each[1:] for each in answers[:half]] == [each[1:] for each in answers[half:]]
        with pytest.raises(PreconditionFailed):
            body = json.dumps({"resourceType": "Observation", "id": "a", **observation("9-9")})
            await session.update("Observation", "a", body.encode(), expected=7)


async def test_the_page_after_a_withdrawal_has_nothing_of_what_was_taken_back(
    record: Record, put: Put
) -> None:
    async with record.open(DOCTOR) as session:
        record_page = await session.everything("p", count=2)
        search_page = await session.search("Observation", [("_count", "1")])
        assert record_page.next is not None and search_page.next is not None
        await put("Consent", "c", **consent(naming("deny", "Practitioner/doctor")))
        with pytest.raises(NotFound):
            await session.next_everything("p", record_page.next)
        assert (await session.next_page(search_page.next)).entries == ()


TREATMENT = {"purpose": [{"code": "TREAT"}]}
RESEARCH = {"purpose": [{"code": "HRESCH"}]}
OF_OBSERVATIONS = {
    "class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]
}


def written(id: str, provision: dict[str, Any], status: str = "active") -> bytes:
    whole = {"resourceType": "Consent", "id": id, **consent(provision, status)}
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    "opposition",
    [
        {"type": "deny", **OF_OBSERVATIONS},
        {"type": "deny", **OF_OBSERVATIONS, **TREATMENT},
        naming("deny", "Practitioner/doctor", **OF_OBSERVATIONS),
        {"type": "permit", "provision": [naming("deny", "Practitioner/doctor", **OF_OBSERVATIONS)]},
    ],
)
async def test_who_is_opposed_does_not_undo_the_opposition(
    record: Record, put: Put, opposition: dict[str, Any]
) -> None:
    await put("Consent", "c", **consent(opposition))
    for again in (
        written("c", opposition, status="inactive"),
        written("c", {"type": "permit"}),
        written("c", naming("deny", "Practitioner/other")),
    ):
        async with record.open(DOCTOR) as session:
            with pytest.raises(Forbidden, match="denies you"):
                await session.update("Consent", "c", again)
    async with record.open(DOCTOR) as session:
        with pytest.raises(Forbidden, match="denies you"):
            await session.delete("Consent", "c")
        with pytest.raises(NotFound):
            await session.read("Observation", "a")


@pytest.mark.parametrize(
    "other", [naming("deny", "Practitioner/other"), {"type": "deny", **RESEARCH}]
)
async def test_what_does_not_bind_somebody_he_may_record(
    record: Record, put: Put, other: dict[str, Any]
) -> None:
    await put("Consent", "c", **consent(other))
    async with record.open(DOCTOR) as session:
        await session.update("Consent", "c", written("c", other, status="inactive"))


async def test_nobody_lets_himself_in(record: Record, put: Put) -> None:
    own = naming("permit", "Practitioner/doctor")
    async with record.open(DOCTOR) as session:
        with pytest.raises(Forbidden, match="lets yourself in"):
            await session.create("Consent", written("", own).replace(b'"id": "", ', b""))
    await put("Consent", "c", **consent(naming("permit", "Practitioner/expert")))
    async with record.open(DOCTOR) as session:
        with pytest.raises(Forbidden, match="lets yourself in"):
            await session.update("Consent", "c", written("c", own))
        await session.update("Consent", "c", written("c", naming("permit", "Practitioner/other")))


async def test_an_application_that_keeps_records_changes_any_consent(
    record: Record, put: Put, system: Actor
) -> None:
    await put("Consent", "c", **consent({"type": "deny"}))
    async with record.open(system) as session:
        await session.update("Consent", "c", written("c", {"type": "deny"}, status="inactive"))
