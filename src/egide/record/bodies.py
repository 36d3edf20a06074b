"""Bodies: what a write is given, decoded."""

from egide import fhir
from egide.errors import Incorrect, Issue
from egide.fhir.summary import is_subset


def decoded(type: str, body: bytes | fhir.Resource) -> fhir.Resource:
    """The resource in `body`, which may be decoded already. Raises Invalid."""
    return fhir.decode(body, type=type) if isinstance(body, bytes) else body


def whole(type: str, body: bytes | fhir.Resource) -> fhir.Resource:
    """The resource of an update. Refuses what was cut by `_summary` or `_elements`."""
    resource = decoded(type, body)
    if is_subset(resource.meta):
        words = "this is a part of a resource (SUBSETTED); a part cannot replace the whole"
        raise Incorrect(words, issues=[Issue("business-rule", words, f"{type}.meta.tag")])
    return resource
