"""search of one type, by GET or by POST `_search`. https://hl7.org/fhir/R4/http.html#search"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from egide.api.rest.bundles import bundle, found_entry
from egide.api.rest.call import Call
from egide.http import Response
from egide.http.negotiation import check_body
from egide.record import CURSOR, OF_HTTP, Compartment, Page, link_of

_FORM = frozenset({"application/x-www-form-urlencoded"})


async def search_type(call: Call, type: str) -> Response:
    """200 with a searchset of one type."""
    return await search(call, type)


async def search(call: Call, type: str | None, within: Compartment | None = None) -> Response:
    """200 with a searchset; the next page behind an encrypted link."""
    query = [pair for pair in call.request.query if pair[0] not in OF_HTTP]
    if call.request.method == "POST":
        check_body(call.request.headers.get(b"content-type"), _FORM)
        query += [pair for pair in await call.request.form() if pair[0] not in OF_HTTP]
    cursor = link_of(query)
    if cursor is not None:
        page = await call.session.next_page(cursor)
    else:
        page = await call.session.search(type, query, lenient=call.lenient, within=within)
    return call.json(200, searchset(call, page))


def searchset(call: Call, page: Page) -> bytes:
    """A page as a Bundle."""
    here = call.base if page.within is None else f"{call.base}/{page.within}"
    if page.type is not None:
        here = f"{here}/{page.type}"
    elif page.within is not None:
        here = f"{here}/*"
    links = {"self": _address(here, page.used)}
    if page.next is not None:
        links["next"] = f"{here}?{CURSOR}={page.next}"
    entries = [found_entry(call.base, each, "match") for each in page.entries]
    entries += [found_entry(call.base, each, "include") for each in page.included]
    if page.notes:
        entries.append({"resource": _notes(page.notes), "search": {"mode": "outcome"}})
    more = {} if page.total is None else {"total": page.total}
    return bundle("searchset", links, entries, **more)


def _address(here: str, query: Sequence[tuple[str, str]]) -> str:
    return f"{here}?{urlencode(query)}" if query else here


def _notes(words: Sequence[str]) -> dict[str, Any]:
    issues = [{"severity": "warning", "code": "incomplete", "diagnostics": each} for each in words]
    return {"resourceType": "OperationOutcome", "issue": issues}
