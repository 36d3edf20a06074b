"""$broken-glass: the records opened in an emergency that wait for a review, and their review."""

from typing import Any

from egide.api.operations.definitions import BROKEN_GLASS
from egide.api.operations.parameters import given, number, parameters
from egide.api.rest.call import OF_HTTP, Call
from egide.errors import Incorrect
from egide.http import Response
from egide.record import Glass


async def broken_glass(call: Call) -> Response:
    """200 with Parameters: one `glass` each, of those nobody reviewed yet."""
    if any(name not in OF_HTTP for name, _ in call.request.query):
        raise Incorrect("$broken-glass takes no parameters here")
    return call.json(200, parameters(*(_told(each) for each in await call.session.glasses())))


async def review_glass(call: Call) -> Response:
    """200: `number` is reviewed, with `outcome`: justified, unjustified or unclear."""
    asked = await given(call, BROKEN_GLASS)
    await call.session.review_glass(number(asked, "number"), asked["outcome"])
    return call.json(200, parameters({"name": "outcome", "valueCode": asked["outcome"]}))


def _told(glass: Glass) -> dict[str, Any]:
    return {
        "name": "glass",
        "part": [
            {"name": "number", "valueString": str(glass.number)},
            {"name": "account", "valueString": str(glass.account)},
            {"name": "patient", "valueReference": {"reference": f"Patient/{glass.patient}"}},
            {"name": "at", "valueInstant": glass.at.isoformat()},
            {"name": "until", "valueInstant": glass.until.isoformat()},
            {"name": "code", "valueCode": glass.code},
            {"name": "text", "valueString": glass.text},
        ],
    }
