"""What a search parameter reads: its FHIRPath expression, compiled to plain paths.

https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.expression

An expression becomes a list of `Path`: the JSON keys to follow from a resource (or from the focus
of a composite), the filters on the way, and the FHIR type found at the end. Choice elements are
spread, one path for each type they may take, so that a reader of a path never looks at a type
again. The subset is the one R4's own parameters use; anything else is refused by name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from egide.errors import Unsupported
from egide.fhir.definitions import Element, definitions
from egide.fhir.search.literal import type_of_reference

Json = Mapping[str, Any]


class Key(NamedTuple):
    """Go to the property `name`; `many` when it holds a list."""

    name: str
    many: bool


class At(NamedTuple):
    """Keep the item at `position` of the list just read."""

    position: int


class Is(NamedTuple):
    """Keep what equals `value` at its property `name`: `where(system='phone')`."""

    name: str
    value: str


class Refers(NamedTuple):
    """Keep references to a resource of `type`: `where(resolve() is Patient)`."""

    type: str


class Extended(NamedTuple):
    """Keep what has an extension `url`: `where(hasExtension('…'))`."""

    url: str


class Root(NamedTuple):
    """Start again from the resource: `%resource`."""


class Exists(NamedTuple):
    """True when one of `keys` is there and is not false: `x.exists() and x != false`."""

    keys: tuple[str, ...]


Step = Key | At | Is | Refers | Extended | Root | Exists


@dataclass(frozen=True, slots=True)
class Path:
    """One way from a resource to a value of FHIR type `type`.

    `owner` is the type that declares the last element (`HumanName` for `Patient.name.family`),
    `binding` the name of the required code list, if the value is a code.
    """

    steps: tuple[Step, ...]
    type: str
    owner: str = ""
    binding: str | None = None


_EXTENSION_TYPES = (
    *("CodeableConcept", "Coding", "Identifier", "Reference", "Quantity", "Period", "HumanName"),
    *("string", "code", "boolean", "date", "dateTime", "uri", "canonical", "decimal", "integer"),
)
"""The types a value of an extension is looked for under; `Extension.value[x]` allows fifty."""

_TOKENS = re.compile(
    r"\s*(?:(?P<string>'[^']*')|(?P<name>[%A-Za-z_][A-Za-z0-9_]*)|(?P<number>\d+)|(?P<sign>!=|[|.()\[\]=]))"
)


@cache
def compile_expression(expression: str, focus: str) -> tuple[Path, ...]:
    """The paths of `expression`, read on the type or backbone element `focus`.

    Raises Unsupported, quoting the expression, for what is not in the subset.
    """
    return _Parser(expression, focus).paths()


class _Partial(NamedTuple):
    """A path being built: `choice` is a value[x] whose type is not settled yet."""

    steps: tuple[Step, ...]
    type: str
    owner: str = ""
    binding: str | None = None
    choice: Element | None = None


class _Parser:
    """Recursive descent: expression = union [and union]; union = term { | term }."""

    def __init__(self, expression: str, focus: str) -> None:
        self.expression = expression
        self.focus = focus
        self.tokens: list[str] = []
        position = 0
        while position < len(expression.rstrip()):
            found = _TOKENS.match(expression, position)
            if not found:
                raise self._refused()
            self.tokens.append(found.group().strip())
            position = found.end()
        self.position = 0

    def paths(self) -> tuple[Path, ...]:
        partials = self._union()
        if self._take("and"):
            partials = self._present(partials)
        if self.position != len(self.tokens):
            raise self._refused()
        settled = [done for partial in partials for done in _settle(partial)]
        return tuple(dict.fromkeys(Path(p.steps, p.type, p.owner, p.binding) for p in settled))

    def _refused(self) -> Unsupported:
        return Unsupported(f"search expression not understood: {self.expression}")

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise self._refused()
        self.position += 1
        return token

    def _take(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self.position += 1
        return True

    def _expect(self, *tokens: str) -> None:
        for token in tokens:
            if not self._take(token):
                raise self._refused()

    def _union(self) -> list[_Partial]:
        partials = self._term()
        while self._take("|"):
            partials = partials + self._term()
        return partials

    def _term(self) -> list[_Partial]:
        partials = self._start()
        while True:
            if self._take("."):
                partials = self._member(partials)
            elif self._take("["):
                partials = [p._replace(steps=(*p.steps, At(int(self._next())))) for p in partials]
                self._expect("]")
            elif self._take("as"):
                partials = self._cast(partials, self._next())
            else:
                return partials

    def _start(self) -> list[_Partial]:
        if self._take("("):
            partials = self._union()
            self._expect(")")
            return partials
        name = self._next()
        if name == "%resource":
            return [_Partial((Root(),), self.focus.partition(".")[0])]
        here = _Partial((), self.focus)
        if name in ("Resource", "DomainResource") or name == self.focus.partition(".")[0]:
            return [_Partial((), self.focus.partition(".")[0])]
        return self._field([here], name)

    def _member(self, partials: list[_Partial]) -> list[_Partial]:
        name = self._next()
        if not self._take("("):
            return self._field(partials, name)
        if name in ("as", "ofType"):
            partials = self._cast(partials, self._next())
        elif name == "extension":
            partials = self._extension(partials, self._next().strip("'"))
        elif name == "where":
            partials = self._where(partials)
        elif name == "exists":
            pass  # only ever as `x.exists() and x != false`, which `_present` reads
        else:
            raise self._refused()
        self._expect(")")
        return partials

    def _field(self, partials: list[_Partial], name: str) -> list[_Partial]:
        found: list[_Partial] = []
        for partial in (done for p in partials for done in _settle(p)):
            element = _element(partial.type, name)
            if element is None:
                raise self._refused()
            if element.choice:
                found.append(partial._replace(choice=element))
            else:
                steps = (*partial.steps, Key(name, element.many))
                found.append(_Partial(steps, element.types[0], partial.type, element.binding))
        return found

    def _cast(self, partials: list[_Partial], type_: str) -> list[_Partial]:
        wanted = [p for partial in partials for p in _settle(partial) if _same(p.type, type_)]
        if not wanted:
            raise self._refused()
        return wanted

    def _extension(self, partials: list[_Partial], url: str) -> list[_Partial]:
        steps = (Key("extension", True), Is("url", url))
        return [
            _Partial((*p.steps, *steps, Key(f"value{t[0].upper()}{t[1:]}", False)), t)
            for p in partials
            for t in _EXTENSION_TYPES
        ]

    def _where(self, partials: list[_Partial]) -> list[_Partial]:
        name = self._next()
        step: Step
        if name == "resolve":
            self._expect("(", ")", "is")
            step = Refers(self._next())
        elif name == "hasExtension":
            self._expect("(")
            step = Extended(self._next().strip("'"))
            self._expect(")")
        else:
            self._expect("=")
            step = Is(name, self._next().strip("'"))
        return [
            p._replace(steps=(*p.steps, step)) for partial in partials for p in _settle(partial)
        ]

    def _present(self, partials: list[_Partial]) -> list[_Partial]:
        self._union()
        self._expect("!=", "false")
        keys = [p.steps for partial in partials for p in _settle(partial)]
        if any(len(steps) != 1 or not isinstance(steps[0], Key) for steps in keys):
            raise self._refused()
        names = tuple(step.name for steps in keys for step in steps if isinstance(step, Key))
        return [_Partial((Exists(names),), "boolean")]


def _element(type_: str, name: str) -> Element | None:
    return next((e for e in definitions().types[type_].elements if e.name == name), None)


def _settle(partial: _Partial) -> list[_Partial]:
    """`partial` spread over the types of its open choice, if it has one."""
    element = partial.choice
    if element is None:
        return [partial]
    return [
        _Partial((*partial.steps, Key(key, element.many)), type_, partial.type, element.binding)
        for key, type_ in element.keys().items()
    ]


def _same(type_: str, wanted: str) -> bool:
    """R4 writes `value.as(DateTime)` where it means dateTime."""
    return type_.lower() == wanted.lower()


Reader = Callable[[Json, Json], list[Any]]
"""Reads a path: (focus, resource) → the values found, in order, without nulls."""


def reader(path: Path) -> Reader:
    """A function that follows `path`."""
    follow = tuple(_follower(step) for step in path.steps)
    if len(follow) == 1 and isinstance(path.steps[0], Key):
        name = path.steps[0].name
        return lambda focus, resource: _property([focus], name)

    def read(focus: Json, resource: Json) -> list[Any]:
        values: list[Any] = [focus]
        for step in follow:
            values = step(values, resource)
            if not values:
                break
        return values

    return read


def _follower(step: Step) -> Callable[[list[Any], Json], list[Any]]:
    match step:
        case Key(name):
            return lambda values, resource: _property(values, name)
        case At(position):
            return lambda values, resource: values[position : position + 1]
        case Is(name, value):
            return lambda values, resource: [v for v in values if v.get(name) == value]
        case Refers(type_):
            return lambda values, resource: [
                v for v in values if type_of_reference(v, resource) == type_
            ]
        case Extended(url):
            return lambda values, resource: [
                v for v in values if any(e.get("url") == url for e in v.get("extension", ()))
            ]
        case Root():
            return lambda values, resource: [resource]
        case Exists(keys):
            return lambda values, resource: [
                any(resource.get(key) not in (None, False) for key in keys)
            ]


def _property(values: list[Any], name: str) -> list[Any]:
    found: list[Any] = []
    for value in values:
        held = value.get(name)
        if held is None:
            continue
        if type(held) is list:
            found += [item for item in held if item is not None]
        else:
            found.append(held)
    return found
