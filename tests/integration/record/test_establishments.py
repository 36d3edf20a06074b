"""Roles held for an establishment reach its patients, by whatever path, and nobody else's."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.clock import system_clock
from egide.db import Database
from egide.errors import EgideError, Forbidden, Incorrect, NotFound
from egide.record import Bundle, Compartment, Record, bundle_of

DESK = Actor(13, "desk", frozenset({"registrar"}), 14, establishment="a", held="a")
TRUSTED = Actor(31, "app", frozenset({"system"}), 32, held="a", assurance=2)
DOCTOR = Actor(
    7,
    "app",
    frozenset({"clinician"}),
    8,
    assurance=2,
    authenticated=system_clock(),
    practitioner="d",
    establishment="a",
    held="a",
)
ADMINISTRATOR = Actor(1, "test", frozenset({"administrator"}), 1000, assurance=2)
A = {"reference": "Organization/a"}
SYSTEM = "urn:oid:1.2.250.1.213.1.4.8"


def of(patient: str) -> dict[str, Any]:
    return {"reference": f"Patient/{patient}"}


def managed(organization: str) -> dict[str, Any]:
    return {"managingOrganization": {"reference": f"Organization/{organization}"}}


def body(type: str, /, **elements: Any) -> bytes:
    return json.dumps({"resourceType": type, **elements}).encode()


def stay(patient: str, **elements: Any) -> dict[str, Any]:
    return {
        "status": "planned",
        "class": {"code": "AMB"},
        "subject": of(patient),
        **elements,
    }


COVER: dict[str, Any] = {"status": "active", "payor": [{"display": "x"}]}


@pytest.fixture(autouse=True)
async def two_establishments(put: Put) -> None:
    await put("Organization", "a", name="A")
    await put("Organization", "b", name="B")
    await put("Patient", "ofa", **managed("a"), identifier=[{"system": SYSTEM, "value": "1"}])
    await put("Patient", "ofb", **managed("b"), identifier=[{"system": SYSTEM, "value": "2"}])
    await put("Patient", "ofnone", generalPractitioner=[{"reference": "Organization/a"}])
    for patient in ("ofa", "ofb", "ofnone"):
        await put("Coverage", f"c-{patient}", **COVER, beneficiary=of(patient))
    await put("Encounter", "eb", **stay("ofb", serviceProvider={"reference": "Organization/b"}))


async def found(
    record: Record, actor: Actor, type: str, *query: tuple[str, str], purpose: str = "HOPERAT"
) -> list[str]:
    """What a search shows, once its total says the same."""
    async with record.open(actor, purpose) as session:
        page = await session.search(type, [*query, ("_sort", "_id"), ("_total", "accurate")])
        assert page.total == len(page.entries)
        return sorted(each.id for each in (*page.entries, *page.included))


OTHERS: Sequence[tuple[str, str]] = [
    ("Patient", "ofb"),
    ("Patient", "ofnone"),
    ("Coverage", "c-ofb"),
    ("Encounter", "eb"),
]


@pytest.mark.parametrize("actor", [DESK, TRUSTED])
async def test_a_patient_of_another_establishment_looks_like_nobody(
    record: Record, actor: Actor
) -> None:
    elements: dict[str, dict[str, Any]] = {
        "Patient": managed("a"),
        "Coverage": {**COVER, "beneficiary": of("ofa")},
        "Encounter": stay("ofa"),
    }
    async with record.open(actor, "HOPERAT") as session:

        async def said(type: str, id: str) -> list[str]:
            new, errors = body(type, id=id, **elements[type]), []
            for asked in (
                session.read(type, id),
                session.vread(type, id, 1),
                session.history(type, id),
                session.update(type, id, new),
                session.update(type, id, new, expected=1),
                session.update_matching(type, [("_id", id)], new),
                session.delete(type, id),
            ):
                with pytest.raises((NotFound, Forbidden)) as refused:
                    await asked
                errors.append(str(refused.value))
            return errors

        for type, id in OTHERS:
            assert await said(type, id) == await said(type, "nobody")


async def test_no_search_include_chain_or_history_of_a_type_tells_of_another_establishment(
    record: Record,
) -> None:
    assert await found(record, DESK, "Patient") == ["ofa"]
    assert await found(record, DESK, "Patient", ("identifier", f"{SYSTEM}|2")) == []
    assert await found(record, DESK, "Coverage") == ["c-ofa"]
    assert await found(record, DESK, "Encounter") == []
    assert await found(record, DESK, "Coverage", ("beneficiary.identifier", f"{SYSTEM}|2")) == []
    assert await found(record, DESK, "Patient", ("_has:Coverage:beneficiary:status", "active")) == [
        "ofa"
    ]
    assert await found(record, DESK, "Patient", ("_revinclude", "Coverage:beneficiary")) == [
        "c-ofa",
        "ofa",
    ]
    async with record.open(DESK, "HOPERAT") as session:
        history = await session.changes("Coverage")
        assert [each.id for each in history.entries] == ["c-ofa"]


async def test_everything_and_exports_of_a_bound_application_are_of_its_establishment(
    record: Record,
) -> None:
    async with record.open(TRUSTED) as session:
        with pytest.raises(NotFound):
            await session.everything("ofb")
        page = await session.everything("ofa")
        assert {each.id for each in page.entries} == {"ofa", "c-ofa"}
        with pytest.raises(NotFound):
            await anext(session.export(["Coverage"], patient="ofb", to="x"))
        batches = [each async for each in session.export(["Patient", "Coverage"], to="x")]
        lines = b"".join(each.lines for each in batches).splitlines()
        assert sorted(json.loads(line)["id"] for line in lines) == ["c-ofa", "ofa"]


async def test_roles_held_for_the_whole_installation_reach_everybody(record: Record) -> None:
    everywhere = replace(DESK, held=None, establishment=None)
    assert await found(record, everywhere, "Patient") == ["ofa", "ofb", "ofnone"]


async def test_only_patients_of_one_s_own_establishment_are_made(record: Record) -> None:
    async with record.open(DESK, "HOPERAT") as session:
        elsewhere = {"generalPractitioner": [{"reference": "Organization/a"}]}
        for more in (managed("b"), {}, elsewhere):
            with pytest.raises(Forbidden):
                await session.create("Patient", body("Patient", **more))
        made = await session.create("Patient", body("Patient", **managed("a")))
        assert (await session.read("Patient", made.id)).id == made.id
        await session.create("Encounter", body("Encounter", **stay(made.id)))


async def test_a_stay_here_written_by_oneself_makes_nobody_one_s_own(record: Record) -> None:
    here = {"serviceProvider": {"reference": "Organization/a"}}
    async with record.open(DESK, "HOPERAT") as session:
        for patient in ("ofb", "ofnone", "nobody"):
            with pytest.raises(Forbidden):
                await session.create("Encounter", body("Encounter", **stay(patient, **here)))
        made = await session.create("Encounter", body("Encounter", **stay("ofa", **here)))
        with pytest.raises(Forbidden):
            moved = body("Encounter", id=made.id, **stay("ofb", **here))
            await session.update("Encounter", made.id, moved)
    assert await found(record, DESK, "Patient") == ["ofa"]


async def test_one_bundle_admits_a_new_patient_and_no_one_else_s(record: Record) -> None:
    def bundle(patient: str, beside: str | None = None, **more: Any) -> Bundle:
        """A new Patient, and what names `patient`, one of them together with somebody else."""
        there, named = "urn:uuid:7a5ab7a0-0000-4000-8000-00000000000", {"reference": patient}
        participants = [
            {"actor": {"reference": each}, "status": "accepted"}
            for each in filter(None, (patient, beside))
        ]
        resources = [
            {"resourceType": "Patient", **more},
            {"resourceType": "Encounter", **stay("x"), "subject": named},
            {"resourceType": "Appointment", "status": "proposed", "participant": participants},
            {"resourceType": "Person", "link": [{"target": named}]},
        ]
        entry = [
            {
                "fullUrl": f"{there}{number}",
                "resource": each,
                "request": {"method": "POST", "url": each["resourceType"]},
            }
            for number, each in enumerate(resources)
        ]
        return bundle_of(body("Bundle", type="transaction", entry=entry))

    async with record.open(DESK, "HOPERAT") as session:
        mine = "urn:uuid:7a5ab7a0-0000-4000-8000-000000000000"
        for refused in (
            bundle(mine, **managed("b")),
            bundle("Patient/ofb", **managed("a")),
            bundle("Patient/nobody", **managed("a")),
            bundle(mine, beside="Patient/nobody", **managed("a")),
            bundle(mine, beside="Patient/ofb", **managed("a")),
        ):
            with pytest.raises(Forbidden):
                await session.transaction(refused)
        await session.transaction(bundle(mine, **managed("a")))
        await session.transaction(bundle(mine, beside="Patient/ofa", **managed("a")))
        for type in ("Encounter", "Appointment", "Person"):
            page = await session.search(type, [("_summary", "count")])
            assert page.total == 2


@pytest.mark.parametrize(
    ("type", "tying"),
    [
        ("Encounter", stay("ofnone", serviceProvider={"reference": "Organization/a"})),
        ("Encounter", stay("ofnone", serviceProvider={"reference": "Organization/a"})
            | {"status": "finished", "period": {"start": "2001-01-01", "end": "2001-01-02"}}),
        ("EpisodeOfCare", {"status": "active", "patient": of("ofnone"), **managed("a")}),
        ("CareTeam", {"status": "active", "subject": of("ofnone"),
                      "managingOrganization": [{"reference": "Organization/a"}]}),
    ],
)  # fmt: skip
async def test_whoever_was_or_will_be_cared_for_here_is_of_the_establishment(
    record: Record, put: Put, type: str, tying: dict[str, Any]
) -> None:
    assert "ofnone" not in await found(record, DESK, "Patient")
    await put(type, "t", **tying)
    assert await found(record, DESK, "Patient") == ["ofa", "ofnone"]
    await put(type, "t", **(tying | {"status": "entered-in-error"}))
    assert await found(record, DESK, "Patient") == ["ofa"]


async def test_a_managing_organization_puts_nobody_in_the_care_of_its_clinicians(
    record: Record,
) -> None:
    assert await found(record, DOCTOR, "Patient", purpose="TREAT") == []
    both = replace(DOCTOR, roles=frozenset({"clinician", "registrar"}))
    assert await found(record, both, "Patient", purpose="TREAT") == []
    assert await found(record, both, "Patient") == ["ofa"]


async def test_care_reaches_no_patient_of_another_establishment(record: Record, put: Put) -> None:
    for patient in ("ofa", "ofb", "ofnone"):
        member = [{"member": {"reference": "Practitioner/d"}}]
        await put("CareTeam", f"t-{patient}", status="active", subject=of(patient),
                  participant=member)  # fmt: skip
    assert await found(record, DOCTOR, "Coverage", purpose="TREAT") == ["c-ofa"]
    async with record.open(DOCTOR, "TREAT") as session:
        for type, id in OTHERS:
            with pytest.raises(NotFound):
                await session.read(type, id)
        for patient in ("ofb", "nobody"):
            with pytest.raises(Forbidden):
                await session.create("Encounter", body("Encounter", **stay(patient)))
    everywhere = replace(DOCTOR, held=None)
    assert len(await found(record, everywhere, "Coverage", purpose="TREAT")) == 3


async def test_a_stay_elsewhere_of_a_shared_patient_is_hidden_by_every_path(
    record: Record, put: Put
) -> None:
    await put("Encounter", "here", **stay("ofb", serviceProvider=A))
    await put("Encounter", "moved", **stay("ofb", serviceProvider=A))
    await put("Encounter", "moved", **stay("ofb", serviceProvider={"reference": "Organization/b"}))
    await put("Encounter", "worded", **stay("ofb", serviceProvider={"display": "Hôpital A"}))
    await put("Encounter", "silent", **stay("ofb"))
    seen = ["here", "silent"]
    for actor in (DESK, TRUSTED):
        assert await found(record, actor, "Encounter") == seen
        assert await found(record, actor, "Encounter", ("subject", "Patient/ofb")) == seen
        revinclude = ("_revinclude", "Encounter:subject")
        assert await found(record, actor, "Patient", revinclude) == ["here", "ofa", "ofb", "silent"]
        async with record.open(actor, "HOPERAT") as session:
            history = await session.changes("Encounter")
            assert sorted(each.id for each in history.entries) == seen
            for id in ("eb", "moved", "worded", "nobody"):
                for asked in (
                    session.read("Encounter", id),
                    session.vread("Encounter", id, 1),
                    session.history("Encounter", id),
                ):
                    with pytest.raises(NotFound):
                        await asked
            with pytest.raises(NotFound):
                await session.update("Encounter", "eb", body("Encounter", id="eb", **stay("ofb")))
            with pytest.raises(Forbidden):
                there = stay("ofb", serviceProvider={"reference": "Organization/b"})
                await session.update("Encounter", "here", body("Encounter", id="here", **there))
    async with record.open(TRUSTED, "HOPERAT") as session:
        page = await session.everything("ofb")
        assert {each.id for each in page.entries} == {"ofb", "c-ofb", *seen}


async def test_what_is_part_of_an_establishment_is_of_it_as_long_as_it_is(
    record: Record, put: Put
) -> None:
    async def part(id: str, whole: str) -> None:
        await put("Organization", id, name=id, partOf={"reference": f"Organization/{whole}"})

    ward = {"reference": "Organization/ward"}
    await put("Encounter", "in-ward", **stay("ofnone", serviceProvider=ward))
    new = body("Patient", managingOrganization=ward)

    async def closed() -> None:
        assert await found(record, DESK, "Patient") == ["ofa"]
        assert await found(record, DESK, "Encounter") == []
        async with record.open(DESK, "HOPERAT") as session:
            with pytest.raises(NotFound):
                await session.read("Encounter", "in-ward")
            with pytest.raises(Forbidden):
                await session.create("Patient", new)

    await closed()
    for whole in ("b", "nowhere", "ward"):
        await part("ward", whole)
        await closed()
    await part("pole", "a")
    await part("ward", "pole")
    assert await found(record, DESK, "Patient") == ["ofa", "ofnone"]
    assert await found(record, DESK, "Encounter") == ["in-ward"]
    async with record.open(DESK, "HOPERAT") as session:
        assert (await session.read("Encounter", "in-ward")).id == "in-ward"
    await part("pole", "b")
    await closed()
    await part("pole", "ward")
    await closed()
    await part("pole", "a")
    assert await found(record, DESK, "Encounter") == ["in-ward"]
    # The whole is no part of it: who works for the ward alone sees no more than that.
    for_ward = replace(DESK, held="ward")
    assert await found(record, for_ward, "Patient") == ["ofnone"]
    async with record.open(DESK, "HOPERAT") as session:
        made = await session.create("Patient", new)
    assert await found(record, for_ward, "Patient") == sorted(["ofnone", made.id])
    async with record.open(replace(ADMINISTRATOR, roles=frozenset({"system"}))) as session:
        await session.delete("Organization", "pole")
    assert await found(record, DESK, "Encounter") == []


async def test_a_document_of_another_establishment_is_hidden(record: Record, put: Put) -> None:
    def document(custodian: str) -> dict[str, Any]:
        composition = {
            "resourceType": "Composition", "status": "final", "type": {"text": "x"},
            "subject": of("ofa"), "date": "2026-01-01", "author": [{"display": "x"}],
            "title": "x", "custodian": {"reference": f"Organization/{custodian}"},
        }  # fmt: skip
        entry = [{"fullUrl": "urn:uuid:7a5ab7a0-0000-4000-8000-000000000001",
                  "resource": composition}]  # fmt: skip
        identifier = {"system": "urn:ietf:rfc:3986", "value": f"urn:{custodian}"}
        return {"type": "document", "identifier": identifier, "timestamp": "2026-01-01T00:00:00Z",
                "entry": entry}  # fmt: skip

    for custodian in ("a", "b"):
        await put("Bundle", f"d{custodian}", **document(custodian))
        await put("DocumentReference", f"r{custodian}", status="current", subject=of("ofa"),
                  custodian={"reference": f"Organization/{custodian}"},
                  content=[{"attachment": {"title": "x"}}])  # fmt: skip
    assert await found(record, TRUSTED, "Bundle") == ["da"]
    assert await found(record, TRUSTED, "DocumentReference") == ["ra"]


async def test_a_grant_opens_nobody_of_another_establishment(record: Record) -> None:
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        await session.grant("ofb", DESK.account)
        await session.grant("ofb", DOCTOR.account)
    assert await found(record, DESK, "Coverage") == ["c-ofa"]
    assert await found(record, DOCTOR, "Coverage", purpose="TREAT") == []


async def test_an_emergency_is_one_in_every_establishment(record: Record) -> None:
    async with record.open(DOCTOR, "BTG") as session:
        with pytest.raises(NotFound):
            await session.break_glass("nobody", code="cannot-speak", text="found on the street")
        await session.break_glass("ofb", code="cannot-speak", text="found on the street")
    assert await found(record, DOCTOR, "Coverage", purpose="BTG") == ["c-ofb"]
    assert await found(record, DOCTOR, "Encounter", purpose="BTG") == ["eb"]
    assert await found(record, DOCTOR, "Coverage", purpose="TREAT") == []


async def test_one_s_own_record_is_one_s_own_wherever_it_was_written(record: Record) -> None:
    own = Actor(41, "portal", frozenset({"patient"}), 42, patient="ofb", held="a")
    assert await found(record, own, "Encounter", purpose="PATRQT") == ["eb"]


async def test_nothing_is_done_to_the_whole_house(record: Record) -> None:
    held = replace(ADMINISTRATOR, roles=frozenset({"administrator", "auditor"}), held="a")
    async with record.open(held, "HSYSADMIN") as session:
        for asked in (
            session.erase("Patient", "ofa"),
            session.grant("ofa", 7),
            session.withdraw("ofa", 7),
            session.establishment("a"),
            session.glasses(),
            session.rights([DESK], days=7),
        ):
            with pytest.raises(Forbidden, match="held"):
                await asked


async def test_directories_are_read_by_all_and_kept_for_the_house(record: Record) -> None:
    async with record.open(TRUSTED, "HOPERAT") as session:
        assert (await session.read("Organization", "b")).id == "b"
        for id in ("a", "b"):
            with pytest.raises((Forbidden, NotFound)):
                await session.update("Organization", id, body("Organization", id=id, name="C"))
        with pytest.raises(Forbidden):
            await session.create(
                "PractitionerRole",
                body("PractitionerRole", practitioner={"reference": "Practitioner/d"}),
            )
        slot = body("Schedule", actor=[{"display": "x"}])
        assert (await session.create("Schedule", slot)).created


async def test_what_tells_of_nobody_s_access_is_not_an_auditor_s_of_one_establishment(
    record: Record, system: Actor
) -> None:
    event = {"type": {"code": "x"}, "recorded": "2026-01-01T00:00:00Z",
             "agent": [{"requestor": True}], "source": {"observer": {"display": "x"}}}  # fmt: skip
    made = {}
    async with record.open(system) as session:
        for entity in ({"entity": [{"what": of("ofa")}]}, {"entity": [{"what": of("ofb")}]}, {}):
            made[len(made)] = await session.create(
                "AuditEvent", body("AuditEvent", **event, **entity)
            )
    auditor = Actor(17, "desk", frozenset({"auditor"}), 18, held="a")
    assert await found(record, auditor, "AuditEvent") == [made[0].id]
    assert len(await found(record, replace(auditor, held=None), "AuditEvent")) == 3


@pytest.mark.parametrize("type", ["Patient", "Coverage"])
async def test_a_criterion_answers_for_another_s_patient_as_for_nobody(
    record: Record, database: Database, type: str
) -> None:
    """Of another establishment nothing is matched, nothing is in the way, nothing is told."""
    elements = managed("a") if type == "Patient" else {**COVER, "beneficiary": of("ofa")}
    new = body(type, **elements)
    elsewhere, mine, nowhere = (
        [[("identifier", f"{SYSTEM}|{n}")] for n in ("2", "1", "3")]
        if type == "Patient"
        else [[("beneficiary", f"Patient/{id}")] for id in ("ofb", "ofa", "nobody")]
    )
    async with record.open(TRUSTED, "HOPERAT") as session:
        there = await session.create(type, new, unless=mine)
        assert not there.created
        for criterion in (elsewhere, nowhere):
            assert await session.delete_matching(type, criterion) is None
            assert (await session.create(type, new, unless=criterion)).created
            assert (await session.update_matching(type, criterion, new)).created
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from ledger_entry where outcome = 2") == 0


async def test_a_compartment_and_a_conditional_reference_tell_nothing_either(
    record: Record,
) -> None:
    url = "urn:uuid:7a5ab7a0-0000-4000-8000-000000000001"

    def bundle(reference: str) -> Bundle:
        cover = {"resourceType": "Coverage", **COVER, "beneficiary": {"reference": reference}}
        entry = {
            "fullUrl": url,
            "resource": cover,
            "request": {"method": "POST", "url": "Coverage"},
        }
        return bundle_of(body("Bundle", type="transaction", entry=[entry]))

    async with record.open(TRUSTED, "HOPERAT") as session:
        await session.transaction(bundle(f"Patient?identifier={SYSTEM}|1"))
        said = []
        for number, id in (("2", "ofb"), ("3", "nobody")):
            errors = []
            for asked in (
                session.transaction(bundle(f"Patient?identifier={SYSTEM}|{number}")),
                session.transaction(bundle(f"Patient/{id}")),
                session.search("Coverage", [], within=Compartment("Patient", id)),
            ):
                with pytest.raises(EgideError) as refused:
                    await asked
                errors.append((refused.type, str(refused.value).replace(f"|{number}", "|n")))
            said.append(errors)
        assert said[0] == said[1]


async def test_no_id_is_chosen_that_might_be_another_s(record: Record) -> None:
    async with record.open(TRUSTED, "HOPERAT") as session:
        said = set()
        for id in ("ofb", "ofnone", "new"):
            with pytest.raises(NotFound) as refused:
                await session.update("Patient", id, body("Patient", id=id, **managed("a")))
            said.add(refused.value.message)
        assert len(said) == 1


async def test_an_establishment_is_named_by_id_or_by_an_identifier_of_one(
    record: Record, put: Put
) -> None:
    finess = {"system": "https://finess.esante.gouv.fr", "value": "750712184"}
    await put("Organization", "a", name="A", identifier=[finess])
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        for named in ("a", "750712184", f"{finess['system']}|750712184"):
            assert await session.establishment(named) == "a"
        for named in ("nowhere", "000000000", "ofa"):
            with pytest.raises(NotFound):
                await session.establishment(named)
        await put("Organization", "b", name="B", identifier=[finess])
        with pytest.raises(Incorrect):
            await session.establishment("750712184")
        await put("Organization", "750712184", name="C")
        with pytest.raises(Incorrect):
            await session.establishment("750712184")
    for actor in (TRUSTED, DESK):
        async with record.open(actor, "HOPERAT") as session:
            with pytest.raises(Forbidden):
                await session.establishment("a")
