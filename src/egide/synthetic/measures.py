"""What is measured during a visit: vital signs, and analyses with their order and report."""

from datetime import datetime, timedelta
from decimal import Decimal

from egide.synthetic.draw import Draw, instant
from egide.synthetic.element import (
    LOINC,
    Json,
    concept,
    hl7,
    narrative,
    profiled,
    quantity,
    reference,
)
from egide.synthetic.visit import Visit
from egide.synthetic.vocabulary import (
    BMI,
    BREATHING,
    DIASTOLIC,
    HEIGHT,
    PANELS,
    PULSE,
    SATURATION,
    SYSTOLIC,
    TEMPERATURE,
    WEIGHT,
    Analysis,
    Disease,
    Panel,
)


def vital_signs(visit: Visit) -> None:
    """Pulse, pressure, temperature, weight and what goes with them."""
    age = visit.person.age(visit.start.date())
    small = age < 15
    if not small or visit.draw.chance(0.3):
        _pressure(visit)
    _vital(visit, PULSE, "fr-core-observation-heartrate", shift=30 if small else 0)
    _vital(visit, TEMPERATURE, "fr-core-observation-body-temperature")
    if visit.kind != "AMB" or visit.draw.chance(0.3):
        _vital(visit, SATURATION, "fr-core-observation-saturation-oxygen")
        _vital(visit, BREATHING, "fr-core-observation-resp-rate")
    if small:
        weight = Decimal(f"{3.5 + age * 3:.1f}")
        height = Decimal(f"{50 + age * 7}")
    else:
        height = visit.draw.around(170 if not visit.person.who.female else 162, 7, 0, 140)
        weight = visit.draw.around(72, 13, 1, 38)
    _vital(visit, WEIGHT, "fr-core-observation-body-weight", value=weight)
    if visit.draw.chance(0.4):
        _vital(visit, HEIGHT, "fr-core-observation-body-height", value=height)
        index = Decimal(f"{float(weight) / (float(height) / 100) ** 2:.1f}")
        _vital(visit, BMI, "fr-core-observation-bmi", value=index)


def _observation(
    visit: Visit, analysis: Analysis, category: str, profile: str | None, at: datetime
) -> Json:
    made: Json = {"resourceType": "Observation", "id": visit.draw.id()}
    if profile is not None:
        made["meta"] = profiled(profile)
    made["status"] = "final"
    made["category"] = [hl7("observation-category", category)]
    made["code"] = concept(LOINC, analysis.loinc, analysis.text)
    made["subject"] = visit.person.subject()
    made["encounter"] = reference("Encounter", visit.id)
    made["effectiveDateTime"] = at.isoformat()
    return made


def _vital(
    visit: Visit,
    analysis: Analysis,
    profile: str,
    *,
    shift: float = 0,
    value: Decimal | None = None,
) -> None:
    made = _observation(visit, analysis, "vital-signs", profile, visit.start)
    if value is None:
        value = _value(visit.draw, analysis, shift)
    made["valueQuantity"] = quantity(value, analysis.unit, analysis.code)
    visit.person.resources.append(made)


def _pressure(visit: Visit) -> None:
    made: Json = _observation(
        visit,
        Analysis("85354-9", "Pression artérielle", "", "", 0, 0, 0),
        "vital-signs",
        "fr-core-observation-bp",
        visit.start,
    )
    made["component"] = [
        {
            "code": concept(LOINC, part.loinc, part.text),
            "valueQuantity": quantity(_value(visit.draw, part, 0), part.unit, part.code),
        }
        for part in (SYSTOLIC, DIASTOLIC)
    ]
    visit.person.resources.append(made)


def analyses(visit: Visit, panel: Panel) -> None:
    """The order, the Observations and the DiagnosticReport of one panel."""
    at = visit.start + timedelta(minutes=visit.draw.whole(5, 55))
    told = at + timedelta(minutes=visit.draw.whole(40, 400))
    order = visit.draw.id()
    visit.person.resources.append(
        {
            "resourceType": "ServiceRequest",
            "id": order,
            "status": "completed",
            "intent": "order",
            "category": [{"text": "Biologie médicale"}],
            "code": concept(LOINC, panel.loinc, panel.text),
            "subject": visit.person.subject(),
            "encounter": reference("Encounter", visit.id),
            "authoredOn": visit.start.isoformat(),
            "requester": reference("Practitioner", visit.doctor.id),
        }
    )
    results = []
    lines = []
    for analysis in panel.analyses:
        made = _observation(visit, analysis, "laboratory", None, at)
        value = _value(visit.draw, analysis, 0)
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
        visit.person.resources.append(made)
        results.append(reference("Observation", made["id"], analysis.text))
        lines.append(f"{analysis.text} : {str(value).replace('.', ',')} {analysis.unit}")
    visit.person.resources.append(
        {
            "resourceType": "DiagnosticReport",
            "id": visit.draw.id(),
            "text": narrative(panel.text, *lines),
            "basedOn": [reference("ServiceRequest", order)],
            "status": "final",
            "category": [hl7("v2-0074", "LAB", "Laboratory")],
            "code": concept(LOINC, panel.loinc, panel.text),
            "subject": visit.person.subject(),
            "encounter": reference("Encounter", visit.id),
            "effectiveDateTime": at.isoformat(),
            "issued": instant(told),
            "performer": [reference("Organization", visit.person.home.site)],
            "result": results,
        }
    )


def panels(visit: Visit, disease: Disease | None) -> None:
    """The panels the disease calls for; for a stay, always a few."""
    names = set(disease.panels if disease is not None else ())
    if visit.kind != "AMB":
        names |= {"nfs", "iono"}
    for name in sorted(names):
        analyses(visit, PANELS[name])


def _value(draw: Draw, analysis: Analysis, shift: float) -> Decimal:
    middle = (analysis.low + analysis.high) / 2 + shift
    value = draw.around(middle, (analysis.high - analysis.low) / 3.2, analysis.digits)
    return min(value, _rounded(100, analysis)) if analysis.code == "%" else value


def _rounded(value: float, analysis: Analysis) -> Decimal:
    return Decimal(f"{value:.{analysis.digits}f}")
