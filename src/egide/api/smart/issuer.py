"""The address of this server as an issuer: what audiences and identities are bound to.

https://www.rfc-editor.org/rfc/rfc8414#section-2. It is the installation's own setting. Without one
it is the address the client wrote only on the machine itself, since whoever writes the Host header
would otherwise choose who we are.
"""

import re

from egide.errors import Unavailable
from egide.http.request import Request

_HERE = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.ASCII)


def issuer_of(request: Request, base_url: str | None) -> str:
    """The address, without a slash at its end. Raises Unavailable when none is configured."""
    if base_url is not None:
        return base_url
    if not _HERE.fullmatch(request.base):
        raise Unavailable("EGIDE_BASE_URL is not set, and this is not the machine itself")
    return request.base
