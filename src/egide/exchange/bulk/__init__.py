"""Bulk: files of bundles and NDJSON, in any of the usual wrappings."""

from egide.exchange.bulk.sources import Part, Source, parts, sources

__all__ = ["Part", "Source", "parts", "sources"]
