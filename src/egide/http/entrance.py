"""The ASGI application: what happens around every request, whichever door answers it.

Order: count it, check it, let the door respond, map what went wrong, send, log, count. It also
speaks ASGI's lifespan: https://asgi.readthedocs.io/en/latest/specs/lifespan.html.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter

from egide.errors import EgideError, Fault
from egide.http import cross_origin
from egide.http.asgi import Receive, Scope, Send
from egide.http.headers import API_SECURITY, ONLY_HTTPS, correlation
from egide.http.in_flight import InFlight
from egide.http.limits import Limits
from egide.http.outcome import answer
from egide.http.refusals import ClientGone
from egide.http.request import Request
from egide.http.response import Header, Response
from egide.settings import Network
from egide.telemetry import Metrics, log

Respond = Callable[[Request], Awaitable[Response]]
Failed = Callable[[EgideError, Request], Response]
Hook = Callable[[], Awaitable[None]]

QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Routes asked every few seconds by machines: counted always, logged when they fail."""


async def _nothing() -> None:
    return


class Entrance:
    """Calls `respond` for each request and sends what it answers.

    `opened` runs before the first request, `closed` after the last one; a stop waits `patience`
    seconds for the requests being answered. `in_flight.stopping` tells readiness about it.
    """

    def __init__(
        self,
        respond: Respond,
        *,
        metrics: Metrics,
        limits: Limits | None = None,
        proxies: tuple[Network, ...] = (),
        networks: tuple[Network, ...] = (),
        security: tuple[Header, ...] = API_SECURITY,
        https: bool = False,
        opened: Hook = _nothing,
        closed: Hook = _nothing,
        failed: Failed = answer,
        patience: float = 25.0,
    ) -> None:
        """`https`: clients reach us by https, even when what forwards to us does not; `proxies`
        are believed when they say for whom they forward; `networks` are the establishment's own;
        `failed`: the answer for an error.
        """
        self.in_flight = InFlight()
        self._respond = respond
        self._metrics = metrics
        metrics.in_flight.set_function(lambda: self.in_flight.count)
        self._limits = limits or Limits()
        self._proxies = proxies
        self._networks = networks
        self._plain = security
        self._secure = (*security, ONLY_HTTPS)
        self._https = https
        self._opened = opened
        self._closed = closed
        self._patience = patience
        self._answer_failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        in_flight = self.in_flight
        in_flight.enter()
        request = Request(scope, receive, self._limits, self._proxies, self._networks)
        status = 500
        category = None
        try:
            try:
                request.check()
                response = cross_origin.preflight(request) or await self._respond(request)
            except EgideError as error:
                response, category = self._failed(error, request), error.category
            except ClientGone:
                raise
            except Exception as error:
                fault = Fault("Something went wrong on our side")
                fault.__cause__ = error
                response, category = self._failed(fault, request), "fault"
            status = response.status
            if not request.complete:
                await request.discard()
            more = self._secure if self._https or request.secure else self._plain
            own: tuple[Header, ...] = ((b"x-request-id", request.id.encode("ascii")),)
            if b"x-correlation-id" in request.headers:
                echoed = correlation(request.headers[b"x-correlation-id"])
                own = own if echoed is None else (*own, echoed)
            if cross_origin.called(request):
                own += cross_origin.ALLOWED
            await response.send(send, own + more, head=request.method == "HEAD")
        except (ClientGone, OSError):
            status = 499
        finally:
            in_flight.leave()
            took = perf_counter() - started
            self._metrics.answered(request.route, request.method, status, took)
            if status >= 400 or request.route not in QUIET:
                log(
                    "request",
                    request=request.id,
                    method=request.method,
                    route=request.route,
                    status=status,
                    milliseconds=took * 1000,
                    category=category,
                )

    def _failed(self, error: EgideError, request: Request) -> Response:
        self._metrics.failed(error.category)
        if error.category in ("fault", "unavailable"):
            log(
                "fault" if error.category == "fault" else "unavailable",
                level="error",
                request=request.id,
                method=request.method,
                route=request.route,
                category=error.category,
                error=error,
            )
        return self._answer_failed(error, request)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._opened()
                except Exception as error:
                    log("start.failed", level="error", error=error)
                    said = error.message if isinstance(error, EgideError) else type(error).__name__
                    await send({"type": "lifespan.startup.failed", "message": said})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                if not await self.in_flight.drain(self._patience):
                    log("stop.impatient", level="warning", counts={"left": self.in_flight.count})
                await self._closed()
                await send({"type": "lifespan.shutdown.complete"})
                return
