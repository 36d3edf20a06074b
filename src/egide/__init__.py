"""Égide: a FHIR R4 health-data platform, sealed, decided, logged."""
