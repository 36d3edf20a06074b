"""Ten years of a synthetic patient: which diseases, which visits, what was planned."""

from datetime import date, timedelta

from egide.synthetic.draw import Draw
from egide.synthetic.element import ATC, Json, concept, hl7, reference
from egide.synthetic.measures import analyses, panels, vital_signs
from egide.synthetic.patient import Person
from egide.synthetic.visit import Visit
from egide.synthetic.vocabulary import (
    ALLERGIES,
    DISEASES,
    PANELS,
    PROCEDURES,
    VACCINES,
    Disease,
)

YEARS = 10
STAYS = frozenset({"J18.9", "K35.8", "K80.2", "S72.0", "I63.9", "C50.9", "I50.9"})


def live(person: Person, draw: Draw, until: date) -> None:
    """Adds to the person's record ten years up to `until`."""
    first = max(person.who.born, until - timedelta(days=365 * YEARS))
    _allergy(person, draw, first, until)
    _vaccines(person, draw, first, until)
    for disease in DISEASES:
        if person.age(until) >= disease.from_age and draw.chance(disease.likelihood):
            _course(person, draw, disease, first, until)
    for _ in range(draw.whole(1, 4)):
        _visit(person, draw, draw.day(first, until - timedelta(days=1)), None, None)
    if draw.chance(0.6):
        _appointment(person, draw, until)


def _course(person: Person, draw: Draw, disease: Disease, first: date, until: date) -> None:
    start = draw.day(first, until - timedelta(days=30)) if first < until else first
    condition = _visit(person, draw, start, disease, None)
    if disease.chronic:
        for _ in range(draw.whole(1, 5)):
            _visit(person, draw, draw.day(start, until - timedelta(days=1)), disease, condition)


def _visit(
    person: Person, draw: Draw, day: date, disease: Disease | None, known: str | None
) -> str | None:
    kind = "AMB"
    if disease is not None and known is None and disease.cim10 in STAYS | set(PROCEDURES):
        kind = "IMP"
    elif draw.chance(0.08):
        kind = "EMER"
    unit = person.unit if draw.chance(0.5) else draw.pick(person.home.units)
    visit = Visit(person, draw, day, kind, unit)
    condition = known
    if disease is not None and known is None:
        condition = visit.condition(disease)
    visit.encounter(disease, condition)
    vital_signs(visit)
    panels(visit, disease)
    if disease is None and draw.chance(0.4):
        analyses(visit, draw.pick(tuple(PANELS.values())))
    if disease is not None and condition is not None:
        visit.prescription(disease, condition)
    visit.acts(disease, condition if known is None else None)
    if kind == "IMP" or draw.chance(0.25):
        visit.letter(disease)
    return condition


def _allergy(person: Person, draw: Draw, first: date, until: date) -> None:
    if not draw.chance(0.18):
        return
    category, atc, text, reaction = draw.pick(ALLERGIES)
    code: Json = {"text": text} if atc is None else concept(ATC, atc, text)
    person.resources.append(
        {
            "resourceType": "AllergyIntolerance",
            "id": draw.id(),
            "clinicalStatus": hl7("allergyintolerance-clinical", "active"),
            "verificationStatus": hl7("allergyintolerance-verification", "confirmed"),
            "type": "allergy",
            "category": [category],
            "criticality": draw.pick(("low", "high", "unable-to-assess")),
            "code": code,
            "patient": person.subject(),
            "recordedDate": draw.day(first, until).isoformat(),
            "recorder": reference("Practitioner", person.doctor.id, person.doctor.name),
            "reaction": [{"manifestation": [{"text": reaction}], "severity": "moderate"}],
        }
    )


def _vaccines(person: Person, draw: Draw, first: date, until: date) -> None:
    for _ in range(draw.whole(0, 5)):
        atc, text = draw.pick(VACCINES)
        person.resources.append(
            {
                "resourceType": "Immunization",
                "id": draw.id(),
                "status": "completed",
                "vaccineCode": concept(ATC, atc, text),
                "patient": person.subject(),
                "occurrenceDateTime": draw.day(first, until).isoformat(),
                "primarySource": True,
                "lotNumber": f"T{draw.digits(6)}",
                "site": hl7("v3-ActSite", draw.pick(("LA", "RA"))),
                "route": hl7("v3-RouteOfAdministration", "IM"),
                "performer": [{"actor": reference("Practitioner", person.doctor.id)}],
            }
        )


def _appointment(person: Person, draw: Draw, until: date) -> None:
    unit = person.unit
    start = draw.moment(until + timedelta(days=draw.whole(1, 120)))
    end = start + timedelta(minutes=30)
    person.resources.append(
        {
            "resourceType": "Appointment",
            "id": draw.id(),
            "status": "booked",
            "specialty": [{"text": unit.name}],
            "description": f"Consultation, {unit.name.lower()}",
            "start": start.isoformat(),
            "end": end.isoformat(),
            "minutesDuration": 30,
            "created": (until - timedelta(days=draw.whole(1, 60))).isoformat(),
            "participant": [
                {"actor": person.subject(), "status": "accepted"},
                {
                    "actor": reference("Practitioner", person.doctor.id, person.doctor.name),
                    "status": "accepted",
                },
                {"actor": reference("Location", unit.room), "status": "accepted"},
            ],
        }
    )
