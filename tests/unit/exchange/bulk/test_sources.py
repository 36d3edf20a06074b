"""Files, folders and their wrappings become the same parts."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from egide.errors import Incorrect
from egide.exchange.bulk import parts, sources
from egide.exchange.bulk.sources import LINES

DOCUMENT = b'{"resourceType":"Bundle","type":"collection"}'
RECORDS = b"".join(b'{"resourceType":"Patient","id":"p%d"}\n' % n for n in range(LINES * 2 + 3))


def zipped(content: bytes, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/one.ndjson", content)
        archive.writestr("readme.txt", "not a record")


WRAPPINGS: dict[str, Callable[[bytes, Path], object]] = {
    "a.ndjson": lambda content, path: path.write_bytes(content),
    "a.jsonl": lambda content, path: path.write_bytes(content),
    "a.ndjson.gz": lambda content, path: path.write_bytes(gzip.compress(content)),
    "a.ndjson.zst": lambda content, path: path.write_bytes(zstandard.compress(content)),
    "a.zip": zipped,
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_every_wrapping_gives_the_same_lines(name: str, tmp_path: Path) -> None:
    WRAPPINGS[name](RECORDS, tmp_path / name)
    (source,) = sources([tmp_path / name])
    found = list(parts(source))
    assert b"".join(part.data for part in found) == RECORDS
    assert [part.kind for part in found] == ["lines"] * 3
    assert [part.line for part in found] == [1, LINES + 1, 2 * LINES + 1]


def test_a_json_file_is_one_document(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(DOCUMENT))
    (part,) = parts(sources([tmp_path / "a.json.gz"])[0])
    assert (part.kind, part.data) == ("document", DOCUMENT)


def test_folders_are_searched_in_order_and_other_files_left(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.json", "1.json", "notes.txt", "b/3.ndjson"):
        (tmp_path / name).write_bytes(DOCUMENT)
    assert [source.name for source in sources([tmp_path])] == ["1.json", "2.json", "3.ndjson"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json.gz", b"no gzip at all"),
        ("a.json.gz", gzip.compress(DOCUMENT * 50, mtime=0)[:-20]),
        ("a.json.zst", b"no zstandard"),
    ],
)
def test_a_damaged_file_is_refused_by_name(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    (source,) = sources([tmp_path / name])
    with pytest.raises(Incorrect, match=name):
        list(parts(source))


def test_what_cannot_be_a_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "a.zip").write_text("hello")
    for path in (tmp_path / "a.txt", tmp_path / "absent.json", tmp_path / "a.zip"):
        with pytest.raises(Incorrect):
            sources([path])
