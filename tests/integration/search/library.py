"""A library of records for search tests: Synthea's, our generator's, and odd ones made by hand.

Loaded once a session into a database of its own, which tests clone or read. Everything is kept
parsed beside it, so that every search can also be answered naively.
"""

import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from egide import fhir, synthetic
from egide.actor import Actor
from egide.db import Database
from egide.fhir.definitions import search_parameters
from egide.fhir.search import Context, parameter
from egide.fhir.units import conversion
from egide.ledger import Ledger
from egide.record import Item, Record
from egide.seal import KeyRing
from egide.store import Keys, Reader
from egide.store.reading import row_of

ZONE = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
CONTEXT = Context(zone=ZONE, now=NOW, convert=conversion())
IMPORTER = Actor(1, "test", frozenset({"administrator"}), 1000, assurance=2)
SYSTEM = Actor(101, "test-system", frozenset({"system"}), 1001)
CLINICIAN = Actor(102, "test-clinician", frozenset({"clinician"}), 1002, assurance=2)
FORMS = "https://forms.example/"
SYNTHEA = ("00616", "00253", "00008", "00039", "00299", "00036", "00081", "00441")

Json = Mapping[str, Any]


@dataclass(repr=False)
class Library:
    """`resources` by `Type/id`, as they are stored; `by_type` the same by type."""

    dsn: str
    ring: KeyRing
    resources: dict[str, Json] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    patients: dict[str, frozenset[int]] = field(default_factory=dict)
    by_type: dict[str, list[Json]] = field(default_factory=dict)
    parameters: list[tuple[str, str]] = field(default_factory=list)

    def add(self, body: bytes, patients: frozenset[int]) -> None:
        resource = fhir.parse(body)
        name = f"{resource['resourceType']}/{resource['id']}"
        self.resources[name] = resource
        self.bodies[name] = body
        self.patients[name] = patients
        self.by_type.setdefault(resource["resourceType"], []).append(resource)

    def occurring(self) -> None:
        """Finds the search parameters that occur: those that have a value somewhere."""
        self.parameters = [
            (type, code)
            for type in sorted(self.by_type)
            for code in sorted(search_parameters(type))
            if (known := parameter(type, code))
            and any(known.present(each, each) for each in self.by_type[type])
        ]


def ticking(start: datetime) -> Callable[[], datetime]:
    """A clock that goes on by three seconds each time it is asked."""
    now = [start]

    def clock() -> datetime:
        now[0] += timedelta(seconds=3)
        return now[0]

    return clock


def fixed() -> datetime:
    return NOW


async def load(library: Library, folder: Path | None) -> None:
    """Store everything through the one door, then read it back for naive answers."""
    database = await Database.connect(library.dsn, max_size=3)
    clock = ticking(datetime(2026, 1, 1, tzinfo=UTC))
    ledger = Ledger(database, library.ring, clock)
    await ledger.open()
    try:
        record = Record(database, library.ring, ledger, clock=clock, zone=ZONE)
        await record.start()
        await _fill(record, folder)
        await _read_back(database, library)
    finally:
        await ledger.close()
        await database.close()


async def _fill(record: Record, folder: Path | None) -> None:
    async with record.open(IMPORTER, "HSYSADMIN") as session:
        for place, bundle in enumerate(_bundles(folder)):
            # A few to a part, so that there are many moments of update.
            for start in range(0, len(bundle), 40):
                digest = (place * 1_000 + start).to_bytes(16, "big")
                loaded = await session.load(digest, bundle[start : start + 40], whole=True)
                assert not loaded.refused, loaded.refused


async def _read_back(database: Database, library: Library) -> None:
    async with database.connection() as connection:
        records = await connection.fetch(
            "select id, type, version, key, updated, day, until, deleted, lead,"
            " array_send(terms) as terms, sealed from resource order by pk"
        )
        rows = [row_of(each) for each in records]
        keys = Keys(library.ring)
        await keys.open(connection)
        for opened in await Reader(library.ring, keys).open(connection, rows):
            library.add(opened.body, opened.patients)
        await connection.execute("analyze")
    library.occurring()


def _bundles(folder: Path | None) -> Iterator[list[Item]]:
    made = [msgspec.json.decode(synthetic.encode(each)) for each in synthetic.bundles(7, 10)]
    raws = [synthetic.encode(each) for each in synthetic.bundles(7, 10)]
    if folder is not None:
        raws += [gzip.decompress((folder / f"{name}.json.gz").read_bytes()) for name in SYNTHEA]
    home = [entry["resource"]["id"] for entry in made[0]["entry"]]
    people = [bundle["entry"][0]["resource"]["id"] for bundle in made[1:]]
    for raw in raws:
        entries = _decode(raw).entry
        local = {
            each.fullUrl: f"{each.resource['resourceType']}/{each.resource['id']}"
            for each in entries
        }
        yield [
            Item(place, None, _encode(_resolved(each.resource, local)))
            for place, each in enumerate(entries)
        ]
    yield [
        Item(place, None, _encode(each))
        for place, each in enumerate(_odd(people, home, random.Random(3)))
    ]


