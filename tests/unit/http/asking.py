"""An ASGI client of a few lines: asks an application and gives back what it sent."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from egide.http import Limits, Request
from egide.http.asgi import Message, Scope

Pairs = Iterable[tuple[bytes, bytes]]
HOST = (b"host", b"localhost:8600")


@dataclass
class Answer:
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


def scope_of(method: str, target: str, headers: Pairs = (), **more: Any) -> Scope:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [HOST, *headers],
        "client": ("192.0.2.7", 50000),
        **more,
    }


def chunks(*pieces: bytes) -> Callable[[], Awaitable[Message]]:
    """A body in pieces, then silence for ever more."""
    left = list(pieces) or [b""]

    async def receive() -> Message:
        if not left:
            raise AssertionError("asked for more than there is")
        piece = left.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    return receive


async def gone() -> Message:
    return {"type": "http.disconnect"}


def request(
    *pieces: bytes, headers: Pairs = (), target: str = "/", limits: Limits | None = None
) -> Request:
    """A POST of `pieces`, announced as chunked unless the headers say a length."""
    framed = list(headers)
    if not any(name == b"content-length" for name, _ in framed):
        framed.append((b"transfer-encoding", b"chunked"))
    return Request(scope_of("POST", target, framed), chunks(*pieces), limits or Limits())


async def ask(
    app: Callable[..., Awaitable[None]],
    method: str,
    target: str,
    headers: Pairs = (),
    *pieces: bytes,
    **more: Any,
) -> Answer:
    """Asks `app` once."""
    answer = Answer()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = dict(message["headers"])
            assert len(answer.headers) == len(message["headers"])
        else:
            answer.body += message["body"]

    framed = [*headers, (b"transfer-encoding", b"chunked")] if pieces else list(headers)
    await app(scope_of(method, target, framed, **more), chunks(*pieces), send)
    return answer
