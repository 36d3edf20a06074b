"""read: the current version of a resource. https://hl7.org/fhir/R4/http.html#read"""

from egide.api.rest.call import Call, version_headers
from egide.api.rest.condition import unmodified
from egide.http import Response
from egide.record import Emitted


async def read(call: Call, type: str, id: str) -> Response:
    """200 with the resource, or the part of it asked for; 304 when the client has it; 404; 410 when
    it was deleted."""
    query = call.request.query
    if query:
        emitted = await call.session.read(type, id, query, lenient=call.lenient)
    else:
        emitted = await call.session.read(type, id)
    return answered(call, emitted)


def answered(call: Call, emitted: Emitted) -> Response:
    """200 with `emitted`, 304 when the client has it."""
    none_match, since = call.header(b"if-none-match"), call.header(b"if-modified-since")
    if unmodified(emitted, none_match, since):
        return Response(304, b"", version_headers(emitted))
    return call.resource(200, emitted, [])
