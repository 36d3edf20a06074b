"""Edges: under which parameter a reference is kept in `ref`, and how other parameters find it.

Many parameters read the same references: `patient`, `subject` of an Observation; `practitioner`,
`participant` of an Encounter. A reference is kept once, under the parameter that reads all of
them; a narrower one finds it there, with a condition on the target's type.

A reference to the one Patient whose compartment a resource is in is not kept: the row's patient key
stands for it (`Index.about`), whatever the edge, so a search along any edge to a Patient also looks
at the rows of that patient key, and opening decides. A Person has a key of its own: its references
are all kept.
"""

from functools import cache
from typing import NamedTuple

from egide.fhir.definitions import compartment, search_parameters
from egide.fhir.search.expression import Refers, Step
from egide.fhir.search.parameter import Parameter, Source, parameter

KEYED_APART = frozenset({"Patient", "Person"})
"""Types of the Patient compartment whose rows are under a key of their own (`egide.seal.owner`)."""

Places = frozenset[tuple[Step, ...]]


class Edge(NamedTuple):
    """`parameter`: the name the reference is kept under; `target`: the only type it may have
    there, None for any."""

    parameter: str
    target: str | None


@cache
def edge(type_: str, code: str) -> Edge:
    """Where the references that `code` of `type_` reads are kept. Raises KeyError for a parameter
    that reads no references."""
    return _edges(type_)[code]


@cache
def edge_sources(type_: str) -> tuple[tuple[Edge, tuple[Source, ...]], ...]:
    """Each edge of a type that is kept, and where its references are."""
    kept = {known.parameter for known in _edges(type_).values()}
    return tuple(
        (_edges(type_)[code], tuple(s for s in found.sources if s.path.type == "Reference"))
        for code in sorted(kept)
        if (found := parameter(type_, code))
    )


@cache
def patient_edges(type_: str) -> frozenset[str]:
    """The edges whose Patient targets have the resource in their compartment.

    https://hl7.org/fhir/R4/compartmentdefinition-patient.html
    """
    codes = compartment("Patient").get(type_, ())
    return frozenset(edge(type_, code).parameter for code in codes if code in _edges(type_))


@cache
def _edges(type_: str) -> dict[str, Edge]:
    readers: dict[str, tuple[Places, str | None]] = {}
    for code, definition in search_parameters(type_).items():
        if definition.type == "reference":
            found = parameter(type_, code)
            read = _places(found) if found else None
            if read:
                readers[code] = read
    widest: dict[Places, str] = {}
    for code in sorted(readers):
        places, target = readers[code]
        if target is None:
            widest.setdefault(places, code)
    return {
        code: Edge(widest[places], target) if places in widest else Edge(code, target)
        for code, (places, target) in readers.items()
    }


def _places(found: Parameter) -> tuple[Places, str | None] | None:
    """Where a parameter's references are, and the one type it keeps of them, if it does."""
    paths = [source.path for source in found.sources if source.path.type == "Reference"]
    if not paths:
        return None
    targets = {step.type for path in paths for step in path.steps if isinstance(step, Refers)}
    bare = frozenset(tuple(s for s in p.steps if not isinstance(s, Refers)) for p in paths)
    filtered = all(any(isinstance(s, Refers) for s in p.steps) for p in paths)
    if not targets:
        return bare, None
    if filtered and len(targets) == 1:
        return bare, targets.pop()
    return frozenset(path.steps for path in paths), None
