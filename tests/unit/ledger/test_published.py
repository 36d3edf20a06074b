"""A published log, checked from its files alone."""

from pathlib import Path

import pytest

from egide.ledger import tiles
from egide.ledger.checkpoint import Checkpoint
from egide.ledger.merkle import Tree, leaf_hash
from egide.ledger.note import SignerKey
from egide.ledger.published import LogBroken, verify_tiles
from egide.ledger.tiles import ENTRIES, WIDTH, Tile

KEY = SignerKey("log.example/synthetic", bytes(range(32)))
SIZE = 70_000


def publish(directory: Path, size: int) -> None:
    """Writes a log of `size` entries as the standard lays it out."""
    entries = [leaf_hash(number.to_bytes(4, "big")) for number in range(size)]
    tree = Tree()
    levels: dict[int, list[bytes]] = {0: [leaf_hash(entry) for entry in entries]}
    for leaf in levels[0]:
        tree.append(leaf)
    for level, _, hash in tree.full:
        levels.setdefault(level + 1, []).append(hash)
    for tile in tiles.tiles(size):
        path = directory / tile.path()
        path.parent.mkdir(parents=True, exist_ok=True)
        end = tile.start + tile.width
        if tile.level == ENTRIES:
            path.write_bytes(tiles.bundle(entries[tile.start : end]))
        else:
            path.write_bytes(b"".join(levels[tile.level][tile.start : end]))
    note = Checkpoint(KEY.verifier.name, size, tree.root()).sign(KEY)
    (directory / "checkpoint").write_text(str(note))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("log")
    publish(directory, SIZE)
    return directory


def flip(path: Path, at: int) -> bytes:
    """Changes one byte of a file and returns what was there."""
    before = path.read_bytes()
    changed = bytearray(before)
    changed[at] ^= 1
    path.write_bytes(changed)
    return before


def test_a_published_log_is_accepted(log: Path) -> None:
    assert verify_tiles(log, KEY.verifier).size == SIZE


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512])
def test_a_log_of_any_size_is_accepted(tmp_path: Path, size: int) -> None:
    publish(tmp_path, size)
    assert verify_tiles(tmp_path, KEY.verifier).size == size


@pytest.mark.parametrize(
    ("tile", "at"),
    [
        (Tile(0, 0), 0),
        (Tile(0, 273, 112), 3000),
        (Tile(1, 0), 8191),
        (Tile(1, 1, 17), 40),
        (Tile(2, 0, 1), 5),
    ],
)
def test_a_changed_tile_is_refused_by_name(log: Path, tile: Tile, at: int) -> None:
    path = log / tile.path()
    before = flip(path, at)
    with pytest.raises(LogBroken, match=f"{tile.path()}:"):
        verify_tiles(log, KEY.verifier)
    path.write_bytes(before)


@pytest.mark.parametrize(("index", "width"), [(0, WIDTH), (273, 112)])
def test_a_changed_entry_is_refused(log: Path, index: int, width: int) -> None:
    path = log / Tile(ENTRIES, index, width).path()
    before = flip(path, 10)
    with pytest.raises(LogBroken, match="root"):
        verify_tiles(log, KEY.verifier)
    path.write_bytes(before)


@pytest.mark.parametrize("cut", [1, 34])
def test_a_bundle_cut_short_is_refused_by_name(log: Path, cut: int) -> None:
    tile = Tile(ENTRIES, 5)
    path = log / tile.path()
    before = path.read_bytes()
    path.write_bytes(before[:-cut])
    with pytest.raises(LogBroken, match=f"{tile.path()}:"):
        verify_tiles(log, KEY.verifier)
    path.write_bytes(before)


def test_a_missing_file_is_named(log: Path) -> None:
    path = log / Tile(0, 7).path()
    before = path.read_bytes()
    path.unlink()
    with pytest.raises(LogBroken, match="tile/0/007: cannot be read"):
        verify_tiles(log, KEY.verifier)
    path.write_bytes(before)


def test_a_checkpoint_of_another_key_is_refused(log: Path) -> None:
    other = SignerKey(KEY.verifier.name, bytes(32))
    with pytest.raises(LogBroken, match="checkpoint"):
        verify_tiles(log, other.verifier)


def test_a_log_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogBroken, match="checkpoint"):
        verify_tiles(tmp_path, KEY.verifier)
