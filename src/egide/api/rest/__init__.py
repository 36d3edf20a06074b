"""FHIR R4's RESTful interface: one file per interaction. https://hl7.org/fhir/R4/http.html"""

from egide.api.rest.routing import FHIR, Rest

__all__ = ["FHIR", "Rest"]
