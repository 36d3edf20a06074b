"""Masking: a resource of which only what it is, whose and when remains.

What stays: id, version, confidentiality, status and intent, the reference to the patient without a
name, the main date (rows show it anyway: docs/concepts/sealing.md). What the standard requires
beside that says `masked` (http://hl7.org/fhir/StructureDefinition/data-absent-reason); the rest is
left out, and the whole is marked SUBSETTED, so that nobody stores it.
https://hl7.org/fhir/R4/security-labels.html
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from egide.fhir.definitions import Element, type_definition
from egide.fhir.search.main_date import MAIN_DATES
from egide.fhir.summary import marked

_ABSENT: Final = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "masked",
        }
    ]
}
_KEPT = ("resourceType", "id", "meta", "status", "intent")
_KEPT_OF_META = ("versionId", "lastUpdated")
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_read = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def masked(type_: str, body: bytes) -> bytes:
    """`body` (canonical JSON of a `type_`) with its content masked; a deletion stays empty."""
    if not body:
        return body
    whole = _read(body)
    part: dict[str, Any] = {name: whole[name] for name in _KEPT if name in whole}
    part["meta"] = _meta(whole.get("meta", msgspec.Raw(b"{}")))
    dates = _dates(type_)
    for name, raw in whole.items():
        if name in part:
            continue
        if name.removeprefix("_") in dates:
            part[name] = raw
        elif (patient := _patient(raw)) is not None:
            part[name] = patient
        elif name in _required(type_):
            part |= _required(type_)[name]
    return marked(msgspec.json.encode(part))


def _meta(raw: msgspec.Raw) -> Mapping[str, Any]:
    """Meta without tags and sensitivity labels: they would say what is masked."""
    whole = msgspec.json.decode(raw)
    part = {name: whole[name] for name in _KEPT_OF_META if name in whole}
    labels = [
        {"system": each["system"], "code": each.get("code")}
        for each in whole.get("security", ())
        if each.get("system") == _CONFIDENTIALITY
    ]
    return part | ({"security": labels} if labels else {})


def _patient(raw: msgspec.Raw) -> Mapping[str, str] | None:
    """A reference to a Patient, without the name that may stand beside it."""
    text = bytes(raw)
    if not text.startswith(b"{") or b'"Patient/' not in text:
        return None
    reference = msgspec.json.decode(text).get("reference")
    if not isinstance(reference, str) or not reference.startswith("Patient/"):
        return None
    return {"reference": reference}


@cache
def _dates(type_: str) -> frozenset[str]:
    known = MAIN_DATES.get(type_)
    names = {name for name in (known.elements if known else ()) if "." not in name}
    found: set[str] = set()
    for element in type_definition(type_).elements:
        if element.name in names:
            found.update(element.keys())
    return frozenset(found)


@cache
def _required(type_: str) -> Mapping[str, Mapping[str, Any]]:
    """JSON name of each required element → what is written instead of it."""
    found: dict[str, Mapping[str, Any]] = {}
    for element in type_definition(type_).elements:
        if element.min > 0:
            for name, of in element.keys().items():
                found[name] = _instead(name, of, element)
    return found


def _instead(name: str, of: str, element: Element) -> Mapping[str, Any]:
    if of[0].islower():
        return {f"_{name}": [_ABSENT] if element.many else _ABSENT}
    value: Mapping[str, Any] = _ABSENT
    if "." in of:
        value = {key: each for inner in _required(of).values() for key, each in inner.items()}
        value = value or _ABSENT
    return {name: [value] if element.many else value}
