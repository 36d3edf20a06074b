"""Whose key seals a resource."""

from collections.abc import Collection
from typing import Literal, NamedTuple


class Owner(NamedTuple):
    """The kind of key, and the ids of those it is wrapped for."""

    kind: Literal["patient", "person", "resource", "establishment"]
    holders: tuple[str, ...]


def owner(type: str, id: str, patients: Collection[str]) -> Owner:
    """Whose key seals the resource `type`/`id` that names these patients."""
    if type == "Patient":
        return Owner("patient", (id,))
    if type in ("Practitioner", "Person"):
        return Owner("person", (f"{type}/{id}",))
    if not patients:
        return Owner("establishment", ())
    if len(patients) == 1:
        return Owner("patient", tuple(patients))
    return Owner("resource", tuple(sorted(patients)))
