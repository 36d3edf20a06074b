"""Servers to ask, made once and shared, and installations of one's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.acceptance.client import Client
from tests.acceptance.installation import Installation, Server
from tests.acceptance.loading import Imported, Posted, Sample, write_synthetic
from tests.conftest import SHARED

Install = Callable[[], Installation]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers and nothing in it at first; stop it not."""
    installation = Installation(tmp_path_factory.mktemp("server")).init()
    yield installation.serve()
    installation.end()


@pytest.fixture(scope="session")
def installation(server: Server) -> Installation:
    """The installation `server` serves."""
    return server.installation


@pytest.fixture(scope="session")
def client(server: Server) -> Client:
    """Somebody who may do everything with the records of `server`."""
    return server.installation.client(server)


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Synthetic bundles, and the shared ones of Synthea when they are there."""
    paths = sorted((SHARED / "data" / "synthea").glob("*.json.gz"))
    synthetic = write_synthetic(tmp_path_factory.mktemp("synthetic"))
    return synthetic + [Sample.read(path) for path in paths]


@pytest.fixture(scope="session")
def posted(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]) -> Iterator[Posted]:
    """Everything sent as transactions over HTTP to a server that runs on."""
    installation = Installation(tmp_path_factory.mktemp("posted")).init()
    server = installation.serve()
    made = Posted(installation, server, installation.client(server), samples)
    made.post()
    yield made
    installation.end()


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]) -> Iterator[Imported]:
    """Everything loaded by `egide import`, nobody serving."""
    installation = Installation(tmp_path_factory.mktemp("imported")).init()
    done = installation.run("import", *(sample.path for sample in samples))
    yield Imported(installation, samples, done.stdout)
    installation.end()


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Makes installations for one test, and ends them after it."""
    made: list[Installation] = []

    def make() -> Installation:
        made.append(Installation(tmp_path / f"installation-{len(made)}"))
        return made[-1]

    yield make
    for each in made:
        each.end()
