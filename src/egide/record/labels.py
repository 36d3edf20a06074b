"""Security labels of a body, read without parsing where there are none.

https://hl7.org/fhir/R4/security-labels.html. Those of a document's content, which DMP and MHD put
in DocumentReference.securityLabel, and the confidentiality of a Composition count as the
resource's own. So do the labels of whatever a resource holds, contained or as an entry, and those
at single elements: the whole is at least as closed as the most closed of its parts.

Invariant: no part has a label the whole has not (tests/unit/record/test_labels.py).
"""

from collections.abc import Iterator
from itertools import chain

import msgspec

from egide.fhir.inline_labels import URL, inline_labels
from egide.fhir.security_labels import CONFIDENTIALITY, canonical


class _Coding(msgspec.Struct):
    system: str = ""
    code: str = ""

    def __str__(self) -> str:
        return "|".join(canonical(self.system, self.code))


class _Concept(msgspec.Struct):
    coding: list[_Coding] = []


class _Meta(msgspec.Struct):
    security: list[_Coding] = []


class _Labelled(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta)


class _Holder(_Labelled):
    """A resource that may hold others: contained, in entries, in answers, in parameters."""

    securityLabel: list[_Concept] = []  # noqa: N815 - FHIR's name
    confidentiality: str | None = None
    contained: list["_Holder"] = []
    entry: list["_Part"] = []
    parameter: list["_Part"] = []


class _Part(msgspec.Struct):
    resource: _Holder | None = None
    response: "_Response | None" = None
    part: list["_Part"] = []


class _Response(msgspec.Struct):
    outcome: _Holder | None = None


_labelled = msgspec.json.Decoder(_Labelled).decode
_holder = msgspec.json.Decoder(_Holder).decode
_INLINE = URL.encode()
_ELSEWHERE = (b'"contained"', b'"resource":{', b'"outcome":{', b'"securityLabel"')
"""What is in the body of a resource that has labels elsewhere than in its own meta."""


def labels_of(body: bytes) -> frozenset[str]:
    """The labels of a resource in canonical JSON, each as `system|code`."""
    if _INLINE in body:
        inline = inline_labels(msgspec.json.decode(body))
        within = frozenset("|".join(canonical(*each)) for each in inline)
        return within | frozenset(_all(_holder(body)))
    if b'"confidentiality"' not in body:
        if b'"security' not in body:
            return frozenset()
        if not any(word in body for word in _ELSEWHERE):
            return frozenset(map(str, _labelled(body).meta.security))
    return frozenset(_all(_holder(body)))


def _all(held: _Holder) -> Iterator[str]:
    yield from map(str, held.meta.security)
    for concept in held.securityLabel:
        yield from map(str, concept.coding)
    if held.confidentiality is not None:
        yield "|".join(canonical(CONFIDENTIALITY, held.confidentiality))
    for inner in held.contained:
        yield from _all(inner)
    for part in chain(held.entry, held.parameter):
        yield from _of_part(part)


def _of_part(part: _Part) -> Iterator[str]:
    if part.resource is not None:
        yield from _all(part.resource)
    if part.response is not None and part.response.outcome is not None:
        yield from _all(part.response.outcome)
    for inner in part.part:
        yield from _of_part(inner)
