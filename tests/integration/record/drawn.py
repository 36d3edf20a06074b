"""Populations, actors and what the gate says of each resource by itself: drawn for property tests.

What is expected is computed from the resources by the pure parts of the gate alone, without the
tables that queries use.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from egide.actor import Actor
from egide.fhir.masking import masked
from egide.gate import Decision, Facts, ResourceFacts, decide, granted
from egide.gate.choices import Choices, choice
from egide.gate.custody import elsewhere
from egide.gate.ties import EARLIEST, LATEST, TYING, Kind, Tie, role_of, ties_of
from egide.record.content import content_of
from egide.record.labels import labels_of

PARIS = ZoneInfo("Europe/Paris")
PATIENTS = ("p0", "p1", "p2")
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
FLAGS = "urn:oid:1.2.250.1.213.1.1.4.13"
LABELS = {
    "R": (CONFIDENTIALITY, "R"),
    "V": (CONFIDENTIALITY, "V"),
    "ps": (FLAGS, "MASQUE_PS"),
    "patient": (FLAGS, "INVISIBLE_PATIENT"),
    "parents": (FLAGS, "INVISIBLE_REPRESENTANTS_LEGAUX"),
}
DOCTOR = Actor(
    7,
    "app",
    frozenset({"clinician"}),
    8,
    assurance=2,
    authenticated=datetime.now(UTC),
    practitioner="d",
    establishment="h",
)
ACTORS: dict[str, tuple[Actor, str]] = {
    "doctor": (DOCTOR, "TREAT"),
    "expert": (replace(DOCTOR, account=9, practitioner="e", establishment=None), "TREAT"),
    "in an emergency": (replace(DOCTOR, account=21), "BTG"),
    "relative": (
        Actor(11, "portal", frozenset({"relative"}), 12, relative="r", behalf="p1"),
        "FAMRQT",
    ),
    "patient": (Actor(15, "portal", frozenset({"patient"}), 16, patient="p0"), "PATRQT"),
    "desk": (Actor(13, "desk", frozenset({"registrar"}), 14), "HOPERAT"),
    "launched": (replace(DOCTOR, account=23, scope="patient/*.rs", launched="p2"), "TREAT"),
    "narrowed": (
        replace(DOCTOR, account=25, scope="user/Observation.rs?code=http://x|1 user/Patient.rs"),
        "TREAT",
    ),
    "unlaunched": (replace(DOCTOR, account=27, scope="patient/*.cruds"), "TREAT"),
    "trusted": (Actor(29, "app", frozenset({"system"}), 30), "TREAT"),
    "doctor of one": (replace(DOCTOR, account=33, held="h"), "TREAT"),
    "desk of one": (Actor(35, "desk", frozenset({"registrar"}), 36, held="h"), "HOPERAT"),
    "trusted of one": (Actor(37, "app", frozenset({"system"}), 38, held="h"), "TREAT"),
}
CARERS = ("Practitioner/d", "Practitioner/e", "Organization/h", "PractitionerRole/w")
WITHIN = ("", "episode", "episode", "stay", "another's")
"""What a stay may belong to."""
STAYS = ("Encounter/", "EpisodeOfCare/")
Body = dict[str, Any]


@dataclass
class Population:
    """Resources by `Type/id`, each with its versions, the oldest first; `granted` are patients an
    administrator let accounts reach, `opened` is the one whose glass is to be broken; `hours`:
    whether the desks are open."""

    versions: dict[str, list[Body]] = field(default_factory=dict)
    granted: list[tuple[str, int]] = field(default_factory=list)
    opened: str = "p0"
    hours: bool = True

    def __post_init__(self) -> None:
        self._choices = tuple(self._choices_of(patient) for patient in PATIENTS)
        given = [
            Tie(f"account/{account}", patient, Kind.grant, EARLIEST, LATEST)
            for patient, account in self.granted
        ]
        self._ties = given + [
            tie
            for each in self.current.values()
            if each["resourceType"] in TYING
            for tie in ties_of(each["resourceType"], each, zone=PARIS, grace=timedelta(days=30))
        ]

    @property
    def current(self) -> dict[str, Body]:
        return {name: bodies[-1] for name, bodies in self.versions.items()}

    def of_type(self, type: str) -> dict[str, Body]:
        return {name: each for name, each in self.current.items() if each["resourceType"] == type}

    def allowed(
        self, actor: Actor, purpose: str, interaction: str, *, emergency: bool = False
    ) -> dict[tuple[str, int], Body]:
        """(`Type/id`, version) → as it leaves, each asked about by itself, under the labels of the
        current one too."""
        found = {}
        for name, bodies in self.versions.items():
            for version, body in enumerate(bodies, 1):
                out = self.one(actor, purpose, interaction, body, emergency, bodies[-1])
                if out is not None:
                    found[name, version] = out
        return found

    def seen(
        self, actor: Actor, purpose: str, interaction: str, *, emergency: bool = False
    ) -> dict[str, Body]:
        """`Type/id` → the current version as it leaves, each asked about by itself."""
        asked = ((name, each) for name, each in self.current.items())
        out = {n: self.one(actor, purpose, interaction, each, emergency) for n, each in asked}
        return {name: each for name, each in out.items() if each is not None}

    def one(
        self,
        actor: Actor,
        purpose: str,
        interaction: str,
        body: Body,
        emergency: bool = False,
        now: Body | None = None,
    ) -> Body | None:
        """One resource, which is `now` another, as it leaves; None when it does not."""
        type = body["resourceType"]
        raw = json.dumps(body, separators=(",", ":")).encode()
        later = json.dumps(now or body, separators=(",", ":")).encode()
        decision = self._decision(actor, purpose, interaction, type, emergency)
        reached, agreed = self._standing(actor, purpose, emergency)
        stays = self._labels_of_stays(body) | self._labels_of_stays(now or body)
        bodies = [body, now or body]
        codes = {each.get("code") for each in body.get("code", {}).get("coding", ())}
        resource = ResourceFacts(
            type,
            tuple(key(patient) for patient in whose(body)),
            reached,
            labels_of(raw) | labels_of(later) | stays,
            agreed,
            {key(patient): self._choices[n] for n, patient in enumerate(PATIENTS)},
            content_of(type, body, raw),
            lambda criteria: codes == {"1"},
            self._belonging(actor),
            any(elsewhere(type, each, self._establishment(actor) or ()) for each in bodies),
        )
        match decision.permits(resource):
            case "yes":
                return body
            case "masked":
                out: Body = json.loads(masked(type, raw, decision.shown(resource)))
                return out
        return None

    def _labels_of_stays(self, body: Body) -> frozenset[str]:
        """What a resource has from its patients' stays: each patient's, one by one."""
        found: frozenset[str] = frozenset()
        for patient in whose(body):
            waiting, passed = [f"{body['resourceType']}/{body['id']}", *stays_in(body)], set[str]()
            while waiting:
                name = waiting.pop()
                held = self.current.get(name) if name.startswith(STAYS) else None
                if name in passed or held is None or patient not in whose(held):
                    continue
                passed.add(name)
                found |= labels_of(json.dumps(held, separators=(",", ":")).encode())
                waiting += stays_in(held)
        return found

    def may(
        self, actor: Actor, purpose: str, interaction: str, type: str | None, emergency: bool
    ) -> bool:
        """Whether an interaction may be asked for at all."""
        return self._decision(actor, purpose, interaction, type, emergency).allowed

    def _decision(
        self, actor: Actor, purpose: str, interaction: str, type: str | None, emergency: bool
    ) -> Decision:
        return decide(
            Facts(
                interaction,
                type,
                purpose,
                granted(actor.roles, actor.scope),
                own=key(actor.patient),
                launched=key(actor.launched or actor.patient),
                behalf=key(actor.behalf),
                held=self._establishment(actor),
                who=frozenset(names(actor, purpose)),
                assurance=actor.assurance,
                emergency=emergency,
                at=datetime.now(UTC),
                zone=actor.zone,
                cleared=actor.cleared,
                open=self.hours,
            )
        )

    def _standing(
        self, actor: Actor, purpose: str, emergency: bool
    ) -> tuple[frozenset[int], frozenset[int]]:
        if purpose == "BTG":
            return frozenset({key(self.opened)} if emergency else ()), frozenset()
        now, members = datetime.now(UTC), names(actor, purpose)
        if purpose != "FAMRQT":
            members.append(f"account/{actor.account}")
            members += self._roles(actor, now)
        live = [tie for tie in self._ties if tie.member in members and tie.since <= now < tie.until]

        def tied(*kinds: Kind) -> frozenset[int]:
            return frozenset(key(tie.patient) for tie in live if tie.kind in kinds)

        reached = tied(Kind.care, Kind.grant)
        agreed = tied(Kind.consent) - reached
        return reached, agreed & tied(Kind.tie) if purpose == "FAMRQT" else agreed

    def _belonging(self, actor: Actor) -> frozenset[int]:
        """The patients of the establishment the roles are held for."""
        return frozenset(
            key(tie.patient)
            for tie in self._ties
            if tie.kind is Kind.establishment
            and tie.member.removeprefix("Organization/") in (self._establishment(actor) or ())
        )

    def _establishment(self, actor: Actor) -> frozenset[str] | None:
        """The Organization the roles are held for, and the one that may be part of it."""
        if actor.held is None:
            return None
        whole = self.current["Organization/u"].get("partOf")
        return frozenset(
            {actor.held, "u"} if whole == to(f"Organization/{actor.held}") else {actor.held}
        )

    def _roles(self, actor: Actor, now: datetime) -> Iterator[str]:
        for name, body in self.of_type("PractitionerRole").items():
            role = role_of(body, PARIS)
            works = role and role.practitioner == f"Practitioner/{actor.practitioner}"
            if role and works and role.since <= now < role.until:
                yield name

    def _choices_of(self, patient: str) -> Choices:
        consents = self.of_type("Consent").values()
        own = [each for each in consents if each["patient"] == to(f"Patient/{patient}")]
        return Choices(tuple(each for each in (choice(one, PARIS) for one in own) if each))


def to(reference: str) -> Body:
    return {"reference": reference}


def key(patient: str | None) -> int:
    """A number that stands for a patient; 0 for none."""
    return PATIENTS.index(patient) + 1 if patient else 0


def whose(body: Body) -> list[str]:
    """The patients a resource concerns."""
    if body["resourceType"] == "Patient":
        return [body["id"]]
    return sorted(set(re.findall(r'"Patient/(\w+)"', json.dumps(body))))


def stays_in(body: Body) -> list[str]:
    """The stays and episodes a resource refers to."""
    return re.findall(r'"reference": "((?:Encounter|EpisodeOfCare)/[\w-]+)"', json.dumps(body))


def names(actor: Actor, purpose: str) -> list[str]:
    """The references that may stand for an actor."""
    relative = purpose == "FAMRQT"
    found = {
        "RelatedPerson": actor.relative if relative else None,
        "Practitioner": None if relative else actor.practitioner,
        "Organization": None if relative else actor.establishment,
        "Patient": None if relative else actor.patient,
    }
    return [f"{kind}/{id}" for kind, id in found.items() if id]


patients = st.sampled_from(PATIENTS)
codes = st.sampled_from("123")
days = st.sampled_from(["2025-12-31", "2026-01-01", "2026-05-01"])
labels = st.sampled_from([None, None, "R", *LABELS])
stays = st.sampled_from([None, "s0", "s0", "s1", "s0-p1"])
periods = st.sampled_from(
    [{}, {"period": {"end": "2020-01-01"}}, {"period": {"start": "2020-01-01"}}]
)

managed = st.sampled_from(
    [{}, *({"managingOrganization": {"reference": f"Organization/{id}"}} for id in "hhgu")]
)


def coded(code: str) -> Body:
    return {"coding": [{"system": "http://x", "code": code}]}


def labelled(label: str | None) -> Body:
    if label is None:
        return {}
    system, code = LABELS[label]
    return {"meta": {"security": [{"system": system, "code": code}]}}


@st.composite
def provisions(draw: st.DrawFn, depth: int = 0) -> Body:
    found: Body = {}
    if depth or draw(st.booleans()):
        found["type"] = draw(st.sampled_from(["permit", "deny"]))
    if draw(st.booleans()):
        actors = [*CARERS[:3], "RelatedPerson/r", "Group/g"]
        found["actor"] = [{"role": {"text": "x"}, "reference": to(draw(st.sampled_from(actors)))}]
    match draw(
        st.sampled_from(["", "", "", "code", "class", "label", "purpose", "period", "data"])
    ):
        case "code":
            found["code"] = [coded(draw(codes))]
        case "class":
            type = draw(st.sampled_from(["Observation", "Appointment", "Patient"]))
            found["class"] = [{"system": "http://hl7.org/fhir/resource-types", "code": type}]
        case "label":
            system, code = LABELS[draw(st.sampled_from(list(LABELS)))]
            found["securityLabel"] = [{"system": system, "code": code}]
        case "purpose":
            purpose = draw(st.sampled_from(["TREAT", "ETREAT", "BTG", "FAMRQT", "PATRQT"]))
            found["purpose"] = [{"code": purpose}]
        case "period":
            found |= draw(periods)
        case "data":
            found["dataPeriod"] = {"start": draw(days)}
    if depth < 2 and draw(st.integers(0, 2)) == 0:
        found["provision"] = draw(st.lists(provisions(depth + 1), min_size=1, max_size=2))
    return found or {"type": "deny"}


@st.composite
def records(draw: st.DrawFn, patient: str) -> Iterator[tuple[str, str, Body]]:
    """Type, id and elements of what one patient's record holds."""
    subject, found = to(f"Patient/{patient}"), []
    named = {"name": [{"family": f"Family{patient}"}]}
    found.append(("Patient", patient, named | draw(managed)))
    if draw(st.booleans()):
        body = {"status": "active", "patient": subject} | draw(managed) | labelled(draw(labels))
        found.append(("EpisodeOfCare", f"e-{patient}", body))
    for n, (within, label) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from(WITHIN), labels), max_size=2))
    ):
        body = {"status": "finished", "subject": subject, "class": {"code": "IMP"}}
        body |= {"reasonCode": [coded("1")]} | labelled(label)
        if provider := draw(managed).get("managingOrganization"):
            body["serviceProvider"] = provider
        match within:
            case "episode":
                body["episodeOfCare"] = [to(f"EpisodeOfCare/e-{patient}")]
            case "stay":
                body["partOf"] = to(f"Encounter/s{1 - n}-{patient}")
            case "another's":
                body["partOf"] = to(f"Encounter/s0-{draw(patients)}")
        found.append(("Encounter", f"s{n}-{patient}", body))
    for n, (code, day, label, stay) in enumerate(
        draw(st.lists(st.tuples(codes, days, labels, stays), min_size=1, max_size=3))
    ):
        body = {"status": "final", "subject": subject, "code": coded(code)}
        body |= {"effectiveDateTime": day, "note": [{"text": f"of {code}"}]} | labelled(label)
        if stay is not None:
            body["encounter"] = to(f"Encounter/{stay if '-' in stay else f'{stay}-{patient}'}")
        found.append(("Observation", f"o{n}-{patient}", body))
    for n, (other, day, label) in enumerate(
        draw(st.lists(st.tuples(patients, days, labels), max_size=2))
    ):
        several = [{"actor": to(f"Patient/{each}"), "status": "accepted"}
                   for each in sorted({patient, other})]  # fmt: skip
        body = {"status": "booked", "start": f"{day}T10:00:00Z", "end": f"{day}T10:30:00Z"}
        body |= {"participant": several, "reasonCode": [coded("1")]} | labelled(label)
        found.append(("Appointment", f"a{n}-{patient}", body))
    for n, (member, period) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from(CARERS), periods), max_size=1))
    ):
        body = {"status": "active", "subject": subject, "participant": [{"member": to(member)}]}
        by = draw(managed)
        body |= {element: [each] for element, each in by.items()}
        found.append(("CareTeam", f"t{n}-{patient}", body | period))
    if draw(st.booleans()):
        related = "r" if patient == "p1" else f"r-{patient}"
        found.append(("RelatedPerson", related, {"patient": subject}))
    for n, provision in enumerate(draw(st.lists(provisions(), max_size=2))):
        if patient == "p1" and n == 0 and "actor" not in provision:
            reference = {"role": {"text": "x"}, "reference": to("RelatedPerson/r")}
            provision = {"type": "permit", "actor": [reference], "provision": [provision]}
        status = draw(st.sampled_from(["active", "active", "inactive"]))
        body = {"status": status, "scope": {"text": "x"}, "category": [{"text": "x"}]}
        body |= {"policyRule": {"text": "x"}, "patient": subject, "provision": provision}
        found.append(("Consent", f"c{n}-{patient}", body))
    return iter(found)


