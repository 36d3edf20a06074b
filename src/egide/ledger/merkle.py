"""Merkle tree hashing: roots, inclusion and consistency proofs, a tree that grows by appending.

RFC 6962 §2.1: https://www.rfc-editor.org/rfc/rfc6962#section-2.1; verification as in RFC 9162
§2.1.3.2 and §2.1.4.2. Hashes are 32 bytes, a tree is named by its size in leaves.

Invariants (tests/unit/ledger/test_merkle.py)
- A proof made for a leaf or an older tree is accepted for it
  (test_every_inclusion_proof_is_accepted, test_every_consistency_proof_is_accepted).
- A changed hash, index or size is refused (test_a_changed_inclusion_proof_is_refused,
  test_a_changed_consistency_proof_is_refused).
- Growing leaf by leaf and hashing all at once agree (test_a_grown_tree_has_the_root_of_its_leaves).
"""

import hashlib
from collections.abc import Callable, Sequence

HASH = 32
"""Bytes of a hash."""

EMPTY = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""

Subtree = Callable[[int, int], bytes]
"""Gives the Merkle tree hash of the leaves from one index (included) to another (excluded)."""

_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one leaf, from its entry data."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node, from those of its children."""
    return _sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree with these leaf hashes."""
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def subtrees(leaves: Sequence[bytes]) -> Subtree:
    """The `Subtree` of a tree held in memory."""
    return lambda low, high: root(leaves[low:high])


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` leaves, lowest sibling first.

    Raises ValueError unless 0 ≤ index < size.
    """
    if not 0 <= index < size:
        raise ValueError("an inclusion proof is for a leaf of the tree")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(subtree(middle, high))
            high = middle
        else:
            proof.append(subtree(low, middle))
            low = middle
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes
) -> bool:
    """Whether `proof` shows that the leaf hash `leaf` is at `index` under the root `expected`."""
    if not 0 <= index < size:
        return False
    at, last = index, size - 1
    found = leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        at >>= 1
        last >>= 1
    return last == 0 and found == expected


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that the tree of `size` leaves starts with the tree of `old` leaves.

    Raises ValueError unless 0 < old ≤ size.
    """
    if not 0 < old <= size:
        raise ValueError("a consistency proof is from a tree to one at least as large")
    proof: list[bytes] = []
    low, high = 0, size
    whole = True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(subtree(middle, high))
            high = middle
        else:
            proof.append(subtree(low, middle))
            low = middle
            whole = False
    if not whole:
        proof.append(subtree(low, high))
    return proof[::-1]


def verify_consistency(
    old: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows that the tree (size, new_root) starts with the tree (old, old_root)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == new_root
    hashes = list(proof)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at >>= 1
        last >>= 1
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before = node_hash(sibling, before)
            after = node_hash(sibling, after)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            after = node_hash(after, sibling)
        at >>= 1
        last >>= 1
    return last == 0 and before == old_root and after == new_root


class Tree:
    """A tree that grows: the roots of its perfect subtrees from left to right, log₂(size) of them.

    `full` collects the subtrees of 256, 256², … leaves as they fill: (tile level, index, hash), the
    hash being the one that stands at `index` of tile level + 1. The caller empties it.
    """

    __slots__ = ("_roots", "full", "size")

    def __init__(self) -> None:
        self.size = 0
        self.full: list[tuple[int, int, bytes]] = []
        self._roots: list[bytes] = []

    @classmethod
    def restore(cls, size: int, levels: Sequence[Sequence[bytes]]) -> "Tree":
        """The tree of `size` leaves from the hashes of its partial tiles, `levels[0]` the leaves'.

        Raises ValueError if a level has not `size // 256**level % 256` hashes.
        """
        tree = cls()
        for level in range(max(len(levels), (size.bit_length() + 7) // 8) - 1, -1, -1):
            hashes = levels[level] if level < len(levels) else ()
            if len(hashes) != (size >> 8 * level) & 255:
                raise ValueError(f"the partial tile of level {level} has not its width")
            part = cls()
            for each in hashes:
                part.append(each)
            tree._roots += part._roots
        tree.size = size
        return tree

    def append(self, leaf: bytes) -> None:
        """Adds one leaf hash: one node hash on average, 0.6 µs."""
        size = self.size
        level = 0
        while size >> level & 1:
            leaf = _sha256(b"\x01" + self._roots.pop() + leaf).digest()
            level += 1
            if not level & 7:
                self.full.append(((level >> 3) - 1, size >> level, leaf))
        self._roots.append(leaf)
        self.size = size + 1

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves so far."""
        if not self._roots:
            return EMPTY
        found = self._roots[-1]
        for left in self._roots[-2::-1]:
            found = node_hash(left, found)
        return found


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (> 1)."""
    return 1 << (size - 1).bit_length() - 1
