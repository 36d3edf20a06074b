"""delete: the resource is gone, its history stays. https://hl7.org/fhir/R4/http.html#delete"""

from egide.api.rest.call import Call
from egide.http import Response


async def delete(call: Call, type: str, id: str) -> Response:
    """204, also when there was nothing; the ETag names the version that says it is deleted."""
    expected = call.version_named(b"if-match")
    emitted = await call.session.delete(type, id, expected=expected)
    if emitted is None:
        return Response(204)
    return Response(204, b"", [(b"etag", b'W/"%d"' % emitted.version)])
