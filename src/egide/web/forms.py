"""Forms that only our own pages can send: a token bound to browser and address, and the origin.

https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
A form is taken when all three hold: the browser says it comes from this very origin (Sec-Fetch-Site
or Origin); the token it carries was made for this browser's cookie; and for this very address.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from egide.errors import Forbidden, Incorrect
from egide.http.form import MEDIA

FIELD = "form_token"
FORM = frozenset({MEDIA.decode("ascii")})
MOST = 64 * 1024
"""Bytes of a form: the answer of a security key is the largest."""


class FormRefused(Forbidden):
    """The form did not come from a page this server gave to this browser."""


class Forms:
    """Makes and checks the tokens of forms, under a key of the installation."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes, the same in every process."""
        self._key = key

    def token(self, binding: str, action: str) -> str:
        """For a form sent to the path `action` by the browser whose cookie is `binding`."""
        said = f"{len(binding)}:{binding}{action}".encode()
        mac = hmac.new(self._key, b"form\0" + said, hashlib.sha256).digest()
        return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")

    def check(self, token: str | None, binding: str | None, action: str) -> None:
        """Raises FormRefused."""
        if token is None or binding is None:
            raise FormRefused("The form carries no proof of where it comes from")
        if not hmac.compare_digest(token.encode(), self.token(binding, action).encode()):
            raise FormRefused("The form was made for another visit or another address")


def check_origin(headers: Mapping[bytes, bytes], origin: str) -> None:
    """Refuses a form that another origin sent, or whose origin the browser does not tell.

    Our pages send no Referer, and browsers then write `Origin: null`: Sec-Fetch-Site says it better
    where there is one. Raises FormRefused. https://www.w3.org/TR/fetch-metadata/
    """
    site = headers.get(b"sec-fetch-site")
    said = headers.get(b"origin")
    if said not in (None, b"null") and said != origin.encode():
        raise FormRefused("The form comes from another site")
    if site is None and said in (None, b"null"):
        raise FormRefused("The browser does not say where the form comes from")
    if site is not None and site != b"same-origin":
        raise FormRefused("The form comes from another site")


def once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The fields of a form by name. Raises Incorrect for one that is there twice."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Incorrect("A field of the form is there twice")
    return fields
