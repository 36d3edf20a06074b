"""batch and transaction: a Bundle posted to the base. https://hl7.org/fhir/R4/http.html#transaction"""

from typing import Any

import msgspec

from egide.api.rest.bundles import bundle, response
from egide.api.rest.call import Call
from egide.api.rest.search_type import searchset
from egide.http import Response
from egide.http.negotiation import language
from egide.http.outcome import STATUS, outcome
from egide.record import Result, batch, bundle_of

_WORDS = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


async def post_bundle(call: Call) -> Response:
    """200 with a response Bundle, entry by entry in the order they came."""
    asked = bundle_of(await call.body())
    if asked.type == "transaction":
        results = await call.session.transaction(asked)
    else:
        results = await batch(call.session, asked)
    minimal = call.prefer.get("return") == "minimal"
    entries = [_entry(call, result, minimal) for result in results]
    return call.json(200, bundle(f"{asked.type}-response", {}, entries))


def _entry(call: Call, result: Result, minimal: bool) -> dict[str, Any]:
    if result.error is not None:
        category, issues = result.error
        spoken = language(call.request.headers.get(b"accept-language"))
        said = outcome(issues, category, spoken, call.request.id)
        return {"response": {"status": str(STATUS[category]), "outcome": said}}
    if result.page is not None:
        page = searchset(call, result.page)
        return {"resource": msgspec.Raw(page), "response": {"status": _WORDS[200]}}
    emitted = result.emitted
    if emitted is None or emitted.deleted:
        return {"response": {"status": _WORDS[204]}}
    entry: dict[str, Any] = {"fullUrl": f"{call.base}/{emitted.type}/{emitted.id}"}
    if not minimal or result.method == "GET":
        entry["resource"] = msgspec.Raw(emitted.body)
    entry["response"] = response(emitted, _WORDS[201 if emitted.created else 200])
    return entry
