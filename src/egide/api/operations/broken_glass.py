"""$broken-glass: the records opened in an emergency that wait for a review, what was done behind
each, and their review."""

from typing import Any

from egide.api.operations.definitions import BROKEN_GLASS
from egide.api.operations.parameters import given, number, parameters
from egide.api.rest.call import Call
from egide.errors import Incorrect
from egide.http import Response
from egide.record import OF_HTTP, Deed, Glass


async def broken_glass(call: Call) -> Response:
    """200 with Parameters: one `glass` each, of those nobody reviewed yet; of the one with a
    `number`, one `deed` each of what was done behind it."""
    asked = [(name, value) for name, value in call.request.query if name not in OF_HTTP]
    if asked:
        if len(asked) > 1 or asked[0][0] != "number":
            raise Incorrect("$broken-glass takes one number here, or nothing")
        behind = await call.session.behind_glass(number(dict(asked), "number"))
        more = [{"name": "more", "valueBoolean": True}] if behind.more else []
        return call.json(200, parameters(*(_done(each) for each in behind.deeds), *more))
    return call.json(200, parameters(*(_told(each) for each in await call.session.glasses())))


async def review_glass(call: Call) -> Response:
    """200: `number` is reviewed, with `outcome`: justified, unjustified or unclear."""
    asked = await given(call, BROKEN_GLASS)
    await call.session.review_glass(number(asked, "number"), asked["outcome"])
    return call.json(200, parameters({"name": "outcome", "valueCode": asked["outcome"]}))


def _done(deed: Deed) -> dict[str, Any]:
    part: list[dict[str, Any]] = [
        {"name": "at", "valueInstant": deed.at.isoformat()},
        {"name": "interaction", "valueCode": deed.interaction},
        {"name": "outcome", "valueCode": deed.outcome},
    ]
    if deed.type is not None:
        part.append({"name": "type", "valueCode": deed.type})
    if deed.gave is not None:
        part.append({"name": "count", "valueInteger": deed.gave})
    part += [{"name": "resource", "valueReference": {"reference": each}} for each in deed.resources]
    return {"name": "deed", "part": part}


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
