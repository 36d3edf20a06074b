"""What any interaction returns or counts is exactly what `decide` allows, one resource at a time.

Populations, policies and actors are drawn from a seed. What is expected is computed from the
resources by the pure parts of the gate alone, without the tables that queries use.
"""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from egide.actor import Actor
from egide.errors import EgideError, Forbidden, Gone, NotFound
from egide.gate import Facts, ResourceFacts, decide, granted
from egide.gate.choices import Choices, Content, choice
from egide.gate.ties import TYING, Kind, ties_of
from egide.record import Item, Record, part_digest
from egide.record.labels import labels_of

PARIS = ZoneInfo("Europe/Paris")
PATIENTS = ["p0", "p1", "p2", "p3"]
LABELS = {
    "R": ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R"),
    "V": ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "V"),
    "ps": ("urn:oid:1.2.250.1.213.1.1.4.13", "MASQUE_PS"),
    "patient": ("urn:oid:1.2.250.1.213.1.1.4.13", "INVISIBLE_PATIENT"),
    "parents": ("urn:oid:1.2.250.1.213.1.1.4.13", "INVISIBLE_REPRESENTANTS_LEGAUX"),
}
DOCTOR = Actor(7, "app", frozenset({"clinician"}), 8, practitioner="d", establishment="h")
ACTORS = {
    "doctor": (DOCTOR, "TREAT"),
    "expert": (replace(DOCTOR, account=9, practitioner="e", establishment=None), "TREAT"),
    "relative": (
        Actor(11, "portal", frozenset({"relative"}), 12, relative="r", behalf="p1"),
        "FAMRQT",
    ),
    "patient": (Actor(15, "portal", frozenset({"patient"}), 16, patient="p0"), "PATRQT"),
    "desk": (Actor(13, "desk", frozenset({"registrar"}), 14), "HOPERAT"),
    "launched": (replace(DOCTOR, scope="patient/*.rs", launched="p2"), "TREAT"),
    "narrowed": (replace(DOCTOR, scope="user/Observation.rs?code=http://x|1"), "TREAT"),
    "unlaunched": (replace(DOCTOR, scope="patient/*.cruds"), "TREAT"),
}
Body = dict[str, Any]


def ref(reference: str) -> Body:
    return {"reference": reference}


