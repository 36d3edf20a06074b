"""An error, as a page for people and as OperationOutcome for programs.

The status comes from the one map (`egide.http.outcome`); which of the two is told is decided by the
address and by the Accept header: programs do not ask for `text/html`, and FHIR answers FHIR.
"""

import contextlib
import re
from datetime import datetime

from egide.api.smart import UntrustedRequest
from egide.errors import EgideError, Incorrect
from egide.http import Request, Response
from egide.http.outcome import answer, status
from egide.web.addresses import back, here
from egide.web.cookies import Cookies
from egide.web.forms import FormRefused
from egide.web.languages import chosen
from egide.web.pages import Pages
from egide.web.visit import Visit

_MACHINES = frozenset({"fhir", "health", "metrics", ".well-known"})
_HTML = re.compile(rb"(?:^|,)\s*text/html\s*(?!;\s*q=0(?:\.0*)?\s*(?:,|$))(?:;|,|$)")


class Insecure(EgideError):
    """A page was asked for over plain http from elsewhere than this machine."""

    category = "forbidden"
    code = "security"


def wants_page(request: Request) -> bool:
    """Whether a person is reading."""
    with contextlib.suppress(Incorrect):  # an address that does not read: a person is told so too
        if request.segments[0] in _MACHINES:
            return False
    return _HTML.search(request.headers.get(b"accept", b"")[:1000].lower()) is not None


def failed(
    pages: Pages, error: EgideError, request: Request, at: datetime, *, secure: bool
) -> Response | None:
    """The page for `error`, None when nobody reads pages; `at`: when it happened."""
    if not wants_page(request):
        return None
    cookies = Cookies.read(request.headers.get(b"cookie"), secure=secure)
    asked, place = None, "/"
    if request.method in ("GET", "HEAD"):
        with contextlib.suppress(Incorrect):
            asked, place = dict(request.query).get("lang"), back(here(request))
    accept = request.headers.get(b"accept-language")
    spoken = chosen(asked, cookies.get("language"), accept)
    visit = Visit(request, spoken, cookies, None, here=place)
    told = answer(error, request)
    headers = [header for header in told.headers if header[0] in (b"allow", b"retry-after")]
    code = status(error)
    return pages.answer(
        visit,
        "error.html",
        status=code,
        headers=headers,
        kind=_kind(error, code),
        reference=request.id,
        at=at,
        status_code=code,
    )


def _kind(error: EgideError, code: int) -> str:
    """Which of the page's texts is shown."""
    if isinstance(error, Insecure):
        return "insecure"
    if isinstance(error, FormRefused):
        return "form"
    if isinstance(error, UntrustedRequest):
        return "application"
    kinds = {403: "denied", 404: "not-found", 410: "not-found", 429: "busy", 503: "stopped"}
    return kinds.get(code, "fault" if code >= 500 else "incorrect")
