"""Signing in by the word of an identity issuer: there and back, which situation, which account.

An identity opens the account it is linked to and no other; an account is linked by whoever is
signed in to it by means of its own. One factor at the issuer opens nothing.
"""

import secrets
from urllib.parse import quote

from egide.accounts.federation import Federation, FederationRefused, Identity, NoSituation
from egide.accounts.people import SignInRefused, Vouched, WorkingAs
from egide.errors import Conflict, Incorrect, NotFound, Unavailable
from egide.http import Request, Response
from egide.http.negotiation import check_body
from egide.http.routes import Answer, Route
from egide.web.addresses import back as way_back
from egide.web.addresses import with_query
from egide.web.forms import FORM, MOST, once
from egide.web.sending import hop, onward, see_other
from egide.web.showing import keep
from egide.web.site import Site
from egide.web.visit import Visit

FEDERATED = "fed"
"""How a session says that an identity issuer vouched: beside the words of RFC 8176."""
_FACTORS = 2
_NOT_KEPT = ((b"cache-control", b"no-store"),)
_JSON = b"application/json"


async def begin(site: Site, visit: Visit, issuer: str) -> Response:
    """Sends the browser to the issuer."""
    federation = _federation(site)
    place = way_back(visit.form.get("next"))
    try:
        begun = await federation.begin(issuer, place, browser_of(visit))
    except Unavailable:
        return _refused(site, visit, "unavailable", 503)
    titles = {each.name: each.title for each in federation.issuers}
    return hop(site, visit, begun.url, titles[issuer])


async def back(site: Site, visit: Visit, issuer: str) -> Response:
    """What the browser brings back from the issuer."""
    federation = _federation(site)
    visit.here = "/sign-in"
    query = [pair for pair in visit.request.query if pair[0] != "lang"]
    address = visit.request.address
    try:
        identity = await federation.finish(issuer, browser_of(visit), query, address=address)
    except FederationRefused:
        return _refused(site, visit, "unverified", 403)
    except NoSituation as error:
        return _refused(site, visit, error.reason, 403)
    except Unavailable:
        return _refused(site, visit, "unavailable", 503)
    if identity.session:
        return await _stepped_up(site, visit, federation, identity)
    if identity.assurance < _FACTORS:
        return _refused(site, visit, "one-factor", 403)
    if identity.kind == "professional" and len(identity.choices) > 1:
        handle = await federation.hold(identity, browser_of(visit))
        return see_other(with_query("/sign-in/situation", held=handle))
    return await _enter(site, visit, federation, identity)


async def ask_situation(site: Site, visit: Visit) -> Response:
    """The exercise situations to choose from."""
    federation, handle = _federation(site), visit.asked("held") or ""
    try:
        identity = await federation.look(handle, browser_of(visit))
    except FederationRefused:
        return _refused(site, visit, "unverified", 403)
    return site.pages.answer(visit, "situation.html", identity=identity, handle=handle)


async def take_situation(site: Site, visit: Visit) -> Response:
    """The situation chosen."""
    federation, said = _federation(site), visit.form.get("situation", "")
    if not said.isascii() or not said.isdigit() or len(said) > 3:
        raise Incorrect("There is no such exercise situation")
    try:
        identity = await federation.take(visit.form.get("held", ""), browser_of(visit))
        return await _enter(site, visit, federation, identity, int(said))
    except FederationRefused:
        return _refused(site, visit, "unverified", 403)
    except NoSituation as error:
        return _refused(site, visit, error.reason, 403)


async def ask_link(site: Site, visit: Visit, handle: str) -> Response:
    """Whether the identity just verified is to open this account."""
    federation = _federation(site)
    site.people.step_up.needed(visit.person)
    try:
        identity = await federation.look(handle, browser_of(visit))
    except FederationRefused:
        return _refused(site, visit, "unverified", 403)
    return site.pages.answer(
        visit, "link_identity.html", identity=identity, handle=handle, title=_title(site, identity)
    )


async def take_link(site: Site, visit: Visit) -> Response:
    """Links the identity to this account."""
    federation, person = _federation(site), visit.person
    visit.here = _linking(visit.form.get("held", ""))
    site.people.step_up.needed(person)
    try:
        identity = await federation.take(visit.form.get("held", ""), browser_of(visit))
        await federation.link(identity, person.account, proof="second-factor", by=person.account)
    except FederationRefused:
        return _refused(site, visit, "unverified", 403)
    except Conflict:
        return _refused(site, visit, "linked", 409)
    return see_other("/account")


