"""One condition of a search: a parameter, a modifier and values of which one must hold.

https://hl7.org/fhir/R4/search.html#modifiers
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from egide.errors import Unsupported
from egide.fhir.search.date import date_test, parse_date
from egide.fhir.search.escape import plain, split
from egide.fhir.search.expression import Json
from egide.fhir.search.literal import RESOURCE_TYPES
from egide.fhir.search.near import near_test, parse_near
from egide.fhir.search.number import number_test, parse_number
from egide.fhir.search.parameter import Context, Parameter, Test
from egide.fhir.search.quantity import parse_quantity, quantity_test
from egide.fhir.search.reference import (
    canonical_below_test,
    identifier_test,
    parse_reference,
    reference_test,
)
from egide.fhir.search.refusal import unsupported, wrong
from egide.fhir.search.string import parse_string, string_test
from egide.fhir.search.token import (
    check_tokens,
    parse_token,
    parse_typed_identifier,
    token_test,
    token_text_test,
    typed_identifier_test,
)
from egide.fhir.search.uri import check_uri, parse_uri, uri_test

MODIFIERS = {
    "string": frozenset({"missing", "exact", "contains"}),
    "token": frozenset({"missing", "not", "text", "of-type"}),
    "reference": frozenset({"missing", "identifier", "below"}),
    "date": frozenset({"missing"}),
    "number": frozenset({"missing"}),
    "quantity": frozenset({"missing"}),
    "uri": frozenset({"missing", "below", "above"}),
    "composite": frozenset[str](),
    "special": frozenset({"missing"}),
}
"""Search type → the modifiers understood; a reference also takes the name of a type."""

_STANDARD = frozenset().union(*MODIFIERS.values(), {"in", "not-in", "above", "type"})


class CompositeValue(NamedTuple):
    """One value of a composite: a parsed value for each component."""

    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """`name` as written. `values` are alternatives: `str`, `TokenValue`, `DateValue`, `bool` for
    `:missing`… as the kind of the parameter says. `test` decides for one resource."""

    name: str
    parameter: Parameter
    modifier: str | None
    values: tuple[Any, ...]
    test: Test = field(compare=False, repr=False)

    def matches(self, resource: Json) -> bool:
        """Does `resource` satisfy the clause?"""
        return self.test(resource, resource)


def make_clause(
    parameter: Parameter, name: str, modifier: str | None, text: str, context: Context
) -> Clause:
    """The clause `name=text`. Raises Incorrect or Unsupported, naming `name`."""
    _check_modifier(parameter, name, modifier)
    raw = split(text, ",")
    if not all(raw):
        raise wrong(name, "has an empty value")
    if modifier == "missing":
        return _missing(parameter, name, raw)
    values, test = _read(parameter, name, modifier, raw, context)
    if modifier == "not":
        test = _negated(test)
    return Clause(name, parameter, modifier, values, test)


def _check_modifier(parameter: Parameter, name: str, modifier: str | None) -> None:
    if parameter.kind not in MODIFIERS or not (parameter.every or parameter.focuses):
        raise unsupported(name, f"searching by {parameter.code} is not supported")
    if modifier is None or modifier in MODIFIERS[parameter.kind]:
        return
    if parameter.kind == "reference" and modifier in RESOURCE_TYPES:
        if parameter.targets and modifier not in parameter.targets:
            raise wrong(name, f"{parameter.code} never refers to a {modifier}")
        return
    if modifier in _STANDARD:
        raise Unsupported(f"{parameter.code}: the modifier {modifier} is not supported")
    raise wrong(name, "there is no such modifier")


def _missing(parameter: Parameter, name: str, raw: Sequence[str]) -> Clause:
    if len(raw) != 1 or raw[0] not in ("true", "false"):
        raise wrong(name, "must be true or false")
    absent = raw[0] == "true"
    return Clause(
        name,
        parameter,
        "missing",
        (absent,),
        lambda focus, resource: parameter.present(focus, resource) is not absent,
    )


def _negated(test: Test) -> Test:
    return lambda focus, resource: not test(focus, resource)


def _read(
    parameter: Parameter, name: str, modifier: str | None, raw: Sequence[str], context: Context
) -> tuple[tuple[Any, ...], Test]:
    """The values parsed and the test they make."""
    match parameter.kind:
        case "string":
            texts = tuple(parse_string(name, text) for text in raw)
            return texts, string_test(parameter, modifier, texts)
        case "token":
            return _read_token(parameter, name, modifier, raw)
        case "reference":
            return _read_reference(parameter, name, modifier, raw, context)
        case "date":
            dates = tuple(parse_date(name, text, context) for text in raw)
            return dates, date_test(parameter, dates, context)
        case "number":
            numbers = tuple(parse_number(name, text) for text in raw)
            return numbers, number_test(parameter, numbers)
        case "quantity":
            quantities = tuple(parse_quantity(name, text) for text in raw)
            return quantities, quantity_test(parameter, quantities, context)
        case "uri":
            uris = tuple(parse_uri(name, text) for text in raw)
            check_uri(name, modifier, uris)
            return uris, uri_test(parameter, modifier, uris)
        case "special":
            places = tuple(parse_near(name, text, context) for text in raw)
            return places, near_test(parameter, places)
    return _read_composite(parameter, name, raw, context)


def _read_token(
    parameter: Parameter, name: str, modifier: str | None, raw: Sequence[str]
) -> tuple[tuple[Any, ...], Test]:
    if modifier == "text":
        texts = tuple(parse_string(name, text) for text in raw)
        return texts, token_text_test(parameter, texts)
    if modifier == "of-type":
        typed = tuple(parse_typed_identifier(name, text) for text in raw)
        return typed, typed_identifier_test(parameter, name, typed)
    tokens = tuple(parse_token(name, text) for text in raw)
    check_tokens(parameter, name, tokens)
    return tokens, token_test(parameter, tokens)


def _read_reference(
    parameter: Parameter, name: str, modifier: str | None, raw: Sequence[str], context: Context
) -> tuple[tuple[Any, ...], Test]:
    if modifier == "identifier":
        tokens = tuple(parse_token(name, text) for text in raw)
        return tokens, identifier_test(parameter, tokens)
    if modifier == "below":
        if not parameter.types() & {"canonical", "uri"}:
            raise Unsupported(f"{name}: searching a hierarchy is not supported")
        urls = tuple(plain(text, name) for text in raw)
        return urls, canonical_below_test(parameter, urls)
    references = tuple(parse_reference(name, text, modifier, context.bases) for text in raw)
    return references, reference_test(parameter, references, context.bases)


def _read_composite(
    parameter: Parameter, name: str, raw: Sequence[str], context: Context
) -> tuple[tuple[Any, ...], Test]:
    """Every component must hold on one and the same focus."""
    count = len(parameter.focuses[0].components)
    rows = [split(text, "$") for text in raw]
    if any(len(row) != count or not all(row) for row in rows):
        raise wrong(name, f"takes {count} values joined by $")
    values: list[CompositeValue] = []
    choices = []
    for focus in parameter.focuses:
        read = [
            [
                _read(component, name, None, [text], context)
                for component, text in zip(focus.components, row, strict=True)
            ]
            for row in rows
        ]
        if not values:
            values = [CompositeValue(tuple(found[0] for found, _ in row)) for row in read]
        choices.append((focus.read, [tuple(test for _, test in row) for row in read]))

    def test(_: Json, resource: Json) -> bool:
        return any(
            all(part(item, resource) for part in parts)
            for find, rows_of_tests in choices
            for item in find(resource, resource)
            for parts in rows_of_tests
        )

    return tuple(values), test
