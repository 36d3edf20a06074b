"""Transactions: many interactions in one request, all or none.

A transaction is one database transaction and one ledger entry: all entries or none. References
between entries (`urn:uuid:…`, or the fullUrl of another entry), conditional references
(`Patient?identifier=…`) and criteria are resolved before anything is written; what does not resolve
refuses the whole. https://hl7.org/fhir/R4/http.html#trules
"""

import re
from collections.abc import Collection, Sequence
from urllib.parse import parse_qsl

from egide import fhir
from egide.db import Connection
from egide.errors import EgideError, Issue
from egide.record import searches, writes
from egide.record.bundle import Asked, Bundle, Result, at
from egide.record.interaction import Interaction
from egide.record.plans import Plan, plans
from egide.record.retrieval import retrieval

_DANGLING = re.compile(rb'"reference":"urn:uuid:[^"]*"')


async def transaction(here: Interaction, bundle: Bundle, *, lenient: bool) -> list[Result]:
    """Every entry's result, in the bundle's order; `lenient` as in a search.

    On any error raises and writes nothing.
    """
    asked = [each for each in bundle.entries if isinstance(each, Asked)]
    results = {each.place: Result(each.method) for each in asked}
    async with here.parts.database.transaction() as connection:
        known = await plans(here, connection, [each for each in asked if each.method != "GET"])
        references = {
            **known.references,
            **await _conditional(here, connection, known.writing),
        }
        drafts = [plan.draft for plan in known.writing]
        done = await writes.write_in(here, connection, drafts, references)
        emitted = {(each.emitted.type, each.emitted.id): each.emitted for each in done}
        for place, match in known.found.items():
            results[place] = Result("POST", emitted=match)
        for plan in known.writing:
            stored = emitted.get((plan.draft.type, plan.draft.id))
            if stored is not None and _DANGLING.search(stored.body):
                words = "a reference names no entry of this bundle"
                raise at(plan.asked.place, "resource", "not-found", words)
            results[plan.asked.place] = Result(plan.asked.method, emitted=stored)
        rows = [each.row.mark() for each in done if not each.unchanged]
        written = {(mark[0], mark[1]) for mark in rows}
        for each in asked:
            if each.method == "GET":
                results[each.place] = await _get(here, connection, written, each, lenient)
        await here.log_rows(connection, rows)
    here.committed()
    return [results[each.place] for each in asked]


async def _conditional(
    here: Interaction, connection: Connection, plans: Sequence[Plan]
) -> dict[str, str]:
    """What each conditional reference in the drafts points to. Raises when not to exactly one."""
    found: dict[str, str] = {}
    for asked, draft in plans:
        if draft.resource is None or b"?" not in draft.resource.rest:
            continue
        for reference in fhir.reference_strings(draft.resource.rest):
            type, mark, query = reference.partition("?")
            if not mark or reference in found or not type.isalpha():
                continue
            pairs = parse_qsl(query, keep_blank_values=True)
            try:
                ids = await searches.identify(here, connection, type, pairs)
            except EgideError as error:
                where = f"Bundle.entry[{asked.place}].resource"
                issues = [Issue(each.code, each.diagnostics, where) for each in error.issues]
                raise error.__class__(error.message, issues=issues) from None
            if len(ids) != 1:
                words = f"a conditional reference matches {'no' if not ids else 'more than one'}"
                raise at(asked.place, "resource", "not-found", f"{words} {type}")
            found[reference] = f"{type}/{ids[0]}"
    return found


async def _get(
    here: Interaction,
    connection: Connection,
    written: Collection[tuple[bytes, int]],
    asked: Asked,
    lenient: bool,
) -> Result:
    """What an entry that reads asks for, after the writes; what is wrong is said at the entry."""
    try:
        wanted = retrieval(here.parts, here.actor.account, asked, lenient=lenient)
        part = here.part(connection, written, wanted.name, wanted.type, **wanted.facts)
        return await wanted.do(part)
    except EgideError as error:
        where = f"Bundle.entry[{asked.place}].request.url"
        error.issues = tuple(
            each if each.expression else each._replace(expression=where) for each in error.issues
        )
        raise
