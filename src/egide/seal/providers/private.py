"""A private file: read only if nobody else can, changed by a durable replacement of the whole.

Invariants: a change is there whole or not at all
(test_a_change_that_fails_leaves_the_file_as_it_was); what an interrupted change left beside the
file goes with the next one (test_what_an_interrupted_change_left_is_removed).
"""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from egide.errors import Unavailable


def real_path(path: Path) -> Path:
    """`path` with its links followed. Raises Unavailable if they lead round in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise Unavailable(f"the path {path} leads nowhere: its links turn in a circle") from error


def _missing(path: Path) -> Unavailable:
    return Unavailable(
        f"there is no key file at {path}: without it no record opens. "
        "Restore it from its copy, or run `egide init` for a new installation"
    )


def read_private(path: Path) -> bytes:
    """The file's bytes. Raises Unavailable if it is missing, a link, not a plain file, readable by
    others, owned by somebody else, or known under a second name.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Unavailable(f"{path} is not a file that can hold keys")
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise Unavailable(f"the key file {path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if status.st_mode & 0o077:
            raise Unavailable(f"others can read the key file {path}: run `chmod 600` on it")
        if os.geteuid() not in (0, status.st_uid) and status.st_uid != 0:
            raise Unavailable(f"the key file {path} belongs to another user")
        if status.st_nlink != 1:
            raise Unavailable(f"the key file {path} is known under a second name (a hard link)")
        return file.read(1 << 20)


def write_new(path: Path, raw: bytes) -> None:
    """A new file of mode 0600, durable but for its name. Raises FileExistsError, OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(descriptor)


def replace(path: Path, raw: bytes) -> None:
    """Puts `raw` in the place of the file, keeping its owner; to be called under `locked`.

    The new bytes are durable before the old ones are overwritten and let go. Raises OSError, and
    then the file is as it was or, when only the overwriting failed, the new one.
    """
    start = f".{path.name}."
    for stray in [each for each in path.parent.iterdir() if each.name.startswith(start)]:
        with stray.open("r+b") as old:
            _overwrite(old)
        stray.unlink()
    beside = path.with_name(start + secrets.token_hex(4))
    with path.open("r+b") as old:
        try:
            write_new(beside, raw)
            if os.geteuid() == 0:
                status = os.fstat(old.fileno())
                os.chown(beside, status.st_uid, status.st_gid)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
        _overwrite(old)


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _overwrite(file: BinaryIO) -> None:
    file.write(bytes(os.fstat(file.fileno()).st_size))
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """One change of the file at `path` at a time, of whatever process, and none during a read."""
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise Unavailable(f"the key file {path} cannot be reached: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
