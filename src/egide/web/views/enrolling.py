"""From a one-time link to an account with means to sign in.

The page behind a link changes nothing: a mail program that looks at links in advance uses none up.
"""

from egide.accounts.people import LinkRefused
from egide.errors import Conflict
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.web.sending import see_other
from egide.web.showing import keep
from egide.web.site import Site
from egide.web.views import means
from egide.web.views.means import Place
from egide.web.visit import Visit


async def invited(site: Site, visit: Visit, token: str) -> Response:
    """What a link is for, and a button to begin."""
    if not await site.people.enrolment.look(token):
        raise LinkRefused
    return site.pages.answer(visit, "invited.html", token=token)


async def begin(site: Site, visit: Visit, token: str) -> Response:
    """Follows the link."""
    enrolling = await site.people.enrolment.begin(token, visit.visitor)
    visit.cookies.put("enrolment", enrolling.value)
    return see_other("/enrolment")


async def choose(site: Site, visit: Visit) -> Response:
    """The choice of means; what is set up so far."""
    return await _choice(site, visit)


async def complete(site: Site, visit: Visit) -> Response:
    """Uses the link up and signs in."""
    value = visit.cookies.get("enrolment") or ""
    try:
        entered = await site.people.enrolment.complete(value, visit.visitor)
    except Conflict:
        return await _choice(site, visit, status=409)
    keep(visit, entered)
    visit.cookies.drop("enrolment")
    return see_other("/?welcome=1")


async def found(site: Site, visit: Visit) -> Place:
    """Where whoever follows a link sets up means. Raises LinkRefused."""
    return (await _enrolling(site, visit))[0]


async def _enrolling(site: Site, visit: Visit) -> tuple[Place, str, str]:
    value = visit.cookies.get("enrolment")
    enrolling = None if value is None else await site.people.enrolment.resolve(value)
    if value is None or enrolling is None:
        raise LinkRefused
    place = Place("/enrolment", enrolling, value, enrolling.means)
    return place, enrolling.name, enrolling.login


async def _choice(site: Site, visit: Visit, status: int = 200) -> Response:
    visit.here = "/enrolment"
    place, name, login = await _enrolling(site, visit)
    return site.pages.answer(
        visit, "enrolment.html", status=status, at=place, name=name, login=login
    )


OPEN = (
    Route("/enrol/{token}", {"GET": Answer(invited), "POST": Answer(begin)}),
    Route("/enrolment", {"GET": Answer(choose)}),
    *means.routes("/enrolment", found),
    Route("/enrolment/complete", {"POST": Answer(complete)}),
)
