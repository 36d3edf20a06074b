"""`_text` and `_content`: words of the narrative, or of the whole resource.

https://hl7.org/fhir/R4/search.html#content leaves the language of the question open. Here: words
without case and accents, each whole (`cancer` does not find `cancers`); several must all be
there, `"in quotes"` one after the other; a comma means or. A tag of the narrative ends a word; so
does an element of the resource, and no phrase goes on from one to the next. What is base64 is no
text.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from egide.errors import TooCostly
from egide.fhir.narrative import text_of
from egide.fhir.search.clause import Clause
from egide.fhir.search.escape import plain, split
from egide.fhir.search.expression import Json
from egide.fhir.search.parameter import Parameter
from egide.fhir.search.refusal import wrong
from egide.fhir.search.text import words

TEXTUAL = ("_text", "_content")

MOST_WORDS = 100
"""Words and phrases one clause may look for; each opened resource is asked for them all."""

_PIECE = re.compile(r'"([^"]*)"|([^"\s]+)')
_OPERATORS = frozenset({"AND", "OR", "NOT", "NEAR"})
_BYTES = frozenset({"data", "valueBase64Binary"})
_APART = " | "


def words_clause(parameter: Parameter, name: str, modifier: str | None, text: str) -> Clause:
    """The clause `name=text`; its values are the phrases (a word is one) that must all be there.

    Raises Incorrect, naming `name`, and TooCostly.
    """
    if modifier is not None:
        raise wrong(name, "takes no modifier")
    values = tuple(_phrases(name, plain(each, name)) for each in split(text, ","))
    if sum(map(len, values)) > MOST_WORDS:
        raise TooCostly(f"{name} may look for {MOST_WORDS} words and phrases at once")
    wanted = [[f" {' '.join(phrase)} " for phrase in value] for value in values]
    read = _narrative if parameter.code == "_text" else _whole

    def test(_: Json, resource: Json) -> bool:
        said = _APART.join(f" {' '.join(words(each))} " for each in read(resource))
        return any(all(phrase in said for phrase in value) for value in wanted)

    return Clause(name, parameter, None, values, test)


def _phrases(name: str, text: str) -> tuple[Sequence[str], ...]:
    if text.count('"') % 2:
        raise wrong(name, "a phrase begins and ends with a quotation mark")
    found = []
    for phrase, word in _PIECE.findall(text):
        if word in _OPERATORS or word.startswith("(") or word.endswith(")"):
            raise wrong(name, "takes words, phrases in quotation marks, and commas for or")
        found.append(words(phrase or word))
    found = [each for each in found if each]
    if not found:
        raise wrong(name, "has no word to look for")
    return tuple(found)


def _narrative(resource: Json) -> Iterator[str]:
    div = (resource.get("text") or {}).get("div")
    if div:
        yield text_of(div)


def _whole(node: Any) -> Iterator[str]:
    """Every text and number in `node`, element by element."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "div" and isinstance(value, str):
                yield text_of(value)
            elif name not in _BYTES:
                yield from _whole(value)
    elif isinstance(node, list):
        for each in node:
            yield from _whole(each)
    elif node is not None and not isinstance(node, bool):
        yield str(node)
