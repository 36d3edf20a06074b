"""The embedded PostgreSQL's life: made at first use, started or joined, stopped by the last user.

- Each user holds a shared lock on `run/users.lock`; the one that leaves last stops the engine.
- The engine is nobody's child. When all its users are killed it runs on, and the next command
  joins it and stops it on leaving. When the engine itself is killed, the next command starts it
  again and PostgreSQL recovers from its log.
- Nothing here is bound to an event loop.

docs/decisions/0002-embedded-engine.md says why; test_embedded.py does each of these.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import struct
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from egide.db.cluster import DATABASE, ROLE, Cluster, private_folder, write_private
from egide.db.locks import Lock, ServeLock
from egide.errors import Unavailable

__all__ = ["Engine", "ServeLock", "start"]

SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 103
"""Bytes of a Unix socket's path: 107 on Linux, 103 on the systems that allow least."""
PATIENCE = 300.0
"""Seconds the server may take to be ready: recovery after a crash included."""
_NAMES = f"user\0{ROLE}\0database\0{DATABASE}\0\0".encode()
HELLO = struct.pack("!ii", 8 + len(_NAMES), 3 << 16) + _NAMES
"""https://www.postgresql.org/docs/18/protocol-message-formats.html, StartupMessage"""
STOPPING = ((signal.SIGINT, 120.0), (signal.SIGQUIT, 30.0))
"""How the server is asked to stop, and seconds it gets: cleanly, then leaving it to recovery."""
STEP = 0.005
"""Seconds between two looks."""


@dataclass(slots=True)
class Engine:
    """A running embedded engine, held by this process until `stop`."""

    dsn: str = field(repr=False)
    """Where to connect, with the password: for `Database.connect`, never for a log."""
    started_here: bool
    """False when another command had started it."""
    pid: int
    """The postmaster's process id."""
    cluster: Cluster
    _users: Lock = field(repr=False)

    async def stop(self) -> None:
        """Leaves the engine and, when nobody else uses it, shuts it down (fast, with a
        checkpoint). Close the `Database`s first. Further calls do nothing."""
        await asyncio.to_thread(_leave, self)


async def start(data: Path, *, durable: bool = True) -> Engine:
    """The engine of `data`: joined when it runs, else started, and made first when there is none.

    Raises Unavailable with the reason when it cannot be. `durable=False` is for tests: it gives
    up fsync, and holds when this call is the one that starts the engine.
    """
    entering = asyncio.ensure_future(asyncio.to_thread(_enter, data, durable))
    try:
        return await asyncio.shield(entering)
    except asyncio.CancelledError:
        await asyncio.to_thread(_leave, await entering)
        raise


def _enter(data: Path, durable: bool) -> Engine:
    cluster = Cluster(data.resolve(), durable)
    run = cluster.data / "run"
    try:
        cluster.data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        run.mkdir(mode=0o711, exist_ok=True)
        starting = Lock(run / "start.lock")
    except OSError as error:
        raise Unavailable(f"{cluster.data} cannot be written: {error.strerror}") from None
    users = Lock(run / "users.lock")
    try:
        starting.take()
        pid = _running(cluster)
        started_here = pid is None
        if pid is None:
            if not cluster.exists():
                cluster.create()
            pid = _launch(cluster)
        users.take(shared=True)
    except BaseException:
        users.release()
        raise
    finally:
        starting.release()
    where = quote(str(_recorded_socket(cluster)), safe="")
    dsn = f"postgresql://{ROLE}:{quote(cluster.password(), safe='')}@/{DATABASE}?host={where}"
    return Engine(dsn, started_here, pid, cluster, users)


def _leave(engine: Engine) -> None:
    if not engine._users.held:
        return
    try:
        starting = Lock(engine.cluster.data / "run" / "start.lock")
    except FileNotFoundError:  # the folder was removed; the server sees it too, and ends
        engine._users.release()
        return
    try:
        starting.take()
        if engine._users.take(wait=False):
            _shut_down(engine.cluster)
    finally:
        engine._users.release()
        starting.release()


def _launch(cluster: Cluster) -> int:
    _clear(cluster)
    cluster.configure()
    pid = cluster.launch(_socket_folder(cluster))
    patience = time.monotonic() + PATIENCE
    while not (_status(cluster) == (pid, "ready") and _answers(cluster)):
        if not _alive(pid):
            raise Unavailable(f"The database engine did not start: {cluster.last_words()}")
        if time.monotonic() > patience:
            raise Unavailable(f"The database engine (process {pid}) is still not ready")
        time.sleep(STEP)
    return pid


def _running(cluster: Cluster) -> int | None:
    """The live postmaster's process id, once it is ready; None when there is none."""
    patience = time.monotonic() + PATIENCE
    while (pid := _postmaster(cluster)) is not None:
        if _status(cluster)[1] == "ready" and _answers(cluster):
            return pid
        if time.monotonic() > patience:
            raise Unavailable(
                f"The database engine (process {pid}) runs and does not answer in "
                f"{_recorded_socket(cluster)}; end it with: kill -INT {pid}"
            )
        time.sleep(STEP)
    return None