@st.composite
def populations(draw: st.DrawFn) -> Population:
    versions: dict[str, list[Body]] = {}
    for patient in PATIENTS:
        for type, id, body in draw(records(patient)):
            versions[f"{type}/{id}"] = [{"resourceType": type, "id": id, **body}]
    works = {"practitioner": to(draw(st.sampled_from(CARERS[:2]))), **draw(periods)}
    versions["PractitionerRole/w"] = [{"resourceType": "PractitionerRole", "id": "w", **works}]
    whole = draw(
        st.sampled_from([{}, {"partOf": to("Organization/h")}, {"partOf": to("Organization/g")}])
    )
    for id, part in (("h", {}), ("g", {}), ("u", whole)):
        versions[f"Organization/{id}"] = [
            {"resourceType": "Organization", "id": id, "name": id} | part
        ]
    for name in draw(st.lists(st.sampled_from(sorted(versions)), max_size=3, unique=True)):
        if name.startswith(("Observation", "Appointment", *STAYS)):
            before = versions[name][0]
            gone = {"meta", *draw(st.sampled_from([(), ("encounter", "episodeOfCare", "partOf")]))}
            after = {key: value for key, value in before.items() if key not in gone}
            after |= labelled(draw(labels)) | {"language": "fr"}
            versions[name].append(after)
        if name.startswith("CareTeam"):
            before = versions[name][0]
            after = {key: value for key, value in before.items() if key != "managingOrganization"}
            after |= {element: [each] for element, each in draw(managed).items()}
            versions[name].append(after | {"language": "fr"})
    accounts = st.sampled_from([7, 9, 13, 23, 33, 35])
    given = draw(st.lists(st.tuples(patients, accounts), max_size=2, unique=True))
    return Population(versions, given, draw(patients))
