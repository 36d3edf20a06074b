"""The slow pass of validation: every finding, each with its place and its code.

It walks the exact tree of a body by the definitions and is the arbiter of what is valid; the fast
pass (`egide.fhir.structs`) is only allowed to agree with it. Places are FHIRPath of the simple kind
an OperationOutcome wants: element names and indices (`Patient.name[0].given[1]`), a choice by its
name without type (`Observation.value`). Messages name types, elements and rules, never values.

Codes, from http://hl7.org/fhir/ValueSet/issue-type:

- `structure`: wrong JSON for an element: unknown, repeated, null, empty, array for one or one for
  an array, a string for a number, two types of one choice;
- `required`: an element that must be there is not;
- `value`: a primitive that its type does not allow; a reference to a wrong type;
- `too-long`: more characters than allowed; `code-invalid`: not in a required code list;
- `invariant`: a rule of the standard is broken; the message ends with its key;
- `invalid`: a narrative that is not an XHTML div; `not-supported`: no such resource type.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from egide.errors import Issue
from egide.fhir import narrative, references
from egide.fhir.definitions import TYPES, Element, code_list, type_definition
from egide.fhir.invariants import conditions, holds
from egide.fhir.json_text import Number, Object
from egide.fhir.primitives import DECIMAL, PRIMITIVES
from egide.fhir.rules import KEYS, rules
from egide.fhir.structs import coded_pairs, has_companion

_RESOURCE_TYPES = frozenset(TYPES)
_PLAIN_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}\Z")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ABSENT = object()
_WORDS = {
    "string": "a JSON string",
    "boolean": "true or false",
    "integer": "a JSON number without fraction or exponent",
    "decimal": "a JSON number",
}


class _Slot(NamedTuple):
    """What a JSON property name means in a type."""

    element: Element
    type: str
    companion: bool


class _Root:
    """A resource that contained resources and fragments belong to."""

    def __init__(self) -> None:
        self.contained: dict[str, str] = {}
        self.fragments: list[tuple[str, str]] = []
        self.used: set[str] = set()
        self.inside: str | None = None


@cache
def _slots(type_: str) -> Mapping[str, _Slot]:
    found: dict[str, _Slot] = {}
    for element in type_definition(type_).elements:
        for key, of in element.keys().items():
            found[key] = _Slot(element, of, False)
            if has_companion(type_, element, of):
                found["_" + key] = _Slot(element, of, True)
    return found


def findings(tree: object, *, type_: str | None = None, conditional: bool = False) -> list[Issue]:
    """Every finding in a resource given as an exact tree (see `egide.fhir.json_text.read`).

    `type_`: the resource type it must be; `conditional`: whether references may be searches, as
    in a transaction.
    """
    walk = _Walk(conditional)
    walk.resource(tree, type_ or "", expected=type_)
    return walk.issues


class _Walk:
    """One walk over one body."""

    def __init__(self, conditional: bool) -> None:
        self.issues: list[Issue] = []
        self._conditional = conditional
        self._root = _Root()

    def _add(self, code: str, path: str, message: str) -> None:
        self.issues.append(Issue(code, message, path))

    # resources

    def resource(self, value: object, path: str, *, expected: str | None = None) -> None:
        """One resource at `path` (empty: the body itself) as a root of its own."""
        type_ = self._type(value, path, expected)
        if type_ is None or not isinstance(value, Object):
            return
        path = path or type_
        outer = self._root, self._conditional
        self._root = _Root()
        self._contained_ids(value)
        if type_ == "Bundle" and value.get("type") == "transaction":
            self._conditional = True
        self._object(value, type_, path)
        self._check_contained()
        self._root, self._conditional = outer

    def _type(self, value: object, path: str, expected: str | None) -> str | None:
        if not isinstance(value, Object):
            self._add("structure", path, "a resource must be a JSON object")
            return None
        type_ = value.get("resourceType", _ABSENT)
        if type_ is _ABSENT:
            self._add("required", path, "resourceType is missing")
        elif not isinstance(type_, str) or isinstance(type_, Number):
            self._add("structure", path, "resourceType must be a JSON string")
        elif type_ not in _RESOURCE_TYPES:
            self._add("not-supported", path, "resourceType is not a resource type of R4")
        elif expected is not None and type_ != expected:
            self._add("invalid", path, f"the resource is a {type_}, not a {expected}")
        else:
            return type_
        return None

    def _contained_ids(self, value: Object) -> None:
        found = value.get("contained")
        for item in found if isinstance(found, list) else ():
            id_ = item.get("id") if isinstance(item, Object) else None
            if isinstance(id_, str):
                self._root.contained[id_] = ""

    def _contained(self, value: object, path: str) -> None:
        """A resource inside another (dom-2, dom-4, dom-5)."""
        type_ = self._type(value, path, None)
        if type_ is None or not isinstance(value, Object):
            return
        id_ = value.get("id")
        if not isinstance(id_, str):
            self._add("required", f"{path}.id", "a contained resource must have an id")
        elif self._root.contained.get(id_):
            self._add("invariant", f"{path}.id", "two contained resources have the same id")
        else:
            self._root.contained[id_] = path
        if "contained" in value:
            self._invariant(f"{path}.contained", "DomainResource", "dom-2")
        meta = value.get("meta")
        if isinstance(meta, Object):
            for name, key in (
                ("versionId", "dom-4"),
                ("lastUpdated", "dom-4"),
                ("security", "dom-5"),
            ):
                if name in meta or f"_{name}" in meta:
                    self._invariant(f"{path}.meta.{name}", "DomainResource", key)
        self._root.inside = id_ if isinstance(id_, str) else None
        self._object(value, type_, path)
        self._root.inside = None

    def _check_contained(self) -> None:
        """ref-1: every fragment is the id of a contained resource; dom-3: each of those is used."""
        root = self._root
        for fragment, place in root.fragments:
            if fragment not in root.contained:
                self._invariant(place, "Reference", "ref-1")
        for id_, place in root.contained.items():
            if place and id_ not in root.used:
                self._invariant(place, "DomainResource", "dom-3")

    def _invariant(self, path: str, type_: str, key: str) -> None:
        human = next(i.human for i in type_definition(type_).invariants if i.key == key)
        self._add("invariant", path, f"{human} ({key})")

    # objects

    def _object(self, value: object, type_: str, path: str, targets: tuple[str, ...] = ()) -> None:
        if not isinstance(value, Object):
            self._add("structure", path, f"{_named(type_)} must be a JSON object")
            return
        if not value:
            self._add("structure", path, "an object must not be empty")
            return
        before = len(self.issues)
        for name in value.repeated:
            self._add("structure", _place(path, name), "the property is there more than once")
        slots = _slots(type_)
        is_resource = type_definition(type_).kind == "resource"
        for name in value:
            if name not in slots and not (is_resource and name == "resourceType"):
                self._add("structure", _place(path, name), f"{_named(type_)} has no such element")
        if not is_resource and value.keys() == {"id"}:
            self._add("invariant", path, "an element must have a value or children (ele-1)")
        for element in type_definition(type_).elements:
            self._element(value, element, type_, path)
        if type_ == "Reference":
            self._reference(value, path, targets)
        elif type_ == "Narrative":
            self._narrative(value, path)
        self._conditions(value, type_, path)
        if len(self.issues) == before:
            for rule in rules(type_):
                at = rule.find(value)
                if at is not None:
                    self._add("invariant", path + at, f"{rule.human} ({rule.key})")

    def _conditions(self, value: Object, type_: str, path: str) -> None:
        def count(name: str) -> int:
            found = [value[key] for key in _keys(type_)[name] if key in value]
            return max((len(x) if isinstance(x, list) else 1 for x in found), default=0)

        for invariant, condition in conditions(type_):
            if invariant.key not in KEYS.get(type_, ()) and not holds(condition, count, value.get):
                self._add("invariant", path, f"{invariant.human} ({invariant.key})")

    def _element(self, parent: Object, element: Element, type_: str, path: str) -> None:
        place = f"{path}.{element.name}"
        slots = _slots(type_)
        present = [
            (key, of)
            for key, of in element.keys().items()
            if key in parent or (f"_{key}" in parent and f"_{key}" in slots)
        ]
        if not present:
            if element.min:
                self._add("required", place, f"{_named(type_)} must have {element.name}")
            return
        if len(present) > 1:
            self._add("structure", place, f"only one type of {element.name}[x] may be there")
        for key, of in present:
            if not element.many:
                self._one(parent, key, of, element, place)
            elif of in PRIMITIVES:
                self._primitives(parent, key, of, element, place)
            else:
                self._many(parent[key], of, element, place)

    def _many(self, items: object, type_: str, element: Element, path: str) -> None:
        if not isinstance(items, list):
            self._add("structure", path, f"{element.name} must be a JSON array")
        elif not items:
            self._add("structure", path, "an array must not be empty")
        else:
            for at, item in enumerate(items):
                self._value(item, type_, element, f"{path}[{at}]")

    def _one(self, parent: Object, key: str, type_: str, element: Element, path: str) -> None:
        if type_ not in PRIMITIVES:
            self._value(parent[key], type_, element, path)
            return
        if key in parent:
            self._primitive(parent[key], type_, element, path)
        if f"_{key}" in parent:
            companion = parent[f"_{key}"]
            self._companion(companion, path, key in parent)

    def _primitives(
        self, parent: Object, key: str, type_: str, element: Element, path: str
    ) -> None:
        """An array of primitives and the array of their extensions, position by position."""
        arrays = [parent.get(key, _ABSENT), parent.get(f"_{key}", _ABSENT)]
        for array in arrays:
            if array is not _ABSENT and not isinstance(array, list):
                self._add("structure", path, f"{element.name} must be a JSON array")
                return
            if array == []:
                self._add("structure", path, "an array must not be empty")
                return
        values, companions = (array if isinstance(array, list) else None for array in arrays)
        if values is not None and companions is not None and len(companions) > len(values):
            self._add("structure", path, f"_{element.name} is longer than {element.name}")
        for at in range(max(len(values or ()), len(companions or ()))):
            place = f"{path}[{at}]"
            value = values[at] if values is not None and at < len(values) else None
            companion = companions[at] if companions is not None and at < len(companions) else None
            if value is None and companion is None:
                self._add("structure", place, "null is allowed only beside an extension")
            if value is not None:
                self._primitive(value, type_, element, place)
            if companion is not None:
                self._companion(companion, place, value is not None)

    def _companion(self, value: object, path: str, has_value: bool) -> None:
        """The object that holds the id and extensions of a primitive."""
        if has_value and isinstance(value, Object) and value.keys() == {"id"}:
            self._element(value, _slots("Element")["id"].element, "Element", path)
            if value.repeated:
                self._add("structure", f"{path}.id", "the property is there more than once")
            return
        self._object(value, "Element", path)

    # values

    def _value(self, value: object, type_: str, element: Element, path: str) -> None:
        if value is None:
            self._add("structure", path, "null is not allowed here")
        elif type_ == "Resource":
            self._nested(value, element, path)
        else:
            before = len(self.issues)
            self._object(value, type_, path, element.targets)
            if element.binding and type_ == "CodeableConcept" and len(self.issues) == before:
                self._coded(value, element.binding, path)

    def _nested(self, value: object, element: Element, path: str) -> None:
        if element.name == "contained":
            self._contained(value, path)
        else:
            self.resource(value, path)

    def _coded(self, concept: object, binding: str, path: str) -> None:
        if not isinstance(concept, Object) or not {"coding", "text"} & concept.keys():
            return
        codings = concept.get("coding")
        pairs = coded_pairs(binding)
        for coding in codings if isinstance(codings, list) else ():
            if (coding.get("system"), coding.get("code")) in pairs:
                return
        self._add("code-invalid", path, f"no coding is in the required code list {binding}")

    def _primitive(self, value: object, type_: str, element: Element, path: str) -> None:
        if value is None:
            self._add("structure", path, "null is not allowed here")
            return
        primitive = PRIMITIVES[type_]
        form = _form(value)
        if form != primitive.json and (form, primitive.json) != ("integer", "decimal"):
            self._add("structure", path, f"{_named(type_)} must be {_WORDS[primitive.json]}")
            return
        if isinstance(value, Number):
            self._number(value, type_, path)
        elif isinstance(value, str):
            self._text(value, type_, element, path)

    def _number(self, value: Number, type_: str, path: str) -> None:
        primitive = PRIMITIVES[type_]
        if primitive.json == "decimal":
            if not DECIMAL.match(value.encode()):
                self._add("value", path, "a decimal's exponent has at most three digits")
        elif len(value) > 11 or not primitive.low <= int(value) <= primitive.high:
            limits = f"from {primitive.low} to {primitive.high}"
            self._add("value", path, f"{_named(type_)} must be {limits}")

    def _text(self, value: str, type_: str, element: Element, path: str) -> None:
        primitive = PRIMITIVES[type_]
        if not value:
            self._add("value", path, "a string must not be empty")
        elif _SURROGATE.search(value):
            self._add("value", path, "a string must be valid Unicode")
        elif _CONTROL.search(value):
            self._add("value", path, "a string must not hold control characters")
        elif primitive.longest is not None and len(value) > primitive.longest:
            self._add("too-long", path, f"at most {primitive.longest} characters are allowed")
        elif element.binding and type_ == "code":
            self._code(value, element.binding, path)
        elif primitive.regex is not None and not primitive.regex.search(value):
            self._add("value", path, f"this is not {_named(type_)}")
        if value.startswith("#") and type_ in ("uri", "url", "canonical"):
            self._root.used.add(value[1:])

    def _code(self, value: str, binding: str, path: str) -> None:
        codes = code_list(binding)
        if codes.pattern is not None:
            allowed = re.fullmatch(codes.pattern, value) is not None
        else:
            allowed = any(value in listed for listed in codes.systems.values())
        if not allowed:
            self._add("code-invalid", path, f"the code is not in the required list {binding}")

    def _reference(self, value: Object, path: str, targets: tuple[str, ...]) -> None:
        reference, type_ = value.get("reference"), value.get("type")
        text = reference if isinstance(reference, str) and _form(reference) == "string" else None
        if text:
            problem = references.problem(text, targets)
            if problem:
                self._add("value", f"{path}.reference", problem)
            elif references.is_conditional(text) and not self._conditional:
                message = "a reference that is a search is allowed in transactions only"
                self._add("value", f"{path}.reference", message)
            if text.startswith("#"):
                self._fragment(text[1:], f"{path}.reference")
        if isinstance(type_, str) and type_ and _form(type_) == "string":
            problem = references.type_problem(type_, text, targets)
            if problem:
                self._add("value", f"{path}.type", problem)

    def _fragment(self, id_: str, path: str) -> None:
        root = self._root
        if not id_ and root.inside is not None:
            root.used.add(root.inside)
            return
        root.fragments.append((id_, path))
        root.used.add(id_)

    def _narrative(self, value: Object, path: str) -> None:
        div = value.get("div")
        if not isinstance(div, str) or isinstance(div, Number) or not div:
            return
        problem = narrative.problem(div)
        if problem:
            rule, why = problem
            if rule == "form":
                self._add("invalid", f"{path}.div", why)
            else:
                self._add("invariant", f"{path}.div", f"{why} ({rule})")


@cache
def _keys(type_: str) -> Mapping[str, tuple[str, ...]]:
    """The JSON names that make each element of a type present."""
    found: dict[str, tuple[str, ...]] = {}
    for key, slot in _slots(type_).items():
        found[slot.element.name] = (*found.get(slot.element.name, ()), key)
    return found


def _form(value: object) -> str:
    """The kind of JSON value, in the words of `Primitive.json`."""
    if isinstance(value, Number):
        return "integer" if value.lstrip("-").isdigit() else "decimal"
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "other"


def _named(type_: str) -> str:
    return f"{'an' if type_[0] in 'AEIOaeio' else 'a'} {type_}"


def _place(path: str, name: str) -> str:
    """`path.name`, or `path` when the name itself may not be shown."""
    return f"{path}.{name.removeprefix('_')}" if _PLAIN_NAME.match(name) else path
