"""Refusals that only HTTP knows: each has its own status, chosen by RFC 9110."""

from collections.abc import Iterable
from typing import ClassVar

from egide.errors import Category, EgideError
from egide.http.response import Header


class Refusal(EgideError):
    """The request was refused for what it is in HTTP, before anyone asked what it means."""

    status: ClassVar[int] = 400
    category: ClassVar[Category] = "incorrect"
    code = "invalid"

    def __init__(self, message: str, headers: Iterable[Header] = ()) -> None:
        super().__init__(message)
        self.headers = tuple(headers)


class MethodNotAllowed(Refusal):
    """The method is not one this address answers."""

    status = 405
    category = "unsupported"
    code = "not-supported"

    def __init__(self, allowed: Iterable[str]) -> None:
        names = ", ".join(allowed)
        super().__init__(f"This address answers {names}", [(b"allow", names.encode("ascii"))])


class NotAcceptable(Refusal):
    """No format the client accepts is one this server writes."""

    status = 406
    category = "unsupported"
    code = "not-supported"


class BodyTooSlow(Refusal):
    """The body did not arrive in time."""

    status = 408
    code = "timeout"


class TargetTooLong(Refusal):
    """The address and its query are too long."""

    status = 414
    category = "too_large"
    code = "too-long"


class MediaTypeUnsupported(Refusal):
    """The body is in a format or an encoding this server does not read."""

    status = 415
    category = "unsupported"
    code = "not-supported"


class HeadersTooLarge(Refusal):
    """The headers are too many or too long."""

    status = 431
    category = "too_large"
    code = "too-long"


class ClientGone(Exception):
    """The client left before its request was complete: there is nobody to answer."""
