"""A transaction or a batch, entry by entry: what each asks for.

https://hl7.org/fhir/R4/http.html#transaction
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from egide import fhir
from egide.errors import EgideError, Incorrect, Issue, Unsupported
from egide.fhir.definitions import TYPES
from egide.fhir.search.query import CURSOR
from egide.record.emission import Emitted
from egide.record.searches import Page

_TYPES = frozenset(TYPES)
_WITH_RESOURCE = {"POST": True, "PUT": True, "GET": False, "DELETE": False}
_URL = re.compile(
    r"/?(?:(?P<type>[A-Za-z]+)(?:/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/(?P<version>\d{1,9}))?)?)?"
    r"(?:\?(?P<query>.*))?\Z",
    re.DOTALL,
)
_ELSEWHERE = re.compile(r"(?:\A|/)(?:metadata|[_$][^/]*)(?:/|\Z)")
"""Paths this server answers by themselves and not in a bundle: histories, operations, metadata."""
_ETAG = re.compile(r'\s*(?:W/)?"(\d{1,9})"\s*\Z')


@dataclass(frozen=True, slots=True)
class Asked:
    """One entry: `place` is its index in the bundle, `expected` the version in its ifMatch.

    `type` is empty for a search of several types, `version` there for a vread. `resource` is there
    for POST and PUT; in a batch as bytes, which its interaction decodes. `criterion` is that of a
    conditional create, update or delete; `none_match` and `modified_since` are those of a
    conditional read.
    """

    place: int
    method: str
    type: str
    id: str | None
    query: str | None
    full_url: str | None
    resource: fhir.Resource | bytes | None
    expected: int | None
    absent: bool
    criterion: tuple[tuple[str, str], ...] | None = None
    version: int | None = None
    none_match: str | None = None
    modified_since: str | None = None

    @property
    def decoded(self) -> fhir.Resource:
        """The resource of an entry of a transaction that has one."""
        assert isinstance(self.resource, fhir.Resource)
        return self.resource


@dataclass(frozen=True, slots=True)
class Bundle:
    """A transaction or a batch that was asked for; in a batch a bad entry is its own error."""

    type: Literal["transaction", "batch"]
    entries: tuple[Asked | EgideError, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """How one entry ended: a resource, a page, an error, or nothing when nothing was to delete."""

    method: str
    emitted: Emitted | None = None
    page: Page | None = None
    error: EgideError | None = None


def bundle_of(raw: bytes, base: str | None = None) -> Bundle:
    """The transaction or batch in `raw`, sent to the address `base`, under which its addresses may
    be written whole. Raises Invalid, with every issue, Incorrect or Unsupported."""
    found = fhir.decode_bundle(raw)
    if found.type not in ("transaction", "batch"):
        words = "only a transaction or a batch can be posted here"
        raise Incorrect(words, issues=[Issue("value", words, "Bundle.type")])
    entries: list[Asked | EgideError] = []
    for place, entry in enumerate(found.entries):
        try:
            entries.append(_asked(place, entry, base))
        except EgideError as error:
            if found.type == "transaction":
                raise
            entries.append(error)
    return Bundle("batch" if found.type == "batch" else "transaction", tuple(entries))


def at(place: int, path: str, code: str, words: str) -> Incorrect:
    """The error for one spot of one entry."""
    return Incorrect(words, issues=[Issue(code, words, f"{_entry(place)}.{path}")])


def _entry(place: int) -> str:
    return f"Bundle.entry[{place}]"


def _asked(place: int, entry: fhir.Entry, base: str | None) -> Asked:
    method, url = entry.method, entry.url
    if method is None or url is None:
        raise at(place, "request", "required", "an entry says what it asks for in request")
    if method not in _WITH_RESOURCE:
        raise at(place, "request.method", "not-supported", f"{method} is not done here")
    parts = _address(place, method, _relative(url, base))
    type = parts["type"] or ""
    if _WITH_RESOURCE[method] != (entry.resource is not None):
        words = "needs a resource" if _WITH_RESOURCE[method] else "takes no resource"
        raise at(place, "resource", "required", f"{method} {words}")
    if method == "POST" and (parts["id"] or parts["query"] is not None):
        raise at(place, "request.url", "value", "POST goes to a type")
    _check_conditions(place, entry, reads_one=method == "GET" and parts["id"] is not None)
    criterion = _criterion(place, entry, parts["id"], parts["query"])
    if method in ("PUT", "DELETE") and parts["id"] is None and criterion is None:
        raise at(place, "request.url", "value", f"{method} needs Type/id")
    resource = entry.resource
    if isinstance(resource, fhir.Resource):
        if resource.type != type:
            words = f"the resource is a {resource.type}, not a {type}"
            raise at(place, "resource", "invalid", words)
        if method == "PUT" and criterion is None and resource.id != parts["id"]:
            raise at(place, "resource.id", "value", "must be the id in the address")
    return Asked(
        place,
        method,
        type,
        parts["id"],
        parts["query"],
        entry.full_url,
        resource,
        _version(place, entry.if_match),
        method == "PUT" and entry.if_none_match is not None,
        criterion,
        None if parts["version"] is None else int(parts["version"]),
        entry.if_none_match,
        entry.if_modified_since,
    )


def _relative(url: str, base: str | None) -> str:
    """An address of this server, seen from its base."""
    if base is None or not url.startswith((f"{base}/", f"{base}?")):
        return url
    return url[len(base) :]


def _address(place: int, method: str, url: str) -> re.Match[str]:
    """What an entry's url names. Refuses what is no address, and what is none in a bundle."""
    parts = _URL.match(url)
    known = parts is not None and (parts["type"] in _TYPES or parts["type"] is None)
    if not known and _ELSEWHERE.search(url.partition("?")[0]):
        words = "is not done within a bundle; ask for it by itself"
        issue = Issue("not-supported", words, f"{_entry(place)}.request.url")
        raise Unsupported(words, issues=[issue])
    several = parts is not None and parts["type"] is None and parts["query"] and method == "GET"
    if parts is None or not (several or parts["type"] in _TYPES):
        words = "must be Type, Type/id, Type/id/_history/version, Type?query or ?query"
        raise at(place, "request.url", "value", words)
    if parts["version"] is not None and method != "GET":
        raise at(place, "request.url", "value", "a version is only read; name it in ifMatch")
    return parts


