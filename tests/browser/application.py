"""An application of somebody else's on a port of its own: pages around SMART's JavaScript client.

`make test-browser` brings the client, https://github.com/smart-on-fhir/client-js, by its hash.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.browser.conftest import Place

PAGES = Path(__file__).with_name("app")
CLIENT = Path(__file__).parents[2] / ".venv/fhirclient/package/build/fhir-client.pure.js"
SCOPE = "openid fhirUser offline_access patient/Patient.rs patient/Observation.rs"


@dataclass(frozen=True)
class Application:
    """What the tests know of it."""

    label: str
    client_id: str
    url: str


class _Pages(SimpleHTTPRequestHandler):
    """Files of `app`, the client, and what the application was told at its registration."""

    def __init__(self, *arguments: object, settings: dict[str, str]) -> None:
        self._settings = settings
        super().__init__(*arguments, directory=str(PAGES))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        made = {
            "/settings.js": lambda: f"const SETTINGS = {json.dumps(self._settings)};".encode(),
            "/fhir-client.js": CLIENT.read_bytes,
        }.get(self.path)
        if made is None:
            super().do_GET()
            return
        body = made()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Codes and launches are in addresses: nothing is written."""


@contextmanager
def serving(place: Place, label: str) -> Iterator[Application]:
    """The application, registered at `place` and listening."""
    if not CLIENT.exists():
        pytest.fail(f"there is no {CLIENT}: run make test-browser, which brings it")
    settings: dict[str, str] = {"iss": f"{place.url}/fhir", "scope": SCOPE}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, settings=settings))
    url = f"http://127.0.0.1:{server.server_address[1]}"
    told = place.installation.run(
        *("clients", "create", label, "--public", "--publisher", "Somebody Fictive"),
        *("--redirect-uri", f"{url}/index.html", "--launch-uri", f"{url}/launch.html"),
        *("--scope", f"{SCOPE} launch launch/patient"),
    ).stdout
    found = re.search(r"client_id\s+(\S+)", told)
    assert found is not None, told
    settings["clientId"] = found[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Application(label, found[1], url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
