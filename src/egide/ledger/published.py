"""What anybody can check of a published log, from its files and its public key alone.

Invariant: a log whose tiles, entries or checkpoint were changed is refused, with the place
(tests/unit/ledger/test_published.py).
"""

from collections.abc import Iterator
from pathlib import Path

from egide.ledger import tiles
from egide.ledger.checkpoint import Checkpoint, verified
from egide.ledger.merkle import HASH, Tree, leaf_hash
from egide.ledger.note import Note, NoteBroken, VerifierKey
from egide.ledger.tiles import ENTRIES, WIDTH, Tile


class LogBroken(ValueError):
    """A published log is not the one its checkpoint signs."""


def verify_tiles(directory: Path, key: VerifierKey) -> Checkpoint:
    """Recomputes the log under `directory` from its entries; returns its checkpoint.

    Raises LogBroken naming the first file that is missing or does not fit.
    """
    try:
        signed = verified(Note.parse((directory / "checkpoint").read_text("utf-8")), key)
    except (NoteBroken, UnicodeDecodeError, OSError) as error:
        raise LogBroken(f"checkpoint: {error}") from None
    tree = Tree()
    for entry in _entries(directory, signed.size):
        tree.append(leaf_hash(entry))
    if tree.root() != signed.root:
        raise LogBroken("checkpoint: its root is not that of the entries")
    above: dict[int, list[bytes]] = {}
    for level, _, hash in tree.full:
        above.setdefault(level + 1, []).append(hash)
    for tile in tiles.tiles(signed.size):
        if tile.level == ENTRIES:
            continue
        if tile.level == 0:
            hashes = [leaf_hash(entry) for entry in _bundle(directory, tile.index, tile.width)]
        else:
            hashes = above[tile.level][tile.start : tile.start + tile.width]
        if _read(directory, tile) != b"".join(hashes):
            raise LogBroken(f"{tile.path()}: its hashes are not those of the entries")
    return signed


def _entries(directory: Path, size: int) -> Iterator[bytes]:
    for index in range(-(-size // WIDTH)):
        yield from _bundle(directory, index, tiles.width(ENTRIES, index, size))


def _bundle(directory: Path, index: int, width: int) -> list[bytes]:
    tile = Tile(ENTRIES, index, width)
    try:
        entries = tiles.parse_bundle(_read(directory, tile))
    except ValueError as error:
        raise LogBroken(f"{tile.path()}: {error}") from None
    if len(entries) != width or any(len(entry) != HASH for entry in entries):
        raise LogBroken(f"{tile.path()}: not {width} entries of {HASH} bytes")
    return entries


def _read(directory: Path, tile: Tile) -> bytes:
    try:
        return (directory / tile.path()).read_bytes()
    except OSError:
        raise LogBroken(f"{tile.path()}: cannot be read") from None
