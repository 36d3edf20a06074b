"""Whom a resource concerns: the patients and persons its key is chosen by.

The Patient compartment's parameters say most of it (`egide.fhir.search`); what may name a patient
beside them is listed with the rules of keys (`egide.seal.owner`).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import msgspec

from egide.fhir.search.index import Index
from egide.fhir.search.literal import local_target
from egide.seal.owner import BESIDE_COMPARTMENT, OF_PERSONS


class Concerns(msgspec.Struct):
    """Ids of the patients; references of the persons; what a Binary takes its key from, `Type/id`,
    empty when it says something that names no resource of this server, None when it says nothing.
    """

    patients: set[str] = set()
    persons: set[str] = set()
    context: str | None = None


Indexing = Callable[[str, Mapping[str, Any]], Index]


def concerns(
    index: Indexing,
    type: str,
    resource: Mapping[str, Any],
    patients: set[str],
    bases: Collection[str] = (),
) -> Concerns:
    """Whom `resource` concerns, `patients` being those of its compartments.

    A reference is local as it is for the index: relative, or absolute under one of `bases`.
    """
    found = Concerns(set(patients))
    if type == "Binary" and "securityContext" in resource:
        found.context = ""
    for path in BESIDE_COMPARTMENT.get(type, ()):
        for target in _targets(resource, path.split("."), bases):
            kind, _, id = target.partition("/")
            if kind == "Patient":
                found.patients.add(id)
                found.context = None
            elif type == "Binary":
                found.context = target
    if type in OF_PERSONS:
        found.persons.update(_targets(resource, ["practitioner"], bases))
    if type in ("Bundle", "Parameters"):
        for inner in _inside(resource):
            named = index(inner["resourceType"], inner).patients
            kind = inner["resourceType"]
            found.patients |= concerns(index, kind, inner, named, bases).patients
    return found


def _targets(resource: Any, path: list[str], bases: Collection[str]) -> Iterator[str]:
    for reference in _references(resource, path):
        target = local_target(reference, bases)
        if target is not None:
            yield target


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
