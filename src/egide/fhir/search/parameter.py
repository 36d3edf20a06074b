"""A search parameter of one type, compiled: what it reads and how.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

from egide.fhir.definitions import SearchParameter, search_parameters
from egide.fhir.search.expression import Json, Path, Reader, compile_expression, reader

Test = Callable[[Json, Json], bool]
"""(focus, resource) → does it match? The focus of anything but a composite is the resource."""

Convert = Callable[[Decimal, str, str], Decimal | None]
"""(value, its UCUM unit, the unit wanted) → the value in that unit, None if it cannot be."""

Canonical = Callable[[Decimal, str], Decimal | None]
"""(value, its UCUM unit) → the value in the base units of what it measures, None if it has none."""

_ANY = (
    *("string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown", "boolean"),
    *("Coding", "CodeableConcept", "Identifier", "ContactPoint"),
)
READABLE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "token": frozenset(_ANY),
        "string": frozenset({"string", "markdown", "code", "uri", "HumanName", "Address"}),
        "reference": frozenset({"Reference", "canonical", "uri", "Resource"}),
        "date": frozenset({"date", "dateTime", "instant", "Period", "Timing"}),
        "number": frozenset({"integer", "decimal", "positiveInt", "unsignedInt", "Range"}),
        "quantity": frozenset(
            {"Quantity", "SimpleQuantity", "Age", "Duration", "Count", "Distance", "Money"}
            | {"Range", "SampledData"}
        ),
        "uri": frozenset({"uri", "url", "canonical", "oid", "uuid"}),
        "special": frozenset({"Location.position"}),
    }
)
"""Search type → the FHIR types a value of it is compared with; R4's `date` of a Procedure also
names strings and ages, which no date can match."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a search means depends on: the establishment's zone, the present instant, the own base
    addresses (each ending with `/`) and, where there are any, UCUM conversions: to the unit asked
    for, and to base units."""

    zone: tzinfo
    now: datetime
    bases: frozenset[str] = frozenset()
    convert: Convert | None = None
    canonical: Canonical | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One path of a parameter and its reader."""

    path: Path
    read: Reader = field(compare=False, repr=False)

    @property
    def type(self) -> str:
        return self.path.type


@dataclass(frozen=True, slots=True)
class Focus:
    """One kind of element a composite looks at, with its components' parameters read from there."""

    read: Reader = field(compare=False, repr=False)
    at_resource: bool
    components: tuple["Parameter", ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """`code` of `type`. `sources` can be compared; `every` adds what cannot, for `:missing`."""

    type: str
    code: str
    kind: str
    targets: tuple[str, ...]
    sources: tuple[Source, ...]
    every: tuple[Source, ...]
    focuses: tuple[Focus, ...] = ()

    def values(self, focus: Json, resource: Json) -> Iterator[tuple[Source, Any]]:
        """Each value, with the source it was found by."""
        for source in self.sources:
            for value in source.read(focus, resource):
                yield source, value

    def present(self, focus: Json, resource: Json) -> bool:
        """Is there any value at all?"""
        return any(source.read(focus, resource) for source in self.every)

    def types(self) -> frozenset[str]:
        """The FHIR types compared."""
        return frozenset(source.path.type for source in self.sources)


@cache
def parameter(type_: str, code: str) -> Parameter | None:
    """The parameter `code` of `type_`, None if R4 has none."""
    definition = search_parameters(type_).get(code)
    if definition is None:
        return None
    if definition.type == "composite":
        return _composite(type_, definition)
    paths = compile_expression(definition.expression, type_) if definition.expression else ()
    return _parameter(type_, definition, paths)


def _parameter(type_: str, definition: SearchParameter, paths: tuple[Path, ...]) -> Parameter:
    readable = READABLE.get(definition.type, frozenset())
    every = tuple(Source(path, reader(path)) for path in paths)
    sources = tuple(source for source in every if source.path.type in readable)
    code, kind, targets = definition.code, definition.type, definition.targets
    return Parameter(type_, code, kind, targets, sources, every)


def _composite(type_: str, definition: SearchParameter) -> Parameter:
    focuses = []
    roots = compile_expression(definition.expression, type_)
    for root in roots:
        parts = []
        for component in definition.components:
            of = search_parameters(type_)[component.code]
            paths = compile_expression(component.expression, root.type)
            if not any(path.type in READABLE[of.type] for path in paths):
                # R4's `relationship` of DocumentReference has its two expressions swapped.
                paths = tuple(
                    path
                    for other in definition.components
                    for path in compile_expression(other.expression, root.type)
                )
            parts.append(_parameter(type_, of, paths))
        focuses.append(Focus(reader(root), not root.steps, tuple(parts)))
    every = tuple(Source(root, reader(root)) for root in roots)
    return Parameter(
        type_, definition.code, "composite", definition.targets, (), every, tuple(focuses)
    )
