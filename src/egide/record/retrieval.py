"""Retrievals: what the entries of a bundle that read ask for, each as it is asked for alone.

https://hl7.org/fhir/R4/http.html#transaction

Invariant: the answer in a batch or a transaction is that of the interaction alone
(tests/acceptance/test_entries.py).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from egide.record import changes, everything, reads, searches
from egide.record.bundle import AnyPage, Asked, Result, query_of
from egide.record.compartments import noted
from egide.record.interaction import Interaction
from egide.record.parts import Parts
from egide.record.portion import portion
from egide.record.timeframe import timeframe
from egide.record.wanted import link_of, of_instance, of_many, of_meta, of_record


class Retrieval(NamedTuple):
    """An interaction that reads: its name and type, what the ledger is told of it, and what does it
    within an interaction of that name."""

    name: str
    type: str | None
    facts: Mapping[str, Any]
    do: Callable[[Interaction], Awaitable[Result]]


def retrieval(parts: Parts, account: int, asked: Asked, *, lenient: bool) -> Retrieval:
    """What `asked` comes to; `lenient` as in a search. Raises Incorrect."""
    id = asked.id
    if id is None:
        return _changes(asked) if asked.operation else _search(parts, account, asked, lenient)
    match asked.operation:
        case "_history":
            return _history(asked, id)
        case "$everything":
            return _everything(asked, id)
        case "$meta":
            of_meta(query_of(asked))
            return _read(asked, id, [], lenient)
    return _read(asked, id, query_of(asked), lenient)


def _read(asked: Asked, id: str, query: list[tuple[str, str]], lenient: bool) -> Retrieval:
    """read or vread; `$meta` is a read."""
    type, version = asked.type, asked.version

    async def do(here: Interaction) -> Result:
        wanted = portion(here, type, query, lenient=lenient)
        if version is None:
            found = await reads.read(here, type, id)
        else:
            found = await reads.vread(here, type, id, version)
        return Result("GET", emitted=wanted.of(found))

    if version is None:
        return Retrieval("read", type, {"ids": [id]}, do)
    return Retrieval("vread", type, {"ids": [id], "version": version}, do)


def _search(parts: Parts, account: int, asked: Asked, lenient: bool) -> Retrieval:
    type, query, within, after = asked.type or None, query_of(asked), asked.within, None
    cursor = link_of(query)
    if cursor is not None:
        start = parts.cursors.read(account, cursor)
        type, query, within, after = start.type, list(start.query), start.within, start.spot

    async def do(here: Interaction) -> Result:
        page = await searches.search(
            here, type, query, lenient=lenient and after is None, after=after, within=within
        )
        return Result("GET", page=page)

    return Retrieval("search", type, noted(query, within), do)


def _history(asked: Asked, id: str) -> Retrieval:
    type, wanted = asked.type, of_instance(query_of(asked))

    async def do(here: Interaction) -> Result:
        frame = timeframe(wanted.since, wanted.at, here.parts.zone)
        below, count = wanted.below, wanted.size
        page = await reads.history(here, type, id, frame, below=below, count=count)
        return Result("GET", page=page)

    return Retrieval("history", type, {"ids": [id]}, do)


def _changes(asked: Asked) -> Retrieval:
    type, wanted = asked.type or None, of_many(query_of(asked))
    count, since, at, cursor = wanted.size, wanted.since, wanted.at, wanted.cursor

    async def do(here: Interaction) -> Result:
        page: AnyPage
        if cursor is None:
            page = await changes.first(here, type, count=count, since=since, at=at)
        else:
            page = await changes.following(here, type, cursor)
        return Result("GET", page=page)

    query = [pair for pair in wanted.given.items() if pair[0] in ("_since", "_at")]
    return Retrieval("history", type, {"query": query} if cursor is None else {}, do)


def _everything(asked: Asked, id: str) -> Retrieval:
    wanted = of_record(query_of(asked))

    async def do(here: Interaction) -> Result:
        if wanted.cursor is not None:
            page = await everything.following(here, id, wanted.cursor)
        else:
            page = await everything.first(
                here,
                id,
                types=wanted.types,
                since=wanted.since,
                count=wanted.size,
                start=wanted.start,
                end=wanted.end,
            )
        return Result("GET", page=page)

    facts = {"ids": [id], "operation": "$everything"}
    return Retrieval("$everything", "Patient", facts, do)
