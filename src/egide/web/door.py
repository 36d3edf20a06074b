"""The door for people: its addresses, and what happens around every page.

Invariants, each with its test in tests/integration/web:
- a form is taken from our own pages, in this browser, for this address alone (test_forms);
- a page for people signed in answers nobody else (test_signed_in);
- no answer sends a browser to a place a visitor named (test_addresses);
- nobody acts by a tie that is over: it is looked at before each answer (test_acting).
"""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from egide.accounts.people import LinkRefused, StepUpNeeded
from egide.api.smart import BehalfNeeded
from egide.errors import EgideError, NotFound
from egide.http import Request, Response
from egide.http.negotiation import check_body
from egide.http.routes import Route
from egide.web.addresses import back, here, path, with_query
from egide.web.cookies import Cookies
from egide.web.failure import Insecure, failed, wants_page
from egide.web.forms import FIELD, FORM, MOST, check_origin, once
from egide.web.languages import chosen
from egide.web.routes import FILES, FOREIGN, ISSUERS, OPEN, PERSONAL
from egide.web.sending import see_other, to_sign_in
from egide.web.site import Site
from egide.web.views import acting
from egide.web.visit import Visit

SIGN_OUT = "/sign-out"
"""The one form that is taken whatever has become of a tie."""
_YEAR = 365 * 24 * 3600


class Web:
    """Answers the pages people read."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._first = {route.template.split("/")[1] for route in self.routes()} - {""}

    def routes(self) -> Iterator[Route]:
        """Every address of a page."""
        yield from OPEN
        yield from PERSONAL
        yield from FOREIGN
        yield from ISSUERS
        yield from FILES

    def takes(self, request: Request) -> bool:
        """Whether the address is a page's; `/` is one for who reads pages."""
        first = request.segments[0]
        return first in self._first or (request.segments == ("",) and wants_page(request))

    async def respond(self, request: Request) -> Response:
        """The page, or what a form leads to."""
        for table in (OPEN, PERSONAL, FOREIGN, ISSUERS, FILES):
            found = table.find(request.segments)
            if found is not None:
                break
        else:
            raise NotFound("there is no such page")
        request.route = found.route.template
        respond = found.route.answer(request.method).respond
        if table is FILES:
            return await respond(self._site, *found.variables)
        if table is ISSUERS:
            return await respond(self._site, request, *found.variables)
        visit = await self._visit(request)
        if table is PERSONAL and visit.session is None:
            response = to_sign_in(visit)
        elif found.route.template != SIGN_OUT and not await acting.holds(self._site, visit):
            response = await acting.over(self._site, visit)
        else:
            if request.method == "POST" and table is not FOREIGN:
                await self._take_form(visit)
            try:
                response = await respond(self._site, visit, *found.variables)
            except StepUpNeeded:
                response = see_other(with_query("/step-up", next=back(visit.here)))
            except BehalfNeeded:
                response = see_other(with_query("/acting", next=back(visit.here)))
            except LinkRefused:
                response = self._site.pages.answer(visit, "link_ended.html", status=403)
        response.headers += visit.cookies.headers
        return response

    def failed(self, error: EgideError, request: Request) -> Response | None:
        """The page for an error; None for programs."""
        now = self._site.clock()
        return failed(self._site.pages, error, request, now, secure=self._secure(request))

    def _secure(self, request: Request) -> bool:
        return request.secure or (self._site.origin or "").startswith("https:")

    async def _visit(self, request: Request) -> Visit:
        secure = self._secure(request)
        if not secure and not _here(request):
            raise Insecure("Pages are shown over https, and on this machine itself")
        cookies = Cookies.read(request.headers.get(b"cookie"), secure=secure)
        asking = request.method in ("GET", "HEAD")
        asked = dict(request.query).get("lang") if asking else None
        spoken = chosen(asked, cookies.get("language"), request.headers.get(b"accept-language"))
        if asked == spoken:
            cookies.put("language", spoken, seconds=_YEAR)
        visit = Visit(request, spoken, cookies, None)
        if asking:
            visit.here = here(request)
        value = cookies.get("session")
        if value is not None:
            visit.session = await self._site.people.sessions.resolve(value, visit.visitor)
            if visit.session is None:
                cookies.drop("session")
        return visit

    async def _take_form(self, visit: Visit) -> None:
        """Reads the form, and refuses one that no page of ours gave to this browser."""
        request = visit.request
        check_origin(request.headers, self._site.origin or request.base)
        check_body(request.headers.get(b"content-type"), FORM)
        form = once(await request.form(MOST))
        self._site.forms.check(form.pop(FIELD, None), visit.bound, path(request))
        visit.form = form


def _here(request: Request) -> bool:
    """Whether the request was sent to this machine by a name that leads nowhere else."""
    name = urlsplit(request.base).hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
