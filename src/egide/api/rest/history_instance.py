"""history of one resource, newest first. https://hl7.org/fhir/R4/http.html#history"""

from typing import Any

import msgspec

from egide.api.rest.bundles import bundle, full_url, response
from egide.api.rest.call import Call
from egide.api.rest.count import count_of
from egide.errors import Incorrect
from egide.http import Response
from egide.record import Emitted

_TAKEN = frozenset({"_count", "_before", "_format", "_pretty"})


async def history_instance(call: Call, type: str, id: str) -> Response:
    """200 with a history Bundle; `_count` versions a page, the next page behind a link."""
    query = call.request.query
    if {name for name, _ in query} - _TAKEN:
        raise Incorrect("history of a resource takes _count and no other parameter of a search")
    given = dict(query)
    count = count_of(given.get("_count"))
    before = given.get("_before")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 10):
        raise Incorrect("_before is a version number")
    page = await call.session.history(type, id, below=int(before) if before else None, count=count)
    here = f"{call.base}/{type}/{id}/_history"
    links = {"self": f"{here}?_count={count}" + (f"&_before={before}" if before else "")}
    if page.more and page.entries:
        links["next"] = f"{here}?_count={count}&_before={page.entries[-1].version}"
    entries = [_entry(call, each) for each in page.entries]
    return call.json(200, bundle("history", links, entries))


def _entry(call: Call, each: Emitted) -> dict[str, Any]:
    url = f"{each.type}/{each.id}"
    method = "DELETE" if each.deleted else "POST" if each.version == 1 else "PUT"
    status = "204" if each.deleted else "201" if each.version == 1 else "200"
    entry: dict[str, Any] = {"fullUrl": full_url(call.base, each)}
    if not each.deleted:
        entry["resource"] = msgspec.Raw(each.body)
    entry["request"] = {"method": method, "url": each.type if method == "POST" else url}
    entry["response"] = response(each, status)
    return entry
