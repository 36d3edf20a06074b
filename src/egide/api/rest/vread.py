"""vread: one version of a resource. https://hl7.org/fhir/R4/http.html#vread"""

from egide.api.rest.call import Call
from egide.api.rest.read import answered
from egide.errors import NotFound
from egide.http import Response
from egide.record import NO_VERSION


async def vread(call: Call, type: str, id: str, version: str) -> Response:
    """200 with that version, or the part of it asked for; 304 when the client has it; 404; 410 when
    it is a deletion."""
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        raise NotFound(NO_VERSION)
    query = call.request.query
    found = await call.session.vread(type, id, int(version), query, lenient=call.lenient)
    return answered(call, found)
