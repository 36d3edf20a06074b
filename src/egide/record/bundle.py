"""The envelope of a transaction or batch: entries with what they ask, resources still raw.

https://hl7.org/fhir/R4/http.html#transaction
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from egide import fhir
from egide.errors import Category, Incorrect, Issue
from egide.fhir.definitions import TYPES
from egide.record.emission import Emitted
from egide.record.searches import Page

_TYPES = frozenset(TYPES)
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"})
_URL = re.compile(
    r"/?(?P<type>[A-Za-z]+)(?:/(?P<id>[A-Za-z0-9\-.]{1,64}))?(?:\?(?P<query>.*))?\Z", re.DOTALL
)


class Request(
    msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True, kw_only=True
):
    """What an entry asks for: Bundle.entry.request."""

    id: Any = msgspec.UNSET
    extension: Any = msgspec.UNSET
    modifier_extension: Any = msgspec.UNSET
    method: str
    url: str
    if_none_match: str | msgspec.UnsetType = msgspec.UNSET
    if_modified_since: str | msgspec.UnsetType = msgspec.UNSET
    if_match: str | msgspec.UnsetType = msgspec.UNSET
    if_none_exist: str | msgspec.UnsetType = msgspec.UNSET


class _Entry(
    msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True, kw_only=True
):
    id: Any = msgspec.UNSET
    extension: Any = msgspec.UNSET
    modifier_extension: Any = msgspec.UNSET
    link: Any = msgspec.UNSET
    full_url: str | msgspec.UnsetType = msgspec.UNSET
    resource: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    search: Any = msgspec.UNSET
    request: Request
    response: Any = msgspec.UNSET


class _Envelope(
    msgspec.Struct,
    forbid_unknown_fields=True,
    rename="camel",
    omit_defaults=True,
    kw_only=True,
    tag_field="resourceType",
    tag="Bundle",
):
    id: Any = msgspec.UNSET
    meta: Any = msgspec.UNSET
    implicit_rules: Any = msgspec.UNSET
    language: Any = msgspec.UNSET
    identifier: Any = msgspec.UNSET
    type: Literal["transaction", "batch"]
    timestamp: Any = msgspec.UNSET
    total: Any = msgspec.UNSET
    link: Any = msgspec.UNSET
    entry: list[_Entry] = []
    signature: Any = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Asked:
    """One entry: `place` is its index in the bundle, `raw` its resource as it came."""

    place: int
    method: str
    type: str
    id: str | None
    query: str | None
    full_url: str | None
    raw: bytes | None
    if_match: str | None
    if_none_match: str | None
    if_none_exist: str | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A transaction or a batch that was asked for."""

    type: Literal["transaction", "batch"]
    entries: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """How one entry ended: exactly one of a resource, a page, nothing to delete, or an error."""

    method: str
    emitted: Emitted | None = None
    page: Page | None = None
    error: tuple[Category, tuple[Issue, ...]] | None = None


_decoder = msgspec.json.Decoder(_Envelope)


def bundle_of(raw: bytes) -> Bundle:
    """The transaction or batch in `raw`. Raises Invalid, with every issue, or Incorrect."""
    try:
        envelope = _decoder.decode(raw)
        if not _whole(envelope, raw):
            raw = msgspec.json.format(raw, indent=-1)
            envelope = _decoder.decode(raw)
            if not _whole(envelope, raw):
                fhir.decode(raw, type="Bundle", conditional=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        fhir.decode(raw, type="Bundle", conditional=True)
        raise Incorrect(
            "the body must be a Bundle of type transaction or batch whose entries have a request"
        ) from None
    entries = tuple(_asked(place, entry) for place, entry in enumerate(envelope.entry))
    return Bundle(envelope.type, entries)


def _whole(envelope: _Envelope, raw: bytes) -> bool:
    """Whether decoding dropped nothing: a key that stands twice would make `raw` longer."""
    return len(msgspec.json.encode(envelope)) == len(raw)


def _asked(place: int, entry: _Entry) -> Asked:
    request = entry.request
    if request.method not in _METHODS:
        raise at(place, "request.method", "code-invalid", "not an HTTP verb a bundle may use")
    if request.method in ("HEAD", "PATCH"):
        raise at(place, "request.method", "not-supported", f"{request.method} is not done here")
    parts = _URL.match(request.url)
    if parts is None or parts["type"] not in _TYPES:
        raise at(place, "request.url", "value", "must be Type, Type/id or Type?query")
    raw = None if entry.resource is msgspec.UNSET else bytes(entry.resource)
    needs_body = request.method in ("POST", "PUT")
    if needs_body != (raw is not None):
        words = "needs a resource" if needs_body else "takes no resource"
        raise at(place, "resource", "required", f"{request.method} {words}")
    if request.method == "POST" and (parts["id"] or parts["query"] is not None):
        raise at(place, "request.url", "value", "POST goes to a type")
    return Asked(
        place,
        request.method,
        parts["type"],
        parts["id"],
        parts["query"],
        entry.full_url or None,
        raw,
        request.if_match or None,
        request.if_none_match or None,
        request.if_none_exist or None,
    )


def at(place: int, path: str, code: str, words: str) -> Incorrect:
    """The error for one spot of one entry."""
    return Incorrect(words, issues=[Issue(code, words, f"Bundle.entry[{place}].{path}")])
