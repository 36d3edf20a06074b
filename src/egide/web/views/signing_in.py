"""Signing in: a passkey, or a password and then a code; signing out.

Whatever was wrong is told in one wording, and what was typed and is no secret is kept.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from egide.accounts.people import SignedIn, SignInRefused, Visitor
from egide.errors import Busy
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.web.addresses import back, with_query
from egide.web.ceremony import options
from egide.web.refused import NOTHING, Refused, of
from egide.web.sending import hop, onward, see_other
from egide.web.showing import code, shown
from egide.web.site import Site
from egide.web.visit import Visit

Complete = Callable[[str, str, Visitor], Awaitable[SignedIn]]
"""Takes the cookie of a half sign-in, a code and the browser."""


async def sign_in(site: Site, visit: Visit) -> Response:
    """The ways to sign in. Somebody signed in already goes on."""
    if visit.session is not None:
        return onward(site, visit, visit.asked("next"))
    return await _ways(site, visit, back(visit.asked("next")))


async def with_passkey(site: Site, visit: Visit) -> Response:
    """The browser's answer with a passkey."""
    place, value = back(visit.form.get("next")), visit.cookies.get("ceremony") or ""
    said = visit.form.get("response", "")
    return await shown(
        site,
        visit,
        site.people.sign_in.finish_passkey(value, said, visit.visitor),
        place,
        lambda refused: _ways(site, visit, place, refused, "passkey"),
    )


async def with_password(site: Site, visit: Visit) -> Response:
    """A right password leads to the second factor."""
    place, login = back(visit.form.get("next")), visit.form.get("login", "").strip()
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
    return await _second(site, visit, back(visit.asked("next")), "code")


async def other_factor(site: Site, visit: Visit) -> Response:
    """The second factor for who has lost the authenticator: a recovery code."""
    return await _second(site, visit, back(visit.asked("next")), "recovery")


async def with_code(site: Site, visit: Visit) -> Response:
    """A code of the authenticator."""
    return await _completed(site, visit, "code", site.people.sign_in.code)


async def with_recovery_code(site: Site, visit: Visit) -> Response:
    """A recovery code, which is used up."""
    return await _completed(site, visit, "recovery", site.people.sign_in.recovery_code)


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


async def _completed(site: Site, visit: Visit, means: str, complete: Complete) -> Response:
    """A half sign-in, whole with a code."""
    place, value = back(visit.form.get("next")), visit.cookies.get("ceremony") or ""
    return await shown(
        site,
        visit,
        complete(value, code(visit), visit.visitor),
        place,
        lambda refused: _second(site, visit, place, means, refused),
    )


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


async def _second(
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
