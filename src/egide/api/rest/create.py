"""create: a new resource under an id of ours. https://hl7.org/fhir/R4/http.html#create"""

from egide.api.rest.call import Call
from egide.errors import Unsupported
from egide.http import Response


async def create(call: Call, type: str) -> Response:
    """201 with the resource as stored, its Location and ETag."""
    if b"if-none-exist" in call.request.headers:
        raise Unsupported("conditional create is not done here yet; search first")
    return call.written(201, await call.session.create(type, await call.body()))
