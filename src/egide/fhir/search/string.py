"""String parameters. https://hl7.org/fhir/R4/search.html#string

A field matches when it begins with the value searched for, both normalised (see `text`). In a
name or an address each word may begin the match: `quinones` finds `Carreno Quiñones`.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from egide.fhir.search.escape import plain
from egide.fhir.search.expression import Json, Path
from egide.fhir.search.parameter import Parameter, Test
from egide.fhir.search.refusal import wrong
from egide.fhir.search.text import normalise, phonetic, starts

_PARTS: Mapping[str, tuple[str, ...]] = {
    "HumanName": ("text", "family", "given"),
    "Address": ("text", "line", "city", "district", "state", "country", "postalCode"),
}
"""The elements a name or an address is searched by; titles (prefix, suffix) are no name."""


def parse_string(name: str, text: str) -> str:
    """The text to look for. Raises Incorrect for one that nothing could begin with."""
    value = plain(text, name)
    if not normalise(value):
        raise wrong(name, "has no letter to look for")
    return value


def string_test(parameter: Parameter, modifier: str | None, values: tuple[str, ...]) -> Test:
    """Does any text of the resource begin with, equal (`:exact`) or hold (`:contains`) a value?"""
    if modifier == "exact":
        exact = frozenset(_composed(value) for value in values)
        return _any(parameter, lambda path: lambda field: _composed(field) in exact)
    if parameter.code == "phonetic":
        sounds = [phonetic(value) for value in values]
        return _any(
            parameter, lambda path: lambda field: any(s and s <= phonetic(field) for s in sounds)
        )
    wanted = tuple(normalise(value) for value in values)
    if modifier == "contains":
        return _any(
            parameter, lambda path: lambda field: any(w in normalise(field) for w in wanted)
        )
    return _any(
        parameter,
        lambda path: (
            (lambda field: any(start.startswith(wanted) for start in starts(field)))
            if by_words(path)
            else (lambda field: normalise(field).startswith(wanted))
        ),
    )


def by_words(path: Path) -> bool:
    """May a match begin at any word? So it is in the parts of names and addresses."""
    return path.type in _PARTS or path.owner in _PARTS


def texts(path: Path, value: Any) -> Iterator[str]:
    """The texts searched in one value."""
    parts = _PARTS.get(path.type)
    if parts is None:
        yield value
        return
    for part in parts:
        held = value.get(part)
        if isinstance(held, str):
            yield held
        elif held:
            yield from (item for item in held if item is not None)


def _any(parameter: Parameter, judge: Callable[[Path], Callable[[str], bool]]) -> Test:
    judges = [(source, judge(source.path)) for source in parameter.sources]

    def test(focus: Json, resource: Json) -> bool:
        return any(
            accepts(text)
            for source, accepts in judges
            for value in source.read(focus, resource)
            for text in texts(source.path, value)
        )

    return test


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
