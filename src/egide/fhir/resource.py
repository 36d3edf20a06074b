"""Resources as bytes: decoded with complete structural validation, encoded canonically.

https://hl7.org/fhir/R4/json.html. The canonical form is compact, has the standard's order of
elements with `resourceType`, `id` and `meta` first, writes a string in one way, and keeps decimals
digit for digit. Decoding never drops nor changes anything: the canonical bytes are as long as the
compact input, or an exact comparison of both decides; a body that would lose something is refused.

Two passes: typed structs accept or refuse in microseconds; what they refuse, and any form that
they cannot judge, is read again by the slow pass (`egide.fhir.validation`), which says why, or
accepts it and writes the canonical form itself (`egide.fhir.canonical`).
"""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from egide.clock import instant
from egide.errors import Issue
from egide.fhir import json_text, references
from egide.fhir.canonical import write
from egide.fhir.definitions import TYPES
from egide.fhir.invalid import Invalid
from egide.fhir.structs import Refused, decoder
from egide.fhir.validation import findings

_TYPES = frozenset(TYPES)
_encode = msgspec.json.encode
_parse = msgspec.json.Decoder(float_hook=Decimal).decode
_START = re.compile(rb'\{"resourceType":"([A-Za-z]+)"')
_ONLY_AN_ID = re.compile(rb'\{"id":"(?:[^"\\]|\\.)*"\}')
_CONTROL = re.compile(rb"\\(?:u00|[bf])")
_FRAGMENT = re.compile(rb'"reference":"#((?:[^"\\]|\\.)*)"')
_SERVER_SET = ("versionId", "lastUpdated")
_PLACEHOLDER = msgspec.Raw(b"0")
_NESTING = frozenset({"Bundle", "Parameters"})
"""Types whose elements hold whole resources (every DomainResource may also contain some)."""


class Resource(msgspec.Struct, frozen=True):
    """A valid resource, as the pieces of its canonical form.

    `meta` is the content of its meta without the braces, `versionId` and `lastUpdated` left out;
    `rest` is everything after `meta`, from the comma (or the last brace) on.
    """

    type: str
    id: str | None
    meta: bytes
    rest: bytes

    @property
    def content(self) -> bytes:
        """The canonical form without what the server sets: equal contents, nothing changed."""
        meta = b',"meta":{' + self.meta + b"}" if self.meta else b""
        return b'{"resourceType":"' + self.type.encode() + b'"' + meta + self.rest


class _Head(msgspec.Struct):
    resourceType: str  # noqa: N815 - FHIR's name


_read_head = msgspec.json.Decoder(_Head).decode


def decode(raw: bytes, *, type: str | None = None, conditional: bool = False) -> Resource:
    """The resource in `raw`, completely validated.

    `type` is the resource type it must have (default: any); `conditional` allows references that
    are searches, as an entry of a transaction may hold. Raises Invalid with every finding: its
    issue code and its place as FHIRPath.
    """
    if json_text.is_too_deep(raw):
        json_text.read(raw)
    return decode_part(raw, type=type, conditional=conditional)


def decode_part(raw: bytes, *, type: str | None = None, conditional: bool = False) -> Resource:
    """`decode`, for what was cut from a body whose depth has been judged."""
    try:
        return _split(*settled(raw, type, conditional))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        refusal = error
    return _split_tree(_judged(raw, type, conditional, refusal))


def _judged(raw: bytes, type_: str | None, conditional: bool, refusal: Exception) -> Any:
    """The exact tree of what the structs refused, if the slow pass accepts it. Raises Invalid."""
    tree = json_text.read(raw)
    issues = findings(tree, type_=type_, conditional=conditional)
    if issues:
        raise Invalid(issues) from refusal
    if not isinstance(refusal, Doubtful) and b'"_' not in raw:
        # The passes disagree, which tests/unit/fhir/test_passes.py looks for: trust neither.
        raise Invalid([Issue("invalid", "the resource breaks a rule of its type")]) from refusal
    return tree


class Doubtful(ValueError):
    """The structs found nothing wrong, but cannot judge all of it."""


def settled(raw: bytes, type_: str | None, conditional: bool) -> tuple[Any, bytes]:
    """The struct of one resource and its canonical bytes, nested resources settled too.

    Raises what msgspec does, Refused, or Doubtful.
    """
    body = raw if _START.match(raw) else json_text.compact(raw)
    found = _type(body)
    if type_ is not None and found != type_:
        raise Refused
    struct = decoder(found).decode(body)
    canonical = _encode(struct)
    if len(canonical) != len(body) and body is raw:
        body = json_text.compact(raw)
        if len(body) != len(raw):
            struct = decoder(found).decode(body)
            canonical = _encode(struct)
    if len(canonical) != len(body):
        raise Doubtful
    ids: set[bytes] = set()
    if found in _NESTING:
        judged = _settle_nested(struct, conditional)
        canonical = _encode(struct)
    else:
        contained = getattr(struct, "contained", None)
        if contained:
            ids = _settle_contained(contained)
            canonical = _encode(struct)
        judged = canonical
    if is_doubtful(judged, conditional, ids):
        raise Doubtful
    return struct, canonical


def _type(body: bytes) -> str:
    match = _START.match(body)
    type_ = match[1].decode() if match else _read_head(body).resourceType
    if type_ not in _TYPES:
        raise Refused
    return type_


