"""The log as others read it: the last checkpoint, tiles and entry bundles, as C2SP lays them out.

https://c2sp.org/tlog-tiles. Entry data is 32-byte commitments, so nothing here tells who did what.
Level 0 and the bundles come from the runs of leaves, the levels above from the full tiles' hashes;
partial tiles are cut from the same rows and never stored.
"""

import asyncio
from pathlib import Path

from egide.db import Connection, Database, queries
from egide.errors import Fault, NotFound
from egide.ledger import tiles
from egide.ledger.checkpoint import read
from egide.ledger.merkle import HASH, leaf_hash
from egide.ledger.note import Note, Signature
from egide.ledger.tiles import ENTRIES, WIDTH, Tile

_SQL = queries("egide.ledger", "sql/publish.sql")


async def checkpoint(connection: Connection) -> Note | None:
    """The last checkpoint with every line under it; None before the first. Raises NoteBroken."""
    record = await connection.fetchrow(_SQL["checkpoint"])
    return Note.parse(record["note"]) if record else None


async def cosign(connection: Connection, size: int, line: Signature) -> None:
    """Adds a witness's line under the checkpoint of `size`, once. Raises NotFound, NoteBroken.

    Whether the line is the witness's is for the caller to check.
    """
    async with connection.transaction():
        raw = await connection.fetchval(_SQL["of_size"], size)
        if raw is None:
            raise NotFound(f"The log has no checkpoint of size {size}")
        note = Note.parse(raw)
        if line not in note.signatures:
            note = Note(note.text, (*note.signatures, line))
            await connection.execute(_SQL["cosign"], size, str(note))


async def tile(connection: Connection, wanted: Tile) -> bytes:
    """The bytes of a tile or entry bundle. Raises NotFound when the tree has not so many."""
    if wanted.level == ENTRIES:
        return tiles.bundle(await commitments(connection, wanted.index, wanted.width))
    return b"".join(await hashes(connection, wanted.level, wanted.index, wanted.width))


async def hashes(connection: Connection, level: int, index: int, width: int) -> list[bytes]:
    """The first `width` hashes of a tile. Raises NotFound."""
    if level == 0:
        return [leaf_hash(each) for each in await commitments(connection, index, width)]
    start = index * WIDTH
    records = await connection.fetch(_SQL["hashes"], level - 1, start, start + width)
    found = [record["hash"] for record in records]
    if [record["index"] for record in records] != list(range(start, start + width)):
        raise NotFound(f"The log has no tile {Tile(level, index, width).path()}")
    return found


async def commitments(connection: Connection, index: int, width: int) -> list[bytes]:
    """The first `width` commitments of a bundle. Raises NotFound, and Fault for broken rows."""
    start = index * WIDTH
    records = await connection.fetch(_SQL["commitments"], start, start + width)
    joined = b""
    for record in records:
        if record["leaf"] * HASH != start * HASH + len(joined):
            raise Fault(f"The ledger's leaves have a hole before {record['leaf']}")
        joined += record["commitments"]
    if len(joined) < width * HASH:
        raise NotFound(f"The log has no bundle {Tile(ENTRIES, index, width).path()}")
    return [joined[at : at + HASH] for at in range(0, width * HASH, HASH)]


async def export(database: Database, directory: Path) -> int:
    """Writes the log of the last checkpoint under `directory`; its size in leaves.

    Full tiles that are there already are not written again. Raises NotFound before the first
    checkpoint.
    """
    async with database.snapshot() as connection:
        note = await checkpoint(connection)
        if note is None:
            raise NotFound("The ledger has no checkpoint yet")
        size = read(note).size
        for each in tiles.tiles(size):
            path = directory / each.path()
            if each.width < WIDTH or not await asyncio.to_thread(path.exists):
                await asyncio.to_thread(_write, path, await tile(connection, each))
        await asyncio.to_thread(_write, directory / "checkpoint", str(note).encode())
    return size


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.replace(path)
