"""Layout arithmetic of C2SP tlog-tiles, with the examples of its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.ledger.tiles import (
    ENTRIES,
    Tile,
    bundle,
    levels,
    parse_bundle,
    parse_path,
    partial,
    tiles,
    width,
)


def test_the_index_of_the_standard_is_written_as_it_says() -> None:
    assert Tile(0, 1234067).path() == "tile/0/x001/x234/067"
    assert Tile(0, 1234).path() == "tile/0/x001/234"
    assert Tile(2, 5, 17).path() == "tile/2/005.p/17"
    assert Tile(ENTRIES, 0, 1).path() == "tile/entries/000.p/1"


def test_a_tree_of_70_000_has_the_tiles_of_the_standard() -> None:
    found = [tile for tile in tiles(70_000) if tile.level != ENTRIES]
    assert sum(tile.level == 0 and tile.width == 256 for tile in found) == 273
    assert [tile for tile in found if tile.width < 256] == [
        Tile(0, 273, 112),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert sum(tile.level == 1 and tile.width == 256 for tile in found) == 1


def test_a_tree_of_256_has_a_full_tile_and_a_partial_one_above() -> None:
    assert list(tiles(256)) == [Tile(0, 0), Tile(1, 0, 1), Tile(ENTRIES, 0)]
    assert levels(256) == 2
    assert levels(255) == 1
    assert levels(0) == 0


@given(st.integers(0, 200_000))
def test_the_tiles_of_a_tree_hold_each_hash_once(size: int) -> None:
    held: dict[int, int] = {}
    for tile in tiles(size):
        assert tile.width == width(tile.level, tile.index, size)
        assert held.get(tile.level, 0) == tile.start
        held[tile.level] = tile.start + tile.width
    for level in range(levels(size)):
        assert held[level] == size // 256**level
        assert partial(level, size) == held[level] % 256
    assert held.get(ENTRIES, 0) == size


@given(st.integers(-1, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_a_path_reads_back_as_its_tile(level: int, index: int, wide: int) -> None:
    tile = Tile(level, index, wide)
    assert parse_path(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/001/x002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000/",
        "tile/entry/000",
        "checkpoint",
        "tile/0/x1234/067",
    ],
)
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(path)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_reads_back(entries: list[bytes]) -> None:
    assert parse_bundle(bundle(entries)) == entries


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=9), st.integers(1, 3))
def test_a_bundle_cut_short_is_refused(entries: list[bytes], cut: int) -> None:
    raw = bundle(entries)
    if len(entries[-1]) + 2 > cut:
        with pytest.raises(ValueError, match="cut short"):
            parse_bundle(raw[:-cut])


def test_a_bundle_takes_what_its_lengths_can_say() -> None:
    assert len(bundle([bytes(65_535)])) == 65_537
    with pytest.raises(ValueError, match="65,535"):
        bundle([bytes(65_536)])
    with pytest.raises(ValueError, match="256"):
        bundle([b""] * 257)
    with pytest.raises(ValueError, match="256"):
        parse_bundle(bytes(2 * 257))
