"""A label at a stay, or at an episode of care, closes what belongs to it, whatever way one asks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.api.rest import FHIR
from egide.api.rest.asked import asked_by
from egide.clock import system_clock
from egide.db import Connection, Database
from egide.errors import EgideError, Forbidden, Gone, NotFound
from egide.gate.episodes import Episodes
from egide.ledger import Ledger
from egide.record import Bundle, Record, Session, bundle_of, derivation, rule_of, writes
from egide.record.epochs import Change, renew
from egide.record.parts import Parts
from egide.record.policies import Moved, Policies
from egide.seal import KeyRing
from egide.store import Prepared

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
FLAGS = "urn:oid:1.2.250.1.213.1.1.4.13"
PARENTS = (FLAGS, "INVISIBLE_REPRESENTANTS_LEGAUX")
R = (CONFIDENTIALITY, "R")
DOCTOR = Actor(7, "app", frozenset({"clinician"}), 8, assurance=2, practitioner="d")
MOTHER = Actor(11, "portal", frozenset({"relative"}), 12, relative="m", behalf="p")
DESK = Actor(13, "desk", frozenset({"registrar"}), 14)
PATIENT = Actor(15, "portal", frozenset({"patient"}), 16, patient="p")
OPERATOR = Actor(1, "test-operator", frozenset({"administrator"}), 1003, assurance=2)
PURPOSES = {7: "TREAT", 11: "FAMRQT", 13: "HOPERAT", 15: "PATRQT"}
CLOSING = [
    (PARENTS, MOTHER),
    ((FLAGS, "INVISIBLE_PATIENT"), PATIENT),
    ((FLAGS, "INVISIBLE_PATIENT"), MOTHER),
    ((FLAGS, "MASQUE_PS"), DOCTOR),
    ((CONFIDENTIALITY, "V"), DOCTOR),
    ((CONFIDENTIALITY, "V"), MOTHER),
]
"""Labels, and to whom they close."""

Body = dict[str, Any]
Label = tuple[str, str]


def to(reference: str) -> Body:
    return {"reference": reference}


def labelled(*labels: Label) -> Body:
    if not labels:
        return {}
    return {"meta": {"security": [{"system": system, "code": code} for system, code in labels]}}


def stay(*labels: Label, patient: str = "p", **more: Any) -> Body:
    kind = {"class": {"system": "urn:v", "code": "IMP"}}
    whose = {"subject": to(f"Patient/{patient}")}
    return {"status": "finished", **kind, **whose, **labelled(*labels), **more}


def episode(*labels: Label) -> Body:
    return {"status": "active", "patient": to("Patient/p"), **labelled(*labels)}


def observed(stay: str | None = None, *labels: Label, patient: str = "p") -> Body:
    code = {"coding": [{"system": "urn:code", "code": "secret"}]}
    found = {"status": "final", "code": code, "subject": to(f"Patient/{patient}")}
    return found | ({"encounter": to(f"Encounter/{stay}")} if stay else {}) | labelled(*labels)


OF_STAY = {"Encounter/s", "Observation/of-s", "Condition/of-s", "Communication/of-s"}
OF_PART = {"Encounter/part", "Observation/of-part"}
OUTSIDE = {"Patient/p", "EpisodeOfCare/e", "Encounter/other", "Observation/free"}
ALL = OF_STAY | OF_PART | OUTSIDE


@pytest.fixture(autouse=True)
async def population(put: Put) -> None:
    """A patient with a stay of an episode, a part of it, another stay, and what is of none."""
    await put("Patient", "p")
    await put("CareTeam", "t", status="active", subject=to("Patient/p"),
              participant=[{"member": to("Practitioner/d")}])  # fmt: skip
    await put("RelatedPerson", "m", patient=to("Patient/p"))
    actor = {"role": {"text": "x"}, "reference": to("RelatedPerson/m")}
    await put("Consent", "c", status="active", scope={"text": "x"}, category=[{"text": "x"}],
              policyRule={"text": "x"}, patient=to("Patient/p"),
              provision={"type": "permit", "actor": [actor]})  # fmt: skip
    await put("EpisodeOfCare", "e", **episode())
    await put("Encounter", "s", **stay(episodeOfCare=[to("EpisodeOfCare/e")]))
    await put("Encounter", "part", **stay(partOf=to("Encounter/s/_history/1")))
    await put("Encounter", "other", **stay())
    await put("Observation", "of-s", **observed("s"))
    await put("Observation", "of-part", **observed("part"))
    await put("Observation", "free", **observed())
    await put("Condition", "of-s", subject=to("Patient/p"), encounter=to("Encounter/s"))
    await put("Communication", "of-s", status="completed", subject=to("Patient/p"),
              about=[to("Encounter/s")])  # fmt: skip


@pytest.fixture
async def elsewhere(database: Database, ring: KeyRing) -> AsyncIterator[Record]:
    """The one door of another process."""
    ledger = Ledger(database, ring, system_clock)
    await ledger.open()
    door = Record(database, ring, ledger, clock=system_clock, zone=ZoneInfo("Europe/Paris"))
    await door.start()
    yield door
    await ledger.close()


async def answered(ask: Awaitable[Any]) -> Any:
    try:
        return await ask
    except (Forbidden, NotFound, Gone):
        return None


async def seen(record: Record, actor: Actor) -> set[str]:
    """What of ALL is seen, which every way of asking agrees on."""
    async with record.open(actor, PURPOSES[actor.account]) as session:
        read = {name for name in ALL if await answered(session.read(*name.split("/")))}
        for name in ALL:
            type, id = name.split("/")
            versions = await answered(session.history(type, id))
            assert (versions is not None) == (name in read), name
            assert (await answered(session.vread(type, id, 1)) is not None) == (name in read), name
        searched, changed = set[str](), set[str]()
        for type in {name.partition("/")[0] for name in ALL}:
            page = await session.search(type, [("_total", "accurate")])
            assert page.total == len(page.entries)
            only = await session.search(type, [("_summary", "count")])
            assert only.total == page.total
            searched |= {f"{each.type}/{each.id}" for each in page.entries}
            versions = await session.changes(type, count=100)
            changed |= {f"{each.type}/{each.id}" for each in versions.entries}
        whole = await session.everything("p")
        entries = {f"{each.type}/{each.id}" for each in whole.entries}
        assert searched & ALL == changed & ALL == entries & ALL == read
        return read


async def delete(record: Record, system: Actor, type: str, id: str) -> None:
    async with record.open(system) as session:
        await session.delete(type, id)


@pytest.mark.parametrize(("label", "actor"), CLOSING)
async def test_a_label_at_a_stay_closes_what_belongs_to_it_and_nothing_else(
    record: Record, put: Put, label: Label, actor: Actor
) -> None:
    assert await seen(record, actor) == ALL
    await put("Encounter", "s", **stay(label, episodeOfCare=[to("EpisodeOfCare/e")]))
    assert await seen(record, actor) == OUTSIDE


@pytest.mark.parametrize(("label", "actor"), CLOSING)
async def test_a_label_at_an_episode_closes_its_stays_and_what_belongs_to_them(
    record: Record, put: Put, label: Label, actor: Actor
) -> None:
    assert await seen(record, actor) == ALL
    await put("EpisodeOfCare", "e", **episode(label))
    assert await seen(record, actor) == OUTSIDE - {"EpisodeOfCare/e"}


async def test_it_closes_to_those_alone_whom_the_label_names(record: Record, put: Put) -> None:
    await put("Encounter", "s", **stay(PARENTS))
    assert await seen(record, MOTHER) == OUTSIDE
    assert await seen(record, PATIENT) == await seen(record, DOCTOR) == ALL


async def test_what_is_set_changed_and_taken_off_holds_at_once_in_every_process(
    record: Record, elsewhere: Record, put: Put
) -> None:
    doors = (record, elsewhere)
    for labels, mother, patient in (
        ((), ALL, ALL),
        ((PARENTS,), OUTSIDE, ALL),
        (((FLAGS, "INVISIBLE_PATIENT"),), OUTSIDE, OUTSIDE),
        (((CONFIDENTIALITY, "N"),), ALL, ALL),
        ((PARENTS,), OUTSIDE, ALL),
        ((), ALL, ALL),
    ):
        await put("Encounter", "s", **stay(*labels))
        for door in doors:
            assert await all_current(door, MOTHER) == mother
            assert await all_current(door, PATIENT) == patient


async def all_current(record: Record, actor: Actor) -> set[str]:
    """What of ALL is read: older versions of the stay, once it was labelled, stay closed."""
    async with record.open(actor, PURPOSES[actor.account]) as session:
        return {name for name in ALL if await answered(session.read(*name.split("/")))}


async def test_what_has_a_label_of_its_own_stays_closed_when_the_stay_s_is_taken_off(
    record: Record, put: Put
) -> None:
    await put("Observation", "of-s", **observed("s", PARENTS))
    await put("Encounter", "s", **stay(PARENTS))
    await put("Encounter", "s", **stay())
    assert await all_current(record, MOTHER) == ALL - {"Observation/of-s"}


async def test_deleting_a_labelled_stay_opens_nothing(
    record: Record, elsewhere: Record, put: Put, system: Actor
) -> None:
    await put("Encounter", "s", **stay(PARENTS))
    assert await all_current(record, MOTHER) == OUTSIDE
    await delete(record, system, "Encounter", "s")
    for door in (record, elsewhere):
        assert await all_current(door, MOTHER) == OUTSIDE
    await put("Encounter", "s", **stay())
    for door in (record, elsewhere):
        assert await all_current(door, MOTHER) == ALL


async def test_deleting_what_is_between_opens_nothing(
    record: Record, put: Put, system: Actor
) -> None:
    await put("EpisodeOfCare", "e", **episode(PARENTS))
    await delete(record, system, "Encounter", "part")
    await delete(record, system, "Encounter", "s")
    assert await all_current(record, MOTHER) == OUTSIDE - {"EpisodeOfCare/e"}
    assert await all_current(record, PATIENT) == ALL - {"Encounter/part", "Encounter/s"}


async def test_a_stay_that_joins_or_leaves_a_labelled_episode_closes_and_opens(
    record: Record, elsewhere: Record, put: Put
) -> None:
    await put("EpisodeOfCare", "f", **episode(PARENTS))
    for door in (record, elsewhere):
        assert await all_current(door, MOTHER) == ALL
    await put("Encounter", "s", **stay(episodeOfCare=[to("EpisodeOfCare/f")]))
    for door in (record, elsewhere):
        assert await all_current(door, MOTHER) == OUTSIDE
    await put("Encounter", "s", **stay())
    for door in (record, elsewhere):
        assert await all_current(door, MOTHER) == ALL


async def test_what_is_written_after_the_label_is_closed_too(record: Record, put: Put) -> None:
    await put("Encounter", "s", **stay(PARENTS))
    async with record.open(DOCTOR) as session:
        body = {"resourceType": "Observation", **observed("s")}
        made = await session.create("Observation", json.dumps(body).encode())
        body = {"resourceType": "Encounter", **stay(partOf=to("Encounter/part"))}
        part = await session.create("Encounter", json.dumps(body).encode())
        body = {"resourceType": "Observation", **observed(part.id)}
        deep = await session.create("Observation", json.dumps(body).encode())
    async with record.open(MOTHER, "FAMRQT") as session:
        for each in (made, part, deep):
            with pytest.raises(NotFound):
                await session.read(each.type, each.id)


async def test_versions_from_before_the_label_and_from_before_the_stay_was_named_are_closed(
    record: Record, put: Put
) -> None:
    await put("Observation", "free", **observed("s"))
    await put("Encounter", "s", **stay(PARENTS))
    async with record.open(MOTHER, "FAMRQT") as session:
        for name, version in (
            ("Observation/free", 1),
            ("Observation/free", 2),
            ("Observation/of-s", 1),
            ("Encounter/s", 1),
            ("Encounter/part", 1),
        ):
            with pytest.raises(NotFound):
                await session.vread(*name.split("/"), version)
        assert {each.id for each in (await session.changes(None, count=100)).entries} & {
            "free", "of-s", "s", "part"} == set()  # fmt: skip
    await put("Encounter", "s", **stay())
    async with record.open(MOTHER, "FAMRQT") as session:
        versions = await session.history("Observation", "free")
        assert [each.version for each in versions.entries] == [2, 1]
        # What the stay said while it was labelled stays closed, as with any resource.
        assert [each.version for each in (await session.history("Encounter", "s")).entries] == [
            3,
            1,
        ]


async def test_a_version_of_somebody_else_s_record_is_closed_by_the_stay_it_is_moved_to(
    record: Record, put: Put
) -> None:
    hidden = (FLAGS, "INVISIBLE_PATIENT")
    await put("Patient", "q")
    await put("Encounter", "of-q", **stay(hidden, patient="q"))
    await put("Observation", "free", **observed("of-q", patient="q"))
    async with record.open(PATIENT, "PATRQT") as session:
        with pytest.raises(NotFound):
            await session.vread("Observation", "free", 1)
        changes = await session.changes("Observation", count=100)
        assert "free" not in {each.id for each in changes.entries}


async def test_another_patient_s_stay_closes_nothing(record: Record, put: Put) -> None:
    await put("Encounter", "s", **stay(PARENTS, patient="q"))
    assert "Observation/of-s" in await all_current(record, MOTHER)
    await put("Encounter", "s", **stay(PARENTS))
    assert "Observation/of-s" not in await all_current(record, MOTHER)
    await put("Encounter", "s", **stay(PARENTS, patient="q"))
    assert "Observation/of-s" in await all_current(record, MOTHER)


async def test_nothing_is_found_through_what_is_closed(record: Record, put: Put) -> None:
    questions: list[tuple[str, list[tuple[str, str]], set[str]]] = [
        ("Observation", [("encounter", "Encounter/s")], {"of-s"}),
        ("Observation", [("encounter.status", "finished")], {"of-s", "of-part"}),
        ("Observation", [("encounter.part-of.status", "finished")], {"of-part"}),
        ("Encounter", [("_has:Observation:encounter:code", "urn:code|secret")], {"s", "part"}),
        ("EpisodeOfCare", [("_has:Encounter:episode-of-care:status", "finished")], {"e"}),
        ("Encounter", [("part-of", "Encounter/s")], {"part"}),
        ("Condition", [("encounter:Encounter.episode-of-care", "EpisodeOfCare/e")], {"of-s"}),
    ]

    async def found() -> list[set[str]]:
        async with record.open(MOTHER, "FAMRQT") as session:
            pages = [
                await session.search(type, [*asked, ("_total", "accurate")])
                for type, asked, _ in questions
            ]
        assert all(page.total == len(page.entries) for page in pages)
        return [{each.id for each in page.entries} for page in pages]

    assert await found() == [expected for *_, expected in questions]
    await put("Encounter", "s", **stay(PARENTS, episodeOfCare=[to("EpisodeOfCare/e")]))
    assert await found() == [set() for _ in questions]


async def test_nothing_that_is_closed_is_brought_along(record: Record, put: Put) -> None:
    await put("List", "l", status="current", mode="working", subject=to("Patient/p"),
              entry=[{"item": to("Observation/of-s")}])  # fmt: skip

    async def brought() -> list[set[str]]:
        async with record.open(MOTHER, "FAMRQT") as session:
            pages = [
                await session.search(type, asked)
                for type, asked in (
                    ("Patient", [("_id", "p"), ("_revinclude", "Observation:subject")]),
                    ("EpisodeOfCare", [("_revinclude", "Encounter:episode-of-care")]),
                    ("List", [("_include", "List:item")]),
                )
            ]
        return [{f"{each.type}/{each.id}" for each in page.included} for page in pages]

    open = [{"Observation/of-s", "Observation/of-part", "Observation/free"}, {"Encounter/s"}]
    assert await brought() == [*open, {"Observation/of-s"}]
    await put("Encounter", "s", **stay(PARENTS, episodeOfCare=[to("EpisodeOfCare/e")]))
    assert await brought() == [{"Observation/free"}, set(), set()]


async def test_what_is_of_a_restricted_stay_is_masked_for_who_may_see_masked(
    record: Record, put: Put
) -> None:
    await put("Encounter", "part", **stay(partOf=to("Encounter/s"),
              reasonCode=[{"text": "secret"}]))  # fmt: skip
    await put("Encounter", "s", **stay(R))
    async with record.open(DESK, "HOPERAT") as session:
        for name in ("Encounter/s", "Encounter/part"):
            masked = await session.read(*name.split("/"))
            assert b"SUBSETTED" in masked.body and b"secret" not in masked.body
        page = await session.search("Encounter", [("reason-code:text", "secret")])
        assert page.entries == ()
        for name in ("Encounter/other", "EpisodeOfCare/e"):
            assert b"SUBSETTED" not in (await session.read(*name.split("/"))).body


async def refused(ask: Awaitable[Any]) -> tuple[type[EgideError], str]:
    with pytest.raises(EgideError) as raised:
        await ask
    return type(raised.value), raised.value.message


async def test_whom_a_stay_is_closed_to_takes_nothing_out_of_it(record: Record, put: Put) -> None:
    hidden = (FLAGS, "MASQUE_PS")
    await put("Encounter", "s", **stay(hidden))
    out: list[tuple[str, str, Body]] = [
        ("Observation", "of-s", observed()),
        ("Observation", "of-s", observed("other")),
        ("Encounter", "part", stay()),
        ("Encounter", "s", stay()),
        ("Observation", "of-part", observed(patient="q")),
    ]
    async with record.open(DOCTOR) as session:
        for type, id, body in out:
            whole = json.dumps({"resourceType": type, "id": id, **body}).encode()
            absent = json.dumps({"resourceType": type, "id": "absent", **body}).encode()
            error = await refused(session.update(type, id, whole))
            assert error == await refused(session.update(type, "absent", absent))
            assert error[0] is NotFound
            assert await refused(session.delete(type, id)) == error
            transaction = {
                "resourceType": "Bundle",
                "type": "transaction",
                "entry": [
                    {
                        "resource": json.loads(whole),
                        "request": {"method": "PUT", "url": f"{type}/{id}"},
                    }
                ],
            }
            bundle = bundle_of(json.dumps(transaction).encode())
            assert (await refused(session.transaction(bundle)))[0] is NotFound
    assert await seen(record, PATIENT) == ALL
    assert await seen(record, DOCTOR) == OUTSIDE


async def test_nothing_is_put_into_a_stay_that_is_closed_to_who_writes(
    record: Record, put: Put
) -> None:
    """An update; who cares for a patient may always add something new."""
    await put("Encounter", "s", **stay((FLAGS, "MASQUE_PS")))
    body = json.dumps({"resourceType": "Observation", "id": "free", **observed("s")}).encode()
    async with record.open(DOCTOR) as session:
        with pytest.raises(Forbidden):
            await session.update("Observation", "free", body)
        assert (await session.read("Observation", "free")).version == 1
        assert (await session.create("Observation", body)).version == 1


async def test_who_may_not_label_takes_nothing_out_of_a_labelled_stay(
    record: Record, put: Put
) -> None:
    within = {"episodeOfCare": [to("EpisodeOfCare/e")]}
    await put("EpisodeOfCare", "e", **episode(PARENTS))

    def written(**more: Any) -> bytes:
        return json.dumps({"resourceType": "Encounter", "id": "s", **stay(**more)}).encode()

    async with record.open(DESK, "HOPERAT") as session:
        with pytest.raises(Forbidden, match="labels"):
            await session.update("Encounter", "s", written())
        with pytest.raises(Forbidden, match="labels"):
            await session.update("Encounter", "s", written(**within, patient="q"))
        kept = await session.update("Encounter", "s", written(**within, language="fr"))
        assert kept.version == 2
    async with record.open(DOCTOR) as session:
        assert (await session.update("Encounter", "s", written())).version == 3
    assert await all_current(record, MOTHER) == ALL - {"EpisodeOfCare/e"}


async def test_a_transaction_that_reads_what_is_closed_fails_as_for_what_is_absent(
    record: Record, put: Put
) -> None:
    await put("Encounter", "s", **stay((FLAGS, "MASQUE_PS")))

    def reading(url: str) -> Bundle:
        request = {"method": "GET", "url": url}
        whole = {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": request}]}
        return bundle_of(json.dumps(whole).encode())

    async with record.open(DOCTOR) as session:
        closed = await refused(session.transaction(reading("Observation/of-part")))
        assert closed == await refused(session.transaction(reading("Observation/absent")))
        (found,) = await session.transaction(reading("Observation?encounter=Encounter/part"))
        assert found.page is not None and found.page.entries == ()
        (free,) = await session.transaction(reading("Observation/free"))
        assert free.emitted is not None


async def test_it_is_explained_by_the_label(record: Record, put: Put) -> None:
    read = asked_by(FHIR, "GET", "/fhir/Observation/of-part")

    async def said() -> tuple[str | None, str]:
        async with record.open(OPERATOR, "HSYSADMIN") as session:
            found = await session.explain(MOTHER, "FAMRQT", read, relatives=["m"])
        return found.answer, found.lines[0].reason

    assert await said() == ("yes", "")
    await put("Encounter", "s", **stay(PARENTS))
    assert await said() == ("no", "label")


async def test_stays_without_labels_give_nobody_an_epoch(
    put: Put, system: Actor, record: Record, database: Database
) -> None:
    await put("Patient", "q")
    await put("Encounter", "1", **stay(patient="q"))
    await put("Encounter", "2", **stay((CONFIDENTIALITY, "N"), patient="q",
              partOf=to("Encounter/1"), episodeOfCare=[to("EpisodeOfCare/e")]))  # fmt: skip
    await put("Encounter", "2", **stay(patient="q"))
    await delete(record, system, "Encounter", "2")
    assert len(await epochs(database)) == 1
    await put("Encounter", "1", **stay(PARENTS, patient="q"))
    assert len(await epochs(database)) == 2


async def epochs(database: Database) -> dict[int, int]:
    async with database.connection() as connection:
        found = await connection.fetch("select patient_key, epoch from policy")
    return {each["patient_key"]: each["epoch"] for each in found}


async def test_what_changes_nothing_that_holds_keeps_the_epoch(
    put: Put, database: Database
) -> None:
    within = {"episodeOfCare": [to("EpisodeOfCare/e")]}
    await put("Encounter", "s", **stay(PARENTS, **within))
    before = await epochs(database)
    await put("Encounter", "s", **stay(PARENTS, **within, language="fr"))
    await put("Encounter", "other", **stay(language="fr"))
    await put("Observation", "of-s", **observed())
    assert await epochs(database) == before
    await put("Encounter", "other", **stay(**within))
    assert (await epochs(database)).keys() == before.keys()
    assert await epochs(database) != before


async def test_who_labels_and_who_moves_a_stay_at_one_moment_do_not_miss_each_other(
    database: Database,
) -> None:
    (patient,) = await epochs(database)
    async with database.transaction() as connection:
        await connection.execute("delete from policy")
    labelling = {patient: Change.deciding}
    moving = {patient: Change.belonging}

    async def other(change: dict[int, Change]) -> None:
        async with database.transaction() as second:
            await renew(second, change, stays=True)

    async with database.transaction() as first:
        await renew(first, labelling, stays=True)
        task = asyncio.create_task(other(moving))
        await asyncio.sleep(0.2)
        mine = await first.fetchval("select epoch from policy")
    await task
    assert await epochs(database) != {patient: mine}


async def test_what_is_not_committed_is_never_kept_under_an_epoch_that_others_know(
    database: Database, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, told = await epochs(database), []

    async def derive(parts: Parts, connection: Connection, prepared: Sequence[Prepared]) -> None:
        with pytest.raises(Moved):
            await parts.policies.of(connection, before)
        told.append(len(prepared))

    monkeypatch.setattr(writes, "derive", derive)
    await put("Encounter", "s", **stay(PARENTS))
    assert told == [1]


async def by_read(session: Session) -> bool:
    return await answered(session.read("Observation", "of-s")) is not None


async def by_search(session: Session) -> bool:
    page = await session.search("Observation", [])
    return "of-s" in {each.id for each in page.entries}


@pytest.mark.parametrize("found", [by_read, by_search])
async def test_a_label_that_moves_just_when_it_is_looked_up_is_not_missed(
    record: Record,
    elsewhere: Record,
    put: Put,
    monkeypatch: pytest.MonkeyPatch,
    found: Callable[[Session], Awaitable[bool]],
) -> None:
    """From the stay to what belongs to it, after the row was found and before the stays are."""
    await put("Encounter", "s", **stay(PARENTS))
    look, moves = Policies._episodes, [True]

    async def late(self: Policies, connection: Connection, patient: bytes) -> Episodes:
        if moves:
            moves.clear()
            await put("Observation", "of-s", **observed("s", PARENTS))
            await put("Encounter", "s", **stay())
        return await look(self, connection, patient)

    monkeypatch.setattr(Policies, "_episodes", late)
    async with elsewhere.open(MOTHER, "FAMRQT") as session:
        assert not await found(session)
    assert not moves


async def test_labels_from_before_the_rule_hold_once_it_was_derived(
    record: Record, put: Put, database: Database
) -> None:
    hidden = (FLAGS, "INVISIBLE_PATIENT")
    await put("Patient", "q")
    await put("Encounter", "of-q", **stay(hidden, patient="q"))
    await put("Observation", "free", **observed("of-q", patient="q"))
    rule = rule_of(ZoneInfo("Europe/Paris"), timedelta(days=30))
    async with database.transaction() as connection:
        await connection.execute("delete from policy")
        await connection.execute("update reach_rule set rule = $1", f"1{rule[1:]}")
    assert await derivation(database, rule) is not None
    async with record.open(OPERATOR, "HSYSADMIN") as session:
        assert [each async for each in session.derive_reach()]
    other = Actor(17, "portal", frozenset({"patient"}), 18, patient="q")
    async with record.open(other, "PATRQT") as session:
        with pytest.raises(NotFound):
            await session.read("Observation", "free")
    assert await derivation(database, rule) is None
