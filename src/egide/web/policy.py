"""What a browser may do with a page: https://www.w3.org/TR/CSP3/ and its companions.

Nothing runs, loads, frames or is sent elsewhere but what is named here. A page names a script only
when it works with passkeys, and a place its form leads to only when that is the application a
person is sent back to.
"""

from collections.abc import Iterable

from egide.http import Header

PAGE: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"vary", b"accept, accept-language, cookie"),
)
"""On every page, whatever it shows."""

FILE: tuple[Header, ...] = (
    (b"cache-control", b"public, max-age=31536000, immutable"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""On a file whose address holds its digest: what is there never changes."""


def content_security(*, script: bool = False, onward: Iterable[str] = ()) -> Header:
    """The policy of one page.

    `script`: it works with passkeys; `onward`: origins or schemes (`https://app.example`,
    `org.example.app:`) that a form of this page may be redirected to. Raises ValueError for one
    that could say more than itself.
    """
    forms = ["'self'"]
    for source in onward:
        if not source.isascii() or not source.isprintable() or set(source) & set(" ;,'\"*"):
            raise ValueError("not one origin or scheme")
        forms.append(source)
    directives = [
        "default-src 'none'",
        "style-src 'self'",
        f"form-action {' '.join(forms)}",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    if script:
        directives.insert(2, "script-src 'self'")
    return (b"content-security-policy", "; ".join(directives).encode("ascii"))
