"""Where an export goes: a folder with one NDJSON file a type, encrypted, or plain by permission.

Plain files are records that nothing seals any more. They are written only into the folder the
installation names for it (EGIDE_EXPORT_FOLDER) or below, and only if nobody else can enter it.
A file has its name once it is complete; nothing is ever overwritten.
"""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedIOBase
from pathlib import Path
from typing import Protocol

from egide.errors import Conflict, Forbidden, Incorrect, Unavailable
from egide.exchange.bulk.encryption import Encrypting, Recipient

_UNFINISHED = ".part"


class _Sink(Protocol):
    def write(self, plain: bytes, /) -> object: ...
    def close(self) -> object: ...


class Destination:
    """A folder that takes lines by type. Blocks: not for the event loop."""

    def __init__(self, folder: Path, recipients: Sequence[Recipient]) -> None:
        """`folder` is made, for its owner alone, if it is not there. Raises what `put` raises."""
        self._folder = folder
        self._recipients = tuple(recipients)
        self._ending = ".ndjson.age" if recipients else ".ndjson"
        self._files: dict[str, tuple[Path, BufferedIOBase, _Sink]] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{folder} cannot be made: {error.strerror}") from None

    def put(self, type: str, lines: bytes) -> None:
        """Add lines to the file of `type`. Raises Conflict when it is there, Unavailable."""
        try:
            if type not in self._files:
                self._open(type)
            self._files[type][2].write(lines)
        except OSError as error:
            raise Unavailable(f"{self._folder} cannot be written: {error.strerror}") from None

    def complete(self) -> list[Path]:
        """End every file and give it its name; the files. Raises Unavailable."""
        done = []
        try:
            for path, file, sink in self._files.values():
                sink.close()
                if not file.closed:
                    file.flush()
                    os.fsync(file.fileno())
                    file.close()
                done.append(path)
            for path in done:
                path.with_name(path.name + _UNFINISHED).replace(path)
        except OSError as error:
            raise Unavailable(f"{self._folder} cannot be written: {error.strerror}") from None
        self._files.clear()
        return done

    def discard(self) -> None:
        """Remove what is not complete."""
        for path, file, sink in self._files.values():
            with suppress(OSError, Unavailable):
                sink.close()
            with suppress(OSError):
                file.close()
            path.with_name(path.name + _UNFINISHED).unlink(missing_ok=True)
        self._files.clear()

    def _open(self, type: str) -> None:
        path = self._folder / f"{type}{self._ending}"
        if path.exists():
            raise Conflict(f"{path.name} is there already: export into a new folder")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        handle = os.open(path.with_name(path.name + _UNFINISHED), flags, 0o600)
        file = os.fdopen(handle, "wb")
        sink: _Sink = Encrypting(file, self._recipients) if self._recipients else _Plain(file)
        self._files[type] = (path, file, sink)


class _Plain:
    """Writes as it is; closed with its file."""

    def __init__(self, file: BufferedIOBase) -> None:
        self.write = file.write

    def close(self) -> None:
        return


def require_plain(folder: Path, named: Path | None) -> None:
    """Raises Incorrect or Forbidden unless `folder` may take records nothing seals."""
    if named is None:
        raise Incorrect(
            "name a recipient (--recipient age1…); without encryption an export goes only into "
            "the folder EGIDE_EXPORT_FOLDER names, and it names none"
        )
    allowed = named.resolve()
    if not folder.resolve().is_relative_to(allowed):
        raise Forbidden("without encryption an export goes only into EGIDE_EXPORT_FOLDER")
    try:
        found = allowed.stat()
    except OSError as error:
        raise Unavailable(f"EGIDE_EXPORT_FOLDER cannot be read: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Forbidden("EGIDE_EXPORT_FOLDER must be a folder of whoever exports")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise Forbidden("EGIDE_EXPORT_FOLDER can be entered by others: give it the mode 0700")
