"""create: a new resource under an id of ours, or none if a criterion matches.

https://hl7.org/fhir/R4/http.html#create, https://hl7.org/fhir/R4/http.html#ccreate
"""

from egide.api.rest.call import Call
from egide.http import Response
from egide.http.form import pairs


async def create(call: Call, type: str) -> Response:
    """201 with the resource as stored, its Location and ETag.

    With If-None-Exist: 200 with what matches if one does; 412 when several do.
    """
    header = call.request.headers.get(b"if-none-exist")
    unless = None if header is None else pairs(header.strip().removeprefix(b"?"))
    emitted = await call.session.create(type, await call.body(), unless=unless)
    return call.written(201 if emitted.created else 200, emitted)
