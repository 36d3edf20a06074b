"""What an application says to prove itself: HTTP Basic, the form, a signed assertion, or nothing.

https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1, https://www.rfc-editor.org/rfc/rfc7523#section-2.2.
One way at a time; never from the address.
"""

import base64
import binascii
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from egide.api.smart.assertion import TYPE
from egide.api.smart.refusals import GrantRefused
from egide.errors import Incorrect
from egide.http.form import plain
from egide.http.response import Header

BASIC_CHALLENGE: Header = (b"www-authenticate", b'Basic realm="egide", charset="UTF-8"')
NAMES = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
_BASIC = re.compile(rb"[Bb][Aa][Ss][Ii][Cc] +([A-Za-z0-9+/]+=*)")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whom an application says it is, by what, and whether in the header.

    `client_id` is "" when only the assertion names it; with neither secret nor assertion it proves
    nothing, as public applications do.
    """

    client_id: str
    secret: str | None = field(repr=False)
    basic: bool
    assertion: str | None = field(default=None, repr=False)


def once(form: Sequence[tuple[str, str]], known: Collection[str]) -> dict[str, str]:
    """The parameters in `known`; one that is there twice is refused, an empty one is as absent."""
    found: dict[str, str] = {}
    for name, value in form:
        if name in known and value:
            if name in found:
                raise GrantRefused("invalid_request", f"{name} is there twice")
            found[name] = value
    return found


def credentials_of(authorization: bytes | None, form: Mapping[str, str]) -> Credentials:
    """The application's credentials, of the header or the form. Raises GrantRefused."""
    if authorization is not None:
        return _in_header(authorization, form)
    assertion, type = form.get("client_assertion"), form.get("client_assertion_type")
    if assertion is not None or type is not None:
        if "client_secret" in form:
            raise GrantRefused("invalid_request", "The client proves itself in two ways at once")
        if assertion is None or type != TYPE:
            raise GrantRefused("invalid_client", "client_assertion and its type come together", 401)
        return Credentials(form.get("client_id", ""), None, False, assertion)
    if "client_id" not in form:
        raise GrantRefused(
            "invalid_client",
            "A client names itself by HTTP Basic, by client_id, or by an assertion",
            401,
            [BASIC_CHALLENGE],
        )
    return Credentials(form["client_id"], form.get("client_secret"), False)


def _in_header(authorization: bytes, form: Mapping[str, str]) -> Credentials:
    found = _BASIC.fullmatch(authorization)
    if found is None:
        raise GrantRefused(
            "invalid_client", "This endpoint takes HTTP Basic", 401, [BASIC_CHALLENGE]
        )
    if "client_secret" in form or "client_assertion" in form:
        raise GrantRefused("invalid_request", "The client proves itself in two ways at once")
    try:
        name, colon, secret = base64.b64decode(found[1], validate=True).partition(b":")
        # Both are form-encoded before they are joined: RFC 6749 §2.3.1.
        client_id, client_secret = plain(name), plain(secret)
    except (binascii.Error, Incorrect):
        colon = b""
        client_id = client_secret = ""
    if not colon:
        raise GrantRefused(
            "invalid_client", "The HTTP Basic credentials do not read", 401, [BASIC_CHALLENGE]
        )
    if form.get("client_id", client_id) != client_id:
        raise GrantRefused("invalid_request", "client_id differs from the one in the header")
    return Credentials(client_id, client_secret, True)
