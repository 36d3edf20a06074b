"""Security labels the gate knows, as FHIR token search writes them: `system|code`.

JDV_J08 of the French information-system framework (OID 1.2.250.1.213.1.1.5.463) adds three
visibility flags to the N, R and V of http://terminology.hl7.org/CodeSystem/v3-Confidentiality.
"""

_VISIBILITY = "urn:oid:1.2.250.1.213.1.1.4.13"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

NORMAL = f"{_CONFIDENTIALITY}|N"
RESTRICTED = f"{_CONFIDENTIALITY}|R"
VERY_RESTRICTED = f"{_CONFIDENTIALITY}|V"

HIDDEN_FROM_PROFESSIONALS = f"{_VISIBILITY}|MASQUE_PS"
HIDDEN_FROM_PATIENT = f"{_VISIBILITY}|INVISIBLE_PATIENT"
HIDDEN_FROM_REPRESENTATIVES = f"{_VISIBILITY}|INVISIBLE_REPRESENTANTS_LEGAUX"
