"""A really started `egide serve`, as a child process, and the families of processes it makes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from egide.bench.processor import children, family
from egide.bench.site import Site, environment
from egide.errors import Fault

_PATIENCE = 120.0


@dataclass(slots=True)
class Server:
    """A running server."""

    process: "subprocess.Popen[bytes]"
    port: int
    postmaster: int
    started_in: float
    """Seconds from the start of the command to the first 200 of /health/ready."""

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers."""
        return [worker for each in self.nurseries for worker in children(each)]

    @property
    def nurseries(self) -> list[int]:
        """The process ids of what workers come from: one."""
        return [pid for pid in children(self.process.pid) if children(pid)]

    def kill(self) -> None:
        """SIGKILL to every process of it and to the engine, at once."""
        for pid in [self.postmaster, *family(self.process.pid)]:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def served(site: Site, *, workers: int) -> Iterator[Server]:
    """`egide serve` on a free port of the loopback; stopped at the end if it still runs."""
    port = _free_port()
    order = [sys.executable, "-m", "egide", "serve"]
    order += ["--port", str(port), "--workers", str(workers)]
    started = time.perf_counter()
    with (site.folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603
            order, env=environment(site.settings), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _await_ready(process, port)
        took = time.perf_counter() - started
        yield Server(process, port, postmaster(site.settings.data), took)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise Fault("the server did not stop within a minute") from None


def postmaster(data: Path) -> int:
    """The process id of the embedded engine."""
    return abs(int((data / "postgres" / "postmaster.pid").read_text().split()[0]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Fault(f"the server ended by itself with code {process.returncode}")
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.01)
        finally:
            connection.close()
    raise Fault("the server was not ready in time")
