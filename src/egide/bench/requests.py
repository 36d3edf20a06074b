"""Requests as the bytes that go over the wire, built once."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

_BODY = b"content-type: application/fhir+json\r\n"


class Requests:
    """Builds HTTP/1.1 requests to one server as one client."""

    def __init__(self, port: int, access_token: str) -> None:
        self._head = (
            f"host: 127.0.0.1:{port}\r\nauthorization: Bearer {access_token}\r\n"
        ).encode()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """GET under `/fhir`."""
        target = f"/fhir/{quote(path)}" + (f"?{urlencode(query)}" if query else "")
        return b"GET %b HTTP/1.1\r\n%b\r\n" % (target.encode(), self._head)

    def put(self, path: str, body: bytes, *, prefer: str = "") -> bytes:
        """PUT of a resource."""
        return self._with_body(b"PUT", path, body, prefer)

    def post(self, path: str, body: bytes, *, prefer: str = "") -> bytes:
        """POST of a resource, or with no path of a bundle."""
        return self._with_body(b"POST", path, body, prefer)

    def _with_body(self, method: bytes, path: str, body: bytes, prefer: str) -> bytes:
        target = f"/fhir/{quote(path)}" if path else "/fhir"
        wish = f"prefer: return={prefer}\r\n".encode() if prefer else b""
        return b"%b %b HTTP/1.1\r\n%b%b%bcontent-length: %d\r\n\r\n%b" % (
            method,
            target.encode(),
            self._head,
            _BODY,
            wish,
            len(body),
            body,
        )
