"""Which interaction an address asks for, as an explanation understands it."""

import pytest

from egide.errors import Incorrect
from egide.record.explaining import Asked, asked_by


@pytest.mark.parametrize(
    ("method", "address", "asked"),
    [
        ("GET", "/fhir/Observation?code=x", Asked("search", "Observation", None)),
        ("POST", "Observation", Asked("create", "Observation", None)),
        ("PUT", "/fhir/Patient?identifier=x", Asked("update", "Patient", None)),
        ("delete", "/fhir/Patient?identifier=x", Asked("delete", "Patient", None)),
        ("DELETE", "/fhir/Patient/1", Asked("delete", "Patient", "1")),
        ("GET", "/fhir/Patient/1/Observation", Asked("search", "Observation", None)),
        ("GET", "/fhir/Encounter/1/*", Asked("search", None, None)),
        ("POST", "/fhir/Patient/1/Observation/_search", Asked("search", "Observation", None)),
        ("GET", "/fhir/Patient/1/_history", Asked("history", "Patient", "1")),
        ("GET", "/fhir/Patient/1/$everything", Asked("$everything", "Patient", "1")),
    ],
)
def test_an_address_says_what_it_asks_for(method: str, address: str, asked: Asked) -> None:
    assert asked_by(method, address) == asked


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/fhir/Patient/1/Organization"),
        ("GET", "/fhir/Organization/1/Observation"),
        ("DELETE", "/fhir/Patient/1/Observation"),
        ("POST", "/fhir/Patient/1/Observation"),
        ("GET", "/fhir/Patient/1/Observation/_search"),
        ("GET", "/fhir/Patient/1/Observation/2/3"),
        ("DELETE", "/fhir"),
        ("GET", "/fhir/Nothing"),
    ],
)
def test_what_is_no_interaction_of_this_server_is_refused(method: str, address: str) -> None:
    with pytest.raises(Incorrect):
        asked_by(method, address)
