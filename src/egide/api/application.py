"""What answers which address: FHIR, access tokens, health, figures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from egide.accounts import Accounts
from egide.api.health import Health
from egide.api.rest import FHIR, Rest
from egide.api.smart.token import Token
from egide.db import Database
from egide.errors import NotFound
from egide.http import Entrance, Limits, Request, Response
from egide.http.routes import Answer, Route, Routes
from egide.record import Record
from egide.settings import Network
from egide.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Doors:
    """What answers outside FHIR."""

    health: Health
    token: Token


async def _welcome(doors: Doors, request: Request) -> Response:
    return doors.health.welcome()


async def _live(doors: Doors, request: Request) -> Response:
    return doors.health.live()


async def _ready(doors: Doors, request: Request) -> Response:
    return await doors.health.ready()


async def _metrics(doors: Doors, request: Request) -> Response:
    return doors.health.metrics()


async def _token(doors: Doors, request: Request) -> Response:
    return await doors.token.respond(request)


OUTSIDE = Routes(
    [
        Route("/", {"GET": Answer(_welcome)}),
        Route("/health/live", {"GET": Answer(_live)}),
        Route("/health/ready", {"GET": Answer(_ready)}),
        Route("/metrics", {"GET": Answer(_metrics)}),
        Route("/oauth/token", {"POST": Answer(_token)}),
    ]
)
"""Everything that is not under `/fhir`. Answers are given the doors and the request."""


def routes() -> Iterator[Route]:
    """Every address this server answers."""
    yield from OUTSIDE
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
    proxies: tuple[Network, ...] = (),
) -> Entrance:
    """The ASGI application of one worker; `stopping` turns readiness off during a stop.

    `proxies` are believed when they say for whom they forward a request.
    """
    rest = Rest(record, accounts, base_url)
    doors = Doors(Health(database, metrics, stopping), Token(accounts))

    async def respond(request: Request) -> Response:
        segments = request.segments
        if segments[0] == "fhir":
            return await rest.respond(request)
        found = OUTSIDE.find(segments)
        if found is None:
            raise NotFound("there is nothing under this address; FHIR is under /fhir")
        request.route = found.route.template
        return await found.route.answer(request.method).respond(doors, request)

    https = base_url is not None and base_url.startswith("https:")
    limits = Limits(body=body_limit)
    return Entrance(respond, metrics=metrics, limits=limits, proxies=proxies, https=https)
