"""A door beside FHIR that the application mounts: the pages people read."""

from collections.abc import Iterator
from typing import Protocol

from egide.errors import EgideError
from egide.http.request import Request
from egide.http.response import Response
from egide.http.routes import Route


class Door(Protocol):
    """Answers addresses of its own."""

    def routes(self) -> Iterator[Route]:
        """Every address it answers."""
        ...

    def takes(self, request: Request) -> bool:
        """Whether the request is for this door."""
        ...

    async def respond(self, request: Request) -> Response:
        """The answer to a request it takes."""
        ...

    def failed(self, error: EgideError, request: Request) -> Response | None:
        """The answer when `error` stopped `request`; None: whoever asks reads no pages."""
        ...
