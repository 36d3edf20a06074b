"""References in JSON: which are well formed for an element, which a body holds, rewriting them.

https://hl7.org/fhir/R4/references.html#literal. The functions on bytes need compact canonical JSON
(what `encode` returns): there the bytes `"reference":"` start a property and nothing else, because
a quote inside a string is escaped, and a string that ended before `:` would be a property's name.
"""

import re
from collections.abc import Collection, Mapping

import msgspec

from egide.fhir.definitions import TYPES

ID = r"[A-Za-z0-9\-.]{1,64}"
_KNOWN = frozenset(TYPES)
_RELATIVE = re.compile(rf"([A-Za-z]+)/{ID}(?:/_history/{ID})?\Z")
_ABSOLUTE = re.compile(rf"(?a)https?://\S+/([A-Za-z]+)/{ID}(?:/_history/{ID})?\Z")
_CONDITIONAL = re.compile(r"(?a)([A-Za-z]+)\?\S+\Z")
_OTHER = re.compile(r"(?a)(?:#\S*|[A-Za-z][A-Za-z0-9+.\-]*:\S+)\Z")
_IN_BODY = re.compile(rb'"reference":"((?:[^"\\]|\\.)*)"')
_CONDITIONAL_IN_BODY = re.compile(rb'"reference":"[A-Za-z]+\?')
_VALUE = re.compile(
    rb'(?P<before>"(?:reference|url|uri|valueUri|valueUrl|valueUuid|valueOid|valueCanonical)":")'
    rb'(?P<value>(?:[^"\\]|\\.)*)'
)
_DIV = re.compile(rb'"div":"(?:[^"\\]|\\.)*"')
_LINK = re.compile(
    rb"""(?P<before>\b(?:href|src)\s*=\s*(?P<quote>\\"|'))(?P<value>.*?)(?=(?P=quote))"""
)


def quick(targets: Collection[str]) -> "re.Pattern[str]":
    """Matches the commonest well-formed references; what it misses `problem` decides."""
    types = "|".join(sorted(targets))
    relative = rf"|(?:{types})/{ID}\Z" if types else ""
    return re.compile(rf"urn:uuid:[0-9a-f\-]+\Z{relative}")


def problem(reference: str, targets: Collection[str]) -> str | None:
    """What is wrong with the text of a reference whose element allows `targets` (empty: any)."""
    match = _RELATIVE.match(reference) or _CONDITIONAL.match(reference)
    if match:
        if match[1] not in _KNOWN:
            return "a relative reference must start with a resource type"
        return _misplaced(match[1], targets)
    if not _OTHER.match(reference):
        return "a reference must be Type/id, an absolute URI or #id"
    match = _ABSOLUTE.match(reference)
    if match and match[1] in _KNOWN:
        return _misplaced(match[1], targets)
    return None


def type_problem(type_: str, reference: str | None, targets: Collection[str]) -> str | None:
    """What is wrong with `Reference.type` next to its `reference`."""
    if ":" in type_:
        return None
    if type_ not in _KNOWN:
        return "Reference.type must be a resource type or an absolute URI"
    match = reference and (_RELATIVE.match(reference) or _ABSOLUTE.match(reference))
    if match and match[1] in _KNOWN and match[1] != type_:
        return "Reference.type is not the type the reference names"
    return _misplaced(type_, targets)


def _misplaced(type_: str, targets: Collection[str]) -> str | None:
    if not targets or type_ in targets:
        return None
    return f"a reference to {type_} is not allowed here, only to {', '.join(sorted(targets))}"


def is_conditional(reference: str) -> bool:
    """Whether the reference is a search (`Patient?identifier=…`), as transactions may hold."""
    return _CONDITIONAL.match(reference) is not None


def has_conditional(body: bytes) -> bool:
    """Whether a canonical body holds a conditional reference."""
    return b"?" in body and _CONDITIONAL_IN_BODY.search(body) is not None


def reference_strings(body: bytes) -> list[str]:
    """Every value of `Reference.reference` in a canonical body, in order, with repetitions."""
    if b"\\" not in body:
        pieces = body.decode().split('"reference":"')
        return [piece[: piece.index('"')] for piece in pieces[1:]]
    return [
        msgspec.json.decode(b'"' + value + b'"') if b"\\" in value else value.decode()
        for value in _IN_BODY.findall(body)
    ]


class Replacements:
    """A mapping of old values to new ones, made ready for many bodies."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._encoded = {
            msgspec.json.encode(old)[1:-1]: msgspec.json.encode(new)[1:-1]
            for old, new in mapping.items()
        }
        self._only_urns = all(old.startswith("urn:") for old in mapping)

    def apply(self, body: bytes) -> bytes:
        """`body` (canonical) with every whole value that is a key replaced.

        Looks at `Reference.reference`, at elements of the uri family by their names (`url`,
        `uri`, `valueUri`, `valueUrl`, `valueUuid`, `valueOid`, `valueCanonical`) and at `href` and
        `src` in narratives: what https://hl7.org/fhir/R4/http.html#trules asks of a transaction.
        """
        if self._only_urns and b"urn:" not in body:
            return body
        if b"\\" not in body:
            body = self._in_references(body)
            if self._only_urns and b"urn:" not in body:
                return body
        body = _VALUE.sub(self._value, body)
        return _DIV.sub(self._links, body) if b'"div":"' in body else body

    def _in_references(self, body: bytes) -> bytes:
        """The references of a body without escapes: the commonest and fastest case."""
        pieces = body.split(b'"reference":"')
        for at in range(1, len(pieces)):
            piece = pieces[at]
            end = piece.index(b'"')
            new = self._encoded.get(piece[:end])
            if new is not None:
                pieces[at] = new + piece[end:]
        return b'"reference":"'.join(pieces)

    def _links(self, match: "re.Match[bytes]") -> bytes:
        return _LINK.sub(self._value, match[0])

    def _value(self, match: "re.Match[bytes]") -> bytes:
        new = self._encoded.get(match["value"])
        return match[0] if new is None else match["before"] + new


def replace_references(body: bytes, mapping: Mapping[str, str]) -> bytes:
    """`Replacements(mapping).apply(body)`, for one body."""
    return Replacements(mapping).apply(body) if mapping else body
