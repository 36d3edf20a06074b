"""One visit of a synthetic patient, and what it leaves: measures, analyses, acts, letters."""

import base64
import hashlib
from datetime import date, datetime, timedelta

from egide.synthetic.draw import Draw, instant
from egide.synthetic.element import (
    ACT_CODE,
    ATC,
    CCAM,
    CIM10,
    FR_CORE,
    LOINC,
    UCUM,
    Json,
    coding,
    concept,
    hl7,
    profiled,
    reference,
)
from egide.synthetic.establishment import Practitioner, Unit
from egide.synthetic.patient import Person
from egide.synthetic.vocabulary import (
    DRUGS,
    EXPLORATIONS,
    PROCEDURES,
    Disease,
)

KINDS = {"AMB": "Consultation", "EMER": "Passage aux urgences", "IMP": "Hospitalisation"}


class Visit:
    """One encounter of `person` in `unit`; its methods add resources to the person's record."""

    __slots__ = ("doctor", "draw", "end", "id", "kind", "person", "start", "unit")

    def __init__(self, person: Person, draw: Draw, day: date, kind: str, unit: Unit) -> None:
        self.person = person
        self.draw = draw
        self.kind = kind
        self.unit = unit
        self.doctor: Practitioner = draw.pick(unit.practitioners)
        self.id = draw.id()
        self.start: datetime = draw.moment(
            day, 0 if kind == "EMER" else 8, 23 if kind == "EMER" else 18
        )
        length = {"AMB": 30, "EMER": 60 * draw.whole(2, 9), "IMP": 1440 * draw.whole(1, 9)}[kind]
        self.end = self.start + timedelta(minutes=length)

    def encounter(self, disease: Disease | None, condition: str | None) -> None:
        """The Encounter itself."""
        made: Json = {
            "resourceType": "Encounter",
            "id": self.id,
            "meta": profiled("fr-core-encounter"),
            "identifier": [
                {
                    "type": concept(f"{FR_CORE}CodeSystem/fr-core-cs-identifier-type", "VN"),
                    "system": "https://hopital-synthese.example.org/venue",
                    "value": self.draw.digits(9),
                }
            ],
            "status": "finished",
            "class": coding(ACT_CODE, self.kind),
            "type": [{"text": KINDS[self.kind]}],
            "subject": self.person.subject(),
            "participant": [
                {
                    "type": [hl7("v3-ParticipationType", "ATND")],
                    "individual": reference("Practitioner", self.doctor.id, self.doctor.name),
                }
            ],
            "period": {"start": self.start.isoformat(), "end": self.end.isoformat()},
        }
        if disease is not None:
            made["reasonCode"] = [concept(CIM10, disease.cim10, disease.text)]
        if condition is not None:
            made["diagnosis"] = [
                {
                    "condition": reference("Condition", condition),
                    "use": hl7("diagnosis-role", "DD"),
                    "rank": 1,
                }
            ]
        if self.kind == "IMP":
            made["hospitalization"] = {"dischargeDisposition": hl7("discharge-disposition", "home")}
        made["location"] = [{"location": reference("Location", self.unit.room, self.unit.name)}]
        made["serviceProvider"] = reference("Organization", self.unit.id)
        self.person.resources.append(made)

    def condition(self, disease: Disease) -> str:
        """A new Condition; its id."""
        id = self.draw.id()
        made: Json = {
            "resourceType": "Condition",
            "id": id,
            "clinicalStatus": hl7(
                "condition-clinical", "active" if disease.chronic else "resolved"
            ),
            "verificationStatus": hl7("condition-ver-status", "confirmed"),
            "category": [hl7("condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
            "code": concept(CIM10, disease.cim10, disease.text),
            "subject": self.person.subject(),
            "encounter": reference("Encounter", self.id),
            "onsetDateTime": self.start.date().isoformat(),
        }
        if not disease.chronic:
            over = self.start.date() + timedelta(days=self.draw.whole(4, 60))
            made["abatementDateTime"] = over.isoformat()
        made["recordedDate"] = self.start.isoformat()
        made["recorder"] = reference("Practitioner", self.doctor.id)
        self.person.resources.append(made)
        return id

    def prescription(self, disease: Disease, condition: str) -> None:
        """A MedicationRequest for each medicine of the disease."""
        for atc in disease.drugs:
            drug = DRUGS[atc]
            days = 90 if disease.chronic else self.draw.whole(3, 10)
            self.person.resources.append(
                {
                    "resourceType": "MedicationRequest",
                    "id": self.draw.id(),
                    "status": "active" if disease.chronic else "completed",
                    "intent": "order",
                    "medicationCodeableConcept": concept(ATC, drug.atc, drug.text),
                    "subject": self.person.subject(),
                    "encounter": reference("Encounter", self.id),
                    "authoredOn": self.start.isoformat(),
                    "requester": reference("Practitioner", self.doctor.id, self.doctor.name),
                    "reasonReference": [reference("Condition", condition)],
                    "dosageInstruction": [
                        {
                            "text": f"{drug.dose} {drug.unit}, {drug.times} fois par jour, "
                            f"pendant {days} jours",
                            "timing": {
                                "repeat": {
                                    "boundsDuration": {
                                        "value": days,
                                        "unit": "jours",
                                        "system": UCUM,
                                        "code": "d",
                                    },
                                    "frequency": drug.times,
                                    "period": 1,
                                    "periodUnit": "d",
                                }
                            },
                            "route": {"text": drug.route},
                            "doseAndRate": [
                                {"doseQuantity": {"value": int(drug.dose), "unit": drug.unit}}
                            ],
                        }
                    ],
                }
            )

    def procedure(self, code: str, text: str, condition: str | None) -> None:
        """One act."""
        done = self.start + timedelta(hours=1)
        made: Json = {
            "resourceType": "Procedure",
            "id": self.draw.id(),
            "status": "completed",
            "code": concept(CCAM, code, text),
            "subject": self.person.subject(),
            "encounter": reference("Encounter", self.id),
            "performedPeriod": {
                "start": done.isoformat(),
                "end": (done + timedelta(minutes=self.draw.whole(10, 140))).isoformat(),
            },
            "performer": [{"actor": reference("Practitioner", self.doctor.id, self.doctor.name)}],
            "location": reference("Location", self.unit.room),
        }
        if condition is not None:
            made["reasonReference"] = [reference("Condition", condition)]
        self.person.resources.append(made)

    def acts(self, disease: Disease | None, condition: str | None) -> None:
        """The act the disease calls for, and now and then an exploration."""
        if disease is not None and self.kind == "IMP" and disease.cim10 in PROCEDURES:
            self.procedure(*PROCEDURES[disease.cim10], condition)
        elif self.draw.chance(0.25):
            self.procedure(*self.draw.pick(EXPLORATIONS), None)

    def letter(self, disease: Disease | None) -> None:
        """A DocumentReference with a short text."""
        who = self.person.who
        reason = disease.text if disease is not None else "suivi"
        title = "Compte rendu d'hospitalisation" if self.kind == "IMP" else "Lettre de consultation"
        text = (
            f"{title}\n\n{self.unit.name}, le {self.start:%d/%m/%Y}\n"
            f"{who.given[0]} {who.family.upper()}, {self.person.age(self.start.date())} ans\n\n"
            f"Motif : {reason}.\nÉtat général conservé. "
            f"{self.draw.pick(SENTENCES)} {self.draw.pick(SENTENCES)}\n\n{self.doctor.name}\n"
        ).encode()
        self.person.resources.append(
            {
                "resourceType": "DocumentReference",
                "id": self.draw.id(),
                "status": "current",
                "docStatus": "final",
                "type": concept(LOINC, "34112-3" if self.kind == "IMP" else "11488-4", title),
                "subject": self.person.subject(),
                "date": instant(self.end),
                "author": [reference("Practitioner", self.doctor.id, self.doctor.name)],
                "custodian": reference("Organization", self.person.home.site),
                "securityLabel": [hl7("v3-Confidentiality", "N")],
                "content": [
                    {
                        "attachment": {
                            "contentType": "text/plain; charset=utf-8",
                            "language": "fr-FR",
                            "data": base64.b64encode(text).decode(),
                            "size": len(text),
                            "hash": base64.b64encode(
                                hashlib.sha1(text, usedforsecurity=False).digest()
                            ).decode(),
                            "title": title,
                            "creation": self.end.isoformat(),
                        }
                    }
                ],
                "context": {
                    "encounter": [reference("Encounter", self.id)],
                    "period": {"start": self.start.isoformat(), "end": self.end.isoformat()},
                },
            }
        )


SENTENCES = (
    "L'examen clinique est sans particularité.",
    "Le traitement est poursuivi à l'identique.",
    "Un contrôle biologique est prévu dans un mois.",
    "La tolérance du traitement est bonne.",
    "Les douleurs ont nettement diminué.",
    "Une consultation de contrôle est proposée dans trois mois.",
    "L'auscultation retrouve un murmure vésiculaire symétrique.",
    "Les constantes sont stables depuis la dernière visite.",
    "Des conseils d'hygiène de vie ont été rappelés.",
    "Le patient est informé et d'accord avec la conduite proposée.",
)
