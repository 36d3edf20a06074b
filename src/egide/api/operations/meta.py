"""$meta of one resource: its profiles, tags and security labels, read only.

https://hl7.org/fhir/R4/resource-operation-meta.html. It is a read: whoever may read the resource
sees its meta, and the ledger says that he read it.
"""

import msgspec

from egide.api.rest.call import Call
from egide.errors import Incorrect
from egide.http import Response


class _Labelled(msgspec.Struct):
    meta: msgspec.Raw


async def meta(call: Call, type: str, id: str) -> Response:
    """200 with Parameters that hold the Meta of the current version."""
    if call.request.query and {name for name, _ in call.request.query} - {"_format", "_pretty"}:
        raise Incorrect("$meta takes no parameters")
    emitted = await call.session.read(type, id)
    held = msgspec.json.decode(emitted.body, type=_Labelled).meta
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "return", "valueMeta": held}],
    }
    return call.json(200, msgspec.json.encode(parameters))
