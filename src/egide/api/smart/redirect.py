"""Redirect URIs: which may be registered, which match, and what is put on them.

https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2, https://www.rfc-editor.org/rfc/rfc8252#section-7
and https://www.rfc-editor.org/rfc/rfc9700#section-2.1: they match byte for byte, but for the port
of a native application's loopback address, which the system chooses when it runs.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode, urlsplit

from egide.errors import Incorrect

_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()+,;=%\[\]]{1,2000}", re.ASCII)
"""RFC 3986 without the fragment's mark and without `*`, which some read as a wildcard."""
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+\-]*(?:\.[a-z0-9+\-]+)+", re.ASCII)
"""A domain name the application's maker holds, backwards: RFC 8252 §7.1."""
_LOOPBACK = ("127.0.0.1", "::1")


def registrable(uri: str, *, native: bool) -> str:
    """`uri`, when an application may be registered with it. Raises Incorrect.

    https anywhere; http on a loopback address; for native applications also a scheme of their own.
    """
    if not _CHARACTERS.fullmatch(uri):
        raise Incorrect("a redirect URI is ASCII, without spaces, fragment or wildcard")
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Incorrect("a redirect URI is not a URI") from None
    if parts.scheme == "https":
        if not host or "@" in parts.netloc:
            raise Incorrect("a redirect URI names a host, and nobody before it")
    elif parts.scheme == "http":
        if host not in _LOOPBACK or "@" in parts.netloc:
            raise Incorrect("a redirect URI with http leads to 127.0.0.1 or [::1] only")
    elif not native or not _PRIVATE_SCHEME.fullmatch(parts.scheme) or parts.netloc:
        raise Incorrect("a redirect URI is https, or of a native application's own scheme")
    if ".." in parts.path.split("/"):
        raise Incorrect("a redirect URI has no .. in its path")
    return uri


def launchable(uri: str) -> str:
    """`uri`, when an application may be opened there: https, or http on loopback. Raises Incorrect.

    https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
    """
    try:
        return registrable(uri, native=False)
    except Incorrect as error:
        raise Incorrect(error.message.replace("redirect", "launch")) from None


def matches(registered: Iterable[str], asked: str, *, native: bool) -> bool:
    """Whether an answer may go to `asked`."""
    if not _CHARACTERS.fullmatch(asked):
        return False
    return any(asked == one or (native and _same_loopback(one, asked)) for one in registered)


def _same_loopback(registered: str, asked: str) -> bool:
    """Whether two URIs differ in the port only, on a loopback address: RFC 8252 §7.3."""
    try:
        one, other = urlsplit(registered), urlsplit(asked)
        port = other.port
    except ValueError:
        return False
    if one.scheme != "http" or one.hostname not in _LOOPBACK or port == 0:
        return False
    host = f"[{one.hostname}]" if ":" in one.hostname else one.hostname
    return (
        other.netloc in (host, f"{host}:{port}")
        and (one.scheme, one.path, one.query) == (other.scheme, other.path, other.query)
        and not other.fragment
    )


def answered(uri: str, parameters: Mapping[str, str]) -> str:
    """`uri` with `parameters` added to its query, each percent-encoded."""
    mark = "&" if "?" in uri else "?"
    return f"{uri}{mark}{urlencode(parameters)}"
