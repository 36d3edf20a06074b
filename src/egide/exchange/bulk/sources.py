"""Sources of an import: files and folders, plain or .gz, .zst, .zip, cut into parts.

A part is what is stored whole or not at all: a bundle, or up to 500 lines of NDJSON. Cutting is
deterministic, so that a resumed import recognises the parts it has done.
"""

import gzip
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import zstandard

from egide.errors import Incorrect

LINES = 500
"""Lines of NDJSON in one part."""

_NAMES = re.compile(r"\.(json|ndjson|jsonl)(\.(gz|zst))?\Z", re.IGNORECASE)
_LINED = re.compile(r"\.(ndjson|jsonl)(\.(gz|zst))?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or one member of a .zip; `size` is its size as it lies, in bytes."""

    path: Path
    member: str | None
    size: int

    @property
    def name(self) -> str:
        """What a report calls it: the file's name, never its content."""
        return f"{self.path.name}:{self.member}" if self.member else self.path.name


@dataclass(frozen=True, slots=True)
class Part:
    """What is stored together: one document, or lines starting with number `line` (from 1)."""

    source: Source
    kind: Literal["document", "lines"]
    data: bytes
    line: int = 0


def sources(paths: Sequence[Path]) -> list[Source]:
    """Every file to import under `paths`, in order. Raises Incorrect for what cannot be one."""
    found: list[Source] = []
    for path in paths:
        if not path.exists():
            raise Incorrect(f"{path} does not exist")
        if path.is_dir():
            for each in sorted(path.rglob("*")):
                if each.is_file() and (_NAMES.search(each.name) or each.suffix == ".zip"):
                    found += _of_file(each)
        elif _NAMES.search(path.name) or path.suffix.lower() == ".zip":
            found += _of_file(path)
        else:
            raise Incorrect(
                f"{path} is none of .json, .ndjson, .jsonl, their .gz and .zst, or .zip"
            )
    return found


def parts(source: Source) -> Iterator[Part]:
    """The parts of `source`, read as they are asked for. Raises Incorrect when it is damaged."""
    name = source.member or source.path.name
    try:
        with _opened(source, name) as stream:
            if _LINED.search(name):
                yield from _lines(source, stream)
            else:
                yield Part(source, "document", stream.read())
    except (OSError, EOFError, zipfile.BadZipFile, zstandard.ZstdError) as error:
        raise Incorrect(f"{source.name} cannot be read: {type(error).__name__}") from None


def _of_file(path: Path) -> Iterable[Source]:
    if path.suffix.lower() != ".zip":
        return [Source(path, None, path.stat().st_size)]
    try:
        with zipfile.ZipFile(path) as archive:
            return [
                Source(path, member.filename, member.compress_size)
                for member in archive.infolist()
                if _NAMES.search(member.filename) and not member.is_dir()
            ]
    except zipfile.BadZipFile:
        raise Incorrect(f"{path} is not a zip archive") from None


@contextmanager
def _opened(source: Source, name: str) -> Iterator[IO[bytes]]:
    """The bytes of a source, unwrapped."""
    with ExitStack() as stack:
        raw: IO[bytes]
        if source.member is None:
            raw = stack.enter_context(source.path.open("rb"))
        else:
            archive = stack.enter_context(zipfile.ZipFile(source.path))
            raw = stack.enter_context(archive.open(source.member))
        if name.lower().endswith(".gz"):
            yield io.BufferedReader(stack.enter_context(gzip.GzipFile(fileobj=raw)))
        elif name.lower().endswith(".zst"):
            yield io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw))
        else:
            yield raw


def _lines(source: Source, stream: IO[bytes]) -> Iterator[Part]:
    first, gathered = 1, []
    for number, line in enumerate(stream, start=1):
        gathered.append(line)
        if len(gathered) == LINES:
            yield Part(source, "lines", b"".join(gathered), first)
            first, gathered = number + 1, []
    if gathered:
        yield Part(source, "lines", b"".join(gathered), first)