def is_doubtful(canonical: bytes, conditional: bool, ids: set[bytes]) -> bool:
    """Whether something is there that only the slow pass judges, or that looks like it.

    Empty objects, elements with nothing but an id, escaped control characters, fragments that are
    not exactly the `ids` of the contained resources, references that are searches. Inside a
    string they are harmless.
    """
    return (
        b"{}" in canonical
        or (b'{"id":"' in canonical and _ONLY_AN_ID.search(canonical) is not None)
        or (b"\\" in canonical and _CONTROL.search(canonical) is not None)
        or ((b'"reference":"#' in canonical or ids) and ids != set(_FRAGMENT.findall(canonical)))
        or (not conditional and references.has_conditional(canonical))
    )


# resources in resources


def _settle_contained(contained: list[msgspec.Raw]) -> set[bytes]:
    """Makes contained resources canonical; their ids. Raises what `settled` does."""
    ids = set()
    for at, raw in enumerate(contained):
        type_ = _type(raw)
        struct = decoder(type_).decode(raw)
        meta = struct.meta
        if struct.id is None or getattr(struct, "contained", None) is not None:
            raise Refused
        if meta is not None and (meta.versionId or meta.lastUpdated or meta.security):
            raise Refused
        canonical = _encode(struct)
        ids.add(struct.id.encode())
        if len(canonical) != len(memoryview(raw)) or len(ids) <= at or type_ in _NESTING:
            raise Doubtful
        contained[at] = msgspec.Raw(canonical)
    return ids


def _settle_nested(struct: Any, conditional: bool) -> bytes:
    """Settles the resources in a Bundle or Parameters; the encoding of the rest, without them."""
    if getattr(struct, "type", None) == "transaction":
        conditional = True
    settled = []
    for holder, name in list(_places(struct)):
        canonical = _canonical(bytes(getattr(holder, name)), conditional)
        settled.append((holder, name, msgspec.Raw(canonical)))
        setattr(holder, name, _PLACEHOLDER)
    skeleton = _encode(struct)
    for holder, name, raw in settled:
        setattr(holder, name, raw)
    return skeleton


def _canonical(raw: bytes, conditional: bool) -> bytes:
    """The canonical form of a nested resource. Raises what `settled` does."""
    try:
        return settled(raw, None, conditional)[1]
    except (msgspec.MsgspecError, ValueError) as error:
        refusal = error
    try:
        return write(_judged(raw, None, conditional, refusal))
    except Invalid as invalid:
        raise Refused from invalid


def _places(struct: Any) -> Iterator[tuple[Any, str]]:
    """Where whole resources stand in a Bundle, in Parameters or in a parameter."""
    for entry in getattr(struct, "entry", None) or ():
        if entry.resource is not None:
            yield entry, "resource"
        if entry.response is not None and entry.response.outcome is not None:
            yield entry.response, "outcome"
    for parameter in getattr(struct, "parameter", None) or getattr(struct, "part", None) or ():
        if parameter.resource is not None:
            yield parameter, "resource"
        yield from _places(parameter)


# pieces


def _split(struct: Any, canonical: bytes) -> Resource:
    """The canonical bytes cut after `meta`, whose server-set content is left out."""
    type_: str = struct.__struct_config__.tag
    at = 18 + len(type_)  # {"resourceType":"…"
    if struct.id is not None:
        at += 8 + len(struct.id)  # ,"id":"…"
    meta = struct.meta
    content = b""
    if meta is not None:
        at += 8 + len(_encode(meta))  # ,"meta":…
        meta.versionId = meta.lastUpdated = None
        content = _encode(meta)[1:-1]
    return Resource(type_, struct.id, content, canonical[at:])


def _split_tree(tree: Any) -> Resource:
    """The same pieces, from an exact tree found valid."""
    type_, id_, meta = str(tree["resourceType"]), tree.get("id"), tree.get("meta", {})
    kept = {name: meta[name] for name in meta if name.removeprefix("_") not in _SERVER_SET}
    rest = {name: tree[name] for name in tree if name not in ("id", "meta")}
    at = 18 + len(type_)
    return Resource(type_, id_, write(kept, "Meta")[1:-1], write(rest, type_)[at:])


def encode(resource: Resource, *, id: str, version: int, updated: datetime) -> bytes:
    """The canonical body with its id, version and time (aware, UTC) set; the rest of meta kept."""
    meta = b"," + resource.meta if resource.meta else b""
    return b'{"resourceType":"%b","id":"%b","meta":{"versionId":"%d","lastUpdated":"%b"%b}%b' % (
        resource.type.encode(),
        id.encode(),
        version,
        _stamp(updated),
        meta,
        resource.rest,
    )


@lru_cache(maxsize=64)
def _stamp(updated: datetime) -> bytes:
    """The instant in JSON; kept, for a transaction writes many resources at one instant."""
    return instant(updated).encode()


def parse(body: bytes) -> dict[str, Any]:
    """Canonical bytes as a plain mapping; numbers with a fraction or exponent are Decimals."""
    mapping: dict[str, Any] = _parse(body)
    return mapping


def identity(body: bytes) -> str:
    """The id in a canonical body with its id set, read without parsing the rest."""
    start = body.index(b'"id":"') + 6
    return body[start : body.index(b'"', start)].decode()


def type_of(resource: Resource) -> str:
    """The resource's type."""
    return resource.type
