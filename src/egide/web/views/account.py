"""One's own account: the first page, means to sign in, open sessions, applications let in."""

from dataclasses import replace

from egide.accounts.people import Behalf
from egide.api.smart.words import lines_of
from egide.errors import Conflict, NotFound
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.web.patients import named
from egide.web.refused import NOTHING, Refused
from egide.web.sending import see_other
from egide.web.site import Site
from egide.web.views import means
from egide.web.views.means import Place
from egide.web.visit import Visit

_NUMBER = 19
"""Digits of the largest number of a session, a passkey or an approval."""


async def home(site: Site, visit: Visit) -> Response:
    """What there is for a person signed in."""
    own = await site.people.means.of(visit.person.account)
    sessions = await site.people.sessions.entries(visit.person.account)
    given = await site.smart.accounts.approvals.given(visit.person.account)
    return site.pages.answer(
        visit,
        "home.html",
        own=own,
        sessions=sessions,
        applications=len(given),
        offered=len(await site.smart.opening.offered()),
        welcome=visit.asked("welcome") is not None,
    )


async def account(site: Site, visit: Visit) -> Response:
    """The means to sign in."""
    return await _account(site, visit)


async def remove_passkey(site: Site, visit: Visit, number: str) -> Response:
    """Takes a passkey away, unless nothing enough would be left."""
    try:
        await site.people.means.remove_passkey(visit.person, _numbered(number))
    except Conflict:
        return await _account(site, visit, Refused("last", 409))
    return see_other("/account")


async def remove_password(site: Site, visit: Visit) -> Response:
    """Takes password and authenticator away, unless no passkey would be left."""
    try:
        await site.people.means.remove_password(visit.person)
    except Conflict:
        return await _account(site, visit, Refused("last", 409))
    return see_other("/account")


async def sessions(site: Site, visit: Visit) -> Response:
    """The open sessions, with what ends each."""
    entries = await site.people.sessions.entries(visit.person.account)
    return site.pages.answer(visit, "sessions.html", entries=entries)


async def end_session(site: Site, visit: Visit, number: str) -> Response:
    """Ends one session; one's own is signed out of."""
    session = _numbered(number)
    person = visit.person
    await site.people.sessions.revoke(person.account, session, by=person.account)
    if session == person.session:
        visit.cookies.drop("session")
        return see_other("/signed-out")
    return see_other("/account/sessions")


async def end_others(site: Site, visit: Visit) -> Response:
    """Ends every session but this one."""
    person = visit.person
    await site.people.sessions.revoke_all(
        person.account, except_session=person.session, by=person.account
    )
    return see_other("/account/sessions")


async def applications(site: Site, visit: Visit) -> Response:
    """The applications let in, for whom, with what takes each back."""
    given = await site.smart.accounts.approvals.given(visit.person.account)
    ties = {each.behalf for each in given if each.behalf is not None}
    names = {each: await _name(site, visit, each) for each in ties}
    shown = [
        (each, lines_of(each.scope), "" if each.behalf is None else names[each.behalf])
        for each in given
    ]
    return site.pages.answer(visit, "applications.html", given=shown)


async def _name(site: Site, visit: Visit, behalf: Behalf) -> str:
    """The name of somebody acted for; empty where it is not open to the person, now."""
    if behalf.relative not in visit.person.bound.relatives:
        return ""
    actor = replace(visit.actor, relative=behalf.relative, behalf=behalf.patient)
    who = await named(site.record, actor, behalf.patient)
    return "" if who is None else who.name


async def take_back(site: Site, visit: Visit, number: str) -> Response:
    """Takes back what was given to one application; it holds on its next request."""
    account = visit.person.account
    await site.smart.accounts.approvals.take_back(account, _numbered(number), by=account)
    return see_other("/account/applications")


async def found(site: Site, visit: Visit) -> Place:
    """Where a person signed in sets up means. Raises StepUpNeeded."""
    person = visit.person
    site.people.step_up.needed(person)
    own = await site.people.means.of(person.account)
    return Place("/account", person, visit.cookies.get("session") or "", own)


async def _account(site: Site, visit: Visit, refused: Refused = NOTHING) -> Response:
    visit.here = "/account"
    own = await site.people.means.of(visit.person.account)
    return site.pages.answer(visit, "account.html", refused=refused, own=own)


def _numbered(text: str) -> int:
    """A number of ours as an address has it. Raises NotFound."""
    if not text.isascii() or not text.isdigit() or len(text) > _NUMBER:
        raise NotFound("there is no such page")
    return int(text)


PERSONAL = (
    Route("/", {"GET": Answer(home)}),
    Route("/account", {"GET": Answer(account)}),
    *means.routes("/account", found),
    Route("/account/passkeys/{number}/remove", {"POST": Answer(remove_passkey)}),
    Route("/account/password/remove", {"POST": Answer(remove_password)}),
    Route("/account/sessions", {"GET": Answer(sessions)}),
    Route("/account/sessions/end-others", {"POST": Answer(end_others)}),
    Route("/account/sessions/{session}/end", {"POST": Answer(end_session)}),
    Route("/account/applications", {"GET": Answer(applications)}),
    Route("/account/applications/{number}/take-back", {"POST": Answer(take_back)}),
)
