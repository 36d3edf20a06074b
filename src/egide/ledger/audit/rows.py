"""The store's rows against what the ledger says was last written.

Both are sorted into files by the first bits of the ident, so that memory holds a 64th part of them
at a time. What lies in the files is keyed hashes, versions and digests.
"""

import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, Any, TypeAlias

from egide.ledger.audit.report import Finding, Report

RowFact: TypeAlias = tuple[bytes, int, bytes]
"""A row of the store as it is now: ident (16 bytes), version, digest (16 bytes)."""

_RECORD = struct.Struct(">16sqB16s")
_WRITTEN, _GONE, _REPLACED = range(3)
_PARTS = 64
_IN_MEMORY = 1 << 18
_NOTHING = bytes(16)


class RowAudit:
    """Gathers both sides, then compares. A context manager: its files go with it."""

    def __init__(self) -> None:
        self._files = ExitStack()
        self._logged = [self._file() for _ in range(_PARTS)]
        self._there = [self._file() for _ in range(_PARTS)]

    def __enter__(self) -> "RowAudit":
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def logged(self, rows: Any) -> None:
        """What one entry says was written: the `rows` of its body."""
        for ident, version, digest, *replaced in rows:
            known = _bytes(ident)
            file = self._logged[known[0] % _PARTS]
            kind = _GONE if digest is None else _WRITTEN
            file.write(_RECORD.pack(known, version, kind, _bytes(digest or _NOTHING)))
            for before in replaced:
                file.write(_RECORD.pack(known, version, _REPLACED, _bytes(before)))

    def there(self, ident: bytes, version: int, digest: bytes) -> None:
        """One row as it is now."""
        self._there[ident[0] % _PARTS].write(_RECORD.pack(ident, version, _WRITTEN, digest))

    def compare(self, report: Report) -> None:
        """Reports the rows that are not those last written."""
        report.rows = 0
        for logged, there in zip(self._logged, self._there, strict=True):
            last = _last(logged)
            for ident, version, _, digest in _records(there):
                report.rows += 1
                message = _unlike(last.pop(ident, None), version, digest)
                if message:
                    report.add(Finding("row", message, ident=ident.hex()))
            for ident, (version, digests) in last.items():
                if digests:
                    message = f"it is missing, version {version} was written"
                    report.add(Finding("row", message, ident=ident.hex()))

    def _file(self) -> IO[bytes]:
        return self._files.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY))


_Last: TypeAlias = tuple[int, frozenset[bytes]]
"""The last version of a row, and the digests it was written with; none: it was removed."""


def _last(file: IO[bytes]) -> dict[bytes, _Last]:
    """What was written last of each row, less what a later seal took the place of.

    Entries come writer by writer, not in the order of time, so a digest may be replaced before it
    was met: those are kept apart to the end.
    """
    last: dict[bytes, _Last] = {}
    replaced: dict[bytes, set[bytes]] = {}
    for ident, version, kind, digest in _records(file):
        if kind == _REPLACED:
            replaced.setdefault(ident, set()).add(digest)
            continue
        gone = kind == _GONE
        before, digests = last.get(ident, (-1, frozenset()))
        if version > before:
            last[ident] = (version, frozenset() if gone else frozenset((digest,)))
        elif version == before:
            last[ident] = (version, frozenset() if gone or not digests else digests | {digest})
    for ident, former in replaced.items():
        version, digests = last.get(ident, (-1, frozenset()))
        if digests:
            last[ident] = (version, digests - former)
    return last


def _unlike(last: _Last | None, version: int, digest: bytes) -> str | None:
    if last is None:
        return "no entry says that it was written"
    written, digests = last
    if version < written:
        return f"it was rolled back from version {written} to version {version}"
    if version > written:
        return f"no entry says that its version {version} was written"
    if not digests:
        return "it is there although it was removed"
    if digest not in digests:
        return f"it is not what was written as version {version}"
    return None


def _records(file: IO[bytes]) -> Iterator[tuple[bytes, int, int, bytes]]:
    file.seek(0)
    while piece := file.read(_RECORD.size * 4096):
        yield from _RECORD.iter_unpack(piece)


def _bytes(value: bytes | str) -> bytes:
    return bytes.fromhex(value) if isinstance(value, str) else value
