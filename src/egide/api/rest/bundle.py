"""batch and transaction: a Bundle posted to the base. https://hl7.org/fhir/R4/http.html#transaction"""

from typing import Any

import msgspec

from egide.api.operations.everything import whole
from egide.api.operations.meta import parameters
from egide.api.rest import history_instance, history_type
from egide.api.rest.bundles import bundle, response
from egide.api.rest.call import Call, informed
from egide.api.rest.condition import unmodified
from egide.api.rest.search_type import searchset
from egide.errors import EgideError
from egide.http import Response
from egide.http.negotiation import language
from egide.http.outcome import outcome, status
from egide.record import (
    AnyPage,
    Entry,
    EverythingPage,
    History,
    Page,
    Result,
    Versions,
    batch,
    bundle_of,
    of_instance,
    of_many,
    of_record,
    query_of,
)

_WORDS = {200: "200 OK", 201: "201 Created", 204: "204 No Content", 304: "304 Not Modified"}


async def post_bundle(call: Call) -> Response:
    """200 with a response Bundle, entry by entry in the order they came."""
    asked = bundle_of(await call.body(), call.base)
    if asked.type == "transaction":
        results = await call.session.transaction(asked, lenient=call.lenient)
    else:
        results = await batch(call.session, asked, lenient=call.lenient)
    pairs = zip(asked.entries, results, strict=True)
    entries = [_entry(call, each, result) for each, result in pairs]
    return call.json(200, bundle(f"{asked.type}-response", {}, entries))


def _entry(call: Call, asked: Entry | EgideError, result: Result) -> dict[str, Any]:
    if result.error is not None:
        error, spoken = result.error, language(call.request.headers.get(b"accept-language"))
        said = outcome(error.issues, error.category, spoken, call.request.id)
        return {"response": {"status": str(status(error)), "outcome": said}}
    if result.page is not None:
        assert isinstance(asked, Entry)
        page = _page(call, asked, result.page)
        return {"resource": msgspec.Raw(page), "response": {"status": _WORDS[200]}}
    emitted = result.emitted
    if emitted is None or emitted.deleted:
        return {"response": {"status": _WORDS[204]}}
    if isinstance(asked, Entry) and asked.operation == "$meta":
        meta = msgspec.Raw(parameters(emitted))
        return {"resource": meta, "response": response(emitted, _WORDS[200])}
    entry: dict[str, Any] = {"fullUrl": f"{call.base}/{emitted.type}/{emitted.id}"}
    if result.method == "GET":
        assert isinstance(asked, Entry)
        if unmodified(emitted, asked.none_match, asked.modified_since):
            return entry | {"response": response(emitted, _WORDS[304])}
    wanted = call.prefer.get("return") if result.method != "GET" else None
    if wanted not in ("minimal", "OperationOutcome"):
        entry["resource"] = msgspec.Raw(emitted.body)
    entry["response"] = response(emitted, _WORDS[201 if emitted.created else 200])
    if wanted == "OperationOutcome":
        entry["response"]["outcome"] = msgspec.Raw(informed(emitted))
    return entry


def _page(call: Call, asked: Entry, page: AnyPage) -> bytes:
    """A page as the Bundle it is alone."""
    match page:
        case Page():
            return searchset(call, page)
        case Versions():
            name = f"{asked.type}/{asked.id}"
            return history_instance.history(call.base, name, of_instance(query_of(asked)), page)
        case History():
            wanted = of_many(query_of(asked))
            return history_type.history(call.base, asked.type or None, wanted, page)
        case EverythingPage():
            return whole(call.base, asked.id or "", of_record(query_of(asked)), page)
