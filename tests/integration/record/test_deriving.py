"""Reach follows a rule that changed, or was not kept to, while records are read and written."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.db import Database
from egide.errors import Conflict, EgideError, Forbidden, NotFound
from egide.ledger import Ledger
from egide.ops.verify import verify_all
from egide.record import Derivation, Record, derivation, rule_of
from egide.seal import KeyRing

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
SHORT, LONG = timedelta(days=10), timedelta(days=60)
DOCTOR = Actor(
    7,
    "app",
    frozenset({"clinician"}),
    8,
    assurance=2,
    practitioner="doctor",
    establishment="hospital",
)
OPERATOR = Actor(1, "test-operator", frozenset({"administrator"}), 1003, assurance=2)
PATIENTS = [f"p{number}" for number in range(6)]
Door = Callable[[timedelta], Awaitable[Record]]
Rows = set[tuple[Any, ...]]


@pytest.fixture
def door(database: Database, ring: KeyRing, ledger: Ledger) -> Door:
    """The one door, as an installation with a care grace opens it."""

    async def opened(grace: timedelta) -> Record:
        found = Record(database, ring, ledger, clock=lambda: NOW, zone=ZONE, care_grace=grace)
        await found.start()
        return found

    return opened


@pytest.fixture
async def record(door: Door) -> Record:
    return await door(SHORT)


@pytest.fixture(autouse=True)
async def population(put: Put) -> None:
    """One patient after the other, cared for in another way each."""
    doctor = {"reference": "Practitioner/doctor"}
    for number, patient in enumerate(PATIENTS):
        whose = {"reference": f"Patient/{patient}"}
        await put("Patient", patient)
        ended = {"period": {"start": "2026-01-01", "end": f"2026-05-{10 + number:02}"}}
        # Over under the short grace, not under the long one.
        await put("Encounter", f"e-{patient}", status="finished", subject=whose, **ended,
                  participant=[{"individual": doctor}],
                  **{"class": {"system": "urn:v", "code": "IMP"}})  # fmt: skip
        await put("RelatedPerson", f"r-{patient}", patient=whose)
    await put("CareTeam", "team", status="active", subject={"reference": "Patient/p0"},
              participant=[{"member": {"reference": "PractitionerRole/role"}}])  # fmt: skip
    await put("PractitionerRole", "role", practitioner=doctor)
    await put("EpisodeOfCare", "care", status="active", patient={"reference": "Patient/p1"},
              managingOrganization={"reference": "Organization/hospital"},
              period={"start": "2026-01-01"})  # fmt: skip
    await put("Consent", "no", status="active", scope={"text": "x"}, category=[{"text": "x"}],
              policyRule={"text": "x"}, patient={"reference": "Patient/p5"},
              provision={"type": "deny"})  # fmt: skip


async def reach(database: Database) -> Rows:
    """Everything reach is made of."""
    async with database.connection() as connection:
        found = await connection.fetch(
            "select 'tie' as what, member, patient_key::text, source, kind, since, until from reach"
            " union all"
            " select 'role', practitioner, '', role, 0, since, until from reach_role"
        )
    return {tuple(each.values()) for each in found}


async def seen(record: Record, actor: Actor = DOCTOR) -> set[str]:
    async with record.open(actor) as session:
        return {each.id for each in (await session.search("Patient", [])).entries}


async def run(record: Record, *, stretch: int = 3, again: bool = False) -> list[Derivation]:
    async with record.open(OPERATOR, "HSYSADMIN") as session:
        return [each async for each in session.derive_reach(stretch=stretch, again=again)]


async def owed(database: Database, grace: timedelta) -> Derivation | None:
    return await derivation(database, rule_of(ZONE, grace))


@pytest.mark.parametrize("role", ["system", "clinician", "registrar", "auditor"])
async def test_only_who_runs_the_installation_derives(record: Record, role: str) -> None:
    actor = Actor(9, "app", frozenset({role}), 10, assurance=2)
    async with record.open(actor, "HSYSADMIN") as session:
        with pytest.raises(Forbidden):
            await anext(session.derive_reach(again=True))


async def test_what_was_written_by_the_present_rule_owes_nothing(
    record: Record, database: Database
) -> None:
    assert await owed(database, SHORT) is None
    assert await run(record) == []


async def test_a_longer_grace_opens_once_it_was_derived(
    record: Record, door: Door, database: Database, ring: KeyRing
) -> None:
    longer = await door(LONG)
    assert await owed(database, LONG) is not None
    before = {"p0", "p1"}
    assert await seen(longer) == before
    sizes = []
    async with longer.open(OPERATOR, "HSYSADMIN") as session:
        async for place in session.derive_reach(stretch=2):
            sizes.append(len(await seen(longer)))
            assert place.total == 22
    assert sizes == sorted(sizes)
    assert set(sizes) == {2, 4, 5}, "each stretch opens what it derived, and no other"
    assert await seen(longer) == {*PATIENTS} - {"p5"}
    assert await owed(database, LONG) is None
    report = await verify_all(database, ring, rows=True)
    assert report.findings == []


async def test_what_was_written_before_establishments_told_follows(
    record: Record, database: Database, put: Put, system: Actor
) -> None:
    """As an installation was whose rule said nothing of them yet."""
    managed = {"managingOrganization": {"reference": "Organization/hospital"}}
    await put("Patient", "p2", **managed)
    desk = Actor(13, "desk", frozenset({"registrar"}), 14, held="hospital")

    async def seen() -> set[str]:
        async with record.open(desk, "HOPERAT") as session:
            return {each.id for each in (await session.search("Patient", [])).entries}

    assert await seen() == {"p1", "p2"}
    written = await reach(database)
    async with database.connection() as connection:
        await connection.execute("delete from reach where kind = 6")
        await connection.execute("update reach_rule set rule = '1' || substr(rule, 2)")
    assert await seen() == set()
    assert await owed(database, SHORT) is not None
    await run(record)
    assert await seen() == {"p1", "p2"}
    assert await reach(database) == written
    async with database.connection() as connection:
        source = await connection.fetchval("select source from reach where kind = 6 limit 1")
        await connection.execute("delete from resource where id = $1", source)
    await run(record, again=True)
    assert len(await seen()) == 1


async def test_a_shorter_grace_closes_once_it_was_derived_and_not_before(
    door: Door, database: Database, record: Record
) -> None:
    await run(await door(LONG))
    shorter = await door(SHORT)
    assert await seen(shorter) == {*PATIENTS} - {"p5"}
    await run(shorter)
    assert await seen(shorter) == {"p0", "p1"}


async def test_a_pass_gives_just_what_writing_anew_would(
    door: Door, database: Database, record: Record, put: Put, system: Actor
) -> None:
    longer = await door(LONG)
    await run(longer)
    derived = await reach(database)
    names = [("Encounter", f"e-{patient}") for patient in PATIENTS]
    names += [("RelatedPerson", f"r-{patient}") for patient in PATIENTS]
    names += [("CareTeam", "team"), ("PractitionerRole", "role"), ("EpisodeOfCare", "care")]
    async with database.connection() as connection:
        await connection.execute("truncate reach, reach_role")
    async with longer.open(system) as session:
        for type, id in names:
            body = json.loads((await session.read(type, id)).body)
            await session.update(type, id, json.dumps(body | {"language": "fr"}).encode())
    assert await reach(database) == derived


async def test_what_a_mended_bug_had_left_out_or_left_over_is_put_right(
    record: Record, database: Database, ring: KeyRing
) -> None:
    async with record.open(OPERATOR, "HSYSADMIN") as session:
        await session.grant("p3", 7)
    right = await reach(database)
    stray = ring.blind.ident("CareTeam", "never-was")
    team = ring.blind.ident("CareTeam", "team")
    async with database.connection() as connection:
        await connection.execute("delete from reach where source = $1", team)
        await connection.execute("delete from reach_role")
        await connection.execute("delete from policy")
        await connection.execute("update reach set until = 'infinity' where kind = 5")
        await connection.execute(
            "insert into reach select member, patient_key, $1, 1, since, until from reach limit 2",
            stray,
        )
        await connection.execute(
            "insert into reach_role values ($1, $1, '2020-01-01', '9999-01-01')", stray
        )
    assert await run(record) == []
    assert await reach(database) != right
    changed = (await run(record, again=True))[-1].changed
    assert changed == len(PATIENTS) + 3
    assert await reach(database) == right
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from policy") == 1
    assert (await run(record, again=True))[-1].changed == 0


async def test_an_opposition_whose_epoch_was_lost_is_heeded_again(
    record: Record, database: Database, put: Put
) -> None:
    async with record.open(OPERATOR, "HSYSADMIN") as session:
        await session.grant("p5", 7)
    assert await seen(record) == {"p0", "p1"}
    async with database.connection() as connection:
        await connection.execute("delete from policy")
    assert await seen(record) == {"p0", "p1", "p5"}
    await run(record, again=True)
    async with record.open(DOCTOR) as session:
        with pytest.raises(NotFound):
            await session.read("Patient", "p5")


async def stopped_after(record: Record, stretches: int) -> Derivation:
    """A pass that stops after some stretches, as when its process is killed between two."""
    async with record.open(OPERATOR, "HSYSADMIN") as session:
        going = session.derive_reach(stretch=3)
        for _ in range(stretches):
            place = await anext(going)
        await going.aclose()  # type: ignore[attr-defined]
    return place


async def test_a_pass_that_was_stopped_goes_on_where_it_was(
    record: Record, door: Door, database: Database
) -> None:
    longer = await door(LONG)
    place = await stopped_after(longer, 3)
    left = await owed(database, LONG)
    assert left is not None and left.seen == place.seen > 0
    following = await run(longer)
    assert following[0].seen > place.seen
    assert await seen(longer) == {*PATIENTS} - {"p5"}
    assert await owed(database, LONG) is None


async def test_a_stretch_that_fails_halfway_leaves_the_old_reach_and_its_place(
    record: Record, door: Door, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = await door(LONG)
    place = await stopped_after(longer, 2)
    before = await reach(database)
    broken = "create function fail() returns trigger language plpgsql as $$ begin raise 'x'; end $$"
    async with database.connection() as connection:
        await connection.execute(broken)
        await connection.execute(
            "create trigger fail before update of seen on reach_rule execute function fail()"
        )
    with pytest.raises(EgideError, match="P0001"):
        await run(longer)
    assert await reach(database) == before
    async with database.connection() as connection:
        await connection.execute("drop trigger fail on reach_rule")
    left = await owed(database, LONG)
    assert left is not None and left.seen == place.seen
    await run(longer)
    assert await seen(longer) == {*PATIENTS} - {"p5"}


async def test_a_rule_that_changes_during_a_pass_begins_it_anew(
    record: Record, door: Door, database: Database
) -> None:
    longer = await door(LONG)
    await stopped_after(longer, 3)
    # Back to the rule all was derived by, but for what the pass had done already.
    assert await owed(database, SHORT) is not None
    await run(record)
    assert await owed(database, SHORT) is None
    assert await seen(record) == {"p0", "p1"}


async def test_two_do_not_derive_at_once(record: Record) -> None:
    async with record.open(OPERATOR, "HSYSADMIN") as session:
        first = session.derive_reach(again=True, stretch=2)
        await anext(first)
        with pytest.raises(Conflict):
            await run(record)
        await first.aclose()  # type: ignore[attr-defined]


async def test_what_is_written_meanwhile_gives_what_it_says(
    record: Record, door: Door, database: Database, put: Put, system: Actor
) -> None:
    longer = await door(LONG)
    doctor = {"reference": "Practitioner/doctor"}
    async with longer.open(OPERATOR, "HSYSADMIN") as session:
        turn = 0
        async for _ in session.derive_reach(stretch=2):
            turn += 1
            async with longer.open(system) as writing:
                if turn == 2:
                    await writing.delete("CareTeam", "team")
                    await writing.delete("Encounter", "e-p0")
                if turn == 3:
                    body = {"resourceType": "CareTeam", "id": "late", "status": "active",
                            "subject": {"reference": "Patient/p0"},
                            "participant": [{"member": doctor}]}  # fmt: skip
                    await writing.update("CareTeam", "late", json.dumps(body).encode())
                if turn == 4:
                    await writing.delete("Encounter", "e-p4")
    assert await seen(longer) == {*PATIENTS} - {"p4", "p5"}


async def test_each_stretch_that_changes_something_is_in_the_ledger(
    record: Record, door: Door, database: Database
) -> None:
    longer = await door(LONG)

    async def entries() -> list[int]:
        async with database.connection() as connection:
            found = await connection.fetch(
                "select entry, (select count(*) from ledger_patient p where p.entry = e.entry)"
                " + (e.patient is not null)::int as patients"
                " from ledger_entry e where session = $1 order by entry",
                OPERATOR.session,
            )
        return [each["patients"] for each in found]

    await run(longer, stretch=4)
    # The beginning, the stretches of the six Encounters (four and two), the end.
    assert await entries() == [0, 4, 2, 0]


async def test_another_doctor_reaches_no_more_than_before(record: Record, door: Door) -> None:
    stranger = replace(DOCTOR, account=9, practitioner="other", establishment="elsewhere")
    longer = await door(LONG)
    await run(longer)
    assert await seen(longer, stranger) == set()
