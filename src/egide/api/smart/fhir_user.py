"""The address of a person's own resource, which SMART calls `fhirUser`.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data
"""

from egide.accounts import Context


def fhir_user(context: Context, base: str) -> str | None:
    """Practitioner, RelatedPerson or Patient at `base` (the address of `/fhir`), in that order."""
    for type, id in (
        ("Practitioner", context.practitioner),
        ("RelatedPerson", context.relative),
        ("Patient", context.patient),
    ):
        if id is not None:
            return f"{base}/{type}/{id}"
    return None