class _Entry(msgspec.Struct):
    resource: dict[str, Any]
    fullUrl: str = ""  # noqa: N815


class _Bundle(msgspec.Struct):
    entry: list[_Entry]


_encode = msgspec.json.Encoder(decimal_format="number").encode


def _decode(raw: bytes) -> _Bundle:
    plain = json.loads(raw, parse_float=Decimal)
    return _Bundle([_Entry(each["resource"], each["fullUrl"]) for each in plain["entry"]])


def _resolved(node: Any, local: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            name: local.get(value, value) if name == "reference" else _resolved(value, local)
            for name, value in node.items()
        }
    return [_resolved(each, local) for each in node] if isinstance(node, list) else node


def _odd(people: list[str], home: list[str], chance: random.Random) -> Iterator[Json]:
    """What generators do not make: zones, periods without ends, numbers, several patients."""
    times = [
        "2024-03-31T02:30:00+01:00", "2024-03-31T02:30:00+02:00", "2024-03-30T23:59:59-11:00",
        "2024-03-31T00:30:00+14:00", "2024-03-31", "2024-03", "2024", "2024-12-31T23:30:00Z",
        "2025-01-01T00:15:00+01:00", "2024-02-29T12:00:00.123456Z",
    ]  # fmt: skip
    values = ["5.4", "5.40", "-1", "0", "-0.0", "1e2", "100", "5.35", "5.45", "0.001000"]
    for number, (when, value) in enumerate(zip(times * 3, values * 3, strict=True)):
        who = people[number % 3]
        yield {
            "resourceType": "Observation",
            "id": f"odd-{number}",
            "status": ["final", "amended", "preliminary"][number % 3],
            "code": {"coding": [{"system": "http://loinc.org", "code": f"X{number % 4}"}]},
            "subject": {"reference": f"Patient/{who}"},
            "effectiveDateTime": when,
            "valueQuantity": {
                "value": Decimal(value),
                "unit": "mmol/L",
                "system": "http://unitsofmeasure.org",
                "code": "mmol/L",
            },
            **({"meta": {"tag": [{"system": "urn:t", "code": "odd,|$"}]}} if number < 9 else {}),
            **({"hasMember": [{"reference": f"Observation/odd-{number - 1}"}]} if number else {}),
        }
    periods: list[dict[str, str]] = [
        {"start": "2024-03-30", "end": "2024-04-02"}, {"start": "2023"}, {"end": "2024-03-31"},
        {"start": "2024-03-31T01:00:00+13:00", "end": "2024-03-31T01:00:00-10:00"},
    ]  # fmt: skip
    for number, period in enumerate(periods * 2):
        yield {
            "resourceType": "Observation",
            "id": f"long-{number}",
            "status": "final",
            "code": {"text": "long"},
            "subject": {"reference": f"Patient/{people[number % 2]}"},
            "effectivePeriod": period,
        }
    measured = [
        ("5.4", "g"), ("5400", "mg"), ("5.40", "g"), ("5399.6", "mg"), ("5.4e6", "ug"), ("5", "g"),
        ("37", "Cel"), ("98.6", "[degF]"), ("98.7", "[degF]"), ("310.15", "K"), ("-40", "Cel"),
        ("4.5", "10*3/uL"), ("4.5", "10*9/L"), ("4500", "/mm3"), ("760", "mm[Hg]"),
        ("101.3", "kPa"), ("3", "{score}"), ("3", "{points}"), ("3", "1"), ("300", "%"),
        ("0", "[iU]/L"), ("0", "/L"),
        ("90", "mg/dL"), ("5", "mmol/L"), ("0.9", "g/L"), ("1", "nonsense"), ("1", "m" * 60),
    ]  # fmt: skip
    for number, (value, code) in enumerate(measured):
        yield {
            "resourceType": "Observation",
            "id": f"measured-{number}",
            "status": "final",
            "code": {"text": "measured"},
            "valueQuantity": {
                "value": Decimal(value),
                "system": "http://unitsofmeasure.org",
                "code": code,
            },
        }
    for number in range(6):
        yield {
            "resourceType": "Observation",
            "id": f"undated-{number}",
            "status": "unknown",
            "code": {"text": "undated"},
            **({"subject": {"reference": f"Patient/{people[number]}"}} if number < 4 else {}),
        }
        yield {
            "resourceType": "Condition",
            "id": f"labelled-{number}",
            "meta": {
                "security": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                        "code": "R" if number % 2 else "N",
                    }
                ]
            },
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "86406008"}]},
            "subject": {"reference": f"Patient/{people[number]}"},
        }
        yield {
            "resourceType": "RiskAssessment",
            "id": f"risk-{number}",
            "status": "final",
            "subject": {"reference": f"Patient/{people[number % 3]}"},
            "prediction": [
                {"probabilityDecimal": Decimal(values[number]).copy_abs() / 200},
                {"probabilityDecimal": Decimal("0.5")},
            ],
        }
        yield {
            "resourceType": "Observation",
            "id": f"named-{number}",
            "status": "final",
            "code": {"text": "named"},
            "subject": {"identifier": {"system": "urn:p", "value": f"p|{number % 4}"}},
            "performer": [{"identifier": {"value": f"by,{number % 2}"}, "display": "somebody"}],
        }
        yield {
            "resourceType": "QuestionnaireResponse",
            "id": f"answered-{number}",
            "status": "completed",
            "questionnaire": FORMS + ["one|1.2", "one|1.3", "one", "two"][number % 4],
            "subject": {"reference": f"Patient/{people[number]}"},
        }
    for number, (form, version) in enumerate((("one", "1.2"), ("one", "1.3"), ("two", None))):
        yield {
            "resourceType": "Questionnaire",
            "id": f"form-{number}",
            "status": "active",
            "url": FORMS + form,
            **({"version": version} if version else {}),
            "useContext": [
                {
                    "code": {"code": "age"},
                    "valueRange": {"low": {"value": Decimal(number)}, "high": {"value": 90}},
                },
                {"code": {"code": "age"}, "valueQuantity": {"value": 18 + number, "unit": "a"}},
                {
                    "code": {"code": "venue"},
                    "valueCodeableConcept": {"coding": [{"code": f"ward-{number}"}]},
                },
            ],
        }
        yield {
            "resourceType": "DocumentReference",
            "id": f"replacing-{number}",
            "status": "current",
            "content": [{"attachment": {"title": "a letter"}}],
            "relatesTo": [
                {
                    "code": ["replaces", "appends"][number % 2],
                    "target": {"reference": f"DocumentReference/replacing-{(number + 1) % 3}"},
                }
            ],
        }
    places = [("48.8566", "2.3522"), ("48.9", "2.3"), ("45.764", "4.8357"), ("-17.5", "-149.5")]
    for number, (latitude, longitude) in enumerate(places):
        yield {
            "resourceType": "Location",
            "id": f"place-{number}",
            "name": f"place {number}",
            "position": {"longitude": Decimal(longitude), "latitude": Decimal(latitude)},
        }
    yield {
        "resourceType": "Group",
        "id": "group",
        "type": "person",
        "actual": True,
        "characteristic": [
            {
                "code": {"coding": [{"code": "colour"}]},
                "valueCodeableConcept": {"coding": [{"code": "red"}]},
                "exclude": False,
            }
        ],
        "member": [{"entity": {"reference": f"Patient/{who}"}} for who in people[:3]],
    }
    for number in range(4):
        yield {
            "resourceType": "Appointment",
            "id": f"visit-{number}",
            "status": "booked",
            "start": f"2024-0{number + 1}-10T10:00:00+01:00",
            "end": f"2024-0{number + 1}-10T10:30:00+01:00",
            "participant": [
                {"actor": {"reference": f"Patient/{people[number]}"}, "status": "accepted"},
                {"actor": {"reference": f"Patient/{people[number + 1]}"}, "status": "accepted"},
            ],
        }
        yield {
            "resourceType": "List",
            "id": f"list-{number}",
            "status": "current",
            "mode": "working",
            "date": f"2024-0{number + 1}-10",
            "subject": {"reference": f"Patient/{people[number]}"},
            "entry": [
                {"item": {"reference": f"Patient/{people[number + 2]}"}},
                {"item": {"reference": "Observation/odd-1"}},
                {"item": {"reference": f"List/list-{(number + 1) % 4}"}},
                {"item": {"reference": "Observation/nowhere"}},
            ],
        }
        yield {
            "resourceType": "Provenance",
            "id": f"from-{number}",
            "recorded": f"2024-0{number + 1}-10T10:00:00+01:00",
            "target": [{"reference": f"Observation/odd-{number}"}],
            "agent": [{"who": {"reference": f"Patient/{people[number]}"}}],
        }
    yield {
        "resourceType": "Patient",
        "id": "linked",
        "name": [{"family": "Le Goff-Ünal", "given": ["Zoé", "D'Arc"], "text": "Zoé Le Goff"}],
        "birthDate": "1980-02",
        "identifier": [{"system": "urn:x", "value": "a|b,c$d\\e"}],
        "link": [{"other": {"reference": f"Patient/{people[0]}"}, "type": "seealso"}],
    }
