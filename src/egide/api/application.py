"""What answers which address: FHIR, access tokens, health, figures."""

from collections.abc import Callable

from egide.accounts import Accounts
from egide.api.health import Health
from egide.api.rest import Rest
from egide.api.smart.token import Token
from egide.db import Database
from egide.errors import NotFound
from egide.http import Entrance, Limits, Request, Response
from egide.http.refusals import MethodNotAllowed
from egide.record import Record
from egide.telemetry import Metrics


def application(
    *,
    database: Database,
    record: Record,
    accounts: Accounts,
    metrics: Metrics,
    body_limit: int,
    base_url: str | None,
    stopping: Callable[[], bool],
) -> Entrance:
    """The ASGI application of one worker; `stopping` turns readiness off during a stop."""
    rest = Rest(record, accounts, base_url)
    health = Health(database, metrics, stopping)
    token = Token(accounts)

    async def respond(request: Request) -> Response:
        segments = request.segments
        if segments[0] == "fhir":
            return await rest.respond(request)
        match segments:
            case ("health", "live"):
                request.route = "/health/live"
                return _get(request, health.live())
            case ("health", "ready"):
                request.route = "/health/ready"
                return _get(request, await health.ready())
            case ("metrics",):
                request.route = "/metrics"
                return _get(request, health.metrics())
            case ("oauth", "token"):
                request.route = "/oauth/token"
                return await token.respond(request)
            case ("",):
                request.route = "/"
                return _get(request, health.welcome())
        raise NotFound("there is nothing under this address; FHIR is under /fhir")

    https = base_url is not None and base_url.startswith("https:")
    return Entrance(respond, metrics=metrics, limits=Limits(body=body_limit), https=https)


def _get(request: Request, response: Response) -> Response:
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(["GET", "HEAD"])
    return response
