"""Signing in: a passkey, or a password and then a code; signing out.

Whatever was wrong is told in one wording, and what was typed and is no secret is kept.
"""

from collections.abc import Awaitable
from urllib.parse import urlsplit

from egide.accounts.people import SignedIn, SignInRefused
from egide.errors import Busy
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.web.addresses import local, with_query
from egide.web.ceremony import options
from egide.web.refused import NOTHING, Refused, of
from egide.web.sending import hop, onward, see_other
from egide.web.site import Site
from egide.web.visit import Visit

_DEVICE = 400 * 24 * 3600
"""Seconds a browser is known again: as long as browsers keep a cookie."""


async def sign_in(site: Site, visit: Visit) -> Response:
    """The ways to sign in. Somebody signed in already goes on."""
    if visit.session is not None:
        return onward(site, visit, visit.asked("next"))
    return await _ways(site, visit, local(visit.asked("next")))


async def with_passkey(site: Site, visit: Visit) -> Response:
    """The browser's answer with a passkey."""
    place = local(visit.form.get("next"))
    value, said = visit.cookies.get("ceremony") or "", visit.form.get("response", "")
    try:
        return await _entered(
            site, visit, site.people.sign_in.finish_passkey(value, said, visit.visitor), place
        )
    except (SignInRefused, Busy) as error:
        return await _ways(site, visit, place, of(error), "passkey")


async def with_password(site: Site, visit: Visit) -> Response:
    """A right password leads to the second factor."""
    place, login = local(visit.form.get("next")), visit.form.get("login", "").strip()
    try:
        half = await site.people.sign_in.password(
            login, visit.form.get("password", ""), visit.visitor
        )
    except (SignInRefused, Busy) as error:
        return await _ways(site, visit, place, of(error), "password", login)
    visit.cookies.put("ceremony", half.value)
    return see_other(with_query("/sign-in/code", next=place))


async def second_factor(site: Site, visit: Visit) -> Response:
    """The second factor after a password: a code of the authenticator."""
    return _second(site, visit, local(visit.asked("next")), "code")


async def other_factor(site: Site, visit: Visit) -> Response:
    """The second factor for who has lost the authenticator: a recovery code."""
    return _second(site, visit, local(visit.asked("next")), "recovery")


async def with_code(site: Site, visit: Visit) -> Response:
    """A code of the authenticator."""
    place, value = local(visit.form.get("next")), visit.cookies.get("ceremony") or ""
    code = visit.form.get("code", "").replace(" ", "")
    try:
        return await _entered(
            site, visit, site.people.sign_in.code(value, code, visit.visitor), place
        )
    except (SignInRefused, Busy) as error:
        return _second(site, visit, place, "code", of(error))


async def with_recovery_code(site: Site, visit: Visit) -> Response:
    """A recovery code, which is used up."""
    place, value = local(visit.form.get("next")), visit.cookies.get("ceremony") or ""
    code = visit.form.get("code", "").strip()
    try:
        return await _entered(
            site, visit, site.people.sign_in.recovery_code(value, code, visit.visitor), place
        )
    except (SignInRefused, Busy) as error:
        return _second(site, visit, place, "recovery", of(error))


async def sign_out(site: Site, visit: Visit) -> Response:
    """Ends the session, and the one at the identity issuer it came from."""
    person = visit.person
    await site.people.sessions.sign_out(person)
    visit.cookies.drop("session")
    if site.federation is not None:
        home = f"{site.origin or visit.request.base}/signed-out"
        farewell = await site.federation.leave(person.session, home)
        if farewell is not None:
            visit.session = None
            return hop(site, visit, farewell, urlsplit(farewell).hostname or "")
    return see_other("/signed-out")


async def signed_out(site: Site, visit: Visit) -> Response:
    """What signing out has done."""
    return site.pages.answer(visit, "signed_out.html")


async def no_way_in(site: Site, visit: Visit) -> Response:
    """What to do without any means to sign in."""
    return site.pages.answer(visit, "no_way_in.html")


def keep(visit: Visit, entered: SignedIn) -> None:
    """The browser has a session from now on, under a value nobody had before."""
    visit.cookies.put("session", entered.value)
    visit.cookies.put("device", entered.device, seconds=_DEVICE)
    visit.cookies.drop("visit")
    visit.cookies.drop("ceremony")


async def _entered(site: Site, visit: Visit, proof: Awaitable[SignedIn], place: str) -> Response:
    keep(visit, await proof)
    return onward(site, visit, place)


async def _ways(
    site: Site,
    visit: Visit,
    place: str,
    refused: Refused = NOTHING,
    means: str = "",
    login: str = "",
) -> Response:
    offered = await options(visit, site.people.sign_in.begin_passkey)
    if refused.why:
        visit.here = with_query("/sign-in", next=place)
    return site.pages.answer(
        visit,
        "sign_in.html",
        refused=refused,
        script=offered is not None,
        options=offered,
        place=place,
        means=means,
        login=login,
        issuers=() if site.federation is None else site.federation.issuers,
    )


def _second(
    site: Site,
    visit: Visit,
    place: str,
    means: str,
    refused: Refused = NOTHING,
) -> Response:
    if visit.cookies.get("ceremony") is None:
        return see_other(with_query("/sign-in", next=place))
    if refused.why:
        visit.here = with_query(f"/sign-in/{means}", next=place)
    return site.pages.answer(
        visit,
        f"second_factor_{means}.html",
        refused=refused,
        place=place,
    )


OPEN = (
    Route("/sign-in", {"GET": Answer(sign_in)}),
    Route("/sign-in/passkey", {"POST": Answer(with_passkey)}),
    Route("/sign-in/password", {"POST": Answer(with_password)}),
    Route("/sign-in/code", {"GET": Answer(second_factor), "POST": Answer(with_code)}),
    Route("/sign-in/recovery", {"GET": Answer(other_factor), "POST": Answer(with_recovery_code)}),
    Route("/sign-in/help", {"GET": Answer(no_way_in)}),
    Route("/signed-out", {"GET": Answer(signed_out)}),
)
PERSONAL = (Route("/sign-out", {"POST": Answer(sign_out)}),)