class Population:
    """Resources drawn from a seed, and what the gate says of each by itself."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.resources: dict[str, Body] = {}
        for patient in PATIENTS:
            self._add("Patient", patient, name=[{"family": f"Family{patient}"}])
            self._fill(patient)
        self.ties = [
            tie
            for each in self.resources.values()
            if each["resourceType"] in TYING
            for tie in ties_of(each["resourceType"], each, zone=PARIS, grace=timedelta(days=30))
        ]

    def _add(self, type: str, id: str, **elements: Any) -> None:
        self.resources[f"{type}/{id}"] = {"resourceType": type, "id": id, **elements}

    def _fill(self, patient: str) -> None:
        draw, whose = self.chance, ref(f"Patient/{patient}")
        for number in range(5):
            meta = {}
            if draw.random() < 0.5:
                system, code = LABELS[draw.choice(list(LABELS))]
                meta = {"meta": {"security": [{"system": system, "code": code}]}}
            coding = {"system": "http://x", "code": draw.choice("123")}
            self._add("Observation", f"o{number}-{patient}", status="final", subject=whose,
                      code={"coding": [coding]}, **meta)  # fmt: skip
            self._add("Appointment", f"a{number}-{patient}", status="booked",
                start="2026-05-01T10:00:00Z",
                end="2026-05-01T10:30:00Z",
                      participant=[{"actor": whose, "status": "accepted"}], **meta)  # fmt: skip
        if draw.random() < 0.6:
            member = draw.choice(["Practitioner/d", "Organization/h", "Practitioner/e"])
            period = draw.choice([{}, {"period": {"end": "2020-01-01"}}])
            self._add("CareTeam", f"t-{patient}", status=draw.choice(["active", "inactive"]),
                      subject=whose, participant=[{"member": ref(member)}], **period)  # fmt: skip
        if draw.random() < 0.7:
            self._add("RelatedPerson", "r" if patient == "p1" else f"r-{patient}", patient=whose)
        if patient == "p1":
            actor = {"role": {"text": "x"}, "reference": ref("RelatedPerson/r")}
            permit = {"type": "permit", "provision": [self._provision(0) | {"type": "deny"}]}
            self._add("Consent", "mother", status="active", scope={"text": "x"},
                      category=[{"text": "x"}], policyRule={"text": "x"}, patient=whose,
                      provision=permit | {"actor": [actor]})  # fmt: skip
        for number in range(draw.choice([0, 1, 2])):
            self._add("Consent", f"c{number}-{patient}",
                      status=draw.choice(["active", "active", "inactive"]),
                      scope={"text": "x"}, category=[{"text": "x"}], policyRule={"text": "x"},
                      patient=whose, provision=self._provision(2))  # fmt: skip

    def _provision(self, depth: int) -> Body:
        draw = self.chance
        found: Body = {}
        if depth < 2 or draw.random() < 0.7:
            found["type"] = draw.choice(["permit", "deny"])
        if draw.random() < 0.6:
            who = draw.choice(["Practitioner/d", "Practitioner/e", "RelatedPerson/r", "Group/g"])
            found["actor"] = [{"role": {"text": "x"}, "reference": ref(who)}]
        if draw.random() < 0.3:
            found["code"] = [{"coding": [{"system": "http://x", "code": draw.choice("123")}]}]
        if draw.random() < 0.3:
            of_type = {"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}
            found["class"] = [of_type]
        if depth and draw.random() < 0.6:
            found["provision"] = [self._provision(depth - 1) for _ in range(draw.choice([1, 2]))]
        return found or {"type": "deny"}

    def allowed(self, actor: Actor, purpose: str, interaction: str) -> dict[str, str]:
        """`Type/id` → yes or masked, each resource asked about by itself."""
        found = {}
        for name, body in self.resources.items():
            answer = self._one(actor, purpose, interaction, body)
            if answer != "no":
                found[name] = answer
        return found

    def _one(self, actor: Actor, purpose: str, interaction: str, body: Body) -> str:
        type, now = body["resourceType"], datetime.now(UTC)
        relative = purpose == "FAMRQT"
        names = {
            "RelatedPerson": actor.relative if relative else None,
            "Practitioner": None if relative else actor.practitioner,
            "Organization": None if relative else actor.establishment,
            "Patient": None if relative else actor.patient,
        }
        who = frozenset(f"{kind}/{id}" for kind, id in names.items() if id)
        live = [tie for tie in self.ties if tie.member in who and tie.since <= now < tie.until]

        def key(patient: str | None) -> int | None:
            return PATIENTS.index(patient) + 1 if patient else None

        def tied(*kinds: Kind) -> frozenset[int]:
            return frozenset(PATIENTS.index(tie.patient) + 1 for tie in live if tie.kind in kinds)

        reached = tied(Kind.care)
        agreed = tied(Kind.consent) - reached
        if relative:
            agreed &= tied(Kind.tie)
        facts = Facts(
            interaction,
            type,
            purpose,
            granted(actor.roles, actor.scope),
            own=key(actor.patient),
            launched=key(actor.launched or actor.patient),
            behalf=key(actor.behalf),
            who=who,
            at=now,
        )
        whose = body["id"] if type == "Patient" else json.dumps(body).partition("Patient/")[2][:2]
        codes = frozenset(
            f"{each['system']}|{each['code']}" for each in body.get("code", {}).get("coding", ())
        )
        resource = ResourceFacts(
            type,
            (PATIENTS.index(whose) + 1,),
            reached,
            labels_of(json.dumps(body, separators=(",", ":")).encode()),
            agreed,
            {n + 1: self._choices(patient) for n, patient in enumerate(PATIENTS)},
            Content(f"{type}/{body['id']}", codes=codes),
            lambda criteria: codes == {"http://x|1"},
        )
        return decide(facts).permits(resource)

    def _choices(self, patient: str) -> Choices:
        compiled = (
            choice(each, PARIS)
            for each in self.resources.values()
            if each["resourceType"] == "Consent" and each["patient"] == ref(f"Patient/{patient}")
        )
        return Choices(tuple(each for each in compiled if each))


@pytest.mark.parametrize("seed", range(6))
async def test_every_way_to_ask_gives_just_what_is_allowed_one_by_one(
    record: Record, seed: int
) -> None:
    population = Population(seed)
    raw = [json.dumps(each).encode() for each in population.resources.values()]
    items = [Item(place, None, each) for place, each in enumerate(raw)]
    importer = Actor(1, "import", frozenset({"administrator"}), 2)
    async with record.open(importer, "HSYSADMIN") as session:
        loaded = await session.load(part_digest(b"k" * 32, raw[0]), items, whole=False)
    assert loaded.created == len(raw)
    for actor, purpose in ACTORS.values():
        await _check(record, population, actor, purpose)


async def _check(record: Record, population: Population, actor: Actor, purpose: str) -> None:
    read = population.allowed(actor, purpose, "read")
    searched = population.allowed(actor, purpose, "search")
    everything = population.allowed(actor, purpose, "$everything")
    versions = population.allowed(actor, purpose, "history")
    async with record.open(actor, purpose) as session:
        for name in population.resources:
            type, id = name.split("/")
            for ask, allowed in (
                (session.read(type, id), read),
                (session.vread(type, id, 1), read),
                (session.history(type, id), versions),
            ):
                assert await _answers(ask) == (name in allowed), name
        for type in sorted({name.partition("/")[0] for name in population.resources}):
            expected = {name for name in searched if name.startswith(f"{type}/")}
            await _search(session, type, expected, searched)
            try:
                changes = await session.changes(type, count=300)
            except Forbidden:
                assert not {name for name in versions if name.startswith(f"{type}/")}
            else:
                found = {f"{each.type}/{each.id}" for each in changes.entries}
                assert found == {name for name in versions if name.startswith(f"{type}/")}
        for patient in PATIENTS:
            try:
                page = await session.everything(patient)
            except (Forbidden, NotFound):
                assert f"Patient/{patient}" not in everything
            else:
                found = {f"{each.type}/{each.id}" for each in page.entries}
                assert found == {
                    name
                    for name, body in population.resources.items()
                    if name in everything and f'Patient/{patient}"' in json.dumps(body)
                } | {f"Patient/{patient}"}


async def _answers(ask: Any) -> bool:
    try:
        found = await ask
    except (Forbidden, NotFound, Gone):
        return False
    return bool(getattr(found, "entries", True))


async def _search(session: Any, type: str, expected: set[str], searched: dict[str, str]) -> None:
    whole = [("_total", "accurate"), ("_count", "300")]
    for sort in ([], [("_sort", "_id")], [("_sort", "-_lastUpdated")]):
        try:
            page = await session.search(type, [*whole, *sort])
        except Forbidden:
            assert not expected
            return
        names = [f"{each.type}/{each.id}" for each in page.entries]
        assert (set(names), len(names), page.total) == (expected, len(expected), len(expected))
        for each in page.entries:
            masked = searched[f"{each.type}/{each.id}"] == "masked"
            assert (b"SUBSETTED" in each.body) == masked
    page = await session.search(type, [("_summary", "count")])
    assert page.total == len(expected)
    if type == "Observation":
        page = await session.search(type, [*whole, ("_include", "Observation:subject")])
        brought = {f"{each.type}/{each.id}" for each in page.included}
        of_patients = {f"Patient/{name.partition('-')[2]}" for name in expected}
        assert brought == {name for name in of_patients if name in searched}
        page = await session.search(type, [*whole, ("subject:Patient.family", "Familyp0")])
        seen = "Patient/p0" in searched
        assert {each.id for each in page.entries} == {
            name.partition("/")[2] for name in expected if name.endswith("-p0") and seen
        }
    if type == "Patient":
        try:
            page = await session.search(type, [*whole, ("_revinclude", "Observation:subject")])
        except EgideError:
            return
        brought = {each.id for each in page.included}
        assert brought == {
            name.partition("/")[2]
            for name in searched
            if name.startswith("Observation/") and f"Patient/{name.partition('-')[2]}" in expected
        }
