"""Transactions are whole or not at all; batches are not."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from egide import fhir
from egide.actor import Actor
from egide.db import Database
from egide.errors import EgideError, Forbidden, Incorrect
from egide.ledger import Action, Outcome, Reading
from egide.record import Record, Result, Session, batch, bundle_of
from egide.seal import KeyRing

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
    assert bad.error is not None and bad.error.category == "incorrect"
    assert absent.error is not None and absent.error.category == "not_found"
    assert nothing.error is None and nothing.emitted is None
    assert await count(database) == 1


async def test_a_bad_resource_in_a_batch_is_asked_about_and_logged_like_any_write(
    record: Record, system: Actor, database: Database
) -> None:
    asked = bundle(entry({"resourceType": "Patient", "gender": "banana"}), type="batch")
    reader = replace(system, account=system.account + 1, roles=frozenset({"patient"}), patient="a")
    for actor, category, outcome in (
        (system, "incorrect", Outcome.failed),
        (reader, "forbidden", Outcome.refused),
    ):
        async with record.open(actor, "TREAT" if actor is system else "PATRQT") as session:
            assert refusal(await batch(session, bundle_of(asked)))[0] == category
        async with database.connection() as connection:
            last = "select action, outcome, actor from ledger_entry order by entry desc limit 1"
            entered = await connection.fetchrow(last)
        assert tuple(entered.values()) == (Action.create, outcome, actor.account)


BASE = "https://egide.test/fhir"


def get(url: str, **more: str) -> dict[str, Any]:
    return {"request": {"method": "GET", "url": url, **more}}


async def asked(
    session: Session, kind: str, *entries: dict[str, Any], lenient: bool = False
) -> list[Result]:
    """The results of a batch or a transaction of these entries."""
    whole = bundle_of(bundle(*entries, type=kind), BASE)
    if kind == "batch":
        return await batch(session, whole, lenient=lenient)
    return await session.transaction(whole, lenient=lenient)


def refusal(results: list[Result]) -> tuple[str, str]:
    """The category and the issue code of the only result."""
    (result,) = results
    assert result.error is not None
    return result.error.category, result.error.issues[0].code


KINDS = pytest.mark.parametrize("kind", ["batch", "transaction"])


@KINDS
async def test_a_page_link_in_a_bundle_leads_to_the_next_page(
    record: Record, system: Actor, kind: str
) -> None:
    async with record.open(system) as session:
        for id in "abc":
            await session.update("Patient", id, json.dumps(PATIENT | {"id": id}).encode())
        first = await session.search("Patient", [("_count", "1"), ("_id", "a,b")])
        (result,) = await asked(session, kind, get(f"Patient?_cursor={first.next}"))
    assert result.page is not None
    ids = {each.id for each in (*first.entries, *result.page.entries)}
    assert (len(result.page.entries), ids) == (1, {"a", "b"})


@KINDS
@pytest.mark.parametrize("added", ["", "&_count=1"])
async def test_a_page_link_that_is_anothers_or_was_added_to_is_refused_in_a_bundle(
    record: Record, system: Actor, kind: str, added: str
) -> None:
    other = Actor(999, "test-other", system.roles, 1999)
    async with record.open(system) as session, record.open(other) as theirs:
        for id in "ab":
            await session.update("Patient", id, json.dumps(PATIENT | {"id": id}).encode())
        link = (await session.search("Patient", [("_count", "1")])).next
        entry = get(f"Patient?_cursor={link}{added}")
        whose = session if added else theirs
        if kind == "batch":
            assert refusal(await asked(whose, kind, entry))[0] == "incorrect"
            return
        with pytest.raises(Incorrect):
            await asked(whose, kind, entry)


@pytest.mark.parametrize("query", ["_count=1", "_sort=_id", "_elements=id", "birthdate="])
async def test_a_conditional_reference_that_selects_nothing_is_refused(
    record: Record, system: Actor, database: Database, query: str
) -> None:
    async with record.open(system) as session:
        await session.create("Patient", json.dumps(PATIENT).encode())
        with pytest.raises(Incorrect) as caught:
            await session.transaction(bundle_of(bundle(entry(observed(f"Patient?{query}")))))
    assert [issue.expression for issue in caught.value.issues] == ["Bundle.entry[0].resource"]
    assert await count(database) == 1


@KINDS
async def test_a_bundle_reads_versions_parts_and_whole_addresses(
    record: Record, system: Actor, kind: str
) -> None:
    async with record.open(system) as session:
        for more in ({}, {"gender": "female"}):
            body = json.dumps(PATIENT | {"id": "a"} | more).encode()
            await session.update("Patient", "a", body)
        old, part, whole, several, oldest = await asked(
            session,
            kind,
            get("Patient/a/_history/1"),
            get("Patient/a?_elements=gender"),
            get(f"{BASE}/Patient/a"),
            get("?_type=Patient&_id=a"),
            get("Patient/a/_history/1?_elements=gender"),
        )
    assert old.emitted and part.emitted and whole.emitted and several.page and oldest.emitted
    assert (old.emitted.version, whole.emitted.version) == (1, 2)
    assert set(fhir.parse(part.emitted.body)) == {"resourceType", "id", "meta", "gender"}
    assert set(fhir.parse(oldest.emitted.body)) == {"resourceType", "id", "meta"}
    assert b"SUBSETTED" in part.emitted.body
    assert [each.id for each in several.page.entries] == ["a"]


@KINDS
async def test_what_is_unknown_in_a_query_is_left_out_only_when_the_client_is_lenient(
    record: Record, system: Actor, kind: str
) -> None:
    async with record.open(system) as session:
        await session.update("Patient", "a", json.dumps(PATIENT | {"id": "a"}).encode())
        for url in ("Patient?_id=a&colour=blue", "Patient/a?colour=blue"):
            (found,) = await asked(session, kind, get(url), lenient=True)
            assert found.error is None
            if kind == "batch":
                assert refusal(await asked(session, kind, get(url))) == (
                    "incorrect",
                    "not-supported",
                )
            else:
                with pytest.raises(Incorrect):
                    await asked(session, kind, get(url))


@pytest.mark.parametrize(
    "url",
    [
        "metadata",
        "$explain",
        "$broken-glass",
        "Patient/$everything",
        "Observation/a/$everything",
        "Patient/a/$validate",
        "Patient/a/$break-glass",
        "Patient/_search?_id=a",
        f"{BASE}/Patient/a/Observation/_search",
    ],
)
async def test_an_address_that_is_not_answered_in_a_bundle_is_said_to_be_so(
    record: Record, system: Actor, url: str
) -> None:
    async with record.open(system) as session:
        assert refusal(await asked(session, "batch", get(url))) == ("unsupported", "not-supported")


@pytest.mark.parametrize(
    "url", ["https://elsewhere.test/fhir/Patient/a", f"{BASE}Patient/a", "?", "Nothing/a"]
)
async def test_what_is_no_address_of_ours_is_refused_in_a_bundle(
    record: Record, system: Actor, url: str
) -> None:
    async with record.open(system) as session:
        category, _ = refusal(await asked(session, "batch", get(url)))
    assert category == "incorrect"


WHOLE = ["Patient/a", "Patient/a/_history", "Patient/_history", "_history", "Patient/a/$everything",
         "Patient/a/$meta", "Patient/a/Observation", "Patient/a/*"]  # fmt: skip


async def test_everything_that_is_read_in_a_transaction_is_as_the_transaction_wrote_it(
    record: Record, system: Actor
) -> None:
    mine = observed("Patient/a") | {"id": "o"}
    async with record.open(system) as session:
        await session.update("Patient", "a", json.dumps(PATIENT | {"id": "a"}).encode())
        read, versions, changes, every, whole, meta, members, both, *_ = await asked(
            session,
            "transaction",
            *map(get, WHOLE),
            entry(mine, "Observation/o"),
            entry(PATIENT | {"id": "a", "active": True}, "Patient/a"),
        )
    assert read.emitted and meta.emitted
    assert (read.emitted.version, meta.emitted.version) == (2, 2)
    found = [paged(each) for each in (versions, changes, every, whole, members, both)]
    assert found[:2] == [["Patient/a/2", "Patient/a/1"]] * 2
    assert set(found[2]) == {"Observation/o/1", "Patient/a/2", "Patient/a/1"}
    assert found[3:5] == [["Patient/a/2", "Observation/o/1"], ["Observation/o/1"]]
    assert set(found[5]) == {"Observation/o/1", "Patient/a/2"}


def paged(result: Result) -> list[str]:
    """`Type/id/version` of each entry of a page."""
    assert result.page is not None
    return [f"{each.type}/{each.id}/{each.version}" for each in result.page.entries]


async def test_a_history_in_a_transaction_has_its_own_writes_and_none_that_could_come_late(
    record: Record, system: Actor, database: Database
) -> None:
    body = json.dumps(PATIENT | {"id": "late"}).encode()
    async with database.transaction() as connection:
        await connection.fetchval("select pg_current_xact_id()::text")  # it may still write
        await asyncio.sleep(0.003)
        async with record.open(system) as session:
            await session.update("Patient", "late", body)
            mine = entry(PATIENT | {"id": "a"}, "Patient/a")
            for url in ("Patient/_history", "_history"):
                history, _ = await asked(session, "transaction", get(url), mine)
                # The second time nothing changes, so nothing is written.
                assert paged(history) == (["Patient/a/1"] if url[0] == "P" else []), url
    async with record.open(system) as session:
        (history,) = await asked(session, "transaction", get("Patient/_history"))
    assert paged(history) == ["Patient/a/1", "Patient/late/1"]


@pytest.mark.parametrize("url", WHOLE)
async def test_a_read_in_a_transaction_that_is_not_allowed_refuses_the_whole(
    record: Record, database: Database, url: str
) -> None:
    """Its scopes let the application write Observations and read nothing."""
    narrow = Actor(9, "app", frozenset({"system"}), 90, scope="system/Observation.cud")
    async with record.open(narrow) as session:
        with pytest.raises(Forbidden):
            await asked(session, "transaction", entry(observed("Patient/a")), get(url))
    assert await count(database) == 0


async def test_the_ledger_says_what_a_transaction_read(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        await asked(session, "transaction", entry(PATIENT | {"id": "a"}, "Patient/a"))
        await asked(session, "transaction", *map(get, WHOLE))
    async with database.connection() as connection:
        logged, _ = await Reading(ring).of_actor(connection, system.account)
    told = [(each["interaction"], each["type"]) for each in logged.facts["reads"]]
    assert told == [
        ("read", "Patient"),
        ("history", "Patient"),
        ("history", "Patient"),
        ("history", None),
        ("$everything", "Patient"),
        ("read", "Patient"),
        ("search", "Observation"),
        ("search", None),
    ]
    assert len(logged.patients) == 1


@KINDS
async def test_an_update_in_a_bundle_takes_no_version_in_if_none_match(
    record: Record, system: Actor, kind: str
) -> None:
    put = entry(PATIENT | {"id": "a"}, "Patient/a")
    put["request"]["ifNoneMatch"] = 'W/"1"'
    async with record.open(system) as session:
        if kind == "batch":
            assert refusal(await asked(session, kind, put)) == ("incorrect", "value")
            return
        with pytest.raises(Incorrect) as caught:
            await asked(session, kind, put)
    expressions = [issue.expression for issue in caught.value.issues]
    assert expressions == ["Bundle.entry[0].request.ifNoneMatch"]
