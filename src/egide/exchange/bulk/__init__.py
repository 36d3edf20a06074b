"""Bulk: files of bundles and NDJSON, in any of the usual wrappings; exports, encrypted."""

from egide.exchange.bulk.destination import Destination, require_plain
from egide.exchange.bulk.encryption import Recipient, recipient
from egide.exchange.bulk.sources import Part, Source, parts, sources

__all__ = [
    "Destination",
    "Part",
    "Recipient",
    "Source",
    "parts",
    "recipient",
    "require_plain",
    "sources",
]
