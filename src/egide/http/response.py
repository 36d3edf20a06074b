"""An answer: a status, headers, and bytes."""

from collections.abc import Iterable

from egide.http.asgi import Send

Header = tuple[bytes, bytes]


class Response:
    """What a door answers. Header names are lower case; `content-length` is added when sent."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, status: int, body: bytes = b"", headers: Iterable[Header] = (), media: bytes = b""
    ) -> None:
        """`media` is the content type of `body`, if any."""
        self.status = status
        self.body = body
        self.headers = [(b"content-type", media), *headers] if media else list(headers)

    async def send(self, send: Send, more: Iterable[Header] = (), *, head: bool = False) -> None:
        """Sends it, with `more` headers unless it has them already; `head`: without the body."""
        headers = self.headers
        own = {name for name, _ in headers}
        headers = [*headers, *(header for header in more if header[0] not in own)]
        if self.status != 204 and self.status != 304:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else self.body})
