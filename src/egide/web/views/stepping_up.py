"""Showing again who one is, for what is sensitive: by means of one's own, or at an identity issuer.

The session goes on, under a new cookie value. What an issuer says is taken in `federated`, where
browsers come back to.
"""

from collections.abc import Awaitable

from egide.accounts.federation import Issuer
from egide.accounts.people import SignedIn
from egide.errors import NotFound, Unavailable
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.web.addresses import back, with_query
from egide.web.ceremony import options
from egide.web.refused import NOTHING, Refused
from egide.web.sending import hop
from egide.web.showing import code, shown
from egide.web.site import Site
from egide.web.views.federated import browser_of
from egide.web.visit import Visit


async def ask(site: Site, visit: Visit) -> Response:
    """The ways to show it is still you."""
    return await _ways(site, visit, back(visit.asked("next"), "/account"))


async def with_passkey(site: Site, visit: Visit) -> Response:
    """The browser's answer with one of the account's own passkeys."""
    said = visit.form.get("response", "")
    proof = site.people.step_up.finish_passkey(visit.person, said, visit.visitor)
    return await _shown(site, visit, proof, "passkey")


async def with_password(site: Site, visit: Visit) -> Response:
    """Password and code."""
    password = visit.form.get("password", "")
    proof = site.people.step_up.password(visit.person, password, code(visit), visit.visitor)
    return await _shown(site, visit, proof, "password")


async def at_issuer(site: Site, visit: Visit, issuer: str) -> Response:
    """Sends the browser to an issuer whose identity opens the account, to sign in there anew."""
    place = back(visit.form.get("next"), "/account")
    found = {each.name: each.title for each in await _issuers(site, visit)}
    if site.federation is None or issuer not in found:
        raise NotFound("this account has no identity of such an issuer")
    try:
        begun = await site.federation.begin(
            issuer, place, browser_of(visit), session=visit.person.session
        )
    except Unavailable:
        return await _ways(site, visit, place, Refused("unavailable", 503), "issuer")
    return hop(site, visit, begun.url, found[issuer])


async def _shown(site: Site, visit: Visit, proof: Awaitable[SignedIn], used: str) -> Response:
    place = back(visit.form.get("next"), "/account")
    return await shown(
        site, visit, proof, place, lambda refused: _ways(site, visit, place, refused, used)
    )


async def _ways(
    site: Site,
    visit: Visit,
    place: str,
    refused: Refused = NOTHING,
    used: str = "",
) -> Response:
    visit.here = with_query("/step-up", next=place)
    means = await site.people.means.of(visit.person.account)
    offered = None
    if means.passkeys:
        value = visit.cookies.get("session") or ""
        offered = await options(
            visit, lambda: site.people.step_up.begin_passkey(visit.person, value)
        )
    return site.pages.answer(
        visit,
        "step_up.html",
        refused=refused,
        script=offered is not None,
        options=offered,
        own=means,
        issuers=await _issuers(site, visit),
        place=place,
        used=used,
    )


async def _issuers(site: Site, visit: Visit) -> list[Issuer]:
    """Those whose identity opens the account."""
    if site.federation is None:
        return []
    linked = {each.issuer for each in await site.federation.links(visit.person.account)}
    return [each for each in site.federation.issuers if each.name in linked]


PERSONAL = (
    Route("/step-up", {"GET": Answer(ask)}),
    Route("/step-up/passkey", {"POST": Answer(with_passkey)}),
    Route("/step-up/password", {"POST": Answer(with_password)}),
    Route("/step-up/at/{issuer}", {"POST": Answer(at_issuer)}),
)
