"""Workers come from one process that has read their code: what it is, and what if it dies."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.client import Client
from tests.acceptance.installation import Installation, Server, alive, children, end, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("nursery")).init()
    yield made
    made.end()


@pytest.fixture
def server(house: Installation) -> Iterator[Server]:
    with house.serve() as running:
        yield running


def nursery(server: Server) -> int:
    (found,) = (pid for pid in children(server.process.pid) if children(pid))
    return found


def holds(pid: int, secret: bytes) -> bool:
    """Whether the bytes are in the memory of a process."""
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            low, high, kind = re.match(r"(\w+)-(\w+) (\S+)", line).groups()  # type: ignore[union-attr]
            if not kind.startswith("rw"):
                continue
            memory.seek(int(low, 16))
            if secret in memory.read(int(high, 16) - int(low, 16)):
                return True
    return False


def test_the_nursery_has_one_thread(server: Server) -> None:
    assert len(list(Path(f"/proc/{nursery(server)}/task").iterdir())) == 1


def test_the_nursery_has_no_key(server: Server) -> None:
    ring = server.installation.ring
    for secret in (ring._secret, *ring._keys.values()):
        assert all(holds(worker, secret) for worker in server.workers)
        assert not holds(nursery(server), secret)


def test_a_worker_that_dies_is_told_with_its_code(server: Server) -> None:
    victim, other = server.workers
    end(victim)
    wait_for(
        lambda: len(server.workers) == 2 and victim not in server.workers,
        "no worker took the place of the killed one",
        alive=server.process,
    )
    assert other in server.workers
    assert '"event":"worker.died"' in server.log and '"code":-9' in server.log


def test_a_worker_outlives_its_nursery_and_is_still_told_apart(server: Server) -> None:
    """Without the nursery nobody says how a worker ended; that it ended still shows."""
    before, (victim, other) = nursery(server), server.workers
    end(before)
    assert alive(victim) and alive(other)
    assert Client(server.port).get("/health/ready").status == 200
    end(victim)
    wait_for(lambda: len(server.workers) == 1, "no new nursery made a worker", alive=server.process)
    assert alive(other) and nursery(server) != before
    assert server.log.count('"event":"worker.died"') == 1
    wait_for(lambda: server.log.count('"event":"worker.ready"') == 3, "it does not answer")
    assert server.stop() == 0
    assert not alive(other), "a worker of the old nursery outlives the server"
    assert server.log.count('"event":"worker.stopped"') == 2
