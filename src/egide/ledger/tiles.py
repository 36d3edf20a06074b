"""Where a log's hashes and entries lie: tile levels, indices, widths, paths, entry bundles.

C2SP tlog-tiles: https://c2sp.org/tlog-tiles. Pure arithmetic; nothing is read here.

Invariants (tests/unit/ledger/test_tiles.py)
- Tiles cover each hash of a tree once (test_the_tiles_of_a_tree_hold_each_hash_once).
- A path read back is the tile it was made for (test_a_path_reads_back_as_its_tile).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""

HEIGHT = 8
"""Tree levels in a tile."""

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9]\d?)/(?P<index>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: `width` hashes from `index` × 256 on, at `level`; level -1 is an entry bundle."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def start(self) -> int:
        """The index, within its level, of the tile's first hash."""
        return self.index * WIDTH

    def path(self) -> str:
        """The path under the log's prefix: `tile/0/x001/234.p/17`."""
        rest, last = divmod(self.index, 1000)
        elements = [f"{last:03d}"]
        while rest:
            rest, element = divmod(rest, 1000)
            elements.append(f"x{element:03d}")
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(reversed(elements))}{partial}"


ENTRIES = -1
"""The level of entry bundles, which are laid out as the tiles of level 0."""


def parse_path(path: str) -> Tile:
    """The tile at `path`. Raises ValueError when it is not one of `Tile.path`'s results."""
    found = _PATH.fullmatch(path)
    if found:
        level = ENTRIES if found["level"] == "entries" else int(found["level"])
        index = int(found["index"].replace("x", "").replace("/", ""))
        tile = Tile(level, index, int(found["width"] or WIDTH))
        if level < 64 and tile.width <= WIDTH and tile.path() == path:
            return tile
    raise ValueError("not the path of a tile")


def width(level: int, index: int, size: int) -> int:
    """How many hashes the tile has in a tree of `size` leaves: 0 when it is not there."""
    there = size >> HEIGHT * max(level, 0)
    return min(max(there - index * WIDTH, 0), WIDTH)


def partial(level: int, size: int) -> int:
    """The width of the partial tile at `level` in a tree of `size` leaves; 0 for none."""
    return (size >> HEIGHT * level) % WIDTH


def levels(size: int) -> int:
    """How many levels of tiles a tree of `size` leaves has."""
    count = 0
    while size:
        count += 1
        size >>= HEIGHT
    return count


def tiles(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size` leaves, level by level, then every entry bundle."""
    for level in (*range(levels(size)), ENTRIES):
        there = size >> HEIGHT * max(level, 0)
        for index in range(there // WIDTH):
            yield Tile(level, index)
        if there % WIDTH:
            yield Tile(level, there // WIDTH, there % WIDTH)


def bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry's length in two bytes, then the entry.

    Raises ValueError for more than 256 entries or one of 64 KiB and more.
    """
    if len(entries) > WIDTH or any(len(entry) > 0xFFFF for entry in entries):
        raise ValueError("a bundle has at most 256 entries of 65,535 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(raw: bytes) -> list[bytes]:
    """The entries of a bundle. Raises ValueError when it is cut short."""
    entries = []
    at = 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if at + 2 > len(raw) or end > len(raw):
            raise ValueError("an entry bundle is cut short")
        entries.append(raw[at + 2 : end])
        at = end
    if len(entries) > WIDTH:
        raise ValueError("an entry bundle has more than 256 entries")
    return entries