def _shut_down(cluster: Cluster) -> None:
    # PostgreSQL 18 asked to stop while it recovers can wait for ever: first let it be ready.
    with contextlib.suppress(Unavailable):
        _running(cluster)
    pid = _postmaster(cluster)
    for asked, seconds in STOPPING:
        if pid is None or _gone(pid, asked, seconds):
            break
    else:
        raise Unavailable(f"The database engine (process {pid}) does not stop")
    folder = _recorded_socket(cluster)
    if cluster.data not in folder.parents:
        shutil.rmtree(folder, ignore_errors=True)
        (cluster.data / "run" / "socket").unlink(missing_ok=True)


def _gone(pid: int, asked: signal.Signals, seconds: float) -> bool:
    """Sends `asked` and waits: whether the process ended in time."""
    patience = time.monotonic() + seconds
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, asked)
    while _alive(pid) and time.monotonic() < patience:
        time.sleep(STEP)
    return not _alive(pid)


def _clear(cluster: Cluster) -> None:
    """Removes what a killed engine left, once its last process is gone."""
    pid_file = cluster.folder / "postmaster.pid"
    patience = time.monotonic() + 30
    while _memory_in_use(pid_file):
        if time.monotonic() > patience:
            raise Unavailable("Processes of a killed database engine are still running")
        time.sleep(STEP)
    pid_file.unlink(missing_ok=True)
    for name in (SOCKET, SOCKET + ".lock"):
        (_recorded_socket(cluster) / name).unlink(missing_ok=True)


def _status(cluster: Cluster) -> tuple[int, str]:
    """Process id and state (`starting`, `ready`, `stopping`) as postmaster.pid tells."""
    try:
        lines = (cluster.folder / "postmaster.pid").read_text().splitlines()
        return abs(int(lines[0])), lines[7].strip() if len(lines) > 7 else "starting"
    except (OSError, ValueError, IndexError):
        return 0, "none"


def _postmaster(cluster: Cluster) -> int | None:
    """The process id of this cluster's live postmaster, ready or not."""
    pid, _ = _status(cluster)
    return pid if pid and _alive(pid, cluster.folder) else None


def _alive(pid: int, folder: Path | None = None) -> bool:
    """Whether `pid` runs, and in `folder` if given: a number alone may be another's by now."""
    proc = Path("/proc", str(pid))
    try:
        if not Path("/proc/self").exists():
            os.kill(pid, 0)
            return True
        if folder is not None:
            return proc.joinpath("cwd").resolve() == folder
        return proc.joinpath("stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except PermissionError:
        return folder is None
    except OSError:
        return False


def _memory_in_use(pid_file: Path) -> bool:
    """Whether a process is still attached to the shared memory that `pid_file` names."""
    try:
        _, number = pid_file.read_text().splitlines()[6].split()
        with Path("/proc/sysvipc/shm").open() as segments:
            rows = [line.split() for line in segments][1:]
    except (OSError, ValueError, IndexError):
        return False
    return any(row[1] == number and row[6] != "0" for row in rows)


def _answers(cluster: Cluster) -> bool:
    """Whether the server lets us begin to log in, which it does not while it recovers."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(_recorded_socket(cluster) / SOCKET))
            probe.sendall(HELLO)
            return probe.recv(1) == b"R"
        except OSError:
            return False


def _recorded_socket(cluster: Cluster) -> Path:
    """The socket's folder: in `run/`, or the one `run/socket` names when that path is too long."""
    try:
        return Path((cluster.data / "run" / "socket").read_text())
    except FileNotFoundError:
        return cluster.data / "run" / "postgres"


def _socket_folder(cluster: Cluster) -> Path:
    """Makes the socket's folder, mode 0700, for the engine's user."""
    note = cluster.data / "run" / "socket"
    folder = cluster.data / "run" / "postgres"
    if len(os.fsencode(folder / SOCKET)) <= SOCKET_PATH_LIMIT:
        note.unlink(missing_ok=True)
    else:
        folder = _recorded_socket(cluster)
        if not (note.exists() and folder.is_dir() and _ours_alone(folder, cluster.uid)):
            folder = Path(tempfile.mkdtemp(prefix="egide-", dir=_short_folder()))
            write_private(note, str(folder))
    private_folder(folder, cluster.uid)
    return folder


def _ours_alone(folder: Path, uid: int | None) -> bool:
    found = folder.lstat()
    return found.st_uid == (os.geteuid() if uid is None else uid) and found.st_mode & 0o777 == 0o700


def _short_folder() -> str | None:
    """Where a short path can be had: the user's runtime folder, else the system's /tmp."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return runtime if 0 < len(runtime) < 60 and os.access(runtime, os.W_OK) else "/tmp"  # noqa: S108
