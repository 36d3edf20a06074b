"""The log as it is published, from a real ledger."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from egide.db import Database
from egide.errors import Fault, NotFound
from egide.ledger import (
    Entry,
    Integrator,
    Ledger,
    LogBroken,
    export,
    publish,
    signer,
    verify_tiles,
)
from egide.ledger.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    subtrees,
    verify_consistency,
    verify_inclusion,
)
from egide.ledger.note import Note, SignerKey
from egide.ledger.tiles import ENTRIES, Tile, parse_bundle
from egide.seal import KeyRing

Read = Callable[..., Entry]


def files(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*")}


async def test_an_exported_log_is_accepted_from_its_files_alone(
    database: Database,
    ledger: Ledger,
    ring: KeyRing,
    integrator: Integrator,
    a_read: Read,
    tmp_path: Path,
) -> None:
    with pytest.raises(NotFound):
        await export(database, tmp_path)
    size = 1
    for more in (99, 156, 300):
        await asyncio.gather(*(ledger.append(a_read()) for _ in range(more)))
        await integrator.catch_up()
        size += more
        assert await export(database, tmp_path) == size
        assert verify_tiles(tmp_path, signer(ring).verifier).size == size
    names = files(tmp_path)
    assert {"checkpoint", "tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/44"} <= names
    assert not any(name.endswith(".new") for name in names)
    with pytest.raises(LogBroken):
        verify_tiles(tmp_path, signer(KeyRing.generate()).verifier)


async def test_proofs_made_from_published_tiles_hold(
    database: Database, ledger: Ledger, ring: KeyRing, integrator: Integrator, a_read: Read
) -> None:
    await asyncio.gather(*(ledger.append(a_read()) for _ in range(99)))
    await integrator.catch_up()
    async with database.connection() as connection:
        old = await publish.checkpoint(connection)
    await asyncio.gather(*(ledger.append(a_read()) for _ in range(200)))
    await integrator.catch_up()
    async with database.connection() as connection:
        new = await publish.checkpoint(connection)
        tile = await publish.tile(connection, Tile(0, 0))
        rest = await publish.tile(connection, Tile(0, 1, 44))
        entries = parse_bundle(await publish.tile(connection, Tile(ENTRIES, 0)))
    assert old is not None
    assert new is not None
    leaves = [(tile + rest)[at : at + 32] for at in range(0, 300 * 32, 32)]
    before, after = root(leaves[:100]), root(leaves)
    assert [leaf_hash(entry) for entry in entries] == leaves[:256]
    proof = inclusion_proof(77, 300, subtrees(leaves))
    assert verify_inclusion(leaf_hash(entries[77]), 77, 300, proof, after)
    proof = consistency_proof(100, 300, subtrees(leaves))
    assert verify_consistency(100, before, 300, after, proof)


async def test_a_tile_the_log_does_not_have_is_not_found(
    database: Database, ledger: Ledger, integrator: Integrator
) -> None:
    await integrator.catch_up()
    async with database.connection() as connection:
        for tile in (Tile(0, 0, 2), Tile(0, 1, 1), Tile(1, 0, 1), Tile(ENTRIES, 3)):
            with pytest.raises(NotFound):
                await publish.tile(connection, tile)
        assert len(await publish.tile(connection, Tile(0, 0, 1))) == 32


async def test_a_hole_in_the_leaves_is_not_published(
    database: Database, ledger: Ledger, integrator: Integrator, a_read: Read
) -> None:
    for _ in range(3):
        await integrator.catch_up()
        await ledger.append(a_read())
    await integrator.catch_up()
    async with database.connection() as connection:
        await connection.execute("delete from ledger_leaf where leaf = 1")
        with pytest.raises(Fault):
            await publish.tile(connection, Tile(0, 0, 4))


async def test_a_witness_adds_its_line_to_a_checkpoint(
    database: Database, ledger: Ledger, ring: KeyRing, integrator: Integrator
) -> None:
    await integrator.catch_up()
    witness = SignerKey("witness.example", bytes(32))
    async with database.connection() as connection:
        note = await publish.checkpoint(connection)
        assert note is not None
        line = witness.cosign(note.text, 1_800_000_000)
        await publish.cosign(connection, 1, line)
        await publish.cosign(connection, 1, line)
        with pytest.raises(NotFound):
            await publish.cosign(connection, 2, line)
        seen = await publish.checkpoint(connection)
    assert seen == Note(note.text, (*note.signatures, line))
    assert seen.signed_by(signer(ring).verifier)
