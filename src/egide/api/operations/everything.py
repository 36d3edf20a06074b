"""$everything of a patient: his whole record, page by page.

https://hl7.org/fhir/R4/operation-patient-everything.html
"""

from urllib.parse import urlencode

from egide.api.operations.parameters import as_query
from egide.api.rest.bundles import bundle, found_entry
from egide.api.rest.call import OF_HTTP, Call
from egide.api.rest.count import count_of
from egide.api.rest.once import once
from egide.errors import Incorrect
from egide.http import Response

CURSOR = "_cursor"
_TAKEN = {
    "start": "valueDate",
    "end": "valueDate",
    "_since": "valueInstant",
    "_type": "valueCode",
    "_count": "valueInteger",
}


async def everything(call: Call, id: str) -> Response:
    """200 with a searchset; the next page behind an encrypted link."""
    query = [pair for pair in call.request.query if pair[0] not in OF_HTTP]
    if call.request.method == "POST":
        query += await as_query(call, _TAKEN)
    if {name for name, _ in query} - {*_TAKEN, CURSOR}:
        raise Incorrect("$everything takes start, end, _count, _since and _type, nothing else")
    types = [value for name, value in query if name == "_type"]
    given = once([pair for pair in query if pair[0] != "_type"])
    if types:
        given["_type"] = ",".join(types)
    cursor, count = given.get(CURSOR), given.get("_count")
    size = None if count is None else count_of(count)
    if size is not None:
        given["_count"] = str(size)
    if cursor is not None:
        if len(query) > 1:
            raise Incorrect("a page link is followed as it is, with nothing added")
        page = await call.session.next_everything(id, cursor)
    else:
        page = await call.session.everything(
            id,
            types=given.get("_type"),
            since=given.get("_since"),
            count=size,
            start=given.get("start"),
            end=given.get("end"),
        )
    here = f"{call.base}/Patient/{id}/$everything"
    links = {"self": f"{here}?{urlencode(given)}" if given else here}
    if page.next is not None:
        links["next"] = f"{here}?{CURSOR}={page.next}"
    entries = [found_entry(call.base, each, "match") for each in page.entries]
    entries += [found_entry(call.base, each, "include") for each in page.included]
    return call.json(200, bundle("searchset", links, entries))
