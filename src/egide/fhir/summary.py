"""Parts of a resource: `_summary` and `_elements`, marked as parts.

https://hl7.org/fhir/R4/search.html#summary. What is left out is left out whole; what stays keeps
its bytes. A part carries the tag SUBSETTED, so that nobody stores it as the whole.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, Literal

import msgspec

from egide.fhir.definitions import type_definition

SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_ALWAYS = frozenset({"resourceType", "id", "meta"})
_read = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

Summary = Literal["true", "text", "data"]


def summary(type_: str, body: bytes, kind: Summary) -> bytes:
    """`body` (canonical) with only what `_summary` keeps: `true` the elements the standard marks,
    `text` the narrative and what is required, `data` all but the narrative."""
    if kind == "data":
        return _subset(body, lambda name: name != "text")
    keep = _marked(type_) if kind == "true" else _required(type_) | {"text"}
    return _subset(body, keep.__contains__)


def elements(type_: str, body: bytes, names: Collection[str]) -> bytes:
    """`body` with only the elements named and those required."""
    keep = _required(type_) | set(names)
    return _subset(body, keep.__contains__)


def is_subset(body: bytes) -> bool:
    """Whether a body says that it is only a part."""
    return b'"code":"SUBSETTED"' in body


def marked(body: bytes) -> bytes:
    """`body`, marked as a part; one that is marked already stays as it is."""
    part = _read(body)
    meta = msgspec.json.decode(part.get("meta", msgspec.Raw(b"{}")), type=dict[str, msgspec.Raw])
    tags = msgspec.json.decode(meta.get("tag", msgspec.Raw(b"[]")))
    if SUBSETTED not in tags:
        meta["tag"] = msgspec.Raw(msgspec.json.encode([*tags, SUBSETTED]))
        part["meta"] = msgspec.Raw(msgspec.json.encode(meta))
    return msgspec.json.encode(part)


def _subset(body: bytes, keep: Any) -> bytes:
    whole = _read(body)
    part = {
        name: raw for name, raw in whole.items() if name in _ALWAYS or keep(name.removeprefix("_"))
    }
    part.setdefault("meta", msgspec.Raw(b"{}"))
    return marked(msgspec.json.encode(part))


@cache
def _marked(type_: str) -> frozenset[str]:
    return _keys(type_, lambda element: element.summary or element.min > 0)


@cache
def _required(type_: str) -> frozenset[str]:
    return _keys(type_, lambda element: element.min > 0)


def _keys(type_: str, wanted: Any) -> frozenset[str]:
    """JSON names of the top-level elements wanted."""
    found: set[str] = set()
    for element in type_definition(type_).elements:
        if wanted(element):
            found.update(element.keys())
    return frozenset(found)
