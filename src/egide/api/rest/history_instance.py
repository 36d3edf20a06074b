"""history of one resource, newest first. https://hl7.org/fhir/R4/http.html#history"""

from urllib.parse import urlencode

from egide.api.rest.bundles import bundle, version_entry
from egide.api.rest.call import Call
from egide.http import Response
from egide.record import OfInstance, Versions, of_instance


async def history_instance(call: Call, type: str, id: str) -> Response:
    """200 with a history Bundle; `_count` versions a page, the next page behind a link."""
    wanted = of_instance(call.request.query)
    page = await call.session.history(
        type, id, below=wanted.below, count=wanted.size, since=wanted.since, at=wanted.at
    )
    return call.json(200, history(call.base, f"{type}/{id}", wanted, page))


def history(base: str, name: str, wanted: OfInstance, page: Versions) -> bytes:
    """A page of the history of `name` (`Type/id`) as a Bundle."""
    here, given = f"{base}/{name}/_history", wanted.given
    links = {"self": f"{here}?{urlencode(given)}"}
    if page.more and page.entries:
        following = {**given, "_before": str(page.entries[-1].version)}
        links["next"] = f"{here}?{urlencode(following)}"
    return bundle("history", links, [version_entry(base, each) for each in page.entries])
