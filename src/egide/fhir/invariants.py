"""The invariants that only ask which children are there, and simple questions about codes.

R4 states its invariants in FHIRPath (https://hl7.org/fhir/R4/conformance-rules.html#constraints).
About a hundred of them combine `x.exists()`, `x.empty()`, `x.count()` and `x = 'code'` with `and`,
`or`, `xor`, `implies`. Those are read here into a small tree, so that validation can ask them of a
mapping and `egide.fhir.structs` can compile them into a struct's check; one that says more than
that is left to `egide.fhir.rules`, or not checked.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from egide.fhir.definitions import Invariant, type_definition

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*')|(?P<number>\d+)|(?P<word>[A-Za-z]\w*)|(?P<sign><=|>=|!=|[().=<>|+]))"
)


class Beyond(Exception):
    """The expression says more than this small language."""


@dataclass(frozen=True, slots=True)
class Exists:
    """The child `name` is there (as a value, or as extensions of a primitive)."""

    name: str


@dataclass(frozen=True, slots=True)
class Equals:
    """The child `name`, or one of them, is one of the codes (false when it is not there)."""

    name: str
    codes: frozenset[str] | frozenset[bool]


@dataclass(frozen=True, slots=True)
class Count:
    """How many of the children there are, compared with a number."""

    names: tuple[str, ...]
    sign: Literal["<=", ">=", "<", ">", "="]
    number: int


@dataclass(frozen=True, slots=True)
class Both:
    """`and`, `or` or `xor` of two conditions."""

    sign: Literal["and", "or", "xor"]
    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    of: "Condition"


Condition = Exists | Equals | Count | Both | Not


class _Reader:
    """Recursive descent over FHIRPath's precedence: implies, or/xor, and, equality."""

    def __init__(self, expression: str, children: frozenset[str]) -> None:
        self._children = children
        self._at = 0
        self._tokens: list[str] = []
        position = 0
        text = expression.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise Beyond(expression)
            self._tokens.append(match[match.lastgroup or 0])
            position = match.end()

    def read(self) -> Condition:
        condition = self._implies()
        if self._peek():
            raise Beyond
        return condition

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        if self._peek() == token:
            self._at += 1
            return True
        return False

    def _expect(self, *tokens: str) -> None:
        for token in tokens:
            if not self._take(token):
                raise Beyond

    def _implies(self) -> Condition:
        left = self._or()
        while self._take("implies"):
            left = Both("or", Not(left), self._or())
        return left

    def _or(self) -> Condition:
        left = self._and()
        while self._peek() in ("or", "xor"):
            sign: Literal["or", "xor"] = "or" if self._next() == "or" else "xor"
            left = Both(sign, left, self._and())
        return left

    def _and(self) -> Condition:
        left = self._same()
        while self._take("and"):
            left = Both("and", left, self._same())
        return left

    def _same(self) -> Condition:
        left = self._atom()
        if self._take("!="):
            return Both("xor", left, self._atom())
        if self._take("="):
            return Not(Both("xor", left, self._atom()))
        return left

    def _atom(self) -> Condition:
        if self._take("("):
            counted = self._try_sum()
            if counted is not None:
                return counted
            condition = self._implies()
            self._expect(")")
        else:
            condition = self._child()
        while self._take("."):
            self._expect("not", "(", ")")
            condition = Not(condition)
        return condition

    def _try_sum(self) -> Condition | None:
        """`(a.count() + b.count()) > 0`, the opening parenthesis already read."""
        start = self._at
        try:
            names = self._sum()
            closed = self._take(")")
            condition = self._compared(names)
            if not closed:
                self._expect(")")
            return condition
        except Beyond:
            self._at = start
            return None

    def _sum(self) -> tuple[str, ...]:
        names = [self._name()]
        self._expect(".", "count", "(", ")")
        while self._take("+"):
            names.append(self._name())
            self._expect(".", "count", "(", ")")
        return tuple(names)

    def _compared(self, names: tuple[str, ...]) -> Condition:
        sign = self._next()
        number = self._next()
        if sign not in ("<=", ">=", "<", ">", "=") or not number.isdigit():
            raise Beyond
        return Count(names, sign, int(number))  # type: ignore[arg-type]

    def _name(self) -> str:
        name = self._next()
        if name not in self._children:
            raise Beyond
        return name

    def _child(self) -> Condition:
        name = self._name()
        if self._peek() == "." and self._at + 1 < len(self._tokens):
            question = self._tokens[self._at + 1]
            if question == "count":
                self._at -= 1
                return self._compared(self._sum())
            if question in ("exists", "empty"):
                self._at += 2
                self._expect("(", ")")
                return Exists(name) if question == "exists" else Not(Exists(name))
            raise Beyond
        if self._take("="):
            return Equals(name, self._codes(1))
        if self._take("!="):
            return Both("and", Exists(name), Not(Equals(name, self._codes(1))))
        if self._take("in"):
            self._expect("(")
            codes = self._codes(99)
            self._expect(")")
            return Equals(name, codes)
        raise Beyond

    def _codes(self, most: int) -> frozenset[str] | frozenset[bool]:
        first = self._next()
        if first in ("true", "false"):
            return frozenset({first == "true"})
        if not first.startswith("'"):
            raise Beyond
        codes = {first.strip("'")}
        while most > 1 and self._take("|"):
            codes.add(self._next().strip("'"))
        return frozenset(codes)


def read_condition(expression: str, children: frozenset[str]) -> Condition:
    """A FHIRPath expression about `children` (FHIR names). Raises Beyond if it says more."""
    return _Reader(expression, children).read()


Counter = Callable[[str], int]
Getter = Callable[[str], object]
Question = Callable[[Counter, Getter], bool]
"""Whether a condition holds, asking how many children there are, and a child's value."""


def question(condition: Condition) -> Question:
    """The condition made ready to be asked of many mappings."""
    match condition:
        case Exists(name):
            return lambda count, get: count(name) > 0
        case Equals(name, codes):
            return lambda count, get: _any_of(get(name), codes)
        case Count(names, sign, number):
            compare = _COMPARE[sign]
            return lambda count, get: compare(sum(map(count, names)), number)
        case Both(sign, left, right):
            first, second = question(left), question(right)
            if sign == "and":
                return lambda count, get: first(count, get) and second(count, get)
            if sign == "or":
                return lambda count, get: first(count, get) or second(count, get)
            return lambda count, get: first(count, get) != second(count, get)
        case Not(of):
            inner = question(of)
            return lambda count, get: not inner(count, get)
    raise AssertionError(condition)


_COMPARE = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


def _any_of(found: object, codes: frozenset[str] | frozenset[bool]) -> bool:
    each = found if isinstance(found, list) else [found]
    return any(isinstance(item, str | bool) and item in codes for item in each)


@cache
def conditions(type_: str) -> tuple[tuple[Invariant, Condition], ...]:
    """The invariants of a type, severity error, that this small language can ask."""
    definition = type_definition(type_)
    children = frozenset(element.name for element in definition.elements)
    found = []
    for invariant in definition.invariants:
        if invariant.severity == "error" and not invariant.element:
            try:
                condition = read_condition(invariant.expression, children)
            except Beyond:
                continue
            found.append((invariant, condition))
    return tuple(found)


@cache
def questions(type_: str) -> tuple[tuple[Invariant, Question], ...]:
    """`conditions`, made ready to be asked."""
    return tuple((invariant, question(condition)) for invariant, condition in conditions(type_))
