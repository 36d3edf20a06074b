"""Explaining a decision and reviewing rights, for who looks after them."""

import json
from dataclasses import replace

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.api.rest import FHIR
from egide.api.rest.asked import asked_by
from egide.clock import system_clock
from egide.db import Database
from egide.errors import EgideError, Forbidden, Incorrect, NotFound
from egide.ledger.reading import Reading
from egide.record import Asked, Cited, Record
from egide.seal import KeyRing

DOCTOR = Actor(
    7,
    "app",
    frozenset({"clinician"}),
    8,
    assurance=2,
    authenticated=system_clock(),
    practitioner="doctor",
)
AUDITOR = Actor(17, "desk", frozenset({"auditor"}), 18)
OF = {"subject": {"reference": "Patient/p"}}
READ = Asked(("read",), "Observation", "o")
TEAM = {"status": "active", **OF, "participant": [{"member": {"reference": "Practitioner/doctor"}}]}


@pytest.fixture(autouse=True)
async def a_patient(put: Put) -> None:
    await put("Patient", "p", name=[{"family": "Secret"}])
    await put("Observation", "o", status="final", code={"text": "secret"}, **OF)


def agreement(relative: str, **more: object) -> dict[str, object]:
    """A Consent by which a RelatedPerson may see the record of Patient/p."""
    actor = {"role": {"text": "x"}, "reference": {"reference": f"RelatedPerson/{relative}"}}
    return {
        "status": "active",
        "scope": {"text": "x"},
        "category": [{"text": "x"}],
        "policyRule": {"text": "x"},
        "patient": {"reference": "Patient/p"},
        "provision": {"type": "permit", "actor": [actor]},
        **more,
    }


async def reason(
    record: Record,
    actor: Actor,
    request: str,
    purpose: str = "TREAT",
    relatives: tuple[str, ...] = (),
) -> str:
    method, _, address = request.partition(" ")
    async with record.open(AUDITOR, "HOPERAT") as session:
        asked = asked_by(FHIR, method, address)
        found = await session.explain(actor, purpose, asked, relatives=relatives)
    line = found.lines[0]
    return f"{found.outcome} {found.rule} {found.answer}: {line.grant} {line.reason}".strip()


async def test_a_decision_is_explained_by_what_allowed_narrowed_or_refused_it(
    record: Record, put: Put
) -> None:
    read = "GET /fhir/Observation/o"
    assert await reason(record, DOCTOR, read) == "allow clinician/care no: clinician/care reach"
    await put("CareTeam", "t", **TEAM)
    assert await reason(record, DOCTOR, read) == "allow clinician/care yes: clinician/care"
    assert "deny glass-not-broken no" in await reason(record, DOCTOR, read, "BTG")
    assert "training" in await reason(record, replace(DOCTOR, cleared=False), read)
    assert "scope" in await reason(record, replace(DOCTOR, scope="user/Patient.rs"), read)
    assert "deny purpose no" in await reason(record, DOCTOR, read, "HRESCH")
    assert (await reason(record, DOCTOR, "GET /fhir/Observation?code=x")).startswith(
        "allow clinician/care None"
    )
    await put("Consent", "c", status="active", scope={"text": "x"}, category=[{"text": "x"}],
              policyRule={"text": "x"}, patient={"reference": "Patient/p"},
              provision={"type": "deny"})  # fmt: skip
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.explain(DOCTOR, "TREAT", READ)
    assert found.lines[0].reason == "opposition"
    assert found.lines[0].consent == Cited("Consent/c", "opposition")
    assert "ecret" not in json.dumps([str(line) for line in found.lines])


async def test_the_consent_that_opens_is_named_with_its_date_and_who_collected_it(
    record: Record, put: Put
) -> None:
    actor = {"role": {"text": "x"}, "reference": {"reference": "Practitioner/doctor"}}
    collected = {
        "dateTime": "2026-03-01",
        "performer": [{"reference": "Practitioner/nurse", "display": "Secret"}],
        "organization": [{"reference": "Organization/hospital", "display": "Secret"}],
    }
    provision = {"type": "permit", "actor": [actor]}
    await put("Consent", "c", **agreement("nobody", provision=provision, **collected))
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.explain(DOCTOR, "TREAT", READ)
    by = ("Practitioner/nurse", "Organization/hospital")
    assert found.lines[0].answer == "yes"
    assert found.lines[0].consent == Cited("Consent/c", "consent", "2026-03-01", by)
    assert "ecret" not in str(found)


