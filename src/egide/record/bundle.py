"""A transaction or a batch, entry by entry: what each asks for, its resource decoded.

https://hl7.org/fhir/R4/http.html#transaction
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from egide import fhir
from egide.errors import Category, EgideError, Incorrect, Issue
from egide.fhir.definitions import TYPES
from egide.record.emission import Emitted
from egide.record.searches import Page

_TYPES = frozenset(TYPES)
_WITH_RESOURCE = {"POST": True, "PUT": True, "GET": False, "DELETE": False}
_URL = re.compile(
    r"/?(?P<type>[A-Za-z]+)(?:/(?P<id>[A-Za-z0-9\-.]{1,64}))?(?:\?(?P<query>.*))?\Z", re.DOTALL
)
_ETAG = re.compile(r'W/"(\d{1,9})"\Z')


@dataclass(frozen=True, slots=True)
class Asked:
    """One entry: `place` is its index in the bundle, `expected` the version in its ifMatch.

    `resource` is there for POST and PUT; in a batch it is Invalid when it is refused. `criterion`
    is that of a conditional create, update or delete.
    """

    place: int
    method: str
    type: str
    id: str | None
    query: str | None
    full_url: str | None
    resource: fhir.Resource | fhir.Invalid | None
    expected: int | None
    absent: bool
    criterion: tuple[tuple[str, str], ...] | None = None

    @property
    def decoded(self) -> fhir.Resource:
        """The resource of an entry that has one. Raises Invalid."""
        if isinstance(self.resource, fhir.Invalid):
            raise self.resource
        assert self.resource is not None
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
    error: tuple[Category, tuple[Issue, ...]] | None = None


def bundle_of(raw: bytes) -> Bundle:
    """The transaction or batch in `raw`. Raises Invalid, with every issue, or Incorrect."""
    found = fhir.decode_bundle(raw)
    if found.type not in ("transaction", "batch"):
        words = "only a transaction or a batch can be posted here"
        raise Incorrect(words, issues=[Issue("value", words, "Bundle.type")])
    entries: list[Asked | EgideError] = []
    for place, entry in enumerate(found.entries):
        try:
            entries.append(_asked(place, entry))
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


def _asked(place: int, entry: fhir.Entry) -> Asked:
    method, url = entry.method, entry.url
    if method is None or url is None:
        raise at(place, "request", "required", "an entry says what it asks for in request")
    if method not in _WITH_RESOURCE:
        raise at(place, "request.method", "not-supported", f"{method} is not done here")
    parts = _URL.match(url)
    if parts is None or parts["type"] not in _TYPES:
        raise at(place, "request.url", "value", "must be Type, Type/id or Type?query")
    if _WITH_RESOURCE[method] != (entry.resource is not None):
        words = "needs a resource" if _WITH_RESOURCE[method] else "takes no resource"
        raise at(place, "resource", "required", f"{method} {words}")
    if method == "POST" and (parts["id"] or parts["query"] is not None):
        raise at(place, "request.url", "value", "POST goes to a type")
    criterion = _criterion(place, entry, parts["id"], parts["query"])
    if method in ("PUT", "DELETE") and parts["id"] is None and criterion is None:
        raise at(place, "request.url", "value", f"{method} needs Type/id")
    resource = entry.resource
    if isinstance(resource, fhir.Resource):
        if resource.type != parts["type"]:
            raise at(place, "resource", "value", "is not of the type the url names")
        if method == "PUT" and criterion is None and resource.id != parts["id"]:
            raise at(place, "resource.id", "value", "must be the id in the request's url")
    return Asked(
        place,
        method,
        parts["type"],
        parts["id"],
        parts["query"],
        entry.full_url,
        resource,
        _version(place, entry.if_match),
        entry.if_none_match == "*",
        criterion,
    )


def _criterion(
    place: int, entry: fhir.Entry, id: str | None, query: str | None
) -> tuple[tuple[str, str], ...] | None:
    """The criterion of a conditional create (`ifNoneExist`), or of a conditional update or delete
    (the url's query)."""
    text = entry.if_none_exist
    if text is not None and entry.method != "POST":
        raise at(place, "request.ifNoneExist", "value", "goes with POST only")
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


def _version(place: int, if_match: str | None) -> int | None:
    if if_match is None:
        return None
    tag = _ETAG.match(if_match)
    if tag is None:
        raise at(place, "request.ifMatch", "value", 'must be W/"version"')
    return int(tag[1])


def query_of(asked: Asked) -> list[tuple[str, str]]:
    """The parameters of a search an entry asks for."""
    return parse_qsl(asked.query or "", keep_blank_values=True)
