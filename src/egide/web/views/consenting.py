"""An application asks for a person's word: what it wants, whose record, how long, yes or no.

The rules are `egide.api.smart.authorization`'s; these are its pages. What the application asked
travels along in the forms as it came, and is examined again at each step.
https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from urllib.parse import urlencode, urlsplit

from egide.api.smart import Approver, AuthorizationRequest, Consent, SentBack
from egide.api.smart.authorization_request import KNOWN
from egide.errors import Forbidden, NotFound
from egide.http import Response
from egide.http.form import pairs
from egide.http.negotiation import check_body
from egide.http.routes import Answer, Route
from egide.web.encounters import Stay, stay, stays
from egide.web.forms import FORM, MOST
from egide.web.patients import Found, matching, named
from egide.web.refused import NOTHING, Refused
from egide.web.sending import away, see_other, to_sign_in
from egide.web.site import Site
from egide.web.visit import Visit

_MOST_KEPT = 200
"""Lines of a page of consent that can be kept or not."""


async def asked(site: Site, visit: Visit) -> Response:
    """The request of an application, in the address."""
    try:
        request = await _examined(site, visit, visit.request.query)
        if visit.session is None:
            return to_sign_in(visit)
        return await _page(site, visit, request)
    except SentBack as error:
        return away(error.location)


async def asked_by_post(site: Site, visit: Visit) -> Response:
    """The request of an application, in a body: asked again in the address.

    It comes from elsewhere and changes nothing, so it is no form of ours. What is no parameter of
    such a request stays out of the address.
    """
    check_body(visit.request.headers.get(b"content-type"), FORM)
    asked = [pair for pair in await visit.request.form(MOST) if pair[0] in KNOWN]
    return see_other(f"/oauth/authorize?{urlencode(asked)}")


async def find_patient(site: Site, visit: Visit) -> Response:
    """The patients of a name and a birth date. By a form, so that names stay out of addresses."""
    try:
        request = await _carried(site, visit)
    except SentBack as error:
        return away(error.location)
    name, born = visit.form.get("name", "").strip(), visit.form.get("birthdate", "").strip()
    if not name or not born:
        return _choice(site, visit, request, name, born, refused=Refused("incomplete", 422))
    found = await matching(site.record, visit.actor, name, born)
    return _choice(site, visit, request, name, born, found)


async def choose_patient(site: Site, visit: Visit) -> Response:
    """The page of consent, for the patient chosen."""
    try:
        request = await _carried(site, visit)
        return await _page(site, visit, request, visit.form.get("patient") or None)
    except SentBack as error:
        return away(error.location)


async def choose_encounter(site: Site, visit: Visit) -> Response:
    """The page of consent, for the encounter chosen, or for none."""
    try:
        request = await _carried(site, visit)
        patient = visit.form.get("patient") or None
        return await _page(site, visit, request, patient, visit.form.get("encounter", ""))
    except SentBack as error:
        return away(error.location)


async def answered(site: Site, visit: Visit) -> Response:
    """Yes or no; the application hears of either. What was chosen is looked up again: a form can
    say anything."""
    try:
        request = await _carried(site, visit)
        approver = _approver(visit)
        if visit.form.get("answer") != "allow":
            return away(await site.smart.deny(request, approver))
        kept = [visit.form.get(f"keep-{number}") for number in range(_MOST_KEPT)]
        consent = await site.smart.consent(request, approver)
        patient = visit.form.get("patient") or None
        if consent.record == "choose" and patient is not None:
            await _within_reach(site, visit, patient)
        encounter = visit.form.get("encounter") or None
        if encounter is not None:
            whose = patient if consent.record == "choose" else consent.patient
            await _stay(site, visit, consent, whose, encounter)
        return away(
            await site.smart.approve(
                request,
                approver,
                patient=patient,
                encounter=encounter,
                scopes=[scope for scope in kept if scope is not None],
            )
        )
    except SentBack as error:
        return away(error.location)


async def _examined(
    site: Site, visit: Visit, parameters: list[tuple[str, str]]
) -> AuthorizationRequest:
    said = [(name, value) for name, value in parameters if name != "lang"]
    issuer = site.origin or visit.request.base
    return await site.smart.examine(said, issuer, address=visit.request.address)


async def _carried(site: Site, visit: Visit) -> AuthorizationRequest:
    """The request that a form carries along."""
    carried = visit.form.get("request", "")
    visit.here = f"/oauth/authorize?{carried}"
    return await _examined(site, visit, pairs(carried.encode()))


async def _page(
    site: Site,
    visit: Visit,
    request: AuthorizationRequest,
    patient: str | None = None,
    encounter: str | None = None,
) -> Response:
    """What is still to be chosen, then what is to be approved. `encounter`: "" for none of them,
    None while it was not chosen."""
    consent = await site.smart.consent(request, _approver(visit))
    person: Found | None = None
    whose = consent.patient
    if consent.record == "choose":
        if patient is None:
            return _choice(site, visit, request)
        person = await _within_reach(site, visit, patient)
        whose = patient
    elif whose is not None and consent.record != "own":
        person = await named(site.record, visit.actor, whose)
    chosen: Stay | None = None
    if encounter:
        chosen = await _stay(site, visit, consent, whose, encounter)
    elif encounter is None and consent.encounter == "choose" and whose is not None:
        found = await stays(site.record, visit.actor, whose)
        if found:
            return _stays(site, visit, request, consent.record, whose, person, found)
    return site.pages.answer(
        visit,
        "consent.html",
        onward=[_place(request.redirect_uri)],
        consent=consent,
        whose=person,
        stay=chosen,
        patient=whose if consent.record == "choose" else "",
        request=urlencode(request.parameters),
        back=urlsplit(request.redirect_uri).hostname,
    )


async def _within_reach(site: Site, visit: Visit, patient: str) -> Found:
    """The patient that was chosen. Raises NotFound for one who is not open to the person."""
    found = await named(site.record, visit.actor, patient)
    if found is None:
        raise NotFound("there is no such patient, or not for this person")
    return found


async def _stay(
    site: Site, visit: Visit, consent: Consent, patient: str | None, encounter: str
) -> Stay:
    """The encounter that was chosen. Raises NotFound for one that is not open to the person, or not
    of that patient, Forbidden where there is none to choose."""
    if consent.encounter != "choose" or patient is None:
        raise Forbidden("there is no stay to choose here")
    found = await stay(site.record, visit.actor, patient, encounter)
    if found is None:
        raise NotFound("there is no such stay of this patient, or not for this person")
    return found


def _stays(
    site: Site,
    visit: Visit,
    request: AuthorizationRequest,
    record: str,
    patient: str,
    person: Found | None,
    found: tuple[Stay, ...],
) -> Response:
    return site.pages.answer(
        visit,
        "choose_encounter.html",
        onward=[_place(request.redirect_uri)],
        application=request.application.registration.label,
        request=urlencode(request.parameters),
        patient=patient if record == "choose" else "",
        whose=person,
        found=found,
    )


def _choice(
    site: Site,
    visit: Visit,
    request: AuthorizationRequest,
    name: str = "",
    born: str = "",
    found: tuple[Found, ...] | None = None,
    refused: Refused = NOTHING,
) -> Response:
    return site.pages.answer(
        visit,
        "choose_patient.html",
        refused=refused,
        onward=[_place(request.redirect_uri)],
        application=request.application.registration.label,
        search="/oauth/patients",
        choose="/oauth/patient",
        request=urlencode(request.parameters),
        name=name,
        born=born,
        found=found,
    )


def _approver(visit: Visit) -> Approver:
    session = visit.person
    return Approver(visit.actor, session.authenticated, session.means, session.works_as)


def _place(uri: str) -> str:
    """The origin of an https or loopback address, the scheme of a native application's own."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


FOREIGN = (Route("/oauth/authorize", {"GET": Answer(asked), "POST": Answer(asked_by_post)}),)
PERSONAL = (
    Route("/oauth/patients", {"POST": Answer(find_patient)}),
    Route("/oauth/patient", {"POST": Answer(choose_patient)}),
    Route("/oauth/encounter", {"POST": Answer(choose_encounter)}),
    Route("/oauth/consent", {"POST": Answer(answered)}),
)
