"""What the query of a history or of an operation that reads wants: nothing unknown, nothing twice,
and a page of a size within limits.

https://hl7.org/fhir/R4/http.html#history and
https://hl7.org/fhir/R4/operation-patient-everything.html
"""

from collections.abc import Sequence
from typing import NamedTuple

from egide.errors import Incorrect
from egide.fhir.search.refusal import wrong

OF_HTTP = frozenset({"_format", "_pretty"})
"""Parameters of any query that ask for a form of the answer, not for something else."""
CURSOR = "_cursor"
"""The parameter of a page link: what follows it is ours, and sealed."""
PAGE = 20
LARGEST_PAGE = 1_000

Pairs = Sequence[tuple[str, str]]


class OfInstance(NamedTuple):
    """A page of the history of one resource: versions older than `below`. Of all of these `given`
    are the parameters, as a link repeats them."""

    given: dict[str, str]
    size: int
    below: int | None
    since: str | None
    at: str | None


class OfMany(NamedTuple):
    """A page of the history of a type or of all, or the one that `cursor` leads to."""

    given: dict[str, str]
    size: int
    since: str | None
    at: str | None
    cursor: str | None


class OfRecord(NamedTuple):
    """A page of `$everything`, or the one that `cursor` leads to; `types` joined by commas."""

    given: dict[str, str]
    types: str | None
    since: str | None
    size: int | None
    start: str | None
    end: str | None
    cursor: str | None


def of_instance(query: Pairs) -> OfInstance:
    """What the history of a resource wants. Raises Incorrect."""
    taken = frozenset({"_count", "_since", "_at", "_before"})
    given = _once(_known(query, taken, "history of a resource takes _count, _since and _at"))
    before = given.get("_before")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 10):
        raise Incorrect("_before is a version number")
    count = _count(given) or PAGE
    given["_count"] = str(count)
    below = int(before) if before else None
    return OfInstance(given, count, below, given.get("_since"), given.get("_at"))


def of_many(query: Pairs) -> OfMany:
    """What the history of a type or of all wants. Raises Incorrect."""
    taken = frozenset({"_count", "_since", "_at", CURSOR})
    given = _once(_known(query, taken, "history takes _count, _since and _at"))
    count = _count(given) or PAGE
    return OfMany(given, count, given.get("_since"), given.get("_at"), link_of(list(given.items())))


def of_record(query: Pairs) -> OfRecord:
    """What `$everything` wants; `_type` may repeat. Raises Incorrect."""
    taken = frozenset({"start", "end", "_since", "_type", "_count", CURSOR})
    words = "$everything takes start, end, _count, _since and _type"
    pairs = _known(query, taken, words)
    given = _once([pair for pair in pairs if pair[0] != "_type"])
    types = [value for name, value in pairs if name == "_type"]
    if types:
        given["_type"] = ",".join(types)
    return OfRecord(
        given,
        given.get("_type"),
        given.get("_since"),
        _count(given),
        given.get("start"),
        given.get("end"),
        link_of(list(given.items())),
    )


def of_meta(query: Pairs) -> None:
    """Refuses any parameter of `$meta`. Raises Incorrect."""
    if any(name not in OF_HTTP for name, _ in query):
        raise Incorrect("$meta takes no parameters")


def link_of(query: Pairs) -> str | None:
    """The cursor of a query that is a page link; None when it asks something itself.

    Raises Incorrect when something was added to the link.
    """
    cursor = next((value for name, value in query if name == CURSOR), None)
    if cursor is not None and len(query) > 1:
        raise Incorrect("a page link is followed as it is, with nothing added")
    return cursor


def _known(query: Pairs, taken: frozenset[str], words: str) -> list[tuple[str, str]]:
    pairs = [pair for pair in query if pair[0] not in OF_HTTP]
    if not taken.issuperset(name for name, _ in pairs):
        raise Incorrect(f"{words}, nothing else")
    return pairs


def _once(query: Pairs) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in query:
        if name in given:
            raise wrong(name, "was given twice")
        given[name] = value
    return given


def _count(given: dict[str, str]) -> int | None:
    """The page size asked for, which is then put into `given`: 1 to 1,000; more is 1,000."""
    text = given.get("_count")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) == 0:
        raise Incorrect("_count is a whole number from 1 on")
    count = min(int(text), LARGEST_PAGE)
    given["_count"] = str(count)
    return count
