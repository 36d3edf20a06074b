"""A synthetic hospital: its legal and geographic entities, units, rooms and practitioners."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from egide.synthetic.draw import Draw
from egide.synthetic.element import FR_CORE, Json, hl7, identifier_type, profiled, reference
from egide.synthetic.identity import Traits, address, landline, traits
from egide.synthetic.vocabulary import SERVICES

UNIT_TYPE = FR_CORE + "CodeSystem/fr-core-cs-v2-3307"
PRACTITIONERS_PER_UNIT = 4


@dataclass(frozen=True, slots=True)
class Practitioner:
    """Somebody who works in a unit."""

    id: str
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Unit:
    """One service of the hospital."""

    id: str
    name: str
    room: str
    practitioners: tuple[Practitioner, ...]


@dataclass(frozen=True, slots=True)
class Establishment:
    """The hospital: its resources, and what patients' records refer to."""

    site: str
    name: str
    units: tuple[Unit, ...]
    resources: tuple[Json, ...]


def establishment(draw: Draw) -> Establishment:
    """A hospital of ten units, drawn."""
    name = f"Hôpital de synthèse {draw.pick(('des Lilas', 'de la Fontaine', 'du Moulin'))}"
    legal, site = draw.id(), draw.id()
    resources = [
        _organization(legal, name, "FINEJ", "LEGAL-ENTITY", "Entité légale", draw),
        _organization(site, name, "FINEG", "GEOGRAPHICAL-ENTITY", "Entité géographique", draw)
        | {"partOf": reference("Organization", legal)},
    ]
    units = []
    for text, number in SERVICES:
        id, room = draw.id(), draw.id()
        people = tuple(
            _practitioner(draw, resources, site, text) for _ in range(PRACTITIONERS_PER_UNIT)
        )
        resources.append(
            {
                "resourceType": "Organization",
                "id": id,
                "meta": profiled("fr-core-organization-uf"),
                "identifier": [
                    {
                        "type": identifier_type("INTRN"),
                        "system": "https://hopital-synthese.example.org/uf",
                        "value": number,
                    }
                ],
                "active": True,
                "type": [
                    {"coding": [{"system": UNIT_TYPE, "code": "UF"}], "text": "Unité fonctionnelle"}
                ],
                "name": text,
                "partOf": reference("Organization", site),
            }
        )
        resources.append(
            {
                "resourceType": "Location",
                "id": room,
                "status": "active",
                "name": f"{text}, consultation",
                "mode": "instance",
                "type": [hl7("v3-RoleCode", "HOSP")],
                "physicalType": hl7("location-physical-type", "ro", "Room"),
                "managingOrganization": reference("Organization", id),
            }
        )
        units.append(Unit(id, text, room, people))
    return Establishment(site, name, tuple(units), tuple(resources))


def _organization(
    id: str, name: str, number: str, kind: str, text: str, draw: Draw
) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "id": id,
        "meta": profiled("fr-core-organization-etablissement"),
        "identifier": [
            {
                "use": "official",
                "type": identifier_type(number),
                "system": "https://finess.esante.gouv.fr",
                "value": f"99{draw.digits(7)}",
            }
        ],
        "active": True,
        "type": [{"coding": [{"system": UNIT_TYPE, "code": kind}], "text": text}],
        "name": name,
        "telecom": [landline(draw, "work")],
        "address": [address(draw, "work")],
    }


def _practitioner(draw: Draw, resources: list[Json], site: str, service: str) -> Practitioner:
    who = traits(draw, draw.day(date(1958, 1, 1), date(1994, 12, 31)))
    id, role = draw.id(), draw.id()
    rpps = f"10999{draw.digits(6)}"
    name = f"Dr {who.given[0]} {who.family}"
    resources.append(
        {
            "resourceType": "Practitioner",
            "id": id,
            "meta": profiled("fr-core-practitioner"),
            "identifier": [
                {
                    "use": "official",
                    "type": identifier_type("RPPS"),
                    "system": "https://rpps.esante.gouv.fr",
                    "value": rpps,
                }
            ],
            "active": True,
            "name": [_name(who)],
            "telecom": [landline(draw, "work")],
            "gender": who.gender,
        }
    )
    resources.append(
        {
            "resourceType": "PractitionerRole",
            "id": role,
            "active": True,
            "practitioner": reference("Practitioner", id, name),
            "organization": reference("Organization", site),
            "code": [hl7("practitioner-role", "doctor", "Doctor")],
            "specialty": [{"text": service}],
        }
    )
    return Practitioner(id, role, name)


def _name(who: Traits) -> Json:
    return {
        "use": "official",
        "family": who.family,
        "given": [who.given[0]],
        "prefix": ["MME" if who.female else "M"],
        "suffix": ["DR"],
    }