@pytest.mark.parametrize(
    ("purpose", "more"),
    [
        ("FUN", {}),
        ("FAMRQT", {"behalf": "no id"}),
        ("TREAT", {"launched": "../p"}),
        ("TREAT", {"scope": "everything"}),
    ],
)
async def test_what_cannot_be_asked_cannot_be_explained(
    record: Record, purpose: str, more: dict[str, str]
) -> None:
    with pytest.raises(Incorrect):
        await reason(record, replace(DOCTOR, **more), "GET /fhir/Observation/o", purpose)  # type: ignore[arg-type]


async def test_a_version_is_explained_by_its_own_labels(record: Record, put: Put) -> None:
    await put("CareTeam", "t", **TEAM)
    hidden = {"security": [{"system": "urn:oid:1.2.250.1.213.1.1.4.13", "code": "MASQUE_PS"}]}
    await put("Observation", "o", meta=hidden, status="final", code={"text": "secret"}, **OF)
    for version, answer in ((1, "yes"), (2, "no"), (3, "None")):
        said = await reason(record, DOCTOR, f"GET /fhir/Observation/o/_history/{version}")
        assert said.startswith(f"allow clinician/care {answer}"), version
    assert "no: clinician/care label" in await reason(record, DOCTOR, "GET /fhir/Observation/o")


async def test_an_update_is_explained_by_whether_there_is_something_to_update(
    record: Record, system: Actor, put: Put
) -> None:
    await put("CareTeam", "t", **TEAM)
    there, absent = "PUT /fhir/Observation/o", "PUT /fhir/Observation/absent"
    assert (await reason(record, DOCTOR, there)).startswith("allow clinician/care yes")
    assert (await reason(record, DOCTOR, absent)).startswith("deny server-chosen-ids None")
    assert (await reason(record, system, absent)).startswith("allow system/record None")
    reader = replace(DOCTOR, roles=frozenset({"patient"}), patient="p")
    assert (await reason(record, reader, absent, "PATRQT")).startswith("deny no-grant")


async def explained(record: Record, actor: Actor, request: str) -> tuple[str, str, str | None]:
    """Outcome, rule and interaction with what comes of the resource, as an auditor is told."""
    method, _, address = request.partition(" ")
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.explain(actor, "TREAT", asked_by(FHIR, method, address))
    return f"{found.outcome} {found.interaction}", found.rule, found.answer


async def test_a_criterion_is_explained_by_what_it_selects_and_nothing_is_written(
    record: Record, system: Actor, put: Put, database: Database
) -> None:
    async def rows() -> list[int]:
        async with database.connection() as connection:
            statement = "select version from resource order by id"
            return [row["version"] for row in await connection.fetch(statement)]

    one, none, both = "identifier=urn:x|1", "identifier=urn:x|none", "status=final"
    marked = [{"system": "urn:x", "value": "1"}]
    await put("Observation", "i", status="final", code={"text": "secret"}, identifier=marked, **OF)
    before = await rows()
    for query, update, delete in (
        (one, ("allow update", "system/record", "yes"), ("allow delete", "system/record", "yes")),
        (none, ("allow create", "system/record", None), ("allow delete", "system/record", None)),
        (
            both,
            ("deny update", "multiple-matches", None),
            ("deny delete", "multiple-matches", None),
        ),
    ):
        address = f"/fhir/Observation?{query}&_format=json"
        assert await explained(record, system, f"PUT {address}") == update
        assert await explained(record, system, f"DELETE {address}") == delete
    assert await rows() == before


async def test_a_criterion_is_explained_as_refused_to_who_may_not_search_for_everybody(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "t", **TEAM)
    for query in ("status=final", "identifier=urn:x|none"):
        said = await explained(record, DOCTOR, f"PUT /fhir/Observation?{query}")
        assert said == ("deny update", "identity-search", None)
    patient = Actor(15, "portal", frozenset({"patient"}), 16, patient="p")
    _, rule, _ = await explained(record, patient, "DELETE /fhir/Observation?status=final")
    assert rule == "no-grant"


async def test_what_is_hidden_by_a_scope_is_not_selected_by_a_criterion(
    record: Record, system: Actor, put: Put
) -> None:
    coded = {"coding": [{"system": "urn:k", "code": "b"}]}
    await put("Observation", "k", status="amended", code=coded, **OF)
    narrowed = replace(system, scope="system/Observation.cruds?code=urn:k|a")
    asked = "PUT /fhir/Observation?status=amended"
    assert (await explained(record, system, asked))[0] == "allow update"
    assert (await explained(record, narrowed, asked))[0] == "allow create"


