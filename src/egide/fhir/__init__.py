"""FHIR R4, pure: definitions, JSON, validation."""
