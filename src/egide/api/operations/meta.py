"""$meta of one resource: its profiles, tags and security labels, read only.

https://hl7.org/fhir/R4/resource-operation-meta.html. It is a read: whoever may read the resource
sees its meta, and the ledger says that he read it.
"""

import msgspec

from egide.api.rest.call import Call
from egide.http import Response
from egide.record import Emitted, of_meta


class _Labelled(msgspec.Struct):
    meta: msgspec.Raw


async def meta(call: Call, type: str, id: str) -> Response:
    """200 with Parameters that hold the Meta of the current version."""
    of_meta(call.request.query)
    return call.json(200, parameters(await call.session.read(type, id)))


def parameters(emitted: Emitted) -> bytes:
    """The Meta of a resource, in Parameters."""
    held = msgspec.json.decode(emitted.body, type=_Labelled).meta
    return msgspec.json.encode(
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "return", "valueMeta": held}],
        }
    )
