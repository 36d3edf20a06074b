"""Names and values in a query string or an `application/x-www-form-urlencoded` body.

https://url.spec.whatwg.org/#application/x-www-form-urlencoded, read strictly: what is not UTF-8 or
not percent-encoding is refused instead of replaced, since a replaced character is another question.
"""

import re
from urllib.parse import unquote_to_bytes

from egide.errors import Incorrect

_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")
MEDIA = b"application/x-www-form-urlencoded"


def pairs(encoded: bytes, limit: int = 1000) -> list[tuple[str, str]]:
    """The pairs in order, blank values kept. Raises Incorrect, without quoting what it read."""
    if not encoded:
        return []
    if encoded.count(b"&") >= limit:
        raise Incorrect(f"More than {limit} parameters")
    return [
        (plain(name), plain(value))
        for name, _, value in (part.partition(b"=") for part in encoded.split(b"&") if part)
    ]


def plain(encoded: bytes, *, plus: bool = True) -> str:
    """One decoded piece; `plus`: a plus sign stands for a space, as in a query or a form."""
    if plus and b"+" in encoded:
        encoded = encoded.replace(b"+", b" ")
    if b"%" in encoded:
        if _BROKEN.search(encoded):
            raise Incorrect("A percent sign is not followed by two hexadecimal digits")
        encoded = unquote_to_bytes(encoded)
    try:
        text = encoded.decode("utf-8")
    except UnicodeDecodeError:
        raise Incorrect("The address or form is not UTF-8") from None
    if not text.isprintable() and any(ord(char) < 0x20 for char in text):
        raise Incorrect("The address or form holds a control character")
    return text
