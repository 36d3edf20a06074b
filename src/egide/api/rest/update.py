"""update: a new version, or a resource under the client's id.

https://hl7.org/fhir/R4/http.html#update, https://hl7.org/fhir/R4/http.html#cond-update
"""

from egide.api.rest.call import Call
from egide.errors import Incorrect
from egide.http import Response
from egide.record import OF_HTTP


async def update(call: Call, type: str, id: str) -> Response:
    """200, or 201 when it is new; 412 when If-Match names another version than the current."""
    expected = call.version_named(b"if-match")
    absent = call.request.headers.get(b"if-none-match")
    if absent is not None and absent.strip() != b"*":
        raise Incorrect("an update takes If-None-Match: * only; to name a version use If-Match")
    emitted = await call.session.update(
        type, id, await call.body(), expected=expected, absent=absent is not None
    )
    return call.written(201 if emitted.created else 200, emitted)


async def update_matching(call: Call, type: str) -> Response:
    """The same for the one resource the query matches: 201 when none does, 412 when several."""
    if b"if-none-match" in call.request.headers:
        raise Incorrect("If-None-Match does not go with a criterion; see If-None-Exist of create")
    criterion = [pair for pair in call.request.query if pair[0] not in OF_HTTP]
    emitted = await call.session.update_matching(
        type, criterion, await call.body(), expected=call.version_named(b"if-match")
    )
    return call.written(201 if emitted.created else 200, emitted)
