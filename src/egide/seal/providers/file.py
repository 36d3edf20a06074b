"""The file provider: root secret and epoch keys in one file only its owner can read.

The file is JSON: format, establishment, root, current epoch, epochs with state and date, and a
check over the rest that finds a truncated or altered file. It lies outside the data folder, so
that a copy of the data holds no key; each change writes a new file beside it, makes it durable and
takes the old one's place.

Destroying an epoch removes its key here and overwrites the old file's bytes before they are let go.
That is a best effort: a journalling, copy-on-write or flash medium, and *every copy of this file
that was made elsewhere*, may still hold it. An erasure is effective when those copies are gone.

Invariants: a file others can read, or one inside the data, is refused
(test_a_file_others_can_read_is_refused, test_a_file_inside_the_data_is_refused).
"""

import hashlib
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal, NoReturn, Self

import msgspec

from egide.clock import Clock, system_clock
from egide.errors import Conflict, Fault, Unavailable
from egide.seal.keyring import KeyRing, derive
from egide.seal.providers.private import (
    locked,
    read_private,
    real_path,
    replace,
    sync_folder,
    write_new,
)

State = Literal["current", "retiring"]


class Epoch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One epoch key: its state and when it was made. The current one wraps, all unwrap."""

    key: bytes
    state: State
    made: datetime

    def __repr__(self) -> str:
        return f"Epoch(state={self.state!r}, made={self.made})"


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="egide-keys-1"):
    establishment: uuid.UUID
    root: bytes
    epochs: dict[int, Epoch]
    check: str = ""

    def __repr__(self) -> str:
        return "_Content(…)"

    def current(self) -> int:
        return next(n for n, epoch in self.epochs.items() if epoch.state == "current")

    def digest(self) -> str:
        bare = msgspec.structs.replace(self, check="")
        return hashlib.sha256(msgspec.json.encode(bare)).hexdigest()

    def sound(self) -> bool:
        return (
            len(self.root) == 32
            and all(len(epoch.key) == 32 for epoch in self.epochs.values())
            and all(number > 0 for number in self.epochs)
            and sum(epoch.state == "current" for epoch in self.epochs.values()) == 1
            and self.check == self.digest()
        )


class FileProvider:
    """Keeps the establishment's root secret and epoch keys in the file at `path`."""

    __slots__ = ("_clock", "_content", "path")

    def __init__(self, path: Path, content: _Content, clock: Clock) -> None:
        self.path = path
        self._content = content
        self._clock = clock

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        data: Path | None = None,
        demo: bool = False,
        establishment: uuid.UUID | None = None,
        clock: Clock = system_clock,
    ) -> Self:
        """A new file (mode 0600) with a new root secret and epoch 1.

        Raises Conflict if `path` exists, Unavailable if it is inside `data` (but in a demo) or
        cannot be written.
        """
        _outside(path, data, demo)
        content = _Content(
            establishment=establishment or uuid.uuid4(),
            root=secrets.token_bytes(32),
            epochs={1: Epoch(secrets.token_bytes(32), "current", clock())},
        )
        try:
            write_new(path, _encode(content))
            sync_folder(path.parent)
        except FileExistsError:
            raise Conflict(f"the key file {path} exists already; it is never overwritten") from None
        except OSError as error:
            raise Unavailable(f"the key file {path} cannot be made: {error.strerror}") from error
        return cls.load(path, data=data, demo=demo, clock=clock)

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        data: Path | None = None,
        demo: bool = False,
        clock: Clock = system_clock,
    ) -> Self:
        """The provider over an existing file; `data` is the folder it must not be in.

        Raises Unavailable if it is missing, readable by others than its owner, owned by somebody
        else, known under a second name, damaged, or inside `data` (but in a demo).
        """
        _outside(path, data, demo)
        real = real_path(path)
        with locked(real, shared=True):
            return cls(real, _read(real), clock)

    @property
    def establishment(self) -> uuid.UUID:
        """The public identity of this installation."""
        return self._content.establishment

    @property
    def epoch(self) -> int:
        """The number of the current epoch."""
        return self._content.current()

    @property
    def epochs(self) -> dict[int, tuple[State, datetime]]:
        """State and date of each epoch whose key is still here."""
        return {n: (epoch.state, epoch.made) for n, epoch in sorted(self._content.epochs.items())}

    def ring(self) -> KeyRing:
        """What a process needs to seal and open; without the root secret."""
        content = self._content
        return KeyRing(
            content.establishment,
            derive(content.root, content.establishment, "derivation"),
            {number: epoch.key for number, epoch in content.epochs.items()},
            content.current(),
        )

    def new_epoch(self) -> int:
        """Makes and keeps a new epoch key, current from now on; returns its number."""

        def change(content: _Content) -> _Content:
            epochs = {
                number: msgspec.structs.replace(epoch, state="retiring")
                for number, epoch in content.epochs.items()
            }
            number = max(epochs) + 1
            epochs[number] = Epoch(secrets.token_bytes(32), "current", self._clock())
            return msgspec.structs.replace(content, epochs=epochs)

        self._change(change)
        return self.epoch

    def destroy_epoch(self, number: int) -> None:
        """Removes an epoch key for good: what only it unwraps never opens again.

        Raises Conflict if `number` is the current epoch or not here.
        """

        def change(content: _Content) -> _Content:
            epoch = content.epochs.get(number)
            if epoch is None:
                raise Conflict(f"epoch {number} is not in the key file")
            if epoch.state == "current":
                raise Conflict(f"epoch {number} is the current one; make a new one first")
            epochs = {n: e for n, e in content.epochs.items() if n != number}
            return msgspec.structs.replace(content, epochs=epochs)

        self._change(change)

    def _change(self, change: Callable[[_Content], _Content]) -> None:
        with locked(self.path):
            changed = change(_read(self.path))
            try:
                replace(self.path, _encode(changed))
            except OSError as error:
                raise Unavailable(
                    f"the key file {self.path} cannot be changed: {error.strerror}"
                ) from error
            self._content = _read(self.path)

    def __repr__(self) -> str:
        return f"FileProvider({str(self.path)!r}, epochs={tuple(self.epochs)})"

    def __reduce__(self) -> NoReturn:
        raise Fault("a key provider is not pickled or copied")


def _outside(path: Path, data: Path | None, demo: bool) -> None:
    if data is None or demo:
        return
    folder = real_path(data)
    if any(p.is_relative_to(folder) for p in (real_path(path), real_path(path.parent) / path.name)):
        raise Unavailable(
            f"the key file {path} is inside the data folder {data}: "
            "a copy of the data would hold its key. Set EGIDE_KEY_FILE to a path elsewhere"
        )


def _encode(content: _Content) -> bytes:
    whole = msgspec.structs.replace(content, check=content.digest())
    return msgspec.json.format(msgspec.json.encode(whole)) + b"\n"


def _read(path: Path) -> _Content:
    raw = read_private(path)
    try:
        content = msgspec.json.decode(raw, type=_Content)
    except (msgspec.DecodeError, ValueError):
        content = None
    if content is None or not content.sound():
        raise Unavailable(f"the key file {path} is damaged: restore it from its copy")
    return content
