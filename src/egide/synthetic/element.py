"""Small parts of resources: codings, quantities, references, narrative; keys in FHIR's order."""

from decimal import Decimal
from html import escape
from typing import Any

Json = dict[str, Any]

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ATC = "http://www.whocc.no/atc"
CCAM = "https://smt.esante.gouv.fr/terminologie-ccam"
CIM10 = "https://smt.esante.gouv.fr/terminologie-cim-10"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
FR_CORE = "https://hl7.fr/ig/fhir/core/"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


def coding(system: str, code: str, display: str | None = None) -> Json:
    """A Coding."""
    if display is None:
        return {"system": system, "code": code}
    return {"system": system, "code": code, "display": display}


def concept(system: str, code: str, text: str | None = None, display: str | None = None) -> Json:
    """A CodeableConcept of one coding."""
    made: Json = {"coding": [coding(system, code, display)]}
    if text is not None:
        made["text"] = text
    return made


def hl7(name: str, code: str, display: str | None = None) -> Json:
    """A CodeableConcept from a code system of terminology.hl7.org."""
    return concept(TERMINOLOGY + name, code, None, display)


def quantity(value: Decimal, unit: str, code: str) -> Json:
    """A Quantity in UCUM: `unit` is how people write it, `code` is UCUM's."""
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def reference(type: str, id: str, display: str | None = None) -> Json:
    """A relative Reference."""
    if display is None:
        return {"reference": f"{type}/{id}"}
    return {"reference": f"{type}/{id}", "display": display}


def narrative(*paragraphs: str) -> Json:
    """A generated Narrative of plain paragraphs."""
    inner = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr">{inner}</div>',
    }


def profiled(name: str) -> Json:
    """The `meta` of a resource that follows a profile of FR Core."""
    return {"profile": [f"{FR_CORE}StructureDefinition/{name}"]}


def identifier_type(code: str) -> Json:
    """An identifier's type, from FR Core's table 0203."""
    return concept(FR_CORE + "CodeSystem/fr-core-cs-v2-0203", code)
