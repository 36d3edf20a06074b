"""Small records to send: invented, as short as R4 allows, each value of one's own choosing."""

import uuid
from typing import Any

from egide.synthetic import bundles, encode

Json = dict[str, Any]
LOINC = "http://loinc.org"


def patient(family: str = "Essai", **more: Any) -> Json:
    """A Patient."""
    return {"resourceType": "Patient", "name": [{"family": family}]} | more


def observation(subject: str, code: str = "4548-4", day: str = "2024-05-01", **more: Any) -> Json:
    """An Observation of `subject` (`Patient/…`), with one LOINC code, on a day."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": subject},
        "effectiveDateTime": day,
    } | more


def transaction(*entries: Json, type: str = "transaction") -> Json:
    """A Bundle that asks for several things."""
    return {"resourceType": "Bundle", "type": type, "entry": list(entries)}


def posting(resource: Json, full_url: str | None = None) -> Json:
    """An entry that creates."""
    entry = {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
    return entry if full_url is None else {"fullUrl": full_url} | entry


def putting(resource: Json, **request: str) -> Json:
    """An entry that updates, or creates under the resource's id."""
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url} | request}


def new_id() -> str:
    """An id nobody has."""
    return str(uuid.uuid4())


def synthetic(patients: int, seed: int = 8600) -> list[bytes]:
    """A hospital's bundle and one bundle a patient, as files have them."""
    return [encode(bundle) for bundle in bundles(seed, patients)]
