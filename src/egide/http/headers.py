"""Headers every answer carries, and the sanity of those every request brings."""

import re
from functools import lru_cache

from egide.http.response import Header

API_SECURITY: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""For answers that are data: nothing in them may run, be framed, be sniffed or be kept."""

ONLY_HTTPS: Header = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""Sent under https only: https://www.rfc-editor.org/rfc/rfc6797#section-7.2."""

ONCE = frozenset(
    {
        b"host",
        b"authorization",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"if-match",
        b"if-none-exist",
        b"if-modified-since",
    }
)
"""Headers that say one thing; twice is an attempt to be read two ways."""

_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9\-_.]{0,252}[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
)
_CORRELATION = re.compile(rb"[A-Za-z0-9\-]{1,64}")


@lru_cache(maxsize=256)
def host(value: bytes) -> str | None:
    """The host (and port) as text, or None when it is not one."""
    text = value.decode("latin-1")
    return text if _HOST.fullmatch(text) else None


def correlation(value: bytes | None) -> Header | None:
    """The client's own correlation id, to give back: https://hl7.org/fhir/R4/http.html#custom."""
    if value is None or not _CORRELATION.fullmatch(value):
        return None
    return (b"x-correlation-id", value)