def _criterion(
    place: int, entry: fhir.Entry, id: str | None, query: str | None
) -> tuple[tuple[str, str], ...] | None:
    """The criterion of a conditional create (`ifNoneExist`), or of a conditional update or delete
    (the url's query)."""
    text = entry.if_none_exist
    if entry.method in ("PUT", "DELETE") and query is not None:
        if id is not None:
            raise at(place, "request.url", "value", "names an id or a criterion, not both")
        if entry.if_none_match is not None:
            words = "does not go with a criterion; ifNoneExist goes with POST"
            raise at(place, "request.ifNoneMatch", "value", words)
        text = query
    if text is None:
        return None
    return tuple(parse_qsl(text.removeprefix("?"), keep_blank_values=True))


def _check_conditions(place: int, entry: fhir.Entry, *, reads_one: bool) -> None:
    """Refuses a condition that its interaction does not ask: left out, it would seem to hold."""
    method = entry.method
    for name, value, fits, those in (
        ("ifNoneExist", entry.if_none_exist, method == "POST", "POST"),
        ("ifMatch", entry.if_match, method in ("PUT", "DELETE"), "PUT and DELETE"),
        (
            "ifNoneMatch",
            entry.if_none_match,
            method == "PUT" or reads_one,
            "PUT and with GET of one resource",
        ),
        ("ifModifiedSince", entry.if_modified_since, reads_one, "GET of one resource"),
    ):
        if value is not None and not fits:
            raise at(place, f"request.{name}", "value", f"goes with {those} only")
    if method == "PUT" and (entry.if_none_match or "*").strip() != "*":
        words = "must be * in an update; to name a version use ifMatch"
        raise at(place, "request.ifNoneMatch", "value", words)


def _version(place: int, if_match: str | None) -> int | None:
    if if_match is None:
        return None
    tag = _ETAG.match(if_match)
    if tag is None:
        raise at(place, "request.ifMatch", "value", 'must be W/"version"')
    return int(tag[1])


def query_of(asked: Asked) -> list[tuple[str, str]]:
    """The parameters of a search or a read an entry asks for."""
    return parse_qsl(asked.query or "", keep_blank_values=True)


def link_of(query: Sequence[tuple[str, str]]) -> str | None:
    """The cursor of a query that is a page link; None when it asks something itself.

    Raises Incorrect when something was added to the link.
    """
    cursor = next((value for name, value in query if name == CURSOR), None)
    if cursor is not None and len(query) > 1:
        raise Incorrect("a page link is followed as it is, with nothing added")
    return cursor
