"""Whom a resource concerns: the patients and persons its key is chosen by.

The Patient compartment's parameters say most of it (`egide.fhir.search`); what may name a patient
beside them is listed with the rules of keys (`egide.seal.owner`).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from egide.fhir.search.index import Index
from egide.seal.owner import BESIDE_COMPARTMENT, OF_PERSONS


class Concerns(msgspec.Struct):
    """Ids of the patients; references of the persons; what a Binary takes its key from."""

    patients: set[str] = set()
    persons: set[str] = set()
    context: str | None = None


Indexing = Callable[[str, Mapping[str, Any]], Index]


def concerns(
    index: Indexing, type: str, resource: Mapping[str, Any], patients: set[str]
) -> Concerns:
    """Whom `resource` concerns, `patients` being those of its compartments."""
    found = Concerns(set(patients))
    for path in BESIDE_COMPARTMENT.get(type, ()):
        for reference in _references(resource, path.split(".")):
            kind, _, id = reference.partition("/")
            if kind == "Patient":
                found.patients.add(id.partition("/")[0])
            elif type == "Binary" and id:
                found.context = reference
    if type in OF_PERSONS:
        found.persons.update(_references(resource, ["practitioner"]))
    if type in ("Bundle", "Parameters"):
        for inner in _inside(resource):
            named = index(inner["resourceType"], inner).patients
            kind = inner["resourceType"]
            found.patients |= concerns(index, kind, inner, named).patients
    return found


def _references(node: Any, path: list[str]) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _references(each, path)
    elif isinstance(node, dict):
        if path:
            yield from _references(node.get(path[0]), path[1:])
        elif isinstance(node.get("reference"), str):
            yield node["reference"]


def _inside(node: Any) -> Iterator[Mapping[str, Any]]:
    """The resources in the entries of a Bundle or the parameters of a Parameters."""
    for each in (*node.get("entry", ()), *node.get("parameter", ()), *node.get("part", ())):
        inner = each.get("resource")
        if inner:
            yield inner
        yield from _inside(each)
