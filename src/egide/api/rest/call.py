"""A call: a request that has an actor, and how it wants to be answered."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

import msgspec

from egide.accounts import Accounts
from egide.errors import Incorrect
from egide.http import Header, Request, Response
from egide.http.negotiation import check_body
from egide.http.routes import Routes
from egide.record import Emitted, Session

_ETAG = re.compile(rb'\s*(?:W/)?"(\d{1,9})"\s*\Z')


@dataclass(slots=True)
class Call:
    """One request to `/fhir`, by somebody, for a purpose.

    `base` is the address of `/fhir`, `media` the content type to answer in, `prefer` what the
    Prefer header asks for (`return` and `handling`), `accounts` those of the installation, `routes`
    the table of the door it came in by.
    """

    request: Request
    session: Session
    base: str
    media: bytes
    pretty: bool
    prefer: dict[str, str]
    accounts: Accounts
    routes: Routes

    @property
    def lenient(self) -> bool:
        """Whether what is unknown in a query is left out rather than refused."""
        return self.prefer.get("handling") == "lenient"

    def header(self, name: bytes) -> str | None:
        """A header of the request, as text."""
        value = self.request.headers.get(name)
        return None if value is None else value.decode("latin-1")

    async def body(self) -> bytes:
        """The body, of a media type FHIR takes. Raises MediaTypeUnsupported, TooLarge."""
        check_body(self.request.headers.get(b"content-type"))
        return await self.request.body()

    def version_named(self, header: bytes) -> int | None:
        """The version in If-Match. Raises Incorrect for what is none."""
        value = self.request.headers.get(header)
        if value is None:
            return None
        tag = _ETAG.match(value)
        if tag is None:
            name = header.decode("ascii")
            raise Incorrect(f'the header {name} must hold one version, as W/"3"')
        return int(tag[1])

    def json(self, status: int, body: bytes, headers: list[Header] | None = None) -> Response:
        """`body`, indented when the client asked for that."""
        if self.pretty and body:
            body = msgspec.json.format(body, indent=2)
        return Response(status, body, headers or [], self.media)

    def resource(self, status: int, emitted: Emitted, headers: list[Header]) -> Response:
        """A resource with its version headers."""
        return self.json(status, emitted.body, [*version_headers(emitted), *headers])

    def written(self, status: int, emitted: Emitted) -> Response:
        """The answer to a write: what `Prefer: return=` asks for, the resource by default."""
        headers = [(b"location", location(self.base, emitted).encode())]
        wanted = self.prefer.get("return", "representation")
        if wanted == "minimal":
            return Response(status, b"", [*version_headers(emitted), *headers])
        if wanted == "OperationOutcome":
            return self.json(status, informed(emitted), [*version_headers(emitted), *headers])
        return self.resource(status, emitted, headers)


def version_headers(emitted: Emitted) -> list[Header]:
    """ETag and Last-Modified: https://hl7.org/fhir/R4/http.html#versioning."""
    modified = _modified(emitted.updated.replace(microsecond=0))
    return [(b"etag", b'W/"%d"' % emitted.version), (b"last-modified", modified)]


@lru_cache(maxsize=4096)
def _modified(at: datetime) -> bytes:
    """A date as HTTP writes it; kept, for resources that came together have the same."""
    return format_datetime(at, usegmt=True).encode()


def location(base: str, emitted: Emitted) -> str:
    """The address of this very version."""
    return f"{base}/{emitted.type}/{emitted.id}/_history/{emitted.version}"


def preferences(header: bytes | None) -> dict[str, str]:
    """`Prefer: return=minimal; handling=lenient` taken apart; what is unknown is ignored."""
    wanted: dict[str, str] = {}
    if header is None:
        return wanted
    for part in re.split(r"[,;]", header.decode("latin-1")):
        name, mark, value = part.strip().partition("=")
        if mark:
            wanted.setdefault(name.strip().lower(), value.strip().strip('"'))
    return wanted


def informed(emitted: Emitted) -> bytes:
    """The OperationOutcome that says what a write did."""
    done = "created" if emitted.created else "stored"
    words = f"{emitted.type} {done} as version {emitted.version}"
    issue = {"severity": "information", "code": "informational", "diagnostics": words}
    return msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [issue]})
