"""Typed structs generated from the definitions: the fast pass of validation.

One msgspec struct a type, built when first needed and shared. msgspec's own checks carry names,
JSON types, cardinality, required code lists and lengths; each struct's generated `__post_init__`
carries the rest that concerns one element: patterns, decimals, one-of choices, invariants. A struct
only accepts or refuses; `egide.fhir.validation` says why.

The structs know no extensions of primitives (`_birthDate`) and no nulls: the rare body that has
them is refused here and read by the slow pass alone. Decimals and nested resources stay raw JSON,
so that no digit is lost and each resource is decoded by its own type.
"""

import keyword
import re
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from threading import RLock
from typing import Annotated, Any, ForwardRef, Literal

import msgspec
from msgspec import Meta, Raw

from egide.fhir import narrative, references
from egide.fhir.definitions import Element, Type, code_list, type_definition
from egide.fhir.invariants import Both, Condition, Count, Equals, Exists, Not, conditions
from egide.fhir.primitives import DECIMAL, PRIMITIVES
from egide.fhir.rules import KEYS, rules

_MODULE = sys.modules[__name__].__dict__
"""Where msgspec looks up the names in annotations: types refer to each other in circles."""

_WIDE = 12
"""A choice of more types than this is checked by counting, not by a chain of tests."""

_building = RLock()
_AT_LEAST_ONE = Meta(min_length=1)


class Refused(ValueError):
    """Something in the struct is not right; the slow pass finds out what."""


@cache
def decoder(type_: str) -> "msgspec.json.Decoder[Any]":
    """The decoder of a resource type."""
    with _building:
        return msgspec.json.Decoder(_struct(type_, ()))


@cache
def coded_pairs(binding: str) -> frozenset[tuple[str, str]]:
    """The (system, code) pairs of a required code list for CodeableConcepts."""
    systems = code_list(binding).systems
    return frozenset((system, code) for system, codes in systems.items() for code in codes)


def _field(key: str) -> str:
    return key + "_" if keyword.iskeyword(key) else key


def _pattern(element: Element, type_: str) -> str | None:
    """The regular expression of a primitive element that has no list of codes."""
    if element.binding and type_ == "code":
        pattern = code_list(element.binding).pattern
        return None if pattern is None else rf"\A(?:{pattern})\Z"
    return PRIMITIVES[type_].pattern


def _class_name(type_: str, targets: tuple[str, ...]) -> str:
    return "_".join(["R4", *type_.split("."), *targets])


@cache
def _struct(type_: str, targets: tuple[str, ...]) -> type[msgspec.Struct]:
    """The struct of a type; a Reference has one for each set of targets."""
    return _Builder(type_, type_definition(type_), targets).build()


def _reference_to(type_: str, targets: tuple[str, ...]) -> Any:
    """An annotation naming the struct of a complex type, built now if it is not yet."""
    name = _class_name(type_, targets)
    if name not in _MODULE:
        _MODULE[name] = None
        _MODULE[name] = _struct(type_, targets)
    return _forward(name)


@cache
def _forward(name: str) -> ForwardRef:
    return ForwardRef(name)


