"""Token parameters: codes, identifiers, flags. https://hl7.org/fhir/R4/search.html#token

Codes are compared without case, as the standard asks when in doubt; the value of an Identifier,
an id and a URI with it, as their definitions ask; phone numbers without their separators. What is
compared is the *form* of a code (`form`), and the index stores the same forms, so that it cannot
disagree with the comparison.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from egide.fhir.definitions import code_list
from egide.fhir.search.escape import plain, split
from egide.fhir.search.expression import Json, Path
from egide.fhir.search.parameter import Parameter, Test
from egide.fhir.search.refusal import wrong
from egide.fhir.search.text import starts

SPECIAL_VALUES = "http://terminology.hl7.org/CodeSystem/special-values"

_SEPARATORS = re.compile(r"[\s().\-/]")


class TokenValue(NamedTuple):
    """A token searched for. `system`: None for any, empty for none. `code`: None for any."""

    system: str | None
    code: str | None


class TypedIdentifier(NamedTuple):
    """What `:of-type` asks for: an identifier's type and its value."""

    system: str
    code: str
    value: str


Pair = tuple[str | None, str]
"""(system, form of the code)."""


def parse_token(name: str, text: str) -> TokenValue:
    """The token in `text`. Raises Incorrect, naming the parameter `name`."""
    parts = [plain(part, name) for part in split(text, "|")]
    if len(parts) == 1:
        return TokenValue(None, parts[0])
    if len(parts) > 2 or not any(parts):
        raise wrong(name, "a token is code, system|code, |code or system|")
    return TokenValue(parts[0], parts[1] or None)


def parse_typed_identifier(name: str, text: str) -> TypedIdentifier:
    """The value of `:of-type`. Raises Incorrect, naming the parameter `name`."""
    parts = [plain(part, name) for part in split(text, "|")]
    if len(parts) != 3 or not all(parts):
        raise wrong(name, "a typed identifier is system|code|value, all three")
    return TypedIdentifier(*parts)


def form(type_: str, code: str) -> str:
    """`code` as it is compared when it was found in a value of `type_`."""
    if type_ in _EXACT:
        return code
    if type_ == "ContactPoint":
        bare = code if "@" in code else _SEPARATORS.sub("", code)
        return bare.casefold()
    return code.casefold()


_EXACT = frozenset({"Identifier", "id", "uri", "url", "canonical", "oid", "uuid"})


def check_tokens(parameter: Parameter, name: str, values: Iterable[TokenValue]) -> None:
    """Raises Incorrect for a flag asked for anything but true or false."""
    if parameter.types() == {"boolean"}:
        for value in values:
            if value.code is None or value.code.lower() not in ("true", "false"):
                raise wrong(name, "must be true or false")


def token_test(parameter: Parameter, values: tuple[TokenValue, ...]) -> Test:
    """Does the resource hold any of `values`?"""
    wanted = [
        (source.read, pairs_of(source.path), *_wanted(source.path.type, values))
        for source in parameter.sources
    ]

    def test(focus: Json, resource: Json) -> bool:
        for read, pairs, codes, systems in wanted:
            for value in read(focus, resource):
                for system, code in pairs(value):
                    allowed = codes.get(code)
                    if allowed is not None and (None in allowed or (system or "") in allowed):
                        return True
                    if systems and system in systems:
                        return True
        return False

    return test


def _wanted(
    type_: str, values: tuple[TokenValue, ...]
) -> tuple[dict[str, set[str | None]], frozenset[str]]:
    """Form of a code → the systems it may have; and the systems any code of which will do."""
    codes: dict[str, set[str | None]] = {}
    for system, code in values:
        if code is not None:
            codes.setdefault(form(type_, code), set()).add(system)
    return codes, frozenset(s for s, code in values if code is None and s)


def typed_identifier_test(
    parameter: Parameter, name: str, values: tuple[TypedIdentifier, ...]
) -> Test:
    """Does the resource hold an identifier of that type and value?"""
    if "Identifier" not in parameter.types():
        raise wrong(name, "of-type is for identifiers")

    def test(focus: Json, resource: Json) -> bool:
        for source, value in parameter.values(focus, resource):
            if source.path.type == "Identifier":
                for coding in (value.get("type") or {}).get("coding", ()):
                    said = (coding.get("system"), coding.get("code"), value.get("value"))
                    if said in values:
                        return True
        return False

    return test


def token_text_test(parameter: Parameter, values: tuple[str, ...]) -> Test:
    """`:text`: does a word of the text that goes with a code begin one of `values`?"""
    wanted = tuple(starts(value)[0] for value in values)

    def test(focus: Json, resource: Json) -> bool:
        return any(
            start.startswith(wanted)
            for source, value in parameter.values(focus, resource)
            for text in _texts(source.path.type, value)
            for start in starts(text)
        )

    return test


def _texts(type_: str, value: Any) -> Iterator[str]:
    """CodeableConcept.text, Coding.display, Identifier.type.text, as far as they are there."""
    if type_ == "Identifier":
        type_, value = "CodeableConcept", value.get("type") or {}
    if type_ == "CodeableConcept":
        if value.get("text"):
            yield value["text"]
        for coding in value.get("coding", ()):
            if coding.get("display"):
                yield coding["display"]
    elif type_ == "Coding" and value.get("display"):
        yield value["display"]
    elif type_ == "string":
        yield value


def pairs_of(path: Path) -> Callable[[Any], Iterable[Pair]]:
    """How the values at `path` are read as (system, form of the code)."""
    if path.type == "code":
        return _code_reader(path.binding)
    return _PAIRS.get(path.type) or (lambda value: ((None, form(path.type, value)),))


def _code_reader(binding: str | None) -> Callable[[Any], Iterable[Pair]]:
    """A `code` has no system property: it is found with the system its list implies, or none."""
    systems = code_list(binding).systems if binding else {}
    implied = {
        code: [(system, code.casefold()) for system in systems if code in systems[system]]
        for codes in systems.values()
        for code in codes
    }

    def read(value: Any) -> Iterable[Pair]:
        return [(None, value.casefold()), *implied.get(value, ())]

    return read


def _coding(value: Any) -> Iterable[Pair]:
    code = value.get("code")
    return ((value.get("system"), code.casefold() if code else ""),)


def _concept(value: Any) -> Iterable[Pair]:
    return [pair for coding in value.get("coding", ()) for pair in _coding(coding)]


def _identifier(value: Any) -> Iterable[Pair]:
    return ((value.get("system"), value.get("value") or ""),)


def _contact(value: Any) -> Iterable[Pair]:
    return ((value.get("system"), form("ContactPoint", value.get("value") or "")),)


def _flag(value: Any) -> Iterable[Pair]:
    text = "true" if value else "false"
    return ((None, text), (SPECIAL_VALUES, text))


_PAIRS: Mapping[str, Callable[[Any], Iterable[Pair]]] = MappingProxyType(
    {
        "Coding": _coding,
        "CodeableConcept": _concept,
        "Identifier": _identifier,
        "ContactPoint": _contact,
        "boolean": _flag,
    }
)
