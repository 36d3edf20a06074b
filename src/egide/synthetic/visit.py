"""One visit of a synthetic patient, and what it leaves: measures, analyses, acts, letters."""

import base64
import hashlib
from datetime import date, datetime, timedelta
from decimal import Decimal

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
    narrative,
    profiled,
    quantity,
    reference,
)
from egide.synthetic.establishment import Practitioner, Unit
from egide.synthetic.patient import Person
from egide.synthetic.vocabulary import (
    BMI,
    BREATHING,
    DIASTOLIC,
    DRUGS,
    EXPLORATIONS,
    HEIGHT,
    PANELS,
    PROCEDURES,
    PULSE,
    SATURATION,
    SYSTOLIC,
    TEMPERATURE,
    WEIGHT,
    Analysis,
    Disease,
    Panel,
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

    def vital_signs(self) -> None:
        """Pulse, pressure, temperature, weight and what goes with them."""
        age = self.person.age(self.start.date())
        small = age < 15
        if not small or self.draw.chance(0.3):
            self._pressure()
        self._vital(PULSE, "fr-core-observation-heartrate", shift=30 if small else 0)
        self._vital(TEMPERATURE, "fr-core-observation-body-temperature")
        if self.kind != "AMB" or self.draw.chance(0.3):
            self._vital(SATURATION, "fr-core-observation-saturation-oxygen")
            self._vital(BREATHING, "fr-core-observation-resp-rate")
        if small:
            weight = Decimal(f"{3.5 + age * 3:.1f}")
            height = Decimal(f"{50 + age * 7}")
        else:
            height = self.draw.around(170 if not self.person.who.female else 162, 7, 0, 140)
            weight = self.draw.around(72, 13, 1, 38)
        self._vital(WEIGHT, "fr-core-observation-body-weight", value=weight)
        if self.draw.chance(0.4):
            self._vital(HEIGHT, "fr-core-observation-body-height", value=height)
            index = Decimal(f"{float(weight) / (float(height) / 100) ** 2:.1f}")
            self._vital(BMI, "fr-core-observation-bmi", value=index)

    def _observation(
        self, analysis: Analysis, category: str, profile: str | None, at: datetime
    ) -> Json:
        made: Json = {"resourceType": "Observation", "id": self.draw.id()}
        if profile is not None:
            made["meta"] = profiled(profile)
        made["status"] = "final"
        made["category"] = [hl7("observation-category", category)]
        made["code"] = concept(LOINC, analysis.loinc, analysis.text)
        made["subject"] = self.person.subject()
        made["encounter"] = reference("Encounter", self.id)
        made["effectiveDateTime"] = at.isoformat()
        return made

    def _vital(
        self, analysis: Analysis, profile: str, *, shift: float = 0, value: Decimal | None = None
    ) -> None:
        made = self._observation(analysis, "vital-signs", profile, self.start)
        if value is None:
            value = _value(self.draw, analysis, shift)
        made["valueQuantity"] = quantity(value, analysis.unit, analysis.code)
        self.person.resources.append(made)

    def _pressure(self) -> None:
        made: Json = self._observation(
            Analysis("85354-9", "Pression artérielle", "", "", 0, 0, 0),
            "vital-signs",
            "fr-core-observation-bp",
            self.start,
        )
        made["component"] = [
            {
                "code": concept(LOINC, part.loinc, part.text),
                "valueQuantity": quantity(_value(self.draw, part, 0), part.unit, part.code),
            }
            for part in (SYSTOLIC, DIASTOLIC)
        ]
        self.person.resources.append(made)

    def analyses(self, panel: Panel) -> None:
        """The order, the Observations and the DiagnosticReport of one panel."""
        at = self.start + timedelta(minutes=self.draw.whole(5, 55))
        told = at + timedelta(minutes=self.draw.whole(40, 400))
        order = self.draw.id()
        self.person.resources.append(
            {
                "resourceType": "ServiceRequest",
                "id": order,
                "status": "completed",
                "intent": "order",
                "category": [{"text": "Biologie médicale"}],
                "code": concept(LOINC, panel.loinc, panel.text),
                "subject": self.person.subject(),
                "encounter": reference("Encounter", self.id),
                "authoredOn": self.start.isoformat(),
                "requester": reference("Practitioner", self.doctor.id),
            }
        )
        results = []
        lines = []
        for analysis in panel.analyses:
            made = self._observation(analysis, "laboratory", None, at)
            value = _value(self.draw, analysis, 0)
            made["issued"] = instant(told)
            made["valueQuantity"] = quantity(value, analysis.unit, analysis.code)
            low, high = (_rounded(end, analysis) for end in (analysis.low, analysis.high))
            flag = "L" if value < low else "H" if value > high else "N"
            made["interpretation"] = [hl7("v3-ObservationInterpretation", flag)]
            made["referenceRange"] = [
                {
                    "low": quantity(low, analysis.unit, analysis.code),
                    "high": quantity(high, analysis.unit, analysis.code),
                }
            ]
            self.person.resources.append(made)
            results.append(reference("Observation", made["id"], analysis.text))
            lines.append(f"{analysis.text} : {str(value).replace('.', ',')} {analysis.unit}")
        self.person.resources.append(
            {
                "resourceType": "DiagnosticReport",
                "id": self.draw.id(),
                "text": narrative(panel.text, *lines),
                "basedOn": [reference("ServiceRequest", order)],
                "status": "final",
                "category": [hl7("v2-0074", "LAB", "Laboratory")],
                "code": concept(LOINC, panel.loinc, panel.text),
                "subject": self.person.subject(),
                "encounter": reference("Encounter", self.id),
                "effectiveDateTime": at.isoformat(),
                "issued": instant(told),
                "performer": [reference("Organization", self.person.home.site)],
                "result": results,
            }
        )

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

    def panels(self, disease: Disease | None) -> None:
        """The panels the disease calls for; for a stay, always a few."""
        names = set(disease.panels if disease is not None else ())
        if self.kind != "AMB":
            names |= {"nfs", "iono"}
        for name in sorted(names):
            self.analyses(PANELS[name])

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


def _value(draw: Draw, analysis: Analysis, shift: float) -> Decimal:
    middle = (analysis.low + analysis.high) / 2 + shift
    value = draw.around(middle, (analysis.high - analysis.low) / 3.2, analysis.digits)
    return min(value, _rounded(100, analysis)) if analysis.code == "%" else value


def _rounded(value: float, analysis: Analysis) -> Decimal:
    return Decimal(f"{value:.{analysis.digits}f}")
