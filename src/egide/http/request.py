"""One request: what ASGI brings, read once and within limits."""

import asyncio
import zlib
from collections.abc import AsyncIterator

from egide.actor import Zone
from egide.errors import Incorrect, TooLarge
from egide.http.asgi import Receive, Scope
from egide.http.form import pairs, plain
from egide.http.forwarded import origin_of
from egide.http.headers import ONCE, host
from egide.http.limits import Limits
from egide.http.refusals import (
    BodyTooSlow,
    ClientGone,
    HeadersTooLarge,
    MediaTypeUnsupported,
    TargetTooLong,
)
from egide.http.zone import zone_of
from egide.ids import request_id
from egide.settings import Network

_GZIP = (b"gzip", b"x-gzip")
_STEP = 1024 * 1024
"""Bytes inflated before others get their turn."""


class Request:
    """A request as the doors see it.

    `headers` maps lower-case names to values (repeated ones joined by a comma), `route` is the
    template the door recognised (`/fhir/{type}/{id}`): it goes to the log and the figures in place
    of the path. `id` is ours, shown to the client and in the log.
    """

    __slots__ = (
        "_body",
        "_complete",
        "_limits",
        "_networks",
        "_proxies",
        "_query",
        "_receive",
        "_scope",
        "_segments",
        "headers",
        "id",
        "method",
        "route",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        limits: Limits,
        proxies: tuple[Network, ...] = (),
        networks: tuple[Network, ...] = (),
    ) -> None:
        """`proxies` are believed when they say for whom they forward a request; `networks` are the
        establishment's own.
        """
        self._networks = networks
        self._proxies = proxies
        self._scope = scope
        self._receive = receive
        self._limits = limits
        self._body: bytes | None = None
        self._query: list[tuple[str, str]] | None = None
        self._segments: tuple[str, ...] | None = None
        self.id = request_id()
        self.method: str = scope["method"]
        self.route = "/unknown"
        received: list[tuple[bytes, bytes]] = scope["headers"]
        self.headers: dict[bytes, bytes] = dict(received)
        # In HTTP/2 a body needs neither header.
        self._complete = self.headers.get(b"content-length") == b"0" or (
            b"content-length" not in self.headers
            and b"transfer-encoding" not in self.headers
            and scope["http_version"].startswith("1")
        )

    def check(self) -> None:
        """Refuses what no address takes: a bad Host, headers twice, too long an address.

        Raises Incorrect, HeadersTooLarge or TargetTooLong.
        """
        scope = self._scope
        received: list[tuple[bytes, bytes]] = scope["headers"]
        size = 0
        for name, value in received:
            size += len(name) + len(value)
        if size > self._limits.headers:
            raise HeadersTooLarge(f"More than {self._limits.headers} bytes of headers")
        if len(scope["raw_path"]) + len(scope["query_string"]) > self._limits.target:
            raise TargetTooLong(
                f"More than {self._limits.target} bytes of address; searches can be sent by POST"
            )
        if len(received) != len(self.headers):
            self._join(received)
        if host(self.headers.get(b"host", b"")) is None:
            raise Incorrect("The Host header names no host")

    def _join(self, received: list[tuple[bytes, bytes]]) -> None:
        joined: dict[bytes, bytes] = {}
        for name, value in received:
            if name not in joined:
                joined[name] = value
            elif name in ONCE:
                raise Incorrect(f"The header {name.decode('ascii', 'replace')} is there twice")
            else:
                joined[name] += b", " + value
        self.headers = joined

    @property
    def segments(self) -> tuple[str, ...]:
        """The path between its slashes, decoded piece by piece: an encoded slash divides nothing.

        `/fhir/Patient/1` is `("fhir", "Patient", "1")`. Raises Incorrect.
        """
        if self._segments is None:
            raw: bytes = self._scope["raw_path"]
            pieces = raw[1:].split(b"/")
            self._segments = tuple([plain(piece, plus=False) for piece in pieces])
        return self._segments

    @property
    def path(self) -> str:
        """The path as it came, nothing decoded: for comparing its beginning, not for routing."""
        raw: bytes = self._scope["raw_path"]
        return raw.decode("latin-1")

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters of the query string, decoded, in order. Raises Incorrect."""
        if self._query is None:
            self._query = pairs(self._scope["query_string"], self._limits.fields)
        return self._query

    @property
    def address(self) -> str:
        """The network address the request came from; "" when there is none.

        That is the other end of the connection, unless it is one of the proxies.
        """
        if not self._proxies:
            return self._peer
        return origin_of(self._peer, self.headers.get(b"x-forwarded-for", b""), self._proxies)

    @property
    def zone(self) -> Zone:
        """Whether the request came from the establishment's own networks."""
        return zone_of(self._peer, self.address, self.headers, self._networks, self._proxies)

    @property
    def _peer(self) -> str:
        """The other end of the connection."""
        client = self._scope.get("client")
        return client[0] if client else ""

    @property
    def complete(self) -> bool:
        """Whether nothing of the body is left to read."""
        return self._complete

    @property
    def secure(self) -> bool:
        """Whether the connection itself is encrypted."""
        return bool(self._scope["scheme"] == "https")

    @property
    def base(self) -> str:
        """The address of this server as the client wrote it: `http://127.0.0.1:8600`."""
        return f"{self._scope['scheme']}://{host(self.headers.get(b'host', b'')) or ''}"

    async def form(self, limit: int | None = None) -> list[tuple[str, str]]:
        """The pairs of a form-encoded body; the media type is the caller's to check.

        Raises Incorrect, and what `body` raises.
        """
        return pairs(await self.body(limit), self._limits.fields)

    async def body(self, limit: int | None = None) -> bytes:
        """The whole body, decompressed; read once. `limit`: bytes, when less than the door's.

        Raises TooLarge (as announced, as sent, or once decompressed), Incorrect (a broken gzip
        stream), MediaTypeUnsupported (another encoding), BodyTooSlow, ClientGone.
        """
        if self._body is None:
            most = self._limits.body
            self._body = await self._read(most if limit is None else min(limit, most))
        return self._body

    async def _read(self, limit: int) -> bytes:
        encoding = self.headers.get(b"content-encoding", b"identity").strip().lower()
        if encoding != b"identity" and encoding not in _GZIP:
            raise MediaTypeUnsupported(
                "This server reads bodies as they are or compressed by gzip",
                [(b"accept-encoding", b"gzip")],
            )
        if self._announced() > limit:
            raise _too_large(limit)
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                if encoding in _GZIP:
                    return await self._inflate(limit)
                return await self._collect(limit)
        except TimeoutError:
            raise BodyTooSlow("The body did not arrive in time") from None

    async def _collect(self, limit: int) -> bytes:
        chunks = []
        size = 0
        async for chunk in self._chunks():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _inflate(self, limit: int) -> bytes:
        """Never holds much more than the limit, however much the stream would become."""
        inflater = zlib.decompressobj(wbits=31)
        inflated: list[bytes] = []
        sent = size = members = 0
        try:
            async for chunk in self._chunks():
                sent += len(chunk)
                while chunk:
                    if inflater.eof:
                        members += 1
                        if members >= self._limits.members:
                            raise Incorrect("The gzip stream has too many members")
                        inflater = zlib.decompressobj(wbits=31)
                    piece = inflater.decompress(chunk, _STEP)
                    size += len(piece)
                    if sent > limit or size > limit:
                        raise _too_large(limit)
                    inflated.append(piece)
                    chunk = inflater.unconsumed_tail or inflater.unused_data
                    if len(piece) == _STEP:
                        await asyncio.sleep(0)
        except zlib.error:
            raise Incorrect("The body is not a gzip stream") from None
        if sent and not inflater.eof:
            raise Incorrect("The gzip stream is cut short")
        return b"".join(inflated)

    async def discard(self) -> None:
        """Reads what is left of a refused body, within limits, and throws it away."""
        left = self._limits.discard
        try:
            if self._announced() > left:
                return
            async with asyncio.timeout(self._limits.discard_seconds):
                async for chunk in self._chunks():
                    left -= len(chunk)
                    if left < 0:
                        return
        except (Incorrect, TimeoutError):
            return

    async def _chunks(self) -> AsyncIterator[bytes]:
        while not self._complete:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._complete = not message.get("more_body", False)
            chunk: bytes = message.get("body", b"")
            if chunk:
                yield chunk

    def _announced(self) -> int:
        length = self.headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 18:
            raise Incorrect("The Content-Length header is not a length")
        return int(length)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A request body may have {limit} bytes here, not more")
