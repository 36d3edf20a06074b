"""Identifiers we make: resource ids, internal numbers, request ids."""

import re
import secrets
import uuid

RESOURCE_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
"""https://hl7.org/fhir/R4/datatypes.html#id"""


def resource_id() -> str:
    """A new server-chosen resource id: a random UUID, so that it tells nothing."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def internal_number() -> int:
    """A random positive 63-bit number: what rows are joined by, meaningless outside."""
    return secrets.randbits(63) or 1


def request_id() -> str:
    """A short random name for one request, shown to the client and written in the log."""
    return secrets.token_hex(8)
