"""Showing two factors again, for what is sensitive."""

from egide.accounts.people import SignInRefused
from egide.errors import Busy
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.web.addresses import local, with_query
from egide.web.ceremony import options
from egide.web.refused import NOTHING, Refused, of
from egide.web.sending import onward
from egide.web.site import Site
from egide.web.views.signing_in import keep
from egide.web.visit import Visit


async def ask(site: Site, visit: Visit) -> Response:
    """The ways to show it is still you."""
    return await _ways(site, visit, local(visit.asked("next"), "/account"))


async def with_passkey(site: Site, visit: Visit) -> Response:
    """The browser's answer with one of the account's own passkeys."""
    place = local(visit.form.get("next"), "/account")
    try:
        keep(
            visit,
            await site.people.step_up.finish_passkey(
                visit.person, visit.form.get("response", ""), visit.visitor
            ),
        )
    except (SignInRefused, Busy) as error:
        return await _ways(site, visit, place, of(error), "passkey")
    return onward(site, visit, place)


async def with_password(site: Site, visit: Visit) -> Response:
    """Password and code."""
    place = local(visit.form.get("next"), "/account")
    password, code = visit.form.get("password", ""), visit.form.get("code", "").replace(" ", "")
    try:
        keep(
            visit,
            await site.people.step_up.password(visit.person, password, code, visit.visitor),
        )
    except (SignInRefused, Busy) as error:
        return await _ways(site, visit, place, of(error), "password")
    return onward(site, visit, place)


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
        place=place,
        used=used,
    )


PERSONAL = (
    Route("/step-up", {"GET": Answer(ask)}),
    Route("/step-up/passkey", {"POST": Answer(with_passkey)}),
    Route("/step-up/password", {"POST": Answer(with_password)}),
)
