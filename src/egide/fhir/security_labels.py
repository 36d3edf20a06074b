"""Security labels, each by one name, whatever a sender calls its code system.

https://hl7.org/fhir/R4/security-labels.html; the visibility flags are those of
https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument,
a code system in which case does not matter.
"""

from typing import Final

CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
VISIBILITY: Final = "urn:oid:1.2.250.1.213.1.1.4.13"

_CODES: Final = {
    CONFIDENTIALITY: frozenset("ULMNRV"),
    VISIBILITY: frozenset(
        {
            "INVISIBLE_PATIENT",
            "INVISIBLE_REPRESENTANTS_LEGAUX",
            "MASQUE_PS",
            "MASQUE_PSOCIAL",
            "MASQUE_PT",
        }
    ),
}
_SYSTEMS: Final = {
    CONFIDENTIALITY: CONFIDENTIALITY,
    "http://hl7.org/fhir/v3/Confidentiality": CONFIDENTIALITY,
    "http://hl7.org/fhir/ValueSet/v3-Confidentiality": CONFIDENTIALITY,
    "urn:oid:2.16.840.1.113883.5.25": CONFIDENTIALITY,
    "2.16.840.1.113883.5.25": CONFIDENTIALITY,
    VISIBILITY: VISIBILITY,
    "1.2.250.1.213.1.1.4.13": VISIBILITY,
    "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR"
    "/TRE-A07-StatutVisibiliteDocument": VISIBILITY,
}
_BARE: Final = {code: system for system, codes in _CODES.items() for code in codes}
"""The systems of codes that come without one."""


def canonical(system: str, code: str) -> tuple[str, str]:
    """A label under its system's usual name. A code without a system is the one of that name
    there: closing by mistake is mended sooner than opening by mistake."""
    known = _SYSTEMS.get(system) if system else _BARE.get(code.upper())
    return (system, code) if known is None else (known, code.upper())
