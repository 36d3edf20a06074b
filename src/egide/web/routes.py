"""Every address of a page: for anybody, for people signed in, and the files pages load."""

from egide.http import Response
from egide.http.routes import Answer, Route, Routes
from egide.web.site import Site
from egide.web.views import (
    account,
    acting,
    consenting,
    enrolling,
    federated,
    opening,
    signing_in,
    stepping_up,
)


async def _file(site: Site, name: str) -> Response:
    """A file of a page."""
    return site.assets.answer(name)


OPEN = Routes([*signing_in.OPEN, *federated.OPEN, *enrolling.OPEN])
"""For anybody. Views are given the site, the visit, then the variables of the address."""

PERSONAL = Routes(
    [
        *account.PERSONAL,
        *acting.PERSONAL,
        *signing_in.PERSONAL,
        *stepping_up.PERSONAL,
        *federated.PERSONAL,
        *consenting.PERSONAL,
        *opening.PERSONAL,
    ]
)
"""For people signed in; anybody else is sent to sign in first."""

FOREIGN = Routes(consenting.FOREIGN)
"""What applications ask for in a browser: a POST here is no form of ours, and changes nothing."""

ISSUERS = Routes(federated.ISSUERS)
"""What identity issuers post themselves: no browser, no cookie and no form of ours; believed for
the issuer's signature alone. Given the site, the request, then the variables of the address."""

FILES = Routes([Route("/static/{file}", {"GET": Answer(_file)})])
"""The same for everybody: given the site and the name, without a visit."""
