"""Literal references: where they point, and whether that is here.

https://hl7.org/fhir/R4/references.html#literal
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from egide.fhir.definitions import TYPES

RESOURCE_TYPES = frozenset(TYPES)

_LITERAL = re.compile(
    r"(?P<base>https?://\S+?/)?(?P<local>(?P<type>[A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z"
)


def local_target(reference: str, bases: Collection[str] = ()) -> str | None:
    """`Type/id` when `reference` points to a resource of this server, else None.

    Relative references do, and absolute ones under one of `bases` (each ends with `/`). A version
    is cut off. Fragments, urns, conditional references and addresses elsewhere give None.
    """
    type_, _, id_ = reference.partition("/")
    if type_ in RESOURCE_TYPES and id_ and "/" not in id_:
        return reference
    found = _LITERAL.match(reference)
    if not found or found["type"] not in RESOURCE_TYPES:
        return None
    if found["base"] and found["base"] not in bases:
        return None
    return found["local"]


def type_of_reference(reference: Mapping[str, Any], resource: Mapping[str, Any]) -> str | None:
    """The resource type a Reference points to, as far as it can be told without following it.

    A fragment is looked up among what `resource` contains; otherwise the literal tells, and
    where there is none `Reference.type` does.
    """
    literal = reference.get("reference")
    if literal:
        if literal.startswith("#"):
            for inner in resource.get("contained", ()):
                if inner.get("id") == literal[1:]:
                    return str(inner.get("resourceType"))
        else:
            found = _LITERAL.match(literal)
            if found and found["type"] in RESOURCE_TYPES:
                return found["type"]
    declared = reference.get("type")
    return declared if isinstance(declared, str) else None
