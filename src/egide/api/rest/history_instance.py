"""history of one resource, newest first. https://hl7.org/fhir/R4/http.html#history"""

from urllib.parse import urlencode

from egide.api.rest.bundles import bundle, version_entry
from egide.api.rest.call import OF_HTTP, Call
from egide.api.rest.count import count_of
from egide.api.rest.once import once
from egide.errors import Incorrect
from egide.http import Response

_TAKEN = frozenset({"_count", "_since", "_at", "_before"})


async def history_instance(call: Call, type: str, id: str) -> Response:
    """200 with a history Bundle; `_count` versions a page, the next page behind a link."""
    query = [pair for pair in call.request.query if pair[0] not in OF_HTTP]
    if {name for name, _ in query} - _TAKEN:
        raise Incorrect("history of a resource takes _count, _since and _at, nothing else")
    given = once(query)
    count = count_of(given.get("_count"))
    before = given.get("_before")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 10):
        raise Incorrect("_before is a version number")
    below = int(before) if before else None
    page = await call.session.history(
        type, id, below=below, count=count, since=given.get("_since"), at=given.get("_at")
    )
    here = f"{call.base}/{type}/{id}/_history"
    given["_count"] = str(count)
    links = {"self": f"{here}?{urlencode(given)}"}
    if page.more and page.entries:
        given["_before"] = str(page.entries[-1].version)
        links["next"] = f"{here}?{urlencode(given)}"
    entries = [version_entry(call.base, each) for each in page.entries]
    return call.json(200, bundle("history", links, entries))
