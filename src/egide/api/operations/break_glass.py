"""$break-glass of a patient: his or her record opens for a short time, in an emergency.

In: `code` (a code of the reason) and `text` (why, in words). Out: `until` and the `purpose` of use
to ask for meanwhile.
"""

from egide.api.operations.definitions import BREAK_GLASS
from egide.api.operations.parameters import given, parameters
from egide.api.rest.call import Call
from egide.http import Response


async def break_glass(call: Call, id: str) -> Response:
    """200 with Parameters."""
    asked = await given(call, BREAK_GLASS)
    until = await call.session.break_glass(id, code=asked["code"], text=asked["text"])
    answer = parameters(
        {"name": "until", "valueInstant": until.isoformat()},
        {"name": "purpose", "valueCode": "BTG"},
    )
    return call.json(200, answer)
