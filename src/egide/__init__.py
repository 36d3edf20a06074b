"""Égide: a FHIR R4 health-data platform, sealed, decided, logged."""

__version__ = "0.1.0"
