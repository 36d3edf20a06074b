"""A person opens an application on a record: which one, whose record, and there it goes.

The rules are `egide.api.smart.opening`'s; these are its pages.
"""

from egide.accounts import Application
from egide.api.smart import BehalfNeeded
from egide.api.smart.consent import chosen, whose
from egide.errors import NotFound
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.web.patients import Found, matching, named
from egide.web.refused import NOTHING, Refused
from egide.web.sending import outward
from egide.web.site import Site
from egide.web.visit import Visit


async def applications(site: Site, visit: Visit) -> Response:
    """The applications that can be opened."""
    offered = await site.smart.opening.offered()
    return site.pages.answer(
        visit, "open_application.html", offered=offered, chooses=_chooses(visit)
    )


async def record(site: Site, visit: Visit, client_id: str) -> Response:
    """Whose record, for whoever has to say."""
    application = await site.smart.opening.find(client_id)
    if not _chooses(visit):
        raise NotFound("there is no choice to make")
    whose(visit.actor)
    return _choice(site, visit, application)


async def find_patient(site: Site, visit: Visit, client_id: str) -> Response:
    """The patients of a name and a birth date. By a form, so that names stay out of addresses."""
    application = await site.smart.opening.find(client_id)
    visit.here = f"/applications/{client_id}"
    name, born = visit.form.get("name", "").strip(), visit.form.get("birthdate", "").strip()
    if not name or not born:
        return _choice(site, visit, application, name, born, refused=Refused("incomplete", 422))
    found = await matching(site.record, visit.actor, name, born)
    return _choice(site, visit, application, name, born, found)


async def opened(site: Site, visit: Visit, client_id: str) -> Response:
    """To the application. A patient who is not open to the person looks like none."""
    application = await site.smart.opening.find(client_id)
    visit.here = "/applications"
    actor = visit.actor
    patient = chosen(*whose(actor), visit.form.get("patient") or None)
    person = None if patient is None else await named(site.record, actor, patient)
    if person is None:
        raise NotFound("there is no such patient, or not for this person")
    issuer = site.origin or visit.request.base
    address = await site.smart.opening.open(application, person.id, actor, issuer)
    return site.pages.answer(
        visit,
        "opened.html",
        address=outward(address),
        application=application.registration.label,
        whose=person,
    )


def _chooses(visit: Visit) -> bool:
    """Whether the person says whose record it is, or has to say first for whom he acts."""
    try:
        return whose(visit.actor)[0] == "choose"
    except BehalfNeeded:
        return True


def _choice(
    site: Site,
    visit: Visit,
    application: Application,
    name: str = "",
    born: str = "",
    found: tuple[Found, ...] | None = None,
    refused: Refused = NOTHING,
) -> Response:
    here = f"/applications/{application.client_id}"
    return site.pages.answer(
        visit,
        "choose_patient.html",
        refused=refused,
        application=application.registration.label,
        search=f"{here}/patients",
        choose=f"{here}/open",
        request="",
        name=name,
        born=born,
        found=found,
    )


PERSONAL = (
    Route("/applications", {"GET": Answer(applications)}),
    Route("/applications/{client}", {"GET": Answer(record)}),
    Route("/applications/{client}/patients", {"POST": Answer(find_patient)}),
    Route("/applications/{client}/open", {"POST": Answer(opened)}),
)
