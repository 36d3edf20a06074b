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


def found_entry(base: str, each: Emitted, mode: str) -> dict[str, Any]:
    """One resource in a searchset; `mode` is match or include."""
    return {
        "fullUrl": full_url(base, each),
        "resource": msgspec.Raw(each.body),
        "search": {"mode": mode},
    }


def version_entry(base: str, each: Emitted) -> dict[str, Any]:
    """One version in a history: what was asked for when it was written, and what came of it."""
    url = f"{each.type}/{each.id}"
    method = "DELETE" if each.deleted else "POST" if each.version == 1 else "PUT"
    status = "204" if each.deleted else "201" if each.version == 1 else "200"
    entry: dict[str, Any] = {"fullUrl": full_url(base, each)}
    if not each.deleted:
        entry["resource"] = msgspec.Raw(each.body)
    entry["request"] = {"method": method, "url": each.type if method == "POST" else url}
    entry["response"] = response(each, status)
    return entry
