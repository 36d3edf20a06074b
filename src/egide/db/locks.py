"""File locks of a data folder: who starts the engine, who uses it, who serves.

flock(2): the kernel frees a lock when its holder dies, however it dies, so none is ever stale.
"""

import fcntl
import os
import time
from pathlib import Path

from egide.errors import Conflict


class Lock:
    """One lock file, open. Not inherited by programs we start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @property
    def held(self) -> bool:
        """Whether `release` is still to come."""
        return self._handle is not None

    def take(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Takes the lock, or changes it from shared to exclusive; False when it is not free."""
        mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(self._open(), mode)
        except BlockingIOError:
            return False
        return True

    def write(self, text: str) -> None:
        """Replaces what the file says about its holder."""
        os.ftruncate(self._open(), 0)
        os.pwrite(self._open(), text.encode(), 0)

    def release(self) -> None:
        """Frees the lock; further calls do nothing."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        if self._handle is None:
            raise ValueError(f"{self.path.name} was released")
        return self._handle


class ServeLock:
    """The right to serve a data folder: one process at a time."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    @classmethod
    def take(cls, data: Path) -> "ServeLock":
        """Takes it for this process. Raises Conflict naming the process that holds it."""
        folder = data.resolve() / "run"
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        lock = Lock(folder / "serve.lock")
        if not lock.take(wait=False) and not _soon(lock):
            holder = lock.path.read_text().strip() or "unknown"
            lock.release()
            raise Conflict(
                f"Another `egide serve` (process {holder}) serves {data}; "
                "stop it first, or give this one another EGIDE_DATA"
            )
        lock.write(f"{os.getpid()}\n")
        return cls(lock)

    @staticmethod
    def held(data: Path) -> bool:
        """Whether some process serves this folder now."""
        try:
            lock = Lock(data.resolve() / "run" / "serve.lock")
        except OSError:
            return False
        try:
            return not lock.take(shared=True, wait=False)
        finally:
            lock.release()

    def release(self) -> None:
        """Lets another process serve; further calls do nothing."""
        self._lock.release()


def _soon(lock: Lock) -> bool:
    """A second try, for `held` takes the lock for an instant to find out."""
    time.sleep(0.05)
    return lock.take(wait=False)
