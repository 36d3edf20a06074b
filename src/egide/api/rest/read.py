"""read: the current version of a resource. https://hl7.org/fhir/R4/http.html#read"""

from email.utils import parsedate_to_datetime

from egide.api.rest.call import Call, version_headers
from egide.http import Response
from egide.record import Emitted


async def read(call: Call, type: str, id: str) -> Response:
    """200 with the resource; 304 when the client has it; 404; 410 when it was deleted."""
    known = call.version_named(b"if-none-match")
    emitted = await call.session.read(type, id)
    if known == emitted.version or (known is None and _unmodified(call, emitted)):
        return Response(304, b"", version_headers(emitted))
    return call.resource(200, emitted, [])


def _unmodified(call: Call, emitted: Emitted) -> bool:
    value = call.request.headers.get(b"if-modified-since")
    if value is None:
        return False
    try:
        since = parsedate_to_datetime(value.decode("latin-1"))
    except ValueError:
        return False
    return since.tzinfo is not None and emitted.updated.replace(microsecond=0) <= since
