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
from itertools import groupby

from egide.errors import Issue
from egide.fhir import narrative, references, values
from egide.fhir.definitions import TYPES, Element, type_definition
from egide.fhir.invariants import questions
from egide.fhir.json_text import Number, Object
from egide.fhir.primitives import PRIMITIVES
from egide.fhir.rules import KEYS, rules
from egide.fhir.shapes import Property, Shape, shape
from egide.fhir.structs import coded_pairs

_RESOURCE_TYPES = frozenset(TYPES)
_PLAIN_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}\Z")
_ABSENT = object()
_URIS = frozenset({"uri", "url", "canonical"})
_MOST = 1000
"""Findings listed for one body."""


class _Root:
    """A resource that contained resources and fragments belong to."""

    def __init__(self) -> None:
        self.contained: dict[str, str] = {}
        self.fragments: list[tuple[str, str]] = []
        self.used: set[str] = set()
        self.inside: str | None = None


def findings(tree: object, *, type_: str | None = None, conditional: bool = False) -> list[Issue]:
    """The findings in a resource given as an exact tree (see `egide.fhir.json_text.read`).

    All of them, up to a thousand.
    `type_`: the resource type it must be; `conditional`: whether references may be searches, as
    in a transaction.
    """
    walk = _Walk(conditional)
    try:
        walk.resource(tree, type_ or "", expected=type_)
    except _Enough:
        more = f"only the first {_MOST} findings are listed"
        walk.issues.append(Issue("incomplete", more, severity="information"))
    return walk.issues


class _Enough(Exception):
    """More findings than anybody reads."""


class _Walk:
    """One walk over one body."""

    def __init__(self, conditional: bool) -> None:
        self.issues: list[Issue] = []
        self._conditional = conditional
        self._root = _Root()

    def _add(self, code: str, path: str, message: str) -> None:
        if len(self.issues) == _MOST:
            raise _Enough
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
            self._add("structure", path, f"{values.named(type_)} must be a JSON object")
            return
        if not value:
            self._add("structure", path, "an object must not be empty")
            return
        before = len(self.issues)
        for name in value.repeated:
            self._add("structure", _place(path, name), "the property is there more than once")
        form = shape(type_)
        if len(value) == 1 and "id" in value and not form.is_resource:
            self._add("invariant", path, "an element must have a value or children (ele-1)")
        self._elements(value, form, type_, path)
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
        keys = shape(type_).keys

        def count(name: str) -> int:
            total = 0
            for key in keys[name]:
                if key in value:
                    found = value[key]
                    total = max(total, len(found) if isinstance(found, list) else 1)
            return total

        for invariant, holds in questions(type_):
            if invariant.key not in KEYS.get(type_, ()) and not holds(count, value.get):
                self._add("invariant", path, f"{invariant.human} ({invariant.key})")

    def _elements(self, parent: Object, form: Shape, type_: str, path: str) -> None:
        present = form.present(parent)
        if len(present) != len(parent):
            for name in parent:
                if name not in form.properties and not (
                    form.is_resource and name == "resourceType"
                ):
                    message = f"{values.named(type_)} has no such element"
                    self._add("structure", _place(path, name), message)
        missing = form.required.difference(item.at for item in present)
        for at in sorted(missing):
            name = form.elements[at].name
            message = f"{values.named(type_)} must have {name}"
            self._add("required", f"{path}.{name}", message)
        for at, group in groupby(present, key=_element_of):
            element = form.elements[at]
            self._element(parent, element, list(group), f"{path}.{element.name}")

    def _element(
        self, parent: Object, element: Element, present: list[Property], path: str
    ) -> None:
        if element.choice and len({item.type for item in present}) > 1:
            self._add("structure", path, f"only one type of {element.name}[x] may be there")
        done = ""
        for item in present:
            key = item.name.removeprefix("_")
            if key == done:
                continue
            done = key
            if not element.many:
                self._one(parent, key, item.type, element, path)
            elif item.type in PRIMITIVES:
                self._primitives(parent, key, item.type, element, path)
            else:
                self._many(parent[key], item.type, element, path)

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
        items, companions = (array if isinstance(array, list) else [] for array in arrays)
        if items and len(companions) > len(items):
            self._add("structure", path, f"_{element.name} is longer than {element.name}")
        for at in range(max(len(items), len(companions))):
            place = f"{path}[{at}]"
            value = items[at] if at < len(items) else None
            companion = companions[at] if at < len(companions) else None
            if value is None and companion is None:
                self._add("structure", place, "null is allowed only beside an extension")
            if value is not None:
                self._primitive(value, type_, element, place)
            if companion is not None:
                self._companion(companion, place, value is not None)

    def _companion(self, value: object, path: str, has_value: bool) -> None:
        """The object that holds the id and extensions of a primitive."""
        if has_value and isinstance(value, Object) and value.keys() == {"id"}:
            self._primitive(
                value["id"], "System.String", shape("Element").elements[0], f"{path}.id"
            )
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
        problem = values.problem(value, type_, element)
        if problem:
            code, message = problem
            self._add(code, path, message)
        if isinstance(value, str) and value.startswith("#") and type_ in _URIS:
            self._root.used.add(value[1:])

    def _reference(self, value: Object, path: str, targets: tuple[str, ...]) -> None:
        text = values.text(value.get("reference"))
        if text:
            problem = references.problem(text, targets)
            if problem:
                self._add("value", f"{path}.reference", problem)
            elif references.is_conditional(text) and not self._conditional:
                message = "a reference that is a search is allowed in transactions only"
                self._add("value", f"{path}.reference", message)
            if text.startswith("#"):
                self._fragment(text[1:], f"{path}.reference")
        type_ = values.text(value.get("type"))
        if type_:
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
        div = values.text(value.get("div"))
        problem = narrative.problem(div) if div else None
        if problem:
            rule, why = problem
            code, key = ("invalid", "") if rule == "form" else ("invariant", f" ({rule})")
            self._add(code, f"{path}.div", why + key)


def _element_of(item: Property) -> int:
    return item.at


def _place(path: str, name: str) -> str:
    """`path.name`, or `path` when the name itself may not be shown."""
    return f"{path}.{name.removeprefix('_')}" if _PLAIN_NAME.match(name) else path
