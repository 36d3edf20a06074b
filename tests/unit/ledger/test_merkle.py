"""RFC 6962 hashing against published vectors, and properties of proofs."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.ledger.merkle import (
    EMPTY,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    subtrees,
    verify_consistency,
    verify_inclusion,
)

ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""The eight entries every RFC 6962 implementation is tried on (Certificate Transparency)."""

ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]

A, B, C, D, E, F, G, H = LEAVES
AB, CD, EF, GH = node_hash(A, B), node_hash(C, D), node_hash(E, F), node_hash(G, H)
ABCD, EFGH = node_hash(AB, CD), node_hash(EF, GH)

trees = st.integers(1, 600)


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def reference_root(hashes: list[bytes]) -> bytes:
    """RFC 6962's definition, word for word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(reference_root(hashes[:split]), reference_root(hashes[split:]))


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_are_ours(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY == Tree().root()


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (0, 8, [B, CD, EFGH]),
        (5, 8, [E, GH, ABCD]),
        (2, 3, [AB]),
        (1, 5, [A, CD, E]),
        (0, 7, [B, CD, node_hash(EF, G)]),
        (3, 7, [C, AB, node_hash(EF, G)]),
        (4, 7, [F, G, ABCD]),
        (6, 7, [EF, ABCD]),
    ],
)
def test_inclusion_proofs_are_those_of_the_standard(
    index: int, size: int, proof: list[bytes]
) -> None:
    assert inclusion_proof(index, size, subtrees(LEAVES)) == proof
    assert verify_inclusion(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(
    ("old", "size", "proof"),
    [
        (1, 1, []),
        (1, 8, [B, CD, EFGH]),
        (6, 8, [EF, GH, ABCD]),
        (2, 5, [CD, E]),
        (3, 7, [C, D, AB, node_hash(EF, G)]),
        (4, 7, [node_hash(EF, G)]),
        (6, 7, [EF, G, ABCD]),
    ],
)
def test_consistency_proofs_are_those_of_the_standard(
    old: int, size: int, proof: list[bytes]
) -> None:
    before, after = bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[size])
    assert consistency_proof(old, size, subtrees(LEAVES)) == proof
    assert verify_consistency(old, before, size, after, proof)


@given(trees)
def test_a_grown_tree_has_the_root_of_its_leaves(size: int) -> None:
    tree = Tree()
    for leaf in leaves(size):
        tree.append(leaf)
    assert tree.size == size
    assert tree.root() == reference_root(leaves(size))


@given(trees, st.data())
def test_every_inclusion_proof_is_accepted(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof = inclusion_proof(index, size, subtrees(hashes))
    assert verify_inclusion(hashes[index], index, size, proof, reference_root(hashes))


@given(trees, st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    proof = inclusion_proof(index, size, subtrees(hashes))
    right = reference_root(hashes)
    assert not verify_inclusion(leaf_hash(b"another"), index, size, proof, right)
    assert not verify_inclusion(hashes[index], index, size, [*proof, bytes(32)], right)
    assert not verify_inclusion(hashes[index], size, size, proof, right)
    assert not verify_inclusion(hashes[index], -1, size, proof, right)
    if size > 1:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:at], leaf_hash(b"another"), *proof[at + 1 :]]
        assert not verify_inclusion(hashes[index], index, size, changed, right)
        assert not verify_inclusion(hashes[index], index, size, proof[:-1], right)
        assert not verify_inclusion(hashes[index], index ^ 1, size, proof, right)


@given(trees, st.data())
def test_every_consistency_proof_is_accepted(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    hashes = leaves(size)
    proof = consistency_proof(old, size, subtrees(hashes))
    before, after = reference_root(hashes[:old]), reference_root(hashes)
    assert verify_consistency(old, before, size, after, proof)


@given(trees, st.data())
def test_a_changed_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    hashes = leaves(size)
    proof = consistency_proof(old, size, subtrees(hashes))
    before, after = reference_root(hashes[:old]), reference_root(hashes)
    assert not verify_consistency(old, before, size, leaf_hash(b"another"), proof)
    assert not verify_consistency(old, leaf_hash(b"another"), size, after, proof)
    assert not verify_consistency(old, before, size, after, [*proof, bytes(32)])
    assert not verify_consistency(0, EMPTY, size, after, proof)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:at], leaf_hash(b"another"), *proof[at + 1 :]]
        assert not verify_consistency(old, before, size, after, changed)
        assert not verify_consistency(old, before, size, after, proof[:-1])


@given(st.integers(0, 699), st.integers(1, 700))
def test_a_restored_tree_grows_as_the_first_would(size: int, more: int) -> None:
    first = Tree()
    for number in range(size):
        first.append(leaf_hash(number.to_bytes(4, "big")))
    hashes = leaves(size)
    tiles = {(level, index): hash for level, index, hash in first.full}
    width = len(hashes) % 256
    partial = [hashes[len(hashes) - width :], [tiles[0, index] for index in range(len(tiles))]]
    restored = Tree.restore(len(hashes), partial)
    assert restored.root() == first.root()
    first.full.clear()
    for number in range(more):
        for tree in (first, restored):
            tree.append(leaf_hash(b"more" + number.to_bytes(4, "big")))
    assert restored.root() == first.root()
    assert restored.full == first.full


def test_a_tree_is_not_restored_from_too_few_hashes() -> None:
    with pytest.raises(ValueError, match="level 0"):
        Tree.restore(3, [[A, B]])
    with pytest.raises(ValueError, match="level 1"):
        Tree.restore(257, [[A]])


def test_a_full_tile_of_the_second_level_is_reported() -> None:
    tree = Tree()
    leaf = leaf_hash(b"same")
    for _ in range(256 * 256):
        tree.append(leaf)
    assert [(level, index) for level, index, _ in tree.full if level] == [(1, 0)]
    assert tree.full[-1][2] == tree.root()
    assert len(tree.full) == 257
