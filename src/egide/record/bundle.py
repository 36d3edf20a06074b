"""A transaction or a batch, entry by entry: what each asks for.

https://hl7.org/fhir/R4/http.html#transaction
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, unquote

from egide import fhir
from egide.errors import EgideError, Incorrect, Issue, NotFound, Unsupported
from egide.fhir.definitions import TYPES
from egide.ids import RESOURCE_ID
from egide.record.changes import History
from egide.record.compartments import Compartment
from egide.record.emission import Emitted
from egide.record.everything import EverythingPage
from egide.record.reads import NO_VERSION, Versions
from egide.record.searches import Page
from egide.record.wanted import OF_HTTP

_TYPES = frozenset(TYPES)
_WITH_RESOURCE = {"POST": True, "PUT": True, "GET": False, "DELETE": False}
_VERSION = re.compile(r"[0-9]{1,9}\Z")
_ETAG = re.compile(r'\s*(?:W/)?"(\d{1,9})"\s*\Z')


@dataclass(frozen=True, slots=True)
class Asked:
    """One entry: `place` is its index in the bundle, `expected` the version in its ifMatch.

    `type` is empty for what is of several types, `version` there for a vread, `within` for a search
    in a compartment; `operation` is `_history`, `$everything` or `$meta`. `resource` is there for
    POST and PUT; in a batch as bytes, which its interaction decodes. `criterion` is that of a
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
    operation: str | None = None
    within: Compartment | None = None

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


AnyPage: TypeAlias = Page | Versions | History | EverythingPage


@dataclass(frozen=True, slots=True)
class Result:
    """How one entry ended: a resource, a page, an error, or nothing when nothing was to delete."""

    method: str
    emitted: Emitted | None = None
    page: AnyPage | None = None
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
    there = _address(place, method, _relative(url, base))
    type, id, query = there.type, there.id, there.query
    if _WITH_RESOURCE[method] != (entry.resource is not None):
        words = "needs a resource" if _WITH_RESOURCE[method] else "takes no resource"
        raise at(place, "resource", "required", f"{method} {words}")
    if method == "POST" and (id or query is not None):
        raise at(place, "request.url", "value", "POST goes to a type")
    _check_conditions(place, entry, reads_one=method == "GET" and there.is_one)
    criterion = _criterion(place, entry, id, query)
    if method in ("PUT", "DELETE") and id is None and criterion is None:
        raise at(place, "request.url", "value", f"{method} needs Type/id")
    resource = entry.resource
    if isinstance(resource, fhir.Resource):
        if resource.type != type:
            words = f"the resource is a {resource.type}, not a {type}"
            raise at(place, "resource", "invalid", words)
        if method == "PUT" and criterion is None and resource.id != id:
            raise at(place, "resource.id", "value", "must be the id in the address")
    return Asked(
        place,
        method,
        type,
        id,
        query,
        entry.full_url,
        resource,
        _version(place, entry.if_match),
        method == "PUT" and entry.if_none_match is not None,
        criterion,
        there.version,
        entry.if_none_match,
        entry.if_modified_since,
        there.operation,
        there.within,
    )


class _Address(NamedTuple):
    """What an url names; the fields are those of `Asked`."""

    type: str = ""
    id: str | None = None
    version: int | None = None
    operation: str | None = None
    within: Compartment | None = None
    query: str | None = None

    @property
    def is_one(self) -> bool:
        """Whether it is a resource or one of its versions."""
        return self.id is not None and self.operation is None


def _relative(url: str, base: str | None) -> str:
    """An address of this server, seen from its base."""
    if base is None or not url.startswith((f"{base}/", f"{base}?")):
        return url
    return url[len(base) :]


def _address(place: int, method: str, url: str) -> _Address:
    """What an entry's url names. Refuses what is no address, and what is none in a bundle."""
    path, mark, query = url.partition("?")
    pieces = [unquote(each) for each in path.removeprefix("/").split("/")]
    found = _named(pieces) if method == "GET" else None
    match pieces:
        case [type] if type in _TYPES:
            found = _Address(type)
        case [type, id] if type in _TYPES and RESOURCE_ID.match(id):
            found = _Address(type, id)
        case [""] if query and method == "GET":
            found = _Address()
        case [*_, "_history", _] if method != "GET":
            raise at(place, "request.url", "value", "a version is only read; name it in ifMatch")
    if found is not None:
        return found._replace(query=query if mark else None)
    if pieces[0] == "metadata" or any(each[:1] in ("_", "$") for each in pieces):
        words = "is not done within a bundle; ask for it by itself"
        issue = Issue("not-supported", words, f"{_entry(place)}.request.url")
        raise Unsupported(words, issues=[issue])
    raise at(place, "request.url", "value", "is no address of this server, seen from its base")


def _named(pieces: Sequence[str]) -> _Address | None:
    """What else there is to read: histories, versions, compartments, operations."""
    match pieces:
        case ["_history"]:
            return _Address(operation="_history")
        case [type, "_history"] if type in _TYPES:
            return _Address(type, operation="_history")
        case [type, id, *rest] if type in _TYPES and RESOURCE_ID.match(id):
            match rest:
                case ["_history" | "$meta" as operation]:
                    return _Address(type, id, operation=operation)
                case ["$everything"] if type == "Patient":
                    return _Address(type, id, operation="$everything")
                case ["_history", version]:
                    if not _VERSION.match(version):
                        raise NotFound(NO_VERSION)
                    return _Address(type, id, int(version))
                case [member] if member == "*" or member in _TYPES:
                    return _Address(member.strip("*"), within=Compartment(type, id))
    return None


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
    """The parameters an entry that reads asks with."""
    pairs = parse_qsl(asked.query or "", keep_blank_values=True)
    return [pair for pair in pairs if pair[0] not in OF_HTTP]
