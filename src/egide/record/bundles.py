"""Transactions and batches: many interactions in one request.

A transaction is one database transaction and one ledger entry: all entries or none. References
between entries (`urn:uuid:…`, or the fullUrl of another entry) and conditional references
(`Patient?identifier=…`) are resolved before anything is written; what does not resolve refuses the
whole. https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from egide import fhir
from egide.db import Connection
from egide.errors import EgideError, Incorrect, Issue
from egide.ids import resource_id
from egide.record import reads, searches, writes
from egide.record.bundle import Asked, Bundle, Result, at
from egide.record.interaction import Interaction
from egide.store import Draft

if TYPE_CHECKING:
    from egide.record.session import Session

_ETAG = re.compile(r'W/"(\d{1,9})"\Z')
_URN = re.compile(rb'"reference":"(urn:(?:uuid|oid):[^"]*)"')


@dataclass(slots=True)
class _Plan:
    """An entry that writes, and the draft it comes to."""

    asked: Asked
    draft: Draft


async def transaction(here: Interaction, bundle: Bundle) -> list[Result]:
    """Every entry's result, in the bundle's order. On any error raises and writes nothing."""
    plans = [_plan(asked) for asked in bundle.entries if asked.method != "GET"]
    references = _references(here, plans)
    results: dict[int, Result] = {}
    async with here.parts.database.transaction() as connection:
        references |= await _conditional(here, connection, plans)
        drafts = [plan.draft for plan in plans]
        done = await writes.write_in(here, connection, drafts, references)
        emitted = {(each.emitted.type, each.emitted.id): each.emitted for each in done}
        for plan in plans:
            written = emitted.get((plan.draft.type, plan.draft.id))
            if written is not None:
                _resolved(plan.asked.place, written.body)
            results[plan.asked.place] = Result(plan.asked.method, emitted=written)
        for asked in bundle.entries:
            if asked.method == "GET":
                results[asked.place] = await _get(here, connection, asked)
        here.note(ids=[f"{draft.type}/{draft.id}" for draft in drafts])
        await here.log_rows(connection, [each.row.mark() for each in done if not each.unchanged])
    here.committed()
    return [results[asked.place] for asked in bundle.entries]


async def batch(session: Session, bundle: Bundle) -> list[Result]:
    """Every entry's result, each its own interaction."""
    return [await _alone(session, asked) for asked in bundle.entries]


async def _alone(session: Session, asked: Asked) -> Result:
    try:
        if asked.method == "GET":
            if asked.id is not None:
                return Result("GET", emitted=await session.read(asked.type, asked.id))
            page = await session.search(asked.type, _query(asked))
            return Result("GET", page=page)
        draft = _plan(asked).draft
        if asked.method == "DELETE":
            gone = await session.delete(asked.type, draft.id, expected=draft.expected)
            return Result("DELETE", emitted=gone)
        if asked.method == "POST":
            return Result("POST", emitted=await session.create(asked.type, asked.raw or b""))
        written = await session.update(
            asked.type, draft.id, asked.raw or b"", expected=draft.expected, absent=draft.absent
        )
        return Result("PUT", emitted=written)
    except EgideError as error:
        return Result(asked.method, error=(error.category, error.issues))


def _plan(asked: Asked) -> _Plan:
    """The draft an entry comes to. Raises Incorrect, naming the entry."""
    if asked.if_none_exist is not None or (asked.query is not None and asked.method != "GET"):
        words = "conditional writes are not done here yet; name the resource by its id"
        raise at(asked.place, "request", "not-supported", words)
    expected = _version(asked)
    if asked.method == "DELETE":
        if asked.id is None:
            raise at(asked.place, "request.url", "value", "DELETE needs Type/id")
        return _Plan(asked, Draft(asked.type, asked.id, None, expected=expected))
    try:
        resource = fhir.decode(asked.raw or b"", type=asked.type, conditional=True)
    except EgideError as error:
        raise _under(asked.place, error) from None
    if asked.method == "POST":
        return _Plan(asked, Draft(asked.type, resource_id(), resource, fresh=True))
    if asked.id is None:
        raise at(asked.place, "request.url", "value", "PUT needs Type/id")
    if resource.id != asked.id:
        raise at(asked.place, "resource.id", "value", "must be the id in the request's url")
    absent = asked.if_none_match == "*"
    return _Plan(asked, Draft(asked.type, asked.id, resource, expected=expected, absent=absent))


def _version(asked: Asked) -> int | None:
    if asked.if_match is None:
        return None
    tag = _ETAG.match(asked.if_match)
    if tag is None:
        raise at(asked.place, "request.ifMatch", "value", 'must be W/"version"')
    return int(tag[1])


def _references(here: Interaction, plans: list[_Plan]) -> dict[str, str]:
    """fullUrl → Type/id for every entry that writes. Refuses two writes to one identity."""
    seen: set[tuple[str, str]] = set()
    references: dict[str, str] = {}
    for plan in plans:
        identity = (plan.draft.type, plan.draft.id)
        if identity in seen:
            words = "another entry of this bundle writes the same resource"
            raise at(plan.asked.place, "request.url", "duplicate", words)
        seen.add(identity)
        url = plan.asked.full_url
        if url is None or plan.draft.resource is None:
            continue
        if url in references:
            words = "another entry of this bundle has the same fullUrl"
            raise at(plan.asked.place, "fullUrl", "duplicate", words)
        references[url] = "/".join(identity)
    return references


async def _conditional(
    here: Interaction, connection: Connection, plans: list[_Plan]
) -> dict[str, str]:
    """What each conditional reference in the drafts points to. Raises when not to exactly one."""
    found: dict[str, str] = {}
    for plan in plans:
        if plan.draft.resource is None or b"?" not in (plan.asked.raw or b""):
            continue
        for reference in fhir.reference_strings(plan.draft.resource.rest):
            type, mark, query = reference.partition("?")
            if not mark or reference in found or not type.isalpha():
                continue
            ids = await searches.identify(here, connection, type, parse_qsl(query))
            if len(ids) != 1:
                words = f"a conditional reference matches {'no' if not ids else 'more than one'}"
                raise at(plan.asked.place, "resource", "not-found", f"{words} {type}")
            found[reference] = f"{type}/{ids[0]}"
    return found


def _resolved(place: int, body: bytes) -> None:
    if b'"reference":"urn:' in body and _URN.search(body):
        words = "a reference names no entry of this bundle"
        raise at(place, "resource", "not-found", words)


async def _get(here: Interaction, connection: Connection, asked: Asked) -> Result:
    if asked.id is not None:
        decision = here.decide("read", asked.type)
        found = await reads.read_in(here, connection, decision, asked.type, asked.id)
        return Result("GET", emitted=found)
    page = await searches.search_in(here, connection, asked.type, _query(asked))
    return Result("GET", page=page)


def _query(asked: Asked) -> list[tuple[str, str]]:
    return parse_qsl(asked.query or "", keep_blank_values=True)


def _under(place: int, error: EgideError) -> Incorrect:
    """The same issues, located in the entry they came from."""
    issues = []
    for issue in error.issues:
        path = issue.expression.partition(".")[2] if "." in issue.expression else ""
        where = f"Bundle.entry[{place}].resource" + (f".{path}" if path else "")
        issues.append(Issue(issue.code, issue.diagnostics, where, issue.severity))
    return Incorrect(error.message, issues=issues)
