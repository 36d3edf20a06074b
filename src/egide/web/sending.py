"""Sending a browser on, after a form or to sign in."""

from egide.http import Response
from egide.web.addresses import back, local, with_query
from egide.web.policy import PAGE, content_security
from egide.web.site import Site
from egide.web.visit import Visit


def see_other(address: str) -> Response:
    """To a place on this server. https://www.rfc-editor.org/rfc/rfc9110#section-15.4.4"""
    headers = [(b"location", local(address).encode("ascii")), content_security(), *PAGE]
    return Response(303, b"", headers)


def away(address: str) -> Response:
    """To another site, whose address was checked by whoever gives it. Raises ValueError."""
    headers = [(b"location", outward(address).encode("ascii")), content_security(), *PAGE]
    return Response(303, b"", headers)


def hop(site: Site, visit: Visit, address: str, title: str) -> Response:
    """To another site after a form, by a page of its own: see `onward`."""
    return site.pages.answer(visit, "hop.html", address=outward(address), title=title)


def to_sign_in(visit: Visit) -> Response:
    """To the sign-in page, and back to this one after it."""
    return see_other(with_query("/sign-in", next=back(visit.here)))


def onward(site: Site, visit: Visit, address: str | None) -> Response:
    """To where a person was going before signing in.

    An application waiting for an answer is gone to by a page of its own: what a form may lead to,
    redirects included, is this server alone, and the answer to an application leads elsewhere.
    """
    place = back(address)
    if place.startswith("/oauth/"):
        return site.pages.answer(visit, "continue.html", address=place)
    return see_other(place)


def outward(address: str) -> str:
    """An address of another site, fit for a header and for a page that leads there.

    Raises ValueError.
    """
    if not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError("not an address for a header")
    return address
