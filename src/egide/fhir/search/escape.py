"""The signs that separate, and how a value that holds one escapes it.

https://hl7.org/fhir/R4/search.html#escaping: `,` between alternatives, `$` between the parts of a
composite, `|` between system and code; `\\` before any of them, or before itself, takes it for
what it is.
"""

import re

from egide.fhir.search.refusal import wrong

_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)


def split(text: str, sign: str) -> list[str]:
    """`text` cut at each unescaped `sign`; the parts keep their escapes."""
    if "\\" not in text:
        return text.split(sign)
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == sign:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def plain(text: str, name: str) -> str:
    """`text` with its escapes taken off. Raises Incorrect for one the standard does not know."""
    if "\\" not in text:
        return text

    def one(found: re.Match[str]) -> str:
        if found[1] not in ("\\", ",", "$", "|") or not found[1]:
            raise wrong(name, "a backslash must be followed by \\ , $ or |")
        return found[1]

    return _ESCAPED.sub(one, text)
