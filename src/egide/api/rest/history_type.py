"""history of a type, newest first. https://hl7.org/fhir/R4/http.html#history"""

from urllib.parse import urlencode

from egide.api.rest.bundles import bundle, version_entry
from egide.api.rest.call import OF_HTTP, Call
from egide.api.rest.count import count_of
from egide.api.rest.once import once
from egide.errors import Incorrect
from egide.http import Response

CURSOR = "_cursor"
_TAKEN = frozenset({"_count", "_since", "_at", CURSOR})


async def history_type(call: Call, type: str) -> Response:
    """200 with a history Bundle; the next page behind an encrypted link."""
    return await changes(call, type, f"{call.base}/{type}/_history")


async def changes(call: Call, type: str | None, here: str) -> Response:
    """A page of the history at the address `here`; of all types when `type` is None."""
    query = [pair for pair in call.request.query if pair[0] not in OF_HTTP]
    if {name for name, _ in query} - _TAKEN:
        raise Incorrect("history takes _count, _since and _at, nothing else")
    given = once(query)
    cursor = given.get(CURSOR)
    if cursor is not None:
        if len(query) > 1:
            raise Incorrect("a page link is followed as it is, with nothing added")
        page = await call.session.next_changes(type, cursor)
    else:
        count = count_of(given.get("_count"))
        if "_count" in given:
            given["_count"] = str(count)
        page = await call.session.changes(
            type, count=count, since=given.get("_since"), at=given.get("_at")
        )
    links = {"self": f"{here}?{urlencode(given)}" if given else here}
    if page.next is not None:
        links["next"] = f"{here}?{CURSOR}={page.next}"
    entries = [version_entry(call.base, each) for each in page.entries]
    return call.json(200, bundle("history", links, entries))
