"""A synthetic patient: the Patient, a relative, the cover, the care team, a rare opposition."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from egide.synthetic.draw import Draw, instant
from egide.synthetic.element import (
    FR_CORE,
    LOINC,
    TERMINOLOGY,
    Json,
    coding,
    concept,
    hl7,
    narrative,
    profiled,
    reference,
)
from egide.synthetic.establishment import Establishment, Practitioner, Unit
from egide.synthetic.identity import Traits, address, ins, landline, mobile, traits


@dataclass(slots=True)
class Person:
    """A patient in the making: identity, where he is followed, and the resources so far."""

    id: str
    who: Traits
    home: Establishment
    unit: Unit
    doctor: Practitioner
    resources: list[Json] = field(default_factory=list)

    def subject(self) -> Json:
        """The reference to him."""
        return {"reference": f"Patient/{self.id}"}

    def age(self, on: date) -> int:
        """In whole years."""
        born = self.who.born
        return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def person(draw: Draw, home: Establishment, until: date) -> Person:
    """A patient with what is known before any visit."""
    age = draw.whole(0, 95) if draw.chance(0.5) else draw.whole(45, 90)
    born = until - timedelta(days=age * 365 + draw.whole(1, 364))
    unit = draw.pick(home.units)
    made = Person(draw.id(), traits(draw, born), home, unit, draw.pick(unit.practitioners))
    made.resources.append(_patient(made, draw, until))
    if age < 18 or draw.chance(0.3):
        made.resources.append(_relative(made, draw, age))
    made.resources.append(_coverage(made, draw, until))
    made.resources.append(_care_team(made, draw, until))
    if draw.chance(0.04):
        made.resources.append(_opposition(made, draw, until))
    return made


def _patient(made: Person, draw: Draw, until: date) -> Json:
    who = made.who
    full = f"{who.given[0]} {who.family.upper()}"
    word = "Née" if who.female else "Né"
    resource: Json = {
        "resourceType": "Patient",
        "id": made.id,
        "meta": profiled("fr-core-patient-ins")
        | {"tag": [coding(TERMINOLOGY + "v3-ActReason", "HTEST", "test health data")]},
        "text": narrative(f"{full}. {word} le {who.born:%d/%m/%Y} à {who.commune}."),
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                "valueAddress": {
                    "extension": [
                        {
                            "url": f"{FR_CORE}StructureDefinition/fr-core-address-insee-code",
                            "valueCoding": coding(
                                "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/"
                                "TRE-R13-CommuneOM",
                                who.insee,
                            ),
                        }
                    ],
                    "city": who.commune,
                },
            },
            {
                "extension": [
                    {
                        "url": "identityStatus",
                        "valueCoding": coding(f"{FR_CORE}CodeSystem/fr-core-cs-v2-0445", "VALI"),
                    }
                ],
                "url": f"{FR_CORE}StructureDefinition/fr-core-identity-reliability",
            },
        ],
        "identifier": [
            ins(who, draw),
            {
                "use": "usual",
                "type": hl7("v2-0203", "PI"),
                "system": "https://hopital-synthese.example.org/ipp",
                "value": draw.digits(10),
            },
        ],
        "active": True,
        "name": [
            {
                "extension": [
                    {
                        "url": f"{FR_CORE}StructureDefinition/"
                        "fr-core-patient-birth-list-given-name",
                        "valueString": " ".join(who.given),
                    }
                ],
                "use": "official",
                "family": who.family,
                "given": list(who.given[:1]),
            }
        ],
        "telecom": [mobile(draw)],
        "gender": who.gender,
        "birthDate": who.born.isoformat(),
        "address": [address(draw)],
        "generalPractitioner": [reference("Practitioner", made.doctor.id, made.doctor.name)],
        "managingOrganization": reference("Organization", made.home.site),
    }
    if draw.chance(0.5):
        resource["telecom"].append(landline(draw))
    if made.age(until) > 80 and draw.chance(0.15):
        died = draw.moment(until - timedelta(days=draw.whole(1, 60)))
        order = list(resource)
        resource["deceasedDateTime"] = died.isoformat()
        place = order.index("birthDate") + 1
        return {key: resource[key] for key in (*order[:place], "deceasedDateTime", *order[place:])}
    return resource


def _relative(made: Person, draw: Draw, age: int) -> Json:
    kind = "MTH" if age < 18 else draw.pick(("CHILD", "SPS", "SIB"))
    born = made.who.born - timedelta(days=365 * draw.whole(20, 40))
    who = traits(draw, born, made.who.family)
    return {
        "resourceType": "RelatedPerson",
        "id": draw.id(),
        "active": True,
        "patient": made.subject(),
        "relationship": [hl7("v3-RoleCode", kind)],
        "name": [{"use": "usual", "family": who.family, "given": list(who.given[:1])}],
        "telecom": [mobile(draw)],
    }


def _coverage(made: Person, draw: Draw, until: date) -> Json:
    return {
        "resourceType": "Coverage",
        "id": draw.id(),
        "status": "active",
        "type": hl7("v3-ActCode", "PUBLICPOL") | {"text": "Assurance maladie obligatoire"},
        "beneficiary": made.subject(),
        "relationship": hl7("subscriber-relationship", "self"),
        "period": {"start": f"{until.year}-01-01", "end": f"{until.year}-12-31"},
        "payor": [{"display": "Caisse d'assurance maladie de synthèse"}],
    }


def _care_team(made: Person, draw: Draw, until: date) -> Json:
    start = until - timedelta(days=draw.whole(200, 3650))
    period = {"start": start.isoformat()}
    others = [p for p in made.unit.practitioners if p.id != made.doctor.id]
    members = [made.doctor, *draw.some(others, draw.whole(1, 2))]
    return {
        "resourceType": "CareTeam",
        "id": draw.id(),
        "status": "active",
        "name": "Équipe de soins",
        "subject": made.subject(),
        "period": period,
        "participant": [
            {"member": reference("Practitioner", member.id, member.name), "period": period}
            for member in members
        ],
        "managingOrganization": [reference("Organization", made.home.site)],
    }


def _opposition(made: Person, draw: Draw, until: date) -> Json:
    said = draw.moment(until - timedelta(days=draw.whole(1, 700)))
    refused = draw.pick([unit for unit in made.home.units if unit.id != made.unit.id])
    return {
        "resourceType": "Consent",
        "id": draw.id(),
        "status": "active",
        "scope": hl7("consentscope", "patient-privacy"),
        "category": [concept(LOINC, "59284-0")],
        "patient": made.subject(),
        "dateTime": instant(said),
        "performer": [made.subject()],
        "organization": [reference("Organization", made.home.site)],
        "policyRule": hl7("v3-ActCode", "OPTOUT"),
        "provision": {
            "provision": [
                {
                    "type": "deny",
                    "actor": [
                        {
                            "role": hl7("v3-ParticipationType", "IRCP"),
                            "reference": reference("Organization", refused.id),
                        }
                    ],
                }
            ]
        },
    }
