"""Bundles that ask for something: their entries, each resource decoded once.

https://hl7.org/fhir/R4/http.html#transaction and https://hl7.org/fhir/R4/bundle.html. A bundle to
be stored as it is (a document) is a resource like another: `decode` it.
"""

import re
from typing import Any

import msgspec

from egide.errors import Issue
from egide.fhir import json_text
from egide.fhir.invalid import Invalid
from egide.fhir.resource import Resource, decode_part, is_doubtful
from egide.fhir.structs import Refused, decoder
from egide.fhir.validation import findings

_IN_RESOURCE = re.compile(r"Bundle\.entry\[\d+\]\.resource")
_COMPACT = re.compile(rb'\{"resourceType":"Bundle"')
_PLACEHOLDER = msgspec.Raw(b"0")
_ABSENT = msgspec.Raw()


class Entry(msgspec.Struct, frozen=True):
    """One entry of a bundle; of a batch `resource` is bytes, for each is an interaction by itself:
    whoever does it decodes them."""

    full_url: str | None = None
    resource: Resource | bytes | None = None
    method: str | None = None
    url: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_match: str | None = None
    if_none_exist: str | None = None


class Bundle(msgspec.Struct, frozen=True):
    """A bundle taken apart. `type` is from http://hl7.org/fhir/ValueSet/bundle-type."""

    type: str
    entries: tuple[Entry, ...]


def decode_bundle(raw: bytes) -> Bundle:
    """The entries of the bundle in `raw`, completely validated but for the resources of a batch.

    In a transaction references may be searches. Raises Invalid with every finding, its place seen
    from the bundle (`Bundle.entry[3].resource.name[0]`).
    """
    if json_text.is_too_deep(raw):
        json_text.read(raw)
    try:
        struct, resources = _taken_apart(raw)
    except (msgspec.MsgspecError, Invalid, ValueError, RecursionError) as refusal:
        tree = json_text.read(raw)
        batch = isinstance(tree, dict) and tree.get("type") == "batch"
        issues = [
            issue
            for issue in findings(tree, type_="Bundle")
            if not (batch and _IN_RESOURCE.match(issue.expression))
        ]
        if issues:
            raise Invalid(issues) from refusal
        struct = _read_loosely(raw)
        resources = [e.resource if e.resource else None for e in struct.entry]
    return _assemble(struct, resources)


def _taken_apart(raw: bytes) -> tuple[Any, list[msgspec.Raw | None]]:
    """The bundle's struct and its resources. Raises what msgspec does, Refused or Invalid."""
    if _COMPACT.match(raw):
        struct = decoder("Bundle").decode(raw)
        try:
            return struct, _take_resources(struct, len(raw))
        except Refused:
            pass  # not compact after all, or something for the slow pass
    body = json_text.compact(raw)
    struct = decoder("Bundle").decode(body)
    return struct, _take_resources(struct, len(body))


def _take_resources(struct: Any, length: int) -> list[msgspec.Raw | None]:
    """The entries' resources, taken out of the struct. Raises Refused or Invalid."""
    taken: list[msgspec.Raw | None] = []
    for entry in struct.entry or ():
        raw = entry.resource
        taken.append(raw)
        if raw is not None:
            entry.resource = _PLACEHOLDER
            length += 1 - len(memoryview(raw))
        if entry.response is not None and entry.response.outcome is not None:
            decode_part(bytes(entry.response.outcome))
    skeleton = msgspec.json.encode(struct)
    if len(skeleton) != length or is_doubtful(skeleton, False, set()):
        raise Refused
    return taken


def _assemble(struct: Any, resources: list[msgspec.Raw | None]) -> Bundle:
    conditional = struct.type == "transaction"
    entries = []
    issues: list[Issue] = []
    for at, (entry, raw) in enumerate(zip(struct.entry or (), resources, strict=True)):
        resource: Resource | bytes | None = None if raw is None else bytes(raw)
        if raw is not None and struct.type != "batch":
            try:
                resource = decode_part(bytes(raw), conditional=conditional)
            except Invalid as invalid:
                issues += [_seen_from_bundle(issue, at) for issue in invalid.issues]
        request = entry.request
        entries.append(
            Entry(entry.fullUrl, resource)
            if request is None
            else Entry(
                entry.fullUrl,
                resource,
                request.method,
                request.url,
                request.ifNoneMatch,
                request.ifModifiedSince,
                request.ifMatch,
                request.ifNoneExist,
            )
        )
    if issues:
        raise Invalid(issues)
    return Bundle(struct.type, tuple(entries))


def _seen_from_bundle(issue: Issue, at: int) -> Issue:
    _, dot, inside = issue.expression.partition(".")
    return issue._replace(expression=f"Bundle.entry[{at}].resource{dot}{inside}")


class _Request(msgspec.Struct):
    method: str | None = None
    url: str | None = None
    ifNoneMatch: str | None = None  # noqa: N815
    ifModifiedSince: str | None = None  # noqa: N815
    ifMatch: str | None = None  # noqa: N815
    ifNoneExist: str | None = None  # noqa: N815


class _Entry(msgspec.Struct):
    fullUrl: str | None = None  # noqa: N815
    resource: msgspec.Raw = _ABSENT
    request: _Request | None = None


class _Entries(msgspec.Struct):
    type: str
    entry: list[_Entry] = []


_read_loosely = msgspec.json.Decoder(_Entries).decode
"""A bundle already found valid, by the few elements that are asked of it."""
