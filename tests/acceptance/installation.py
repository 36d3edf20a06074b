"""An installation as its operator has it: a data folder, a key file, commands, a server."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.acceptance.client import Client

from egide.db.embedded import start
from egide.seal import KeyRing
from egide.seal.providers import FileProvider

PATIENCE = 60.0
"""Seconds a test waits for something that must happen, before it fails."""


class Installation:
    """One data folder with its key file beside it, worked with by commands alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.key_file = folder / "keys" / "root.key"
        self.key_file.parent.mkdir(parents=True, mode=0o700)
        self.servers: list[Server] = []

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What commands are told; nothing of the environment the tests run in but the paths."""
        kept = {
            name: os.environ[name]
            for name in ("PATH", "HOME", "LANG", "PYTHONPATH")
            if name in os.environ
        }
        here = {"EGIDE_DATA": str(self.data), "EGIDE_KEY_FILE": str(self.key_file)}
        return kept | here | dict(more or {})

    def run(
        self, *arguments: str | Path, code: int | None = 0, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """A command, to its end; it must leave with `code` (None: whatever it leaves with)."""
        done = subprocess.run(
            self.order(*arguments),
            env=self.environment(settings),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE,
        )
        assert code is None or done.returncode == code, (arguments, done.returncode, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    def order(self, *arguments: str | Path) -> list[str]:
        """The words of a command."""
        return [sys.executable, "-m", "egide", *map(str, arguments)]

    def begin(self, *arguments: str | Path, **settings: str) -> subprocess.Popen[bytes]:
        """A command that runs on; whoever asked ends it."""
        return subprocess.Popen(
            self.order(*arguments),
            env=self.environment(settings),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def init(self) -> Self:
        """`egide init`."""
        self.run("init")
        return self

    def serve(
        self, *arguments: str, workers: int = 2, port: int | None = None, **settings: str
    ) -> "Server":
        """`egide serve` on `port`, or a free one, ready to answer."""
        server = Server(self, workers, arguments, settings, port or free_port())
        self.servers.append(server)
        server.wait_until_ready()
        return server

    def access_token(self, *arguments: str) -> str:
        """What `egide access-token` prints."""
        token = self.run("access-token", *arguments).stdout
        assert token.endswith("\n") and len(token.split()) == 1, "not the access token alone"
        return token.strip()

    def client(self, server: "Server") -> Client:
        """Somebody who may do everything with records."""
        return Client(server.port, self.access_token())

    def verify(self) -> str:
        """`egide ledger verify --rows`, which must find nothing; what it says."""
        done = self.run("ledger", "verify", "--rows", code=None)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def provider(self) -> FileProvider:
        """The keys as they lie in the key file."""
        return FileProvider.load(self.key_file)

    @property
    def ring(self) -> KeyRing:
        """What a process of this installation is given."""
        return self.provider.ring()

    @property
    def postmaster(self) -> int:
        """The engine's process id, as its own file tells."""
        return int((self.data / "postgres" / "postmaster.pid").read_text().split()[0])

    def end(self) -> None:
        """Stop what still runs, the engine last, and let the folder go."""
        for server in self.servers:
            server.kill()
        if (self.data / "postgres").exists():
            asyncio.run(_stop_engine(self.data))
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    """A running `egide serve`: its process, its port, what it said."""

    def __init__(
        self,
        installation: Installation,
        workers: int,
        arguments: tuple[str, ...],
        settings: Mapping[str, str],
        port: int,
    ) -> None:
        self.installation = installation
        self.port = port
        number = len(installation.servers)
        self.said = installation.folder / f"serve-{number}.out"
        self.logged = installation.folder / f"serve-{number}.log"
        order = ("serve", "--port", str(self.port), "--workers", str(workers), *arguments)
        with self.said.open("wb") as out, self.logged.open("wb") as log:
            self.process = subprocess.Popen(
                installation.order(*order),
                env=installation.environment(settings),
                cwd=installation.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )
        self._count = workers

    def wait_until_ready(self) -> None:
        """Until every worker takes requests."""
        wait_for(
            lambda: (
                self.log.count('"event":"worker.ready"') >= self._count
                and "http://" in self.said.read_text()
            ),
            lambda: f"the server is not ready: {self.log}",
            alive=self.process,
        )

    @property
    def log(self) -> str:
        """All it has written to standard error."""
        return self.logged.read_text("utf-8")

    @property
    def workers(self) -> list[int]:
        """The process ids of those that answer."""
        return [worker for nursery in children(self.process.pid) for worker in children(nursery)]

    def stop(self) -> int:
        """SIGTERM, and the code it leaves with."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """SIGKILL for it and its workers, if they are there."""
        for pid in self.workers if self.process.poll() is None else []:
            end(pid)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()


def free_port() -> int:
    """A port of the loopback nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def children(pid: int) -> list[int]:
    """The process ids of its living children."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(each) for task in tasks for each in (task / "children").read_text().split()]
    except OSError:
        return []


def family(pid: int) -> Iterator[int]:
    """`pid` and all that descend from it."""
    yield pid
    for child in children(pid):
        yield from family(child)


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and nobody waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def end(pid: int) -> None:
    """`kill -9`; it may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_for(
    condition: Callable[[], Any],
    otherwise: str | Callable[[], str],
    *,
    alive: subprocess.Popen[Any] | None = None,
    seconds: float = PATIENCE,
) -> Any:
    """What `condition` gives once it is true. Fails with `otherwise` when it never is."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        gone = alive is not None and alive.poll() is not None
        if gone or time.monotonic() > until:
            raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())
        time.sleep(0.02)
    return found


async def _stop_engine(data: Path) -> None:
    await (await start(data)).stop()