async def _enter(
    site: Site, visit: Visit, federation: Federation, identity: Identity, situation: int = -1
) -> Response:
    """A session for the account an identity opens, or the way to link one.

    An account none of whose roles the situation gives is not opened in it; the session has no other
    roles than those, and no other establishment than the situation's.
    """
    works_as: WorkingAs | None = None
    if identity.kind == "professional":
        if situation < 0:
            situation = identity.choices[0] if identity.choices else 0
        chosen = federation.choose(identity, situation)
        works_as = WorkingAs(chosen.roles, chosen.establishment)
    account = await federation.account_of(identity)
    if account is None:
        handle = await federation.hold(identity, browser_of(visit))
        return site.pages.answer(
            visit,
            "not_linked.html",
            status=403,
            title=_title(site, identity),
            place=_linking(handle),
        )
    person = await site.people.directory.person(account)
    if works_as is not None and not works_as.narrows(person.roles):
        return _refused(site, visit, "no-role", 403)
    means = (FEDERATED, *identity.evidence.amr)
    try:
        entered = await site.people.sessions.open(
            account,
            means,
            visit.visitor,
            at=identity.evidence.at,
            assurance=identity.assurance,
            works_as=works_as,
        )
    except SignInRefused:
        return _refused(site, visit, "closed", 403)
    await federation.opened(entered.session.session, identity, entered.session.expires)
    keep(visit, entered)
    return onward(site, visit, identity.return_to)


async def _stepped_up(
    site: Site, visit: Visit, federation: Federation, identity: Identity
) -> Response:
    """The session that sent the browser there goes on, with the proof it came back with."""
    account = await federation.account_of(identity) or 0
    session = visit.session
    if session is None or session.session != identity.session:
        return _refused(site, visit, "other-session", 403)
    visit.here = "/step-up"
    means = (FEDERATED, *identity.evidence.amr)
    vouched = Vouched(account, identity.assurance, identity.evidence.at, means)
    try:
        entered = await site.people.step_up.federated(session, vouched, visit.visitor)
    except SignInRefused as refused:
        return _refused(site, visit, refused.reason, 403)
    await federation.opened(entered.session.session, identity, entered.session.expires)
    keep(visit, entered)
    return onward(site, visit, identity.return_to)


def _linking(handle: str) -> str:
    """The page that links what is held: in the path, which signing in comes back to."""
    return f"/account/link/{quote(handle, safe='')}"


def _federation(site: Site) -> Federation:
    if site.federation is None:
        raise NotFound("No identity issuer is configured")
    return site.federation


def browser_of(visit: Visit) -> bytes:
    """What the browser is known by on its way to an issuer and back."""
    kept = visit.cookies.get("issuer")
    if kept is None:
        kept = secrets.token_urlsafe(24)
        visit.cookies.put("issuer", kept)
    return kept.encode("ascii")


def _title(site: Site, identity: Identity) -> str:
    return next(each.title for each in _federation(site).issuers if each.name == identity.issuer)


def _refused(site: Site, visit: Visit, why: str, status: int) -> Response:
    visit.here = "/sign-in"
    return site.pages.answer(visit, "federation_refused.html", status=status, why=why)


async def ended_there(site: Site, request: Request, issuer: str) -> Response:
    """What the issuer posts when a person's session ends there: ours end too.

    200, or 400 for a logout token that does not hold.
    https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse
    """
    federation = _federation(site)
    check_body(request.headers.get(b"content-type"), FORM)
    said = once(await request.form(MOST))
    try:
        await federation.ended(
            issuer,
            said.get("logout_token", ""),
            site.people.sessions.end_by_issuer,
            address=request.address,
        )
    except FederationRefused:
        return Response(400, b'{"error":"invalid_request"}', [*_NOT_KEPT], _JSON)
    return Response(200, b"", [*_NOT_KEPT], _JSON)


OPEN = (
    Route("/sign-in/at/{issuer}", {"POST": Answer(begin)}),
    Route("/sign-in/from/{issuer}", {"GET": Answer(back)}),
    Route("/sign-in/situation", {"GET": Answer(ask_situation), "POST": Answer(take_situation)}),
)
ISSUERS = (Route("/sign-in/from/{issuer}/logout", {"POST": Answer(ended_there)}),)
PERSONAL = (
    Route("/account/link/{held}", {"GET": Answer(ask_link)}),
    Route("/account/link", {"POST": Answer(take_link)}),
)