@pytest.mark.parametrize("query", ["", "_format=json", "nonsense=1", "status=final&_sort=date"])
async def test_what_is_no_criterion_is_explained_no_more_than_it_is_done(
    record: Record, system: Actor, query: str
) -> None:
    with pytest.raises(EgideError) as done:
        async with record.open(system) as session:
            pairs = [tuple(each.split("=")) for each in query.split("&") if "=" in each]
            chosen = [pair for pair in pairs if pair[0] != "_format"]
            await session.delete_matching("Observation", chosen)  # type: ignore[arg-type]
    with pytest.raises(EgideError) as explaining:
        await explained(record, system, f"DELETE /fhir/Observation?{query}")
    assert str(explaining.value) == str(done.value)
    assert explaining.value.category == "incorrect"


async def test_explaining_a_criterion_counts_for_who_asks_and_is_in_the_ledger(
    record: Record, system: Actor, database: Database, ring: KeyRing
) -> None:
    narrowed = replace(system, account=909, scope="system/Observation.cruds?code=urn:k|a")
    await explained(record, narrowed, "PUT /fhir/Observation?status=final")
    async with database.connection() as connection:
        last, *_ = await Reading(ring).of_actor(connection, AUDITOR.account)
        assert await Reading(ring).of_actor(connection, narrowed.account) == []
    assert last.facts["criterion"] == [["status", "final"]]
    assert last.outcome.name == "success"


@pytest.mark.parametrize(
    ("actor", "request_", "purpose", "said"),
    [
        (DOCTOR, "GET /fhir", "TREAT", "allow clinician/care"),
        (DOCTOR, "POST /fhir/_search", "TREAT", "allow clinician/care"),
        (DOCTOR, "POST /fhir", "TREAT", "allow clinician/bundle"),
        (DOCTOR, "PUT /fhir/Observation?code=x", "TREAT", "deny identity-search"),
        (DOCTOR, "GET /fhir/Observation/o/$meta", "TREAT", "allow clinician/care no"),
        (DOCTOR, "POST /fhir/$explain", "TREAT", "deny no-grant"),
        (DOCTOR, "GET /fhir/$broken-glass", "TREAT", "deny no-grant"),
        (DOCTOR, "GET /fhir/metadata", "TREAT", "allow open-to-anyone"),
        (AUDITOR, "POST /fhir/$broken-glass", "HOPERAT", "allow auditor/rights"),
    ],
)
async def test_every_kind_of_request_is_explained(
    record: Record, actor: Actor, request_: str, purpose: str, said: str
) -> None:
    method, _, address = request_.partition(" ")
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.explain(actor, purpose, asked_by(FHIR, method, address))
    assert f"{found.outcome} {found.rule} {found.answer or ''}".strip() == said


async def test_a_bundle_is_explained_as_the_kind_that_may_be_sent(record: Record) -> None:
    patient = Actor(15, "portal", frozenset({"patient"}), 16, patient="p")
    bundle = Asked(("transaction", "batch"))
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.explain(patient, "PATRQT", bundle)
        assert (found.outcome, found.interaction) == ("allow", "batch")
        found = await session.explain(DOCTOR, "TREAT", bundle)
        assert (found.outcome, found.interaction) == ("allow", "transaction")


async def test_a_relative_is_explained_for_the_patient_he_acts_for(
    record: Record, put: Put
) -> None:
    read = "GET /fhir/Observation/o"
    relative = Actor(21, "portal", frozenset({"relative"}), 22, relative="of-nobody", behalf="p")
    ties = ("of-nobody", "of-p")
    closed = "allow relative/on-behalf no: relative/on-behalf behalf"
    assert await reason(record, relative, read, "FAMRQT", ties) == closed
    await put("RelatedPerson", "of-p", patient={"reference": "Patient/p"})
    assert await reason(record, relative, read, "FAMRQT", ties) == closed
    await put("Consent", "c", **agreement("of-p"))
    opened = "allow relative/on-behalf yes: relative/on-behalf"
    assert await reason(record, relative, read, "FAMRQT", ties) == opened
    assert await reason(record, relative, read, "FAMRQT", ("of-nobody",)) == closed
    alone = replace(relative, behalf=None)
    assert await reason(record, alone, read, "FAMRQT", ties) == closed
    assert "behalf" in await reason(record, replace(relative, behalf="q"), read, "FAMRQT", ties)


async def test_what_an_application_is_granted_narrows_what_is_explained(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "t", **TEAM)
    read = "GET /fhir/Observation/o"
    through = replace(DOCTOR, scope="patient/Observation.rs", launched="p")
    assert (await reason(record, through, read)).startswith("allow clinician/care yes")
    assert "launched" in await reason(record, replace(through, launched="q"), read)
    assert "scope" in await reason(record, replace(through, scope="patient/Condition.rs"), read)


