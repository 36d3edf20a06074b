"""Ways around the gate, tried and refused."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.db import Database
from egide.errors import EgideError, Forbidden, Gone, Incorrect, NotFound
from egide.record import Record, bundle_of

DOCTOR = Actor(7, "app", frozenset({"clinician"}), 8, assurance=2, practitioner="d")
DESK = Actor(13, "desk", frozenset({"registrar"}), 14)
MASQUE_PS = {"system": "urn:oid:1.2.250.1.213.1.1.4.13", "code": "MASQUE_PS"}


def observation(patient: str, **more: Any) -> dict[str, Any]:
    return {
        "status": "final",
        "code": {"coding": [{"system": "http://x", "code": "1"}]},
        "subject": {"reference": f"Patient/{patient}"},
        **more,
    }


@pytest.fixture(autouse=True)
async def one_in_care_and_one_not(put: Put) -> None:
    for patient in ("p", "q"):
        await put("Patient", patient, identifier=[{"system": "urn:x", "value": patient}])
        await put("Observation", f"of-{patient}", **observation(patient))
    await put(
        "CareTeam",
        "t",
        status="active",
        subject={"reference": "Patient/p"},
        participant=[{"member": {"reference": "Practitioner/d"}}],
    )


async def refused(record: Record, actor: Actor, *entries: dict[str, Any]) -> EgideError:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
    with pytest.raises(EgideError) as raised:
        async with record.open(actor) as session:
            await session.transaction(bundle_of(json.dumps(bundle).encode()))
    return raised.value


def entry(method: str, url: str, **resource: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"request": {"method": method, "url": url}}
    if resource:
        asked["resource"] = {"resourceType": url.partition("/")[0], **resource}
    return asked


@pytest.mark.parametrize(
    "bad",
    [
        entry("GET", "Observation/of-q"),
        entry("GET", "Observation/absent"),
        entry("DELETE", "Observation/of-q"),
        entry("DELETE", "Observation/absent"),
        entry("POST", "Observation", **observation("q")),
        entry("POST", "Observation", **observation("absent")),
        entry("PUT", "Observation/of-q", id="of-q", **observation("p")),
        entry("PUT", "Observation/absent", id="absent", **observation("p")),
        entry("PUT", "Observation/of-p", id="of-p", **observation("q")),
        entry("POST", "Practitioner", active=True),
    ],
    ids=lambda each: f"{each['request']['method']} {each['request']['url']}",
)
async def test_a_transaction_with_one_refused_entry_does_nothing(
    record: Record, database: Database, bad: dict[str, Any]
) -> None:
    async def rows() -> tuple[int, int]:
        async with database.connection() as connection:
            counted = "select (select count(*) from resource), (select count(*) from version)"
            return tuple(await connection.fetchrow(counted))

    before = await rows()
    good = entry("POST", "Observation", **observation("p"))
    for entries in ((good, bad), (bad, good)):
        await refused(record, DOCTOR, *entries)
    assert await rows() == before


async def test_hidden_and_absent_are_refused_alike_in_a_transaction(record: Record) -> None:
    for one, other in (
        (entry("GET", "Observation/of-q"), entry("GET", "Observation/absent")),
        (entry("DELETE", "Observation/of-q"), entry("DELETE", "Observation/absent")),
        (
            entry("POST", "Observation", **observation("q")),
            entry("POST", "Observation", **observation("absent")),
        ),
        (
            entry("PUT", "Observation/of-q", id="of-q", **observation("p")),
            entry("PUT", "Observation/absent", id="absent", **observation("p")),
        ),
    ):
        first, second = await refused(record, DOCTOR, one), await refused(record, DOCTOR, other)
        assert (type(first), first.message, first.issues) == (
            type(second),
            second.message,
            second.issues,
        )


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_who_may_not_write_learns_nothing_from_a_transaction_that_tries(
    record: Record, method: str
) -> None:
    reader = replace(DOCTOR, scope="user/Observation.rs")
    said = []
    for id in ("of-q", "absent"):
        request = {"method": method, "url": f"Observation/{id}"}
        resource = {"resourceType": "Observation", "id": id, **observation("p")}
        more = {"resource": resource} if method == "PUT" else {}
        error = await refused(record, reader, {"request": request, **more})
        said.append((type(error), error.message, error.issues))
    assert said[0] == said[1]
    assert said[0][0] is Forbidden


async def test_a_resource_that_moved_out_of_reach_shows_the_versions_before_only(
    record: Record, put: Put
) -> None:
    await put("Observation", "of-p", **observation("q"))
    async with record.open(DOCTOR) as session:
        with pytest.raises(NotFound):
            await session.read("Observation", "of-p")
        with pytest.raises(NotFound):
            await session.vread("Observation", "of-p", 2)
        versions = await session.history("Observation", "of-p")
        assert [each.version for each in versions.entries] == [1]


async def test_a_deletion_tells_nothing_of_what_was_hidden(
    record: Record, put: Put, system: Actor
) -> None:
    await put("Observation", "masked", meta={"security": [MASQUE_PS]}, **observation("p"))
    async with record.open(system) as session:
        await session.delete("Observation", "masked")
        await session.delete("Observation", "of-q")
    async with record.open(DOCTOR) as session:
        for id in ("masked", "of-q"):
            for ask in (
                session.read("Observation", id),
                session.vread("Observation", id, 2),
                session.history("Observation", id),
            ):
                with pytest.raises(NotFound):
                    await ask


async def test_a_deletion_is_as_open_as_what_it_deleted_to_who_has_a_criterion(
    record: Record, put: Put
) -> None:
    narrow = replace(DOCTOR, scope="user/Observation.cruds?code=http://x|1")
    other = {"code": {"coding": [{"system": "http://x", "code": "2"}]}}
    await put("Observation", "other", **observation("p") | other)
    async with record.open(narrow) as session:
        with pytest.raises(NotFound):
            await session.delete("Observation", "other")
        assert await session.delete("Observation", "of-p") is not None
        with pytest.raises(Gone):
            await session.read("Observation", "of-p")
        versions = await session.history("Observation", "of-p")
        assert [each.deleted for each in versions.entries] == [True, False]
    async with record.open(DOCTOR) as session:
        await session.delete("Observation", "other")
    async with record.open(narrow) as session:
        with pytest.raises(NotFound):
            await session.history("Observation", "other")
        changes = await session.changes("Observation")
        assert {each.id for each in changes.entries} == {"of-p"}


async def test_a_criterion_of_a_scope_finds_what_a_search_with_it_finds(
    record: Record, put: Put
) -> None:
    """Whatever unit a value is in."""
    unit = {"system": "http://unitsofmeasure.org", "code": "kg", "unit": "kg"}
    await put("Observation", "heavy", **observation("p", valueQuantity={"value": 2, **unit}))
    asked = ("value-quantity", "2000|http://unitsofmeasure.org|g")
    narrow = replace(DOCTOR, scope=f"user/Observation.rs?{asked[0]}={asked[1]}")
    for actor, query in ((DOCTOR, [asked]), (narrow, [])):
        async with record.open(actor) as session:
            page = await session.search("Observation", query)
            assert [each.id for each in page.entries] == ["heavy"], actor.scope


async def test_a_page_link_is_its_account_s_and_each_page_is_decided_anew(
    record: Record, put: Put
) -> None:
    for number in range(3):
        await put("Observation", f"more-{number}", **observation("p"))
    async with record.open(DOCTOR) as session:
        page = await session.search("Observation", [("_count", "2")])
        assert page.next is not None
    async with record.open(replace(DOCTOR, account=99)) as session:
        with pytest.raises(Incorrect):
            await session.next_page(page.next)
    await put("CareTeam", "t", status="inactive", subject={"reference": "Patient/p"})
    async with record.open(DOCTOR) as session:
        assert (await session.next_page(page.next)).entries == ()


@pytest.mark.parametrize(
    "query",
    [
        [("_id", "of-p"), ("_include", "Observation:subject")],
        [("_id", "of-p"), ("_include", "*")],
        [("_id", "of-p"), ("subject:Patient.identifier", "urn:x|p")],
    ],
)
async def test_a_scope_is_not_widened_by_includes_or_chains(
    record: Record, query: list[tuple[str, str]]
) -> None:
    narrow = replace(DOCTOR, scope="user/Observation.rs")
    async with record.open(narrow) as session:
        page = await session.search("Observation", query)
        assert page.included == ()
        assert len(page.entries) == (0 if "." in query[1][0] else 1)
        with pytest.raises(Forbidden):
            await session.everything("p")
        with pytest.raises(Forbidden):
            await session.search("Patient", [("_revinclude", "Observation:subject")])


async def test_a_scope_for_one_patient_reaches_no_other_that_the_role_does(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "u", status="active", subject={"reference": "Patient/q"},
              participant=[{"member": {"reference": "Practitioner/d"}}])  # fmt: skip
    launched = replace(DOCTOR, scope="patient/*.cruds", launched="p")
    async with record.open(launched) as session:
        page = await session.search("Observation", [("_total", "accurate")])
        assert ([each.id for each in page.entries], page.total) == (["of-p"], 1)
        with pytest.raises(NotFound):
            await session.read("Observation", "of-q")
        with pytest.raises(Forbidden):
            body = json.dumps({"resourceType": "Observation", **observation("q")}).encode()
            await session.create("Observation", body)


async def test_a_conditional_create_tells_a_clinician_nothing(record: Record) -> None:
    body = json.dumps({"resourceType": "Observation", **observation("p")}).encode()
    for id in ("of-q", "absent"):
        async with record.open(DOCTOR) as session:
            with pytest.raises(Forbidden):
                await session.create("Observation", body, unless=[("_id", id)])


async def test_a_criterion_does_not_match_what_the_desk_sees_masked_only(
    record: Record, put: Put
) -> None:
    """Of two who know the value, the one who may not see it learns nothing from asking."""
    restricted = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    labels = {"security": [{"system": restricted, "code": "R"}]}
    await put("Patient", "r", meta=labels, identifier=[{"system": "urn:x", "value": "known"}])
    async with record.open(DESK, "HOPERAT") as session:
        page = await session.search("Patient", [("identifier", "urn:x|known")])
        assert page.entries == ()
        made = await session.create(
            "Patient",
            b'{"resourceType":"Patient"}',
            unless=[("identifier", "urn:x|known")],
        )
        assert made.created
