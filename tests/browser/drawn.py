"""Pages whose views need an identity issuer, an application or a fault, drawn from made-up values.

What leads to them is tested in tests/integration/web; here they are only looked at.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, Route
from tests.unit.web.visiting import visiting

from egide.accounts.federation import Situation
from egide.accounts.people import Behalf, Means
from egide.api.smart import Consent
from egide.api.smart.words import lines_of
from egide.gate.extent import Extent
from egide.record import Represented
from egide.web.assets import Assets
from egide.web.encounters import Stay
from egide.web.forms import Forms
from egide.web.pages import Pages
from egide.web.patients import Found
from egide.web.refused import Refused
from egide.web.views.acting import Line

AT = datetime(2026, 11, 23, 13, 8, tzinfo=UTC)
_SITUATIONS = (
    Situation("10", finess="010000001", structure="CH de Valfictif", roles=("clinician",)),
    Situation("10", finess="010000002", structure="Clinique du Pont-Fictif", roles=("clinician",)),
    Situation("10", structure="Cabinet sans rôle ici"),
)
_IDENTITY = SimpleNamespace(display="Camille Exemple", situations=_SITUATIONS, choices=(0, 1))
_CONSENT = Consent(
    application="Carnet de Suivi",
    client_id="client-none",
    publisher="Éditeur Fictif",
    homepage=None,
    lines=lines_of(
        "launch/patient openid offline_access patient/Observation.rs patient/Condition.cruds"
    ),
    record="launched",
    patient="p1",
    encounter="launched",
    access=timedelta(hours=1),
    until=timedelta(days=90),
    lasting="offline",
)
_FOUND = (
    Found("p1", "DÉMONSTRATION Jeanne", "1948-07-04", "female"),
    Found("p2", "DÉMONSTRATION Jean", "1948-07-04", "male"),
)
_STAYS = (
    Stay("e1", "Hospitalisation complète", "2026-11-20T08:00:00+01:00", ""),
    Stay("e2", "Consultation", "2026-10-02", "2026-10-02"),
    Stay("e3", "", "", ""),
)
_EVER = datetime(9999, 12, 31, tzinfo=UTC)
_LINES = (
    Line(
        Represented("r1", "p1", AT, AT + timedelta(days=400), Extent(True, ("Observation",))),
        _FOUND[0],
        ("tout",),
    ),
    Line(
        Represented("r2", "p2", datetime(1, 1, 2, tzinfo=UTC), _EVER, Extent(False, ("Goal",))),
        _FOUND[1],
        ("comptes rendus d’examens", "documents médicaux", "mesures et résultats", "rendez-vous"),
    ),
    Line(Represented("r3", "p3", AT, _EVER, Extent(False, ())), None, ()),
)
_OWN = Means(password=False)
_ISSUERS = [
    SimpleNamespace(name="fc", title="FranceConnect+"),
    SimpleNamespace(name="psc", title="Pro Santé Connect"),
]
_STEP_UP = {"options": None, "own": _OWN, "place": "/account", "used": ""}

_ERROR = {"reference": "0123456789abcdef", "at": AT}
_CHOICE = {
    "application": "Carnet de Suivi",
    "search": "/oauth/patients",
    "choose": "/oauth/patient",
    "request": "",
    "name": "Démonstration",
}
_OFFERED = [
    SimpleNamespace(
        client_id="none", registration=SimpleNamespace(label=label, publisher=publisher)
    )
    for label, publisher in (("Carnet de Suivi", "Éditeur Fictif"), ("Courbes", None))
]

_GIVEN = SimpleNamespace(
    number=1, application="Carnet de Suivi", lasting="offline", made=AT, expires=AT, behalf=None
)
_GIVEN_FOR = SimpleNamespace(
    number=2,
    application="Courbes",
    lasting="online",
    made=AT,
    expires=AT,
    behalf=Behalf("r1", "p1"),
)
_WHY = (
    "no-role",
    "no-situation",
    "no-profession",
    "one-factor",
    "unavailable",
    "linked",
    "closed",
    "not-verified",
)

DRAWN: Mapping[str, tuple[str, dict[str, Any]]] = {
    "consent": (
        "consent.html",
        {
            "consent": _CONSENT,
            "whose": _FOUND[0],
            "stay": _STAYS[0],
            "patient": "",
            "request": "",
            "back": "app.example",
        },
    ),
    "consent-behalf": (
        "consent.html",
        {
            "consent": replace(_CONSENT, record="behalf"),
            "whose": _FOUND[0],
            "stay": None,
            "patient": "",
            "request": "",
            "back": "app.example",
        },
    ),
    "home-acting": (
        "home.html",
        {"own": _OWN, "sessions": [], "applications": 1, "offered": 2, "welcome": False},
    ),
    "acting": ("acting.html", {"offered": _LINES, "place": "/"}),
    "acting-now": ("acting.html", {"offered": _LINES, "place": "/"}),
    "acting-nobody": ("acting.html", {"offered": [], "place": "/"}),
    "acting-over": ("acting_over.html", {"name": "DÉMONSTRATION Jeanne"}),
    "step-up-there": ("step_up.html", {**_STEP_UP, "issuers": _ISSUERS}),
    "step-up-stuck": ("step_up.html", {**_STEP_UP, "issuers": []}),
    "other-account": ("federation_refused.html", {"why": "other-account"}),
    "choose-patient": ("choose_patient.html", {**_CHOICE, "born": "1948-07-04", "found": _FOUND}),
    "choose-nobody": (
        "choose_patient.html",
        {**_CHOICE, "born": "", "found": (), "refused": Refused("incomplete", 422)},
    ),
    "choose-encounter": (
        "choose_encounter.html",
        {
            "application": "Carnet de Suivi",
            "request": "",
            "patient": "p1",
            "whose": _FOUND[0],
            "found": _STAYS,
        },
    ),
    "open-application": ("open_application.html", {"offered": _OFFERED, "chooses": True}),
    "open-on-own": ("open_application.html", {"offered": _OFFERED, "chooses": False}),
    "open-none": ("open_application.html", {"offered": [], "chooses": False}),
    "opened": (
        "opened.html",
        {"application": "Carnet de Suivi", "whose": _FOUND[0], "address": "#content"},
    ),
    "applications": (
        "applications.html",
        {
            "given": [
                (_GIVEN, lines_of("offline_access patient/Observation.rs"), ""),
                (_GIVEN_FOR, lines_of("patient/Observation.rs"), "DÉMONSTRATION Jeanne"),
                (_GIVEN_FOR, lines_of("patient/Observation.rs"), ""),
            ]
        },
    ),
    "situation": ("situation.html", {"identity": _IDENTITY, "handle": "none"}),
    "not-linked": ("not_linked.html", {"title": "Pro Santé Connect", "place": "/account/link"}),
    "link-identity": (
        "link_identity.html",
        {"identity": _IDENTITY, "handle": "none", "title": "Pro Santé Connect"},
    ),
    **{why: ("federation_refused.html", {"why": why}) for why in _WHY},
    "hop": ("hop.html", {"address": "#content", "title": "Pro Santé Connect"}),
    "continue": ("continue.html", {"address": "#content"}),
    "sign-in": (
        "sign_in.html",
        {
            "options": "{}",
            "place": "/",
            "means": "password",
            "login": "exemple",
            "refused": Refused("wrong", 403),
            "issuers": _ISSUERS,
        },
    ),
    "second-factor": ("second_factor_code.html", {"place": "/", "refused": Refused("wrong", 403)}),
    "recovery": (
        "second_factor_recovery.html",
        {"place": "/", "refused": Refused("busy", 429, 42)},
    ),
    **{
        kind: ("error.html", {**_ERROR, "kind": kind, "status_code": code})
        for kind, code in (
            ("stopped", 503),
            ("denied", 403),
            ("form", 403),
            ("busy", 429),
            ("insecure", 403),
            ("fault", 500),
            ("incorrect", 400),
        )
    },
}
_ACTING = frozenset({"acting-now", "consent-behalf", "home-acting", "open-on-own"})
"""Pages seen by a relative who acts for somebody."""
_SIGNED_IN = _ACTING | frozenset(
    {
        "acting",
        "acting-nobody",
        "acting-over",
        "applications",
        "choose-encounter",
        "choose-nobody",
        "choose-patient",
        "consent",
        "continue",
        "denied",
        "link-identity",
        "open-application",
        "open-none",
        "open-on-own",
        "opened",
        "other-account",
        "step-up-stuck",
        "step-up-there",
    }
)


@contextmanager
def drawn(page: Page, url: str, name: str, language: str) -> Iterator[None]:
    """`page` shows the page `name`, with the files of the server at `url`."""
    template, values = DRAWN[name]
    pages = Pages(
        Assets(),
        Forms(bytes(32)),
        zone=ZoneInfo("Europe/Paris"),
        establishment="CH de Valfictif",
        demo=True,
    )
    behalf = Behalf("r1", "p1", "DÉMONSTRATION Jeanne") if name in _ACTING else None
    visit = visiting(language, signed_in=name in _SIGNED_IN, behalf=behalf)
    answer = pages.answer(visit, template, **values)

    def fulfil(route: Route) -> None:
        headers = {key.decode(): value.decode() for key, value in answer.headers}
        route.fulfill(status=200, body=answer.body, headers=headers)

    address = f"{url}/drawn/{name}"
    page.route(address, fulfil)
    page.goto(address)
    yield
    page.unroute(address)
