"""What answers which address: FHIR, access tokens, health, figures."""

from collections.abc import Callable, Iterator

from egide.accounts import Accounts
from egide.api.health import Health
from egide.api.rest import FHIR, Rest
from egide.api.smart.configuration import SMART, Offer
from egide.api.smart.key_sets import KeySets
from egide.api.smart.server import ROUTES, Server
from egide.clock import Clock
from egide.db import Database
from egide.errors import EgideError, NotFound
from egide.http import Door, Entrance, Limits, Request, Response, answer
from egide.http.routes import Answer, Route, Routes
from egide.record import Record
from egide.settings import Network
from egide.telemetry import Metrics


async def _welcome(health: Health, request: Request) -> Response:
    return health.welcome()


async def _live(health: Health, request: Request) -> Response:
    return health.live()


async def _ready(health: Health, request: Request) -> Response:
    return await health.ready()


async def _metrics(health: Health, request: Request) -> Response:
    return health.metrics()


OUTSIDE = Routes(
    [
        Route("/", {"GET": Answer(_welcome)}),
        Route("/health/live", {"GET": Answer(_live)}),
        Route("/health/ready", {"GET": Answer(_ready)}),
        Route("/metrics", {"GET": Answer(_metrics)}),
    ]
)
"""Everything about the server itself. Answers are given its health and the request."""

OAUTH = Routes(ROUTES)
"""The authorization server, what is well known about it included."""
_WELL_KNOWN = tuple(SMART.strip("/").split("/"))[:2]


def routes() -> Iterator[Route]:
    """Every address this server answers."""
    yield from OUTSIDE
    yield from OAUTH
    yield from FHIR


def application(
    *,
    database: Database,
    record: Record,
    accounts: Accounts,
    metrics: Metrics,
    body_limit: int,
    base_url: str | None,
    stopping: Callable[[], bool],
    clock: Clock,
    offer: Offer,
    proxies: tuple[Network, ...] = (),
    networks: tuple[Network, ...] = (),
    web: Door | None = None,
    key_sets: KeySets | None = None,
) -> Entrance:
    """The ASGI application of one worker; `stopping` turns readiness off during a stop.

    `offer`: what of the authorization server is there; `proxies` are believed when they say for
    whom they forward a request; `networks` are the establishment's own; `web`: the door of the
    pages people read, None: there are none; `key_sets` are those applications publish, None: they
    are not fetched.
    """
    rest = Rest(record, accounts, base_url, offer)
    server = Server(accounts, clock, offer, base_url=base_url, key_sets=key_sets)
    health = Health(database, metrics, stopping)

    async def respond(request: Request) -> Response:
        segments = request.segments
        if segments[0] == "fhir" and segments[:2] != _WELL_KNOWN:
            return await rest.respond(request)
        found = OAUTH.find(segments)
        if found is not None:
            request.route = found.route.template
            return await found.route.answer(request.method).respond(server, request)
        if web is not None and web.takes(request):
            return await web.respond(request)
        found = OUTSIDE.find(segments)
        if found is None:
            raise NotFound("there is nothing under this address; FHIR is under /fhir")
        request.route = found.route.template
        return await found.route.answer(request.method).respond(health, request)

    def failed(error: EgideError, request: Request) -> Response:
        page = None if web is None else web.failed(error, request)
        return answer(error, request) if page is None else page

    https = base_url is not None and base_url.startswith("https:")
    limits = Limits(body=body_limit)
    return Entrance(
        respond,
        metrics=metrics,
        limits=limits,
        proxies=proxies,
        networks=networks,
        https=https,
        failed=failed,
    )