class _Builder:
    """Writes one struct: its fields, and the source of its check."""

    def __init__(self, name: str, definition: Type, targets: tuple[str, ...]) -> None:
        self.name = name
        self.definition = definition
        self.targets = targets
        self.fields: list[Any] = []
        self.rename: dict[str, str] = {}
        self.lines: list[str] = []
        self.known: dict[str, Any] = {"Refused": Refused, "count": _count}

    def build(self) -> type[msgspec.Struct]:
        for element in self.definition.elements:
            self._element(element)
        self._invariants()
        namespace: dict[str, Any] = {}
        if self.lines:
            namespace["__post_init__"] = self._check()
        resource = self.definition.kind == "resource"
        return msgspec.defstruct(
            _class_name(self.name, self.targets),
            self.fields,
            module=__name__,
            namespace=namespace,
            rename=self.rename or None,
            tag_field="resourceType" if resource else None,
            tag=self.name if resource else None,
            kw_only=True,
            omit_defaults=True,
            forbid_unknown_fields=True,
            gc=False,
        )

    def _check(self) -> Callable[[Any], None]:
        source = "def __post_init__(self):\n" + textwrap.indent("\n".join(self.lines), "    ")
        scope = dict(self.known)
        exec(source, scope)  # noqa: S102 - written above from the definitions, as dataclasses do
        check: Callable[[Any], None] = scope["__post_init__"]
        return check

    # fields

    def _element(self, element: Element) -> None:
        for key, type_ in element.keys().items():
            required = element.min > 0 and not element.choice
            self._add(key, self._annotation(element, type_), required)
        if element.choice:
            self._choice(element)
        elif not element.many:
            self._single(element)

    def _add(self, key: str, annotation: Any, required: bool) -> None:
        field = _field(key)
        if field != key:
            self.rename[field] = key
        self.fields.append((field, annotation) if required else (field, annotation, None))

    def _annotation(self, element: Element, type_: str) -> Any:
        if type_ in PRIMITIVES:
            one = self._primitive(element, type_)
        elif type_ == "Resource":
            one = Raw
        else:
            one = _reference_to(type_, element.targets if type_ == "Reference" else ())
        return Annotated[list[one], _AT_LEAST_ONE] if element.many else one  # type: ignore[valid-type]

    def _primitive(self, element: Element, type_: str) -> Any:
        primitive = PRIMITIVES[type_]
        if primitive.json == "boolean":
            return bool
        if primitive.json == "decimal":
            return Raw
        if primitive.json == "integer":
            return Annotated[int, Meta(ge=primitive.low, le=primitive.high)]
        if element.binding and type_ == "code" and not code_list(element.binding).pattern:
            return Literal[tuple(sorted(set().union(*code_list(element.binding).systems.values())))]
        pattern = None if self._checks(element, type_) else _pattern(element, type_)
        return Annotated[str, Meta(min_length=1, max_length=primitive.longest, pattern=pattern)]

    def _checks(self, element: Element, type_: str) -> bool:
        """Whether the pattern is matched by the struct's check: faster for what is often there."""
        return not element.many and len(element.types) <= _WIDE and type_ != "System.String"

    # checks

    def _refuse_if(self, condition: str) -> None:
        self.lines.append(f"if {condition}: raise Refused")

    def _single(self, element: Element) -> None:
        wrong = self._wrong(element, element.types[0])
        if wrong:
            self.lines.append(f"v = self.{_field(element.name)}")
            self._refuse_if(wrong if element.min else f"v is not None and {wrong}")

    def _wrong(self, element: Element, type_: str) -> str:
        """Source of a test that `v`, a present value, breaks its type's rules; empty: none."""
        if type_ == "CodeableConcept" and element.binding:
            pairs = self._name("pairs", coded_pairs(element.binding))
            return f"not coded(v, {pairs})"
        if type_ == "xhtml":
            self.known["narrative_problem"] = narrative.problem
            return "narrative_problem(v) is not None"
        if type_ == "decimal":
            self.known["decimal"] = DECIMAL.match
            return "not decimal(v)"
        if type_ not in PRIMITIVES or not self._checks(element, type_):
            return ""
        pattern = _pattern(element, type_)
        if pattern is None:
            return ""
        match = self._name("match", re.compile(pattern).match)
        if type_ in ("uri", "url", "canonical") or (type_ == "code" and not element.binding):
            return f'(" " in v or not v.isprintable()) and not {match}(v)'
        return f"not {match}(v)"

    def _name(self, word: str, value: Any) -> str:
        for name, known in self.known.items():
            if known == value and name.startswith(word):
                return name
        name = f"{word}{len(self.known)}"
        self.known[name] = value
        return name

    def _keys(self, element: Element) -> list[str]:
        """The fields that make an element present."""
        return ["self." + _field(key) for key in [*element.keys()]]

    def _choice(self, element: Element) -> None:
        """At most one type (exactly one if required), and the patterns of primitive values."""
        if self.name == "Extension":
            return
        keys = element.keys()
        values = self._keys(element)
        if len(values) > _WIDE:
            self.lines.append(f"n = count(({', '.join(values)}))")
            self._refuse_if("n > 1")
            for key, type_ in keys.items():
                if type_ == "decimal":
                    self.lines += [f"v = self.{key}"]
                    self._refuse_if(f"v is not None and {self._wrong(element, type_)}")
        else:
            for at, (key, type_) in enumerate(keys.items()):
                word = "if" if at == 0 else "elif"
                self.lines.append(f"{word} self.{_field(key)} is not None:")
                others = " or ".join(f"{value} is not None" for value in values[at + 1 :])
                body = [f"if {others}: raise Refused"] if others else []
                wrong = self._wrong(element, type_)
                if wrong:
                    body += [f"v = self.{_field(key)}", f"if {wrong}: raise Refused"]
                self.lines += ["    " + line for line in body or ["pass"]]
        if element.min:
            self._refuse_if(" and ".join(f"{value} is None" for value in values))

    # invariants

    def _invariants(self) -> None:
        if self.name == "Extension":
            self._extension()
            return
        if self.name == "Reference":
            self._reference()
        elements = {element.name: element for element in self.definition.elements}
        for invariant, condition in conditions(self.name):
            if invariant.key not in KEYS.get(self.name, ()):
                self._refuse_if("not " + self._source(condition, elements))
        for rule in rules(self.name):
            find = self._name("rule", rule.find)
            self._refuse_if(f"{find}(self) is not None")
        if any("coded(" in line for line in self.lines):
            self.known["coded"] = coded

    def _extension(self) -> None:
        """ext-1, by counting what is there: a chain of fifty tests would cost more."""
        self.known |= {"astuple": msgspec.structs.astuple, "decimal": DECIMAL.match}
        value = next(e for e in self.definition.elements if e.name == "value")
        self.lines += [
            f"n = {len(self.fields)} - astuple(self).count(None)",
            "if n != (2 if self.id is None else 3):",
            f"    n = count(({', '.join(self._keys(value))}))",
            "    if n != (self.extension is None): raise Refused",
            "v = self.valueDecimal",
        ]
        self._refuse_if("v is not None and not decimal(v)")

    def _reference(self) -> None:
        self.known |= {
            "quick": references.quick(self.targets).match,
            "problem": references.problem,
            "type_problem": references.type_problem,
            "targets": frozenset(self.targets),
        }
        self.lines += ["v = self.reference"]
        self._refuse_if("v is not None and not quick(v) and problem(v, targets)")
        self.lines += ["t = self.type"]
        self._refuse_if("t is not None and type_problem(t, v, targets)")

    def _source(self, condition: Condition, elements: dict[str, Element]) -> str:
        match condition:
            case Exists(name):
                present = (f"{key} is not None" for key in self._keys(elements[name]))
                return "(" + " or ".join(present) + ")"
            case Equals(name, codes):
                options = self._name("codes", codes)
                field = "self." + _field(name)
                if elements[name].many:
                    return f"({field} is not None and not {options}.isdisjoint({field}))"
                return f"({field} in {options})"
            case Count(names, sign, number):
                total = " + ".join(self._size(elements[name]) for name in names)
                return f"({total} {'==' if sign == '=' else sign} {number})"
            case Both("xor", left, right):
                return f"({self._source(left, elements)} != {self._source(right, elements)})"
            case Both(sign, left, right):
                return f"({self._source(left, elements)} {sign} {self._source(right, elements)})"
            case Not(of):
                return f"(not {self._source(of, elements)})"
        raise AssertionError(condition)

    def _size(self, element: Element) -> str:
        if element.many:
            return f"len(self.{_field(element.name)} or ())"
        return self._source(Exists(element.name), {element.name: element})


def coded(concept: Any, pairs: frozenset[tuple[str, str]]) -> bool:
    """Whether a CodeableConcept has a coding of a required list, or nothing but extensions."""
    if concept.coding is None:
        return concept.text is None
    return any((coding.system, coding.code) in pairs for coding in concept.coding)


def _count(values: tuple[Any, ...]) -> int:
    return len(values) - values.count(None)
