"""delete: the resource is gone, its history stays.

https://hl7.org/fhir/R4/http.html#delete, https://hl7.org/fhir/R4/http.html#3.1.0.7.1
"""

from egide.api.rest.call import Call
from egide.errors import Incorrect
from egide.http import Response
from egide.record import OF_HTTP, Emitted


async def delete(call: Call, type: str, id: str) -> Response:
    """204, also when there was nothing; the ETag names the version that says it is deleted."""
    expected = call.version_named(b"if-match")
    return _gone(await call.session.delete(type, id, expected=expected))


async def delete_matching(call: Call, type: str) -> Response:
    """The same for the one resource the query matches: 204 when none does, 412 when several."""
    if b"if-none-match" in call.request.headers:
        raise Incorrect("If-None-Match does not go with a criterion")
    criterion = [pair for pair in call.request.query if pair[0] not in OF_HTTP]
    expected = call.version_named(b"if-match")
    return _gone(await call.session.delete_matching(type, criterion, expected=expected))


def _gone(emitted: Emitted | None) -> Response:
    if emitted is None:
        return Response(204)
    return Response(204, b"", [(b"etag", b'W/"%d"' % emitted.version)])
