"""Custody: the establishment a resource itself says it is of, by the standard's own elements.

An establishment is an Organization and all that is part of it. A patient may be of several, so a
Patient is of those its ties name (`egide.gate.ties`); whatever names none goes with its patients.
https://hl7.org/fhir/R4/encounter-definitions.html#Encounter.serviceProvider
"""

from collections.abc import Container, Mapping
from typing import Any, Final

CUSTODY: Final[Mapping[str, str]] = {
    "Account": "owner",
    "CareTeam": "managingOrganization",
    "Composition": "custodian",
    "Consent": "organization",
    "Device": "owner",
    "DocumentReference": "custodian",
    "Encounter": "serviceProvider",
    "EpisodeOfCare": "managingOrganization",
    "Person": "managingOrganization",
}
"""Type → the element that names the Organizations a resource is of."""

DOCUMENT: Final = "Bundle"
"""A document is of the establishments that its Composition, which comes first, names."""


def named(held: Any) -> frozenset[str]:
    """The Organizations (ids) that a Reference, or a list of them, refers to as `Type/id`."""
    found = set()
    for each in held if isinstance(held, list) else [held]:
        text = each.get("reference") if isinstance(each, Mapping) else None
        type, _, rest = text.partition("/") if isinstance(text, str) else ("", "", "")
        if type == "Organization":
            found.add(rest.partition("/")[0])
    return frozenset(found)


def elsewhere(type: str, resource: Mapping[str, Any], establishment: Container[str]) -> bool:
    """Whether a resource says that it is of other Organizations than those (ids) of one
    establishment.

    Who is named in a way that is not understood, by words or another server's address, is another.
    """
    if type == DOCUMENT:
        entries = resource.get("entry") or [{}]
        first = entries[0].get("resource", {})
        kind = first.get("resourceType", "")
        return kind == "Composition" and elsewhere(kind, first, establishment)
    held = resource.get(CUSTODY.get(type, ""))
    return held is not None and not any(each in establishment for each in named(held))


def may_name(type: str) -> bool:
    """Whether resources of `type` may say which establishments they are of."""
    return type in CUSTODY or type == DOCUMENT
