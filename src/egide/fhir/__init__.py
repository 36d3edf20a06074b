"""FHIR R4, pure: what the standard defines, and resources decoded with complete validation."""

from egide.fhir.bundle import Bundle, Entry, decode_bundle
from egide.fhir.definitions import (
    TYPES,
    SearchParameter,
    compartment,
    number,
    search_parameters,
    type_name,
)
from egide.fhir.invalid import Invalid
from egide.fhir.references import Replacements, reference_strings, replace_references
from egide.fhir.resource import Resource, decode, encode, identity, parse, type_of

__all__ = [
    "TYPES",
    "Bundle",
    "Entry",
    "Invalid",
    "Replacements",
    "Resource",
    "SearchParameter",
    "compartment",
    "decode",
    "decode_bundle",
    "encode",
    "identity",
    "number",
    "parse",
    "reference_strings",
    "replace_references",
    "search_parameters",
    "type_name",
    "type_of",
]
