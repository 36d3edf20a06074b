"""Conditional writes: what a criterion refuses, whom it is refused to, what it makes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from egide import fhir
from egide.actor import Actor
from egide.db import Database
from egide.errors import (
    Conflict,
    EgideError,
    Forbidden,
    Gone,
    Incorrect,
    NotFound,
    PreconditionFailed,
    Unsupported,
)
from egide.ledger import Reading
from egide.record import Record, Result, batch, bundle_of
from egide.seal import KeyRing

SYSTEM = "urn:oid:1.2.3"
REGISTRAR = Actor(103, "test-registrar", frozenset({"registrar"}), 1003)
CRITERION = [("identifier", f"{SYSTEM}|IPP-1")]


def patient(value: str = "IPP-1", family: str = "Essai", **more: Any) -> bytes:
    identifier = [{"system": SYSTEM, "value": value}]
    made = {"resourceType": "Patient", "identifier": identifier, "name": [{"family": family}]}
    return json.dumps(made | more).encode()


def entry(body: bytes, url: str = "Patient", **request: str) -> dict[str, Any]:
    method = "PUT" if "?" in url or "/" in url else "POST"
    return {
        "resource": json.loads(body),
        "request": {"method": method, "url": url} | request,
    }


def deletion(url: str, **request: str) -> dict[str, Any]:
    return {"request": {"method": "DELETE", "url": url} | request}


def bundle(*entries: dict[str, Any], type: str = "transaction") -> bytes:
    return json.dumps({"resourceType": "Bundle", "type": type, "entry": list(entries)}).encode()


async def count(database: Database) -> int:
    async with database.connection() as connection:
        number: int = await connection.fetchval("select count(*) from resource where not deleted")
    return number


@pytest.mark.parametrize(
    ("criterion", "error"),
    [
        ([], Incorrect),
        ([("_count", "1")], Incorrect),
        ([("_sort", "name"), ("name", "essai")], Incorrect),
        ([("identifier", "x"), ("_summary", "count")], Incorrect),
        ([("identifier", "x"), ("_include", "Patient:organization")], Incorrect),
        ([("banana", "1")], Incorrect),
        ([("identifier", "")], Incorrect),
        ([("_filter", "name eq essai")], Unsupported),
    ],
)
async def test_what_is_no_criterion_is_refused(
    record: Record,
    system: Actor,
    database: Database,
    criterion: list[tuple[str, str]],
    error: type[EgideError],
) -> None:
    async with record.open(system) as session:
        with pytest.raises(error):
            await session.create("Patient", patient(), unless=criterion)
        with pytest.raises(error):
            await session.update_matching("Patient", criterion, patient())
        assert await count(database) == 0
        await session.create("Patient", patient())
        with pytest.raises(error):
            await session.delete_matching("Patient", criterion)
    assert await count(database) == 1


@pytest.mark.parametrize("known", [True, False])
async def test_only_who_searches_everybody_may_use_a_criterion(
    record: Record, system: Actor, clinician: Actor, database: Database, known: bool
) -> None:
    """The answer is the same whether somebody matches or not."""
    if known:
        async with record.open(system) as session:
            await session.create("Patient", patient())
    own = Actor(104, "test-patient", frozenset({"patient"}), 1004, patient="a")
    for actor, purpose in ((clinician, "TREAT"), (own, "PATRQT")):
        async with record.open(actor, purpose) as session:
            with pytest.raises(Forbidden) as refused:
                await session.create("Patient", patient(), unless=CRITERION)
            with pytest.raises(Forbidden):
                await session.update_matching("Patient", CRITERION, patient())
            with pytest.raises(Forbidden):
                await session.delete_matching("Patient", CRITERION)
            with pytest.raises(Forbidden):
                asked = bundle(deletion(f"Patient?identifier={SYSTEM}|IPP-1"))
                await session.transaction(bundle_of(asked))
            with pytest.raises(Forbidden):
                asked = bundle(entry(patient(), ifNoneExist=f"identifier={SYSTEM}|IPP-1"))
                await session.transaction(bundle_of(asked))
            assert "IPP-1" not in str(refused.value)
    assert await count(database) == int(known)


async def test_a_type_the_role_may_not_search_takes_no_criterion(record: Record) -> None:
    async with record.open(REGISTRAR, "HOPERAT") as session:
        made = await session.create("Patient", patient(), unless=CRITERION)
        assert made.created
        with pytest.raises(Forbidden):
            observed = b'{"resourceType":"Observation","status":"final","code":{"text":"x"}}'
            await session.create("Observation", observed, unless=[("identifier", "x")])


async def test_a_conditional_create_makes_one_and_then_finds_it(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        first = await session.create("Patient", patient(), unless=CRITERION)
        second = await session.create("Patient", patient(family="Autre"), unless=CRITERION)
        other = await session.create(
            "Patient", patient("IPP-2"), unless=[("identifier", f"{SYSTEM}|IPP-2")]
        )
    assert (first.created, second.created, other.created) == (True, False, True)
    assert second.id == first.id
    assert second.body == first.body
    assert await count(database) == 2


async def test_several_matches_refuse_the_write(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        for _ in range(2):
            await session.create("Patient", patient())
        with pytest.raises(PreconditionFailed):
            await session.create("Patient", patient(), unless=CRITERION)
        with pytest.raises(PreconditionFailed):
            await session.update_matching("Patient", CRITERION, patient())
        with pytest.raises(PreconditionFailed) as caught:
            asked = bundle(entry(patient(), ifNoneExist=f"identifier={SYSTEM}|IPP-1"))
            await session.transaction(bundle_of(asked))
    assert [each.code for each in caught.value.issues] == ["multiple-matches"]
    assert await count(database) == 2


async def test_what_was_deleted_does_not_match(record: Record, system: Actor) -> None:
    async with record.open(system) as session:
        first = await session.create("Patient", patient(), unless=CRITERION)
        await session.delete("Patient", first.id)
        second = await session.create("Patient", patient(), unless=CRITERION)
    assert second.created
    assert second.id != first.id


async def test_a_conditional_update_replaces_what_matches(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        made = await session.update_matching("Patient", CRITERION, patient())
        same = await session.update_matching("Patient", CRITERION, patient())
        changed = await session.update_matching(
            "Patient", CRITERION, patient(family="Autre", id=made.id), expected=1
        )
    assert (made.created, made.version) == (True, 1)
    assert (same.created, same.id, same.version) == (False, made.id, 1)
    assert (changed.created, changed.id, changed.version) == (False, made.id, 2)
    assert await count(database) == 1


async def test_the_id_of_a_conditional_update_is_that_of_the_match_or_free(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        made = await session.update_matching("Patient", CRITERION, patient(id="mine"))
        assert (made.created, made.id) == (True, "mine")
        with pytest.raises(Incorrect) as caught:
            await session.update_matching("Patient", CRITERION, patient(id="another"))
        assert [each.expression for each in caught.value.issues] == ["Patient.id"]
        with pytest.raises(Conflict):
            await session.update_matching(
                "Patient", [("identifier", "nobody")], patient("nobody", id="mine")
            )
    assert await count(database) == 1


async def test_a_version_named_with_a_criterion_must_be_current(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        with pytest.raises(PreconditionFailed):
            await session.update_matching("Patient", CRITERION, patient(), expected=1)
        await session.update_matching("Patient", CRITERION, patient())
        with pytest.raises(PreconditionFailed):
            await session.update_matching("Patient", CRITERION, patient(), expected=2)
    assert await count(database) == 1


async def test_a_part_of_a_resource_is_not_written_by_a_criterion(
    record: Record, system: Actor
) -> None:
    tag = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "code": "SUBSETTED",
    }
    async with record.open(system) as session:
        part = patient(id="a", meta={"tag": [tag]})
        with pytest.raises(Incorrect):
            await session.update_matching("Patient", CRITERION, part)
        for url in ("Patient/a", f"Patient?{IF_NONE}"):
            with pytest.raises(Incorrect) as caught:
                await session.transaction(bundle_of(bundle(entry(part, url))))
            expressions = [issue.expression for issue in caught.value.issues]
            assert expressions == ["Bundle.entry[0].resource.meta.tag"]


URN = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"


@pytest.mark.parametrize("existing", [True, False])
async def test_references_lead_to_what_a_criterion_found_or_made(
    record: Record, system: Actor, existing: bool
) -> None:
    observed = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "essai"},
        "subject": {"reference": URN},
    }
    asked = bundle(
        {"resource": observed, "request": {"method": "POST", "url": "Observation"}},
        entry(patient(), ifNoneExist=f"identifier={SYSTEM}|IPP-1") | {"fullUrl": URN},
    )
    async with record.open(system) as session:
        if existing:
            before = await session.create("Patient", patient())
        seen, found = await session.transaction(bundle_of(asked))
    assert seen.emitted is not None and found.emitted is not None
    assert found.emitted.created is not existing
    assert not existing or found.emitted.id == before.id
    reference = fhir.parse(seen.emitted.body)["subject"]["reference"]
    assert reference == f"Patient/{found.emitted.id}"


async def test_a_bundle_updates_by_criterion(
    record: Record, system: Actor, database: Database
) -> None:
    url = f"Patient?identifier={SYSTEM}|IPP-1"
    async with record.open(system) as session:
        (made,) = await session.transaction(bundle_of(bundle(entry(patient(), url))))
        (again,) = await batch(
            session, bundle_of(bundle(entry(patient(family="Autre"), url), type="batch"))
        )
    assert made.emitted is not None and again.emitted is not None
    assert made.emitted.created and not again.emitted.created
    assert (again.emitted.id, again.emitted.version) == (made.emitted.id, 2)
    assert await count(database) == 1


IF_NONE = f"identifier={SYSTEM}|IPP-1"


@pytest.mark.parametrize(
    ("entries", "place"),
    [
        ([entry(patient(), ifNoneExist=IF_NONE), entry(patient(), ifNoneExist=IF_NONE)], 0),
        ([entry(patient(), ifNoneExist="name=essai"), entry(patient(), ifNoneExist=IF_NONE)], 0),
        ([entry(patient("x")), entry(patient(), ifNoneExist="family=essai")], 1),
        ([entry(patient("x"), f"Patient?{IF_NONE}"), entry(patient(), "Patient?name=autre")], 0),
        ([entry(patient(), ifNoneExist="gender=male"), entry(patient("x", gender="male"))], 0),
        ([entry(patient(id="a"), "Patient?_id=a"), entry(patient(id="a"), "Patient/a")], 0),
    ],
)
async def test_entries_whose_criteria_meet_the_others_resources_refuse_the_bundle(
    record: Record, system: Actor, database: Database, entries: list[dict[str, Any]], place: int
) -> None:
    async with record.open(system) as session:
        with pytest.raises(EgideError) as caught:
            await session.transaction(bundle_of(bundle(*entries)))
    assert isinstance(caught.value, PreconditionFailed | Incorrect)
    expressions = [issue.expression for issue in caught.value.issues]
    assert expressions == [f"Bundle.entry[{place}].request"]
    assert await count(database) == 0


async def test_entries_that_write_what_another_found_refuse_the_bundle(
    record: Record, system: Actor
) -> None:
    async with record.open(system) as session:
        await session.update("Patient", "a", patient(id="a"))
        for other in (
            {"request": {"method": "DELETE", "url": "Patient/a"}},
            entry(patient("x", id="a"), "Patient/a"),
            entry(patient(family="Autre"), "Patient?name=essai"),
        ):
            asked = bundle(entry(patient(), ifNoneExist=IF_NONE), other)
            with pytest.raises(EgideError) as caught:
                await session.transaction(bundle_of(asked))
            assert caught.value.category in ("incorrect", "precondition")
        assert (await session.read("Patient", "a")).version == 1


async def test_entries_with_different_criteria_stand_beside_each_other(
    record: Record, system: Actor, database: Database
) -> None:
    many = [
        entry(patient(f"IPP-{number}"), ifNoneExist=f"identifier={SYSTEM}|IPP-{number}")
        for number in range(400)
    ]
    async with record.open(system) as session:
        first = await session.transaction(bundle_of(bundle(*many)))
        again = await session.transaction(bundle_of(bundle(*many)))
    assert [each.emitted.id for each in first if each.emitted] == [
        each.emitted.id for each in again if each.emitted
    ]
    assert await count(database) == 400


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (deletion("Patient"), Incorrect),
        (deletion("Patient?"), Incorrect),
        (deletion("Patient?_count=1"), Incorrect),
        (deletion("Patient?name=x&_cursor=x"), Incorrect),
        (deletion("Patient?banana=1"), Incorrect),
        (deletion("Patient/a?name=x"), Incorrect),
        (deletion("Patient?name=x", ifNoneMatch="*"), Incorrect),
        (deletion("Patient?name=x", ifNoneExist="name=x"), Incorrect),
        (entry(patient(id="a"), "Patient/a?name=x"), Incorrect),
        (entry(patient(id="a"), "Patient/a", ifNoneExist="name=x"), Incorrect),
        (entry(patient(), "Patient?name=x", ifNoneMatch="*"), Incorrect),
        (entry(patient(), ifNoneExist="?"), Incorrect),
        (entry(patient(), "Patient?"), Incorrect),
    ],
)
async def test_a_bundle_says_which_condition_is_wrong(
    record: Record, system: Actor, database: Database, wrong: dict[str, Any], error: type
) -> None:
    async with record.open(system) as session:
        with pytest.raises(error) as caught:
            await session.transaction(bundle_of(bundle(entry(patient("y")), wrong)))
        (_, refused) = await batch(
            session, bundle_of(bundle(entry(patient("y")), wrong, type="batch"))
        )
    assert all(each.expression.startswith("Bundle.entry[1]") for each in caught.value.issues)
    assert refused.error is not None
    assert await count(database) == 1


async def test_the_ledger_says_what_was_asked_and_what_matched(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    async with record.open(system) as session:
        made = await session.create("Patient", patient(), unless=CRITERION)
        await session.create("Patient", patient(), unless=CRITERION)
        await session.update_matching("Patient", CRITERION, patient(family="Autre"))
    async with database.connection() as connection:
        logged = await Reading(ring).of_actor(connection, system.account)
    bodies = [each.facts for each in reversed(logged)]
    assert [body.get("matched") for body in bodies] == [[], [made.id], [made.id]]
    assert all(body["ids"] == [made.id] for body in bodies)
    assert all(body["criterion"] == [list(pair) for pair in CRITERION] for body in bodies)
    assert ["rows" in body and len(body["rows"]) for body in bodies] == [1, False, 1]


async def test_the_ledger_says_what_a_bundle_asked_also_when_it_was_refused(
    record: Record, system: Actor, clinician: Actor, database: Database, ring: KeyRing
) -> None:
    asked = bundle_of(bundle(entry(patient(), ifNoneExist=IF_NONE)))
    async with record.open(clinician) as session:
        with pytest.raises(Forbidden):
            await session.transaction(asked)
    async with record.open(system) as session:
        (made,) = await session.transaction(asked)
        await session.transaction(asked)
    assert made.emitted is not None
    async with database.connection() as connection:
        (refused,) = await Reading(ring).of_actor(connection, clinician.account)
        again, first = await Reading(ring).of_actor(connection, system.account)
    assert refused.outcome.name == "refused"
    assert refused.facts["rule"] == "identity-search"
    for each in (refused, first, again):
        assert each.facts["criteria"] == [[0, "Patient", [["identifier", f"{SYSTEM}|IPP-1"]]]]
    assert (first.facts["matched"], again.facts["matched"]) == ([], [[0, made.emitted.id]])


async def test_several_matches_refuse_the_deletion_and_keep_all(
    record: Record, system: Actor, database: Database
) -> None:
    url = f"Patient?identifier={SYSTEM}|IPP-1"
    async with record.open(system) as session:
        for _ in range(3):
            await session.create("Patient", patient())
        with pytest.raises(PreconditionFailed) as alone:
            await session.delete_matching("Patient", CRITERION)
        with pytest.raises(PreconditionFailed) as within:
            asked = bundle(deletion(url), entry(patient("y")))
            await session.transaction(bundle_of(asked))
        (refused,) = await batch(session, bundle_of(bundle(deletion(url), type="batch")))
    for caught in (alone, within):
        assert [each.code for each in caught.value.issues] == ["multiple-matches"]
    assert within.value.issues[0].expression == "Bundle.entry[0].request"
    assert refused.error is not None and refused.error.category == "precondition"
    assert await count(database) == 3


async def test_a_conditional_delete_deletes_the_one_that_matches_and_then_nothing(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        made = await session.create("Patient", patient())
        other = await session.create("Patient", patient("IPP-2"))
        gone = await session.delete_matching("Patient", CRITERION)
        assert gone is not None
        assert (gone.id, gone.version, gone.deleted) == (made.id, 2, True)
        assert await session.delete_matching("Patient", CRITERION) is None
        with pytest.raises(Gone):
            await session.read("Patient", made.id)
        assert (await session.read("Patient", other.id)).version == 1
        versions = await session.history("Patient", made.id)
    assert [each.deleted for each in versions.entries] == [True, False]
    assert await count(database) == 1


async def test_a_version_named_with_a_conditional_delete_must_be_current(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        with pytest.raises(PreconditionFailed):
            await session.delete_matching("Patient", CRITERION, expected=1)
        made = await session.create("Patient", patient())
        await session.update("Patient", made.id, patient(family="Autre", id=made.id))
        with pytest.raises(PreconditionFailed):
            await session.delete_matching("Patient", CRITERION, expected=1)
        url = f"Patient?{IF_NONE}"
        with pytest.raises(PreconditionFailed):
            asked = bundle(deletion(url, ifMatch='W/"1"'))
            await session.transaction(bundle_of(asked))
        assert await count(database) == 1
        (gone,) = await session.transaction(bundle_of(bundle(deletion(url, ifMatch='W/"2"'))))
        assert gone.emitted is not None and gone.emitted.version == 3
    assert await count(database) == 0


LABORATORY = Actor(
    19, "lab", frozenset({"system"}), 20, scope="system/Observation.cruds?category=laboratory"
)
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def observation(category: str, code: str = "x") -> bytes:
    made = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": category}]}],
        "code": {"coding": [{"system": "urn:code", "code": code}]},
    }
    return json.dumps(made).encode()


async def test_what_is_hidden_is_no_match_of_a_deletion_and_is_not_counted(
    record: Record, system: Actor, database: Database
) -> None:
    """Hidden ones are as if they were not: alone, and beside one that may be deleted."""
    criterion = [("code", "urn:code|x")]
    async with record.open(system) as session:
        for _ in range(2):
            await session.create("Observation", observation("vital-signs"))
    async with record.open(LABORATORY) as session:
        assert await session.delete_matching("Observation", criterion) is None
        asked = bundle_of(bundle(deletion("Observation?code=urn:code%7Cx")))
        (nothing,) = await session.transaction(asked)
        assert nothing.emitted is None and nothing.error is None
        with pytest.raises(PreconditionFailed):
            await session.delete_matching("Observation", criterion, expected=1)
    async with record.open(system) as session:
        own = await session.create("Observation", observation("laboratory"))
    async with record.open(LABORATORY) as session:
        gone = await session.delete_matching("Observation", criterion)
    assert gone is not None and gone.id == own.id
    assert await count(database) == 2


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        ("system/Patient.cru", True),
        ("system/Patient.crus", True),
        ("system/Patient.d", True),
        ("system/Observation.cruds system/Patient.rs", True),
        ("system/Patient.ds", False),
    ],
)
async def test_a_conditional_delete_needs_the_letters_of_a_delete_and_of_a_search(
    record: Record, system: Actor, database: Database, scope: str, refused: bool
) -> None:
    async with record.open(system) as session:
        await session.create("Patient", patient())
    scoped = replace(system, scope=scope, client="client-0123456789abcdef")
    asked = bundle_of(bundle(deletion(f"Patient?{IF_NONE}")))
    async with record.open(scoped) as session:
        if refused:
            with pytest.raises(Forbidden):
                await session.transaction(asked)
            with pytest.raises(Forbidden):
                await session.delete_matching("Patient", CRITERION)
        else:
            await session.delete_matching("Patient", CRITERION)
    assert await count(database) == int(refused)


async def test_what_is_found_and_may_not_be_deleted_stays_and_answers_like_what_is_not_there(
    record: Record, system: Actor, database: Database
) -> None:
    async with record.open(system) as session:
        await session.create("Patient", patient(gender="male"))
    scope = "system/Patient.rs system/Patient.d?gender=female"
    async with record.open(replace(system, scope=scope)) as session:
        with pytest.raises(NotFound):
            await session.delete_matching("Patient", CRITERION)
        with pytest.raises(NotFound):
            await session.transaction(bundle_of(bundle(deletion(f"Patient?{IF_NONE}"))))
    assert await count(database) == 1


async def test_a_role_that_may_not_delete_learns_nothing_from_a_conditional_delete(
    record: Record, system: Actor, database: Database
) -> None:
    asked = bundle_of(bundle(deletion(f"Patient?{IF_NONE}")))
    told = []
    for _ in range(3):
        async with record.open(REGISTRAR, "HOPERAT") as session:
            with pytest.raises(Forbidden) as alone:
                await session.delete_matching("Patient", CRITERION)
            with pytest.raises(Forbidden) as within:
                await session.transaction(asked)
        told.append((str(alone.value), str(within.value)))
        async with record.open(system) as session:
            await session.create("Patient", patient())
    assert len(set(told)) == 1
    assert await count(database) == 3


async def test_a_bundle_deletes_by_criterion_before_it_makes_what_would_match(
    record: Record, system: Actor, database: Database
) -> None:
    """https://hl7.org/fhir/R4/http.html#trules: deletions come first."""
    url = f"Patient?{IF_NONE}"
    asked = bundle_of(bundle(entry(patient(family="Autre")), deletion(url)))
    async with record.open(system) as session:
        before = await session.create("Patient", patient())
        made, gone = await session.transaction(asked)
        assert made.emitted is not None and made.emitted.created
        assert gone.emitted is not None and gone.emitted.id == before.id
        made_again, gone_again = await session.transaction(asked)
        assert made_again.emitted is not None and gone_again.emitted is not None
        assert gone_again.emitted.id == made.emitted.id
        (alone, nothing) = await batch(
            session, bundle_of(bundle(deletion(url), deletion(url), type="batch"))
        )
    assert alone.emitted is not None and alone.emitted.id == made_again.emitted.id
    assert nothing == Result("DELETE")
    assert await count(database) == 0