@pytest.mark.parametrize("role", ["clinician", "registrar", "patient", "relative", "system"])
async def test_only_who_looks_after_rights_may_explain_and_review(
    record: Record, role: str
) -> None:
    purpose = {"patient": "PATRQT", "registrar": "HOPERAT", "relative": "FAMRQT"}.get(role, "TREAT")
    async with record.open(replace(AUDITOR, roles=frozenset({role})), purpose) as session:
        with pytest.raises(Forbidden):
            await session.explain(DOCTOR, "TREAT", READ)
        with pytest.raises(Forbidden):
            await session.rights([DOCTOR], days=30)


async def test_a_review_says_what_is_reached_and_what_was_dormant_first(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "t", **TEAM)
    idle = Actor(99, "old", frozenset({"system"}), 100)
    async with record.open(DOCTOR) as session:
        await session.read("Observation", "o")
        with pytest.raises(Forbidden):
            await session.read("AuditEvent", "x")
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.rights([DOCTOR, idle], days=30)
    assert [(each.account, each.dormant, each.reaches) for each in found] == [
        (99, True, None),
        (7, False, 1),
    ]
    assert (found[1].entries, found[1].refused, found[1].patients) == (2, 1, 1)


async def test_among_several_accounts_all_the_dormant_come_before_all_the_busy(
    record: Record, put: Put
) -> None:
    """Whatever order they are named in, and whatever they may reach."""
    await put("CareTeam", "t", **TEAM)
    colleague = replace(DOCTOR, account=8, session=9)
    idle = [
        replace(DOCTOR, account=5, practitioner="nobody"),
        replace(DOCTOR, account=50, practitioner="doctor"),
        Actor(60, "old", frozenset({"system"}), 61),
        Actor(61, "none", frozenset(), 62),
    ]
    async with record.open(DOCTOR) as session:
        await session.read("Observation", "o")
    async with record.open(colleague) as session:
        await session.read("Observation", "o")
        with pytest.raises(Forbidden):
            await session.read("AuditEvent", "x")
    busy = [DOCTOR, colleague]
    for named in (
        [*busy, *idle],
        [*idle, *busy],
        [idle[2], DOCTOR, idle[0], colleague, *idle[1::2]],
    ):
        async with record.open(AUDITOR, "HOPERAT") as session:
            found = await session.rights(named, days=30)
        dormant = [each.account for each in found if each.dormant]
        assert [each.account for each in found][: len(dormant)] == dormant
        assert set(dormant) == {each.account for each in idle}
        assert {each.account for each in found[len(dormant) :]} == {7, 8}
        assert [each.reaches for each in found if each.account in (60, 61)] == [None, 0]


async def test_what_was_refused_was_not_reached(record: Record, put: Put) -> None:
    async with record.open(DOCTOR) as session:
        with pytest.raises(NotFound):
            await session.read("Observation", "o")
    async with record.open(AUDITOR, "HOPERAT") as session:
        (found,) = await session.rights([DOCTOR], days=30)
    assert (found.refused, found.patients, found.dormant) == (1, 0, True)


async def test_a_patient_reached_by_several_ties_is_counted_once(
    record: Record, put: Put, system: Actor
) -> None:
    here = replace(DOCTOR, establishment="ward")
    await put("PractitionerRole", "r", practitioner={"reference": "Practitioner/doctor"})
    await put("Patient", "q")
    members = ("Practitioner/doctor", "Organization/ward", "PractitionerRole/r")
    for number, member in enumerate(members):
        await put("CareTeam", f"t{number}", status="active", **OF,
                  participant=[{"member": {"reference": member}}])  # fmt: skip
    await put("CareTeam", "of-q", status="active", subject={"reference": "Patient/q"},
              participant=[{"member": {"reference": "PractitionerRole/r"}}])  # fmt: skip
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.rights([here, replace(DOCTOR, account=70)], days=30)
    assert {each.account: each.reaches for each in found} == {7: 2, 70: 2}


