"""Where a page may send a browser: places on this server, and nowhere a visitor could name."""

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from egide.http import Request

PROTOCOL = "/oauth/authorize"
"""The one page whose query says what is wanted, and goes along through signing in."""

_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]{0,6000}")


def local(address: str | None, otherwise: str = "/") -> str:
    """`address` when it is a path on this server, else `otherwise`.

    What a browser could read as another host is not one: `//host`, `/\\host`, a scheme, a
    backslash, a control character.
    """
    if address is None or not _LOCAL.fullmatch(address):
        return otherwise
    parts = urlsplit(address)
    return otherwise if parts.scheme or parts.netloc else address


def back(address: str | None, otherwise: str = "/") -> str:
    """Where a visitor goes back to: `local`, and without its query, which is the visitor's own.

    The request of an application keeps it: there the query is the protocol.
    """
    place = local(address, otherwise)
    kept, _, _ = place.partition("?")
    return place if kept == PROTOCOL else kept.partition("#")[0]


def with_query(path: str, **parameters: str) -> str:
    """`path` with `parameters` in its query, in place of those of the same name."""
    parts = urlsplit(path)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in parameters
    ]
    return f"{parts.path}?{urlencode([*kept, *parameters.items()])}"


def path(request: Request) -> str:
    """The path of a request as a browser writes it. Raises Incorrect."""
    return "/" + "/".join(quote(segment, safe="") for segment in request.segments)


def here(request: Request) -> str:
    """Path and query of a request, without the language it asks, the way back as it will be taken.

    Raises Incorrect.
    """
    query = [
        (name, back(value) if name == "next" else value)
        for name, value in request.query
        if name != "lang"
    ]
    return f"{path(request)}?{urlencode(query)}" if query else path(request)
