"""Health and figures, for the machines that watch: no health data, no names, no addresses."""

from collections.abc import Callable

import msgspec

from egide.db import Database
from egide.errors import EgideError
from egide.http import Response
from egide.telemetry import Metrics
from egide.telemetry.metrics import CONTENT_TYPE

_JSON = b"application/json"


class Health:
    """Answers `/health/live`, `/health/ready`, `/metrics` and `/`."""

    def __init__(self, database: Database, metrics: Metrics, stopping: Callable[[], bool]) -> None:
        self._database = database
        self._metrics = metrics
        self._stopping = stopping

    def live(self) -> Response:
        """200 while the process runs."""
        return _said(200, "live")

    async def ready(self) -> Response:
        """200 when requests can be answered; 503 while stopping or without the database."""
        if self._stopping():
            return _said(503, "stopping")
        try:
            async with self._database.connection() as connection:
                await connection.fetchval("select 1")
        except EgideError:
            return _said(503, "database unavailable")
        return _said(200, "ready")

    def metrics(self) -> Response:
        """Prometheus' text format."""
        return Response(200, self._metrics.exposition(), [], CONTENT_TYPE.encode())

    def welcome(self) -> Response:
        """Where to go from here."""
        return Response(200, msgspec.json.encode({"egide": "FHIR R4", "fhir": "/fhir"}), [], _JSON)


def _said(status: int, words: str) -> Response:
    return Response(status, msgspec.json.encode({"status": words}), [], _JSON)