async def test_a_relative_reaches_those_he_may_act_for_now(record: Record, put: Put) -> None:
    relative = Actor(21, "portal", frozenset({"relative"}), 22, relative="of-p")
    await put("Patient", "q")

    async def reaches(*relatives: str) -> int | None:
        async with record.open(AUDITOR, "HOPERAT") as session:
            (found,) = await session.rights([relative], days=30, relatives={21: relatives})
        return found.reaches

    await put("RelatedPerson", "of-p", patient={"reference": "Patient/p"})
    await put("RelatedPerson", "again-of-p", patient={"reference": "Patient/p"})
    await put("RelatedPerson", "of-q", patient={"reference": "Patient/q"})
    both = ("of-p", "again-of-p", "of-q")
    assert await reaches(*both) == 0
    await put("Consent", "c", **agreement("of-p"))
    await put("Consent", "d", **agreement("again-of-p"))
    assert await reaches(*both) == 1
    assert await reaches("of-q") == await reaches() == 0
    await put("Consent", "e", **agreement("of-q", patient={"reference": "Patient/q"}))
    assert await reaches(*both) == 2
    for consent in ("c", "d"):
        person = {"c": "of-p", "d": "again-of-p"}[consent]
        await put("Consent", consent, **agreement(person, status="inactive"))
    assert await reaches(*both) == 1


async def test_a_patient_reaches_himself_if_he_is_there(record: Record) -> None:
    own = Actor(15, "portal", frozenset({"patient"}), 16, patient="p")
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.rights([own, replace(own, account=16, patient="absent")], days=30)
    assert {each.account: each.reaches for each in found} == {15: 1, 16: 0}


async def test_a_broken_glass_is_reach_until_its_time_is_over(record: Record) -> None:
    async with record.open(DOCTOR, "BTG") as session:
        await session.break_glass("p", code="cannot-speak", text="found unconscious at home")
    other = replace(DOCTOR, account=70)
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.rights([DOCTOR, other], days=30)
    assert {each.account: each.reaches for each in found} == {7: 1, 70: 0}


async def test_a_role_that_was_not_used_is_dormant_though_the_account_is_not(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "t", **TEAM)
    both = replace(DOCTOR, account=70, roles=frozenset({"clinician", "registrar"}))
    busy = replace(DOCTOR, roles=frozenset({"clinician"}))
    for actor in (both, busy):
        async with record.open(actor) as session:
            await session.read("Observation", "o")

    async def idle() -> dict[int, set[str]]:
        async with record.open(AUDITOR, "HOPERAT") as session:
            found = await session.rights([busy, both], days=30)
        assert not any(each.dormant for each in found)
        return {each.account: set(each.idle) for each in found}

    assert list((await idle()).items()) == [(70, {"registrar"}), (7, set())]
    async with record.open(both, "HOPERAT") as session:
        with pytest.raises(Forbidden):
            await session.read("Observation", "o")
    assert (await idle())[70] == {"registrar"}
    async with record.open(both, "HOPERAT") as session:
        await session.read("Patient", "p")
    assert (await idle())[70] == set()


async def test_roles_held_for_an_establishment_reach_its_patients_and_no_more(
    record: Record, put: Put
) -> None:
    of_h = {"managingOrganization": {"reference": "Organization/h"}}
    for patient, more in (("p", {}), ("q", of_h), ("r", of_h)):
        await put("Patient", patient, **more)
        await put("CareTeam", f"t-{patient}", status="active",
                  subject={"reference": f"Patient/{patient}"},
                  participant=[{"member": {"reference": "Practitioner/doctor"}}])  # fmt: skip
    await put("CareTeam", "t-r", status="inactive", subject={"reference": "Patient/r"})
    actors = [
        Actor(50, "desk", frozenset({"registrar"}), 51),
        Actor(52, "desk", frozenset({"registrar"}), 53, held="h"),
        replace(DOCTOR, account=54),
        replace(DOCTOR, account=56, held="h"),
        replace(DOCTOR, account=58, held="nowhere"),
    ]
    async with record.open(actors[3], "BTG") as session:
        await session.break_glass("p", code="cannot-speak", text="found unconscious at home")
    async with record.open(AUDITOR, "HOPERAT") as session:
        found = await session.rights(actors, days=30)
    assert {each.account: (each.held, each.reaches) for each in found} == {
        50: (None, None),
        52: ("h", 2),
        54: (None, 2),
        56: ("h", 2),
        58: ("nowhere", 0),
    }


async def test_a_decision_is_explained_by_the_establishment_the_roles_are_held_for(
    record: Record, put: Put
) -> None:
    await put("CareTeam", "t", **TEAM)
    read, held = "GET /fhir/Observation/o", replace(DOCTOR, held="h")
    establishment = "allow clinician/care no: clinician/care establishment"
    assert await reason(record, held, read) == establishment
    await put("Patient", "p", managingOrganization={"reference": "Organization/h"})
    assert await reason(record, held, read) == "allow clinician/care yes: clinician/care"
    elsewhere = replace(DOCTOR, held="g")
    assert await reason(record, elsewhere, read) == establishment
    auditor = replace(AUDITOR, held="h")
    assert "deny held" in await reason(record, auditor, "GET /fhir/$broken-glass", "HOPERAT")
