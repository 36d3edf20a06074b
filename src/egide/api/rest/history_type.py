"""history of a type, newest first. https://hl7.org/fhir/R4/http.html#history"""

from urllib.parse import urlencode

from egide.api.rest.bundles import bundle, version_entry
from egide.api.rest.call import Call
from egide.http import Response
from egide.record import CURSOR, History, OfMany, of_many


async def history_type(call: Call, type: str) -> Response:
    """200 with a history Bundle; the next page behind an encrypted link."""
    return await changes(call, type)


async def changes(call: Call, type: str | None) -> Response:
    """A page of the history of a type; of all types when `type` is None."""
    wanted = of_many(call.request.query)
    if wanted.cursor is not None:
        page = await call.session.next_changes(type, wanted.cursor)
    else:
        page = await call.session.changes(type, count=wanted.size, since=wanted.since, at=wanted.at)
    return call.json(200, history(call.base, type, wanted, page))


def history(base: str, type: str | None, wanted: OfMany, page: History) -> bytes:
    """A page of the history of a type, or of all, as a Bundle."""
    here = f"{base}/_history" if type is None else f"{base}/{type}/_history"
    links = {"self": f"{here}?{urlencode(wanted.given)}" if wanted.given else here}
    if page.next is not None:
        links["next"] = f"{here}?{CURSOR}={page.next}"
    return bundle("history", links, [version_entry(base, each) for each in page.entries])
