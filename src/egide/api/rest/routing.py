"""Routing of `/fhir`: the address says the interaction. https://hl7.org/fhir/R4/http.html#summary"""

from collections.abc import Awaitable, Callable

from egide.accounts import Accounts
from egide.api.rest.bundle import post_bundle
from egide.api.rest.call import Call, preferences
from egide.api.rest.capabilities import capabilities
from egide.api.rest.create import create
from egide.api.rest.delete import delete
from egide.api.rest.history_instance import history_instance
from egide.api.rest.read import read
from egide.api.rest.search_type import search_type
from egide.api.rest.update import update
from egide.api.rest.vread import vread
from egide.errors import Incorrect, NotFound, Unsupported
from egide.fhir.definitions import TYPES
from egide.http import Request, Response, actor_of
from egide.http.negotiation import written
from egide.http.refusals import MethodNotAllowed
from egide.record import Record

_TYPES = frozenset(TYPES)
METADATA = "/fhir/metadata"
"""The one address under `/fhir` that needs no access token."""

_PURPOSE = b"x-purpose-of-use"
_DEFAULT_PURPOSES = (
    ("system", "TREAT"),
    ("clinician", "TREAT"),
    ("patient", "PATRQT"),
    ("registrar", "HOPERAT"),
    ("auditor", "HOPERAT"),
)

Answer = Callable[[Call], Awaitable[Response]]


class Rest:
    """Answers what comes under `/fhir`."""

    def __init__(self, record: Record, accounts: Accounts, base_url: str | None) -> None:
        self._record = record
        self._accounts = accounts
        self._base_url = base_url

    async def respond(self, request: Request) -> Response:
        """The answer to a request whose first segment is `fhir`."""
        route, answers = _route(request.segments[1:])
        request.route = route
        method = "GET" if request.method == "HEAD" else request.method
        answer = answers.get(method)
        if answer is None and not (route == METADATA and method == "GET"):
            allowed = ["GET", "HEAD"] if route == METADATA else list(answers)
            raise MethodNotAllowed([*allowed, "HEAD"] if "GET" in answers else allowed)
        base = f"{self._base_url or request.base}/fhir"
        format, pretty = _format(request)
        media = written(request.headers.get(b"accept"), format)
        if answer is None:
            return Response(200, capabilities(base, pretty=pretty), [], media)
        actor = await actor_of(request, self._accounts)
        purpose = _purpose(request, actor.roles)
        prefer = preferences(request.headers.get(b"prefer"))
        async with self._record.open(actor, purpose) as session:
            return await answer(Call(request, session, base, media, pretty, prefer))


def _route(segments: tuple[str, ...]) -> tuple[str, dict[str, Answer]]:
    """The template of an address, and what answers each method. Raises NotFound, Unsupported."""
    match segments:
        case () | ("",):
            return "/fhir", {"POST": post_bundle}
        case ("metadata",):
            return METADATA, {}
        case ("_history",) | (_, "_history"):
            raise Unsupported("history is kept of single resources here; name one by its id")
        case (type,):
            _known(type)
            return "/fhir/{type}", {
                "GET": lambda call: search_type(call, type),
                "POST": lambda call: create(call, type),
            }
        case (type, "_search"):
            _known(type)
            return "/fhir/{type}/_search", {"POST": lambda call: search_type(call, type)}
        case (type, id) if not id.startswith("$"):
            _known(type)
            return "/fhir/{type}/{id}", {
                "GET": lambda call: read(call, type, id),
                "PUT": lambda call: update(call, type, id),
                "DELETE": lambda call: delete(call, type, id),
            }
        case (type, id, "_history"):
            _known(type)
            return "/fhir/{type}/{id}/_history", {
                "GET": lambda call: history_instance(call, type, id)
            }
        case (type, id, "_history", version):
            _known(type)
            return "/fhir/{type}/{id}/_history/{version}", {
                "GET": lambda call: vread(call, type, id, version)
            }
        case (*_, last) if last.startswith("$"):
            raise Unsupported("this server has no such operation")
    raise NotFound("there is nothing under this address")


def _known(type: str) -> None:
    if type not in _TYPES:
        raise NotFound("there is no such resource type in FHIR R4")


def _format(request: Request) -> tuple[str | None, bool]:
    """`_format` and `_pretty` of the query."""
    if not request.query:
        return None, False
    given = dict(request.query)
    pretty = given.get("_pretty", "false")
    if pretty not in ("true", "false"):
        raise Incorrect("_pretty is true or false")
    return given.get("_format"), pretty == "true"


def _purpose(request: Request, roles: frozenset[str]) -> str:
    """The purpose of use the client states, or the usual one of its role."""
    stated = request.headers.get(_PURPOSE)
    if stated is not None:
        return stated.decode("latin-1").strip().upper()
    return next((usual for role, usual in _DEFAULT_PURPOSES if role in roles), "HSYSADMIN")
