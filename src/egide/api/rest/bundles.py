"""Bundles that answer: searchsets, histories, transaction responses.

Resources go in as the bytes they are. https://hl7.org/fhir/R4/bundle.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from egide.clock import instant
from egide.record import Emitted


def bundle(
    type: str, links: Mapping[str, str], entries: Iterable[Mapping[str, Any]], **more: Any
) -> bytes:
    """A Bundle of `type` in JSON; `links` by relation."""
    document: dict[str, Any] = {"resourceType": "Bundle", "type": type, **more}
    if links:
        document["link"] = [{"relation": name, "url": url} for name, url in links.items()]
    found = list(entries)
    if found:
        document["entry"] = found
    return msgspec.json.encode(document)


def full_url(base: str, emitted: Emitted) -> str:
    """The address of a resource, whatever its version."""
    return f"{base}/{emitted.type}/{emitted.id}"


def response(emitted: Emitted, status: str) -> dict[str, Any]:
    """Bundle.entry.response for one resource."""
    return {
        "status": status,
        "location": f"{emitted.type}/{emitted.id}/_history/{emitted.version}",
        "etag": f'W/"{emitted.version}"',
        "lastModified": instant(emitted.updated),
    }
