"""$everything of a patient: his whole record, page by page.

https://hl7.org/fhir/R4/operation-patient-everything.html
"""

from urllib.parse import urlencode

from egide.api.operations.parameters import as_query
from egide.api.rest.bundles import bundle, found_entry
from egide.api.rest.call import Call
from egide.http import Response
from egide.record import CURSOR, EverythingPage, OfRecord, of_record

_TAKEN = {
    "start": "valueDate",
    "end": "valueDate",
    "_since": "valueInstant",
    "_type": "valueCode",
    "_count": "valueInteger",
}


async def everything(call: Call, id: str) -> Response:
    """200 with a searchset; the next page behind an encrypted link."""
    query = call.request.query
    if call.request.method == "POST":
        query = [*query, *await as_query(call, _TAKEN)]
    wanted = of_record(query)
    if wanted.cursor is not None:
        page = await call.session.next_everything(id, wanted.cursor)
    else:
        page = await call.session.everything(
            id,
            types=wanted.types,
            since=wanted.since,
            count=wanted.size,
            start=wanted.start,
            end=wanted.end,
        )
    return call.json(200, whole(call.base, id, wanted, page))


def whole(base: str, id: str, wanted: OfRecord, page: EverythingPage) -> bytes:
    """A page of the record of a patient as a Bundle."""
    here = f"{base}/Patient/{id}/$everything"
    links = {"self": f"{here}?{urlencode(wanted.given)}" if wanted.given else here}
    if page.next is not None:
        links["next"] = f"{here}?{CURSOR}={page.next}"
    entries = [found_entry(base, each, "match") for each in page.entries]
    entries += [found_entry(base, each, "include") for each in page.included]
    return bundle("searchset", links, entries)
