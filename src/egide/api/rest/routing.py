"""Routing of `/fhir`: the address says the interaction. https://hl7.org/fhir/R4/http.html#summary"""

from egide.accounts import Accounts
from egide.actor import Actor
from egide.api.operations.break_glass import break_glass
from egide.api.operations.broken_glass import broken_glass, review_glass
from egide.api.operations.definitions import OPERATIONS
from egide.api.operations.everything import everything
from egide.api.operations.explain import explain
from egide.api.operations.meta import meta
from egide.api.rest.bundle import post_bundle
from egide.api.rest.call import Call, preferences
from egide.api.rest.create import create
from egide.api.rest.delete import delete, delete_matching
from egide.api.rest.history_instance import history_instance
from egide.api.rest.history_system import history_system
from egide.api.rest.history_type import history_type
from egide.api.rest.metadata import metadata
from egide.api.rest.read import read
from egide.api.rest.search_compartment import search_compartment
from egide.api.rest.search_system import search_system
from egide.api.rest.search_type import search_type
from egide.api.rest.update import update, update_matching
from egide.api.rest.vread import vread
from egide.api.smart.configuration import Offer
from egide.errors import EgideError, Incorrect, NotFound, Unsupported
from egide.fhir.definitions import TYPES
from egide.http import Request, Response, actor_of
from egide.http.negotiation import written
from egide.http.routes import Answer, Route, Routes
from egide.record import Record

_TYPES = frozenset(TYPES)
_PURPOSE = b"x-purpose-of-use"
_DEFAULT_PURPOSES = (
    ("system", "TREAT"),
    ("clinician", "TREAT"),
    ("patient", "PATRQT"),
    ("relative", "FAMRQT"),
    ("registrar", "HOPERAT"),
    ("auditor", "HOPERAT"),
    ("dpo", "HOPERAT"),
    ("rssi", "HOPERAT"),
    ("researcher", "HRESCH"),
    ("manager", "HOPERAT"),
)

FHIR = Routes(
    [
        Route(
            "/fhir",
            {
                "GET": Answer(search_system, ("search",)),
                "POST": Answer(post_bundle, ("transaction", "batch")),
            },
        ),
        Route("/fhir/_search", {"POST": Answer(search_system, ("search",))}),
        Route("/fhir/metadata", {"GET": Answer(metadata)}),
        Route(
            "/fhir/{type}",
            {
                "GET": Answer(search_type, ("search",)),
                "POST": Answer(create, ("create",)),
                "PUT": Answer(update_matching, ("update", "create")),
                "DELETE": Answer(delete_matching, ("delete",)),
            },
        ),
        Route("/fhir/_history", {"GET": Answer(history_system, ("history",))}),
        Route("/fhir/{type}/_history", {"GET": Answer(history_type, ("history",))}),
        Route("/fhir/{type}/_search", {"POST": Answer(search_type, ("search",))}),
        Route(
            "/fhir/{type}/{id}",
            {
                "GET": Answer(read, ("read",)),
                "PUT": Answer(update, ("update", "create")),
                "DELETE": Answer(delete, ("delete",)),
            },
        ),
        Route("/fhir/{type}/{id}/{member}", {"GET": Answer(search_compartment, ("search",))}),
        Route(
            "/fhir/{type}/{id}/{member}/_search",
            {"POST": Answer(search_compartment, ("search",))},
        ),
        Route("/fhir/$explain", {"POST": Answer(explain, ("$explain",))}),
        Route(
            "/fhir/$broken-glass",
            {
                "GET": Answer(broken_glass, ("review",)),
                "POST": Answer(review_glass, ("review",)),
            },
        ),
        Route("/fhir/Patient/{id}/$break-glass", {"POST": Answer(break_glass, ("$break-glass",))}),
        Route(
            "/fhir/Patient/{id}/$everything",
            {
                "GET": Answer(everything, ("$everything",)),
                "POST": Answer(everything, ("$everything",)),
            },
        ),
        Route("/fhir/{type}/{id}/$meta", {"GET": Answer(meta, ("read",))}),
        Route("/fhir/{type}/{id}/_history", {"GET": Answer(history_instance, ("history",))}),
        Route("/fhir/{type}/{id}/_history/{version}", {"GET": Answer(vread, ("vread",))}),
    ]
)
"""Everything under `/fhir`. `{type}` is a resource type and, where it is, the first variable;
`{member}` one too, or `*`.

Answers with interactions are given a `Call`; those without, the request, the address of `/fhir`,
the media type to write, whether to indent, and what the authorization server does.
"""


class Rest:
    """Answers what comes under `/fhir`."""

    def __init__(
        self, record: Record, accounts: Accounts, base_url: str | None, offer: Offer
    ) -> None:
        self._record = record
        self._accounts = accounts
        self._base_url = base_url
        self._offer = offer

    async def respond(self, request: Request) -> Response:
        """The answer to a request whose first segment is `fhir`."""
        found = FHIR.find(request.segments)
        if found is None:
            raise _nothing(request.segments)
        route, variables = found
        if route.template.startswith("/fhir/{type}") and variables[0] not in _TYPES:
            raise NotFound("there is no such resource type in FHIR R4")
        request.route = route.template.replace("Patient", "{type}")
        answer = route.answer(request.method)
        base = f"{self._base_url or request.base}/fhir"
        format, pretty = _format(request)
        media = written(request.headers.get(b"accept"), format)
        if not answer.interactions:
            return await answer.respond(request, base, media, pretty, self._offer)
        actor = await actor_of(request, self._accounts)
        purpose = _purpose(request, actor)
        prefer = preferences(request.headers.get(b"prefer"))
        async with self._record.open(actor, purpose) as session:
            call = Call(request, session, base, media, pretty, prefer, self._accounts, FHIR)
            return await answer.respond(call, *variables)


def _nothing(segments: tuple[str, ...]) -> EgideError:
    """The refusal of an address that is in no table."""
    if segments[-1].startswith("$"):
        if segments[-1][1:] in {each.name for each in OPERATIONS if each.on == "instance"}:
            return Unsupported(
                f"{segments[-1]} is done for a single resource only, named by its id"
            )
        return Unsupported("this server has no such operation")
    return NotFound("there is nothing under this address")


def _format(request: Request) -> tuple[str | None, bool]:
    """`_format` and `_pretty` of the query."""
    if not request.query:
        return None, False
    given = dict(request.query)
    pretty = given.get("_pretty", "false")
    if pretty not in ("true", "false"):
        raise Incorrect("_pretty is true or false")
    return given.get("_format"), pretty == "true"


def _purpose(request: Request, actor: Actor) -> str:
    """The purpose of use the client states, or the usual one of its role; a relative's who acts for
    somebody."""
    stated = request.headers.get(_PURPOSE)
    if stated is not None:
        return stated.decode("latin-1").strip().upper()
    if actor.behalf is not None:
        return "FAMRQT"
    return next((usual for role, usual in _DEFAULT_PURPOSES if role in actor.roles), "HSYSADMIN")
