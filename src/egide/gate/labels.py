"""Security labels the gate knows, as FHIR token search writes them: `system|code`.

JDV_J08 of the French information-system framework (OID 1.2.250.1.213.1.1.5.463) adds three
visibility flags to the N, R and V of http://terminology.hl7.org/CodeSystem/v3-Confidentiality.
"""

from collections.abc import Mapping
from typing import Any

from egide.fhir.security_labels import CONFIDENTIALITY, VISIBILITY, canonical

NORMAL = f"{CONFIDENTIALITY}|N"
RESTRICTED = f"{CONFIDENTIALITY}|R"
VERY_RESTRICTED = f"{CONFIDENTIALITY}|V"

HIDDEN_FROM_PROFESSIONALS = f"{VISIBILITY}|MASQUE_PS"
HIDDEN_FROM_PATIENT = f"{VISIBILITY}|INVISIBLE_PATIENT"
HIDDEN_FROM_REPRESENTATIVES = f"{VISIBILITY}|INVISIBLE_REPRESENTANTS_LEGAUX"


def token(coding: Mapping[str, Any]) -> str:
    """The label a coding is."""
    return "|".join(canonical(coding.get("system", ""), coding.get("code", "")))