@pytest.mark.parametrize(
    "other",
    [
        deletion("Patient/a"),
        deletion("Patient?_id=a"),
        entry(patient(id="a", family="Autre"), "Patient/a"),
        entry(patient(family="Autre"), "Patient?_id=a"),
        entry(patient(), ifNoneExist="_id=a"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
async def test_a_bundle_that_deletes_by_criterion_what_another_entry_names_is_refused(
    record: Record, system: Actor, database: Database, other: dict[str, Any], first: bool
) -> None:
    entries = [deletion(f"Patient?{IF_NONE}"), other]
    async with record.open(system) as session:
        await session.update("Patient", "a", patient(id="a"))
        with pytest.raises(Incorrect) as caught:
            await session.transaction(bundle_of(bundle(*entries[:: 1 if first else -1])))
        assert [each.code for each in caught.value.issues] == ["duplicate"]
        assert (await session.read("Patient", "a")).version == 1
    assert await count(database) == 1


async def test_the_ledger_says_what_a_conditional_delete_asked_and_what_matched(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    asked = bundle_of(bundle(deletion(f"Patient?{IF_NONE}")))
    async with record.open(system) as session:
        ids = []
        for _ in range(2):
            ids.append((await session.create("Patient", patient())).id)
            if len(ids) == 1:
                await session.delete_matching("Patient", CRITERION)
                await session.delete_matching("Patient", CRITERION)
        await session.transaction(asked)
        await session.transaction(asked)
    async with database.connection() as connection:
        logged = await Reading(ring).of_actor(connection, system.account)
    bodies = [each.facts for each in reversed(logged) if "matched" in each.facts]
    assert [each["matched"] for each in bodies] == [[ids[0]], [], [[0, ids[1]]], []]
    assert [len(each.get("rows", ())) for each in bodies] == [1, 0, 1, 0]
    assert bodies[0]["criterion"] == [list(pair) for pair in CRITERION]
    assert bodies[2]["criteria"] == [[0, "Patient", [["identifier", f"{SYSTEM}|IPP-1"]]]]
