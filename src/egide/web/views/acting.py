"""For whom a relative acts: whom he may choose, whom he has chosen, and that it is over.

Chosen is a tie of the account's own, looked up again when it is chosen and at each request after
that; what the form says is only which.
"""

from dataclasses import dataclass, replace

from egide.accounts.people import Behalf, SignInRefused
from egide.api.smart.type_names import NAMES
from egide.errors import NotFound
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.record import Represented
from egide.web.addresses import back, with_query
from egide.web.patients import Found, named
from egide.web.sending import onward, see_other
from egide.web.showing import keep
from egide.web.site import Site
from egide.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody to act for: `words` are the kinds of data that are open; `who`: None, no name is."""

    tie: Represented
    who: Found | None
    words: tuple[str, ...]


async def ask(site: Site, visit: Visit) -> Response:
    """The people to act for, and until when."""
    place = back(visit.asked("next"))
    visit.here = with_query("/acting", next=place)
    offered = [await _line(site, visit, each) for each in await _offered(site, visit)]
    return site.pages.answer(visit, "acting.html", offered=offered, place=place)


async def choose(site: Site, visit: Visit) -> Response:
    """From now on the session acts for the one chosen."""
    chosen = visit.form.get("relative", "")
    for each in await _offered(site, visit):
        if each.relative == chosen:
            who = (await _line(site, visit, each)).who
            behalf = Behalf(each.relative, each.patient, "" if who is None else who.name)
            await _act(site, visit, behalf)
            return onward(site, visit, visit.form.get("next"))
    raise NotFound("there is nobody of that tie to act for")


async def end(site: Site, visit: Visit) -> Response:
    """From now on the session is its own person's again."""
    if visit.person.behalf is not None:
        await _act(site, visit, None)
    return see_other("/")


async def holds(site: Site, visit: Visit) -> bool:
    """Whether whoever is signed in acts for nobody, or still may."""
    session = visit.session
    if session is None or session.behalf is None:
        return True
    tie = session.behalf
    if not session.may_act or tie.relative not in session.bound.relatives:
        return False
    return await site.record.represents(tie.relative, tie.patient)


async def over(site: Site, visit: Visit) -> Response:
    """Ends what holds no more, and says so in place of what was asked."""
    behalf = visit.person.behalf
    assert behalf is not None
    try:
        await _act(site, visit, None, "tie-ended")
    except SignInRefused:  # another request of this browser has just done it
        visit.session = replace(visit.person, behalf=None)
    visit.here = back(visit.here)
    return site.pages.answer(visit, "acting_over.html", status=403, name=behalf.name)


async def _act(site: Site, visit: Visit, behalf: Behalf | None, reason: str = "") -> None:
    entered = await site.people.sessions.act(visit.person, behalf, visit.visitor, reason=reason)
    keep(visit, entered)
    visit.session = entered.session


async def _offered(site: Site, visit: Visit) -> list[Represented]:
    """Raises NotFound for who is nobody's relative."""
    if not visit.person.may_act:
        raise NotFound("there is no such page for this person")
    return await site.record.represented(visit.person.bound.relatives)


async def _line(site: Site, visit: Visit, tie: Represented) -> Line:
    actor = replace(visit.actor, relative=tie.relative, behalf=tie.patient)
    who = await named(site.record, actor, tie.patient)
    language = 1 if visit.language == "fr" else 0
    return Line(tie, who, tuple(sorted(NAMES[type][language] for type in tie.extent.types)))


PERSONAL = (
    Route("/acting", {"GET": Answer(ask), "POST": Answer(choose)}),
    Route("/acting/end", {"POST": Answer(end)}),
)
