"""The definitions seen from JSON: which property names a type has, and what each means."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from egide.fhir.definitions import Element, type_definition
from egide.fhir.primitives import PRIMITIVES

_NO_COMPANION = frozenset({"System.String", "xhtml"})


class Property(NamedTuple):
    """One JSON property of a type; `order` is its place in the canonical form."""

    order: int
    name: str
    at: int
    """The place of its element among the type's."""
    type: str
    companion: bool
    """Whether it holds the id and extensions of a primitive (`_birthDate`)."""


class Shape(NamedTuple):
    """A type's properties by JSON name."""

    is_resource: bool
    elements: tuple[Element, ...]
    properties: Mapping[str, Property]
    keys: Mapping[str, tuple[str, ...]]
    """FHIR name of an element → the JSON names that make it present."""
    required: frozenset[int]
    """Places of the elements that must be there."""

    def present(self, names: Iterable[str]) -> list[Property]:
        """The properties among `names`, in canonical order; unknown names are left out."""
        found = map(self.properties.get, names)
        return sorted(item for item in found if item is not None)


def has_companion(type_name: str, element: Element, type_: str) -> bool:
    """Whether JSON may hold `_name` beside the primitive `name`."""
    if type_ not in PRIMITIVES or type_ in _NO_COMPANION:
        return False
    return element.name != "id" and (type_name, element.name) != ("Extension", "url")


@cache
def shape(type_: str) -> Shape:
    """The shape of a resource type, data type or backbone element. Raises KeyError."""
    definition = type_definition(type_)
    properties: dict[str, Property] = {}
    keys: dict[str, tuple[str, ...]] = {}
    for at, element in enumerate(definition.elements):
        names = []
        for key, of in element.keys().items():
            names.append(key)
            properties[key] = Property(len(properties), key, at, of, False)
            if has_companion(type_, element, of):
                names.append("_" + key)
                properties["_" + key] = Property(len(properties), "_" + key, at, of, True)
        keys[element.name] = tuple(names)
    required = frozenset(at for at, element in enumerate(definition.elements) if element.min)
    is_resource = definition.kind == "resource"
    return Shape(is_resource, definition.elements, properties, keys, required)
