"""Programs in browsers, on sites of their own: what of us they may call.

https://fetch.spec.whatwg.org/#http-cors-protocol. Any site may call what is opened by an access
token: the token travels in a header, so a site has it or has not, and cookies never come along,
since nothing is answered "with credentials". Pages and their forms are not among it.
"""

from egide.http.request import Request
from egide.http.response import Header, Response

ALLOWED: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"etag, last-modified, location, retry-after, www-authenticate, x-request-id",
    ),
)
"""With every answer, refusals too: else a program could not tell 401 from a broken line."""

_PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, PUT, DELETE"),
    (
        b"access-control-allow-headers",
        b"accept, authorization, content-type, if-match, if-modified-since, if-none-exist, "
        b"if-none-match, prefer, x-correlation-id, x-purpose-of-use",
    ),
    (b"access-control-max-age", b"600"),
)
_CALLED = frozenset({"/oauth/token", "/oauth/revoke", "/oauth/jwks"})


def called(request: Request) -> bool:
    """Whether `request` is a site's program calling what it may."""
    path = request.path
    return b"origin" in request.headers and (
        path == "/fhir" or path.startswith(("/fhir/", "/.well-known/")) or path in _CALLED
    )


def preflight(request: Request) -> Response | None:
    """The answer to a browser that asks whether a site's program may call; None for the rest."""
    if request.method != "OPTIONS" or b"access-control-request-method" not in request.headers:
        return None
    return Response(204, b"", _PREFLIGHT) if called(request) else None
