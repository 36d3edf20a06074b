"""Servers to ask, made once and shared, and installations of one's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.acceptance.client import Client
from tests.acceptance.installation import Installation, Server

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
