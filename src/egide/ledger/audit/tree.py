"""The tree from its leaves: tiles, checkpoints, and that each checkpoint continues the one before.

Every root is computed from one growing tree, so a checkpoint that fits is consistent with all
others that fit.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from egide.db import Connection, queries
from egide.ledger.audit.report import Finding, Report
from egide.ledger.audit.stream import Follower, pieces
from egide.ledger.checkpoint import verified
from egide.ledger.merkle import HASH, Tree, leaf_hash
from egide.ledger.note import Note, NoteBroken, VerifierKey

_SQL = queries("egide.ledger", "sql/audit.sql")


class TreeAudit:
    """Grows the tree again and compares. `authentic`: commitments to use instead of stored ones."""

    def __init__(
        self,
        connection: Connection,
        key: VerifierKey,
        authentic: Mapping[int, bytes],
        report: Report,
    ) -> None:
        self._connection = connection
        self._key = key
        self._authentic = authentic
        self._report = report
        self._tree = Tree()
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._at: datetime | None = None
        self._signed = 0
        self._unlike: list[int] = []
        """Sizes of checkpoints in a row whose root is not that of the leaves."""

    async def run(self) -> None:
        """Compares tiles and checkpoints with the leaves."""
        async for records in pieces(self._connection, _SQL["tiles"]):
            self._tiles.update(((level, index), hash) for level, index, hash in records)
        checkpoints = Follower(self._connection, _SQL["checkpoints"])
        whole = True
        async for records in pieces(self._connection, _SQL["leaves"], size=64):
            for leaf, width, commitments in records:
                whole = whole and self._run_fits(leaf, width, commitments)
                if whole:
                    self._grow(commitments, await checkpoints.up_to(leaf + width))
        for record in await checkpoints.up_to(None):
            if self._check(record) and whole:
                self._found(record["size"], "it is of a larger tree than the leaves are")
        self._end_unlike()
        if whole:
            if self._signed < self._tree.size:
                self._report.add(
                    Finding("leaf", "no checkpoint has this leaf or later", leaf=self._signed)
                )
            for tile in self._tiles:
                self._report.add(Finding("tile", "the tree has no such tile", tile=tile))

    def _run_fits(self, leaf: int, width: int, commitments: bytes) -> bool:
        size = self._tree.size
        if leaf == size and len(commitments) == width * HASH:
            return True
        what = "this leaf was removed, or what is there of it is not what it was"
        self._report.add(Finding("leaf", f"{what}: the tree ends here", leaf=min(leaf, size)))
        return False

    def _grow(self, commitments: bytes, due: Sequence[Any]) -> None:
        """Appends a run of leaves; `due` are the checkpoints up to its end."""
        tree = self._tree
        waiting = list(due[::-1])
        for at in range(0, len(commitments), HASH):
            commitment = self._authentic.get(tree.size, commitments[at : at + HASH])
            tree.append(leaf_hash(commitment))
            while waiting and waiting[-1]["size"] <= tree.size:
                self._compare(waiting.pop())
        for level, index, hash in tree.full:
            self._report.tiles += 1
            stored = self._tiles.pop((level, index), None)
            if stored != hash:
                what = "was removed" if stored is None else "is not that of the leaves"
                self._report.add(Finding("tile", f"its hash {what}", tile=(level, index)))
        tree.full.clear()

    def _compare(self, record: Any) -> None:
        """Compares a checkpoint with the tree, which has reached its size."""
        root = self._check(record)
        if root is None:
            return
        self._signed = self._tree.size
        if root == self._tree.root():
            self._end_unlike()
        else:
            self._unlike.append(record["size"])

    def _check(self, record: Any) -> bytes | None:
        """The root that a checkpoint signs, if it is signed and says what its row says."""
        size = record["size"]
        self._report.checkpoints += 1
        try:
            signed = verified(Note.parse(record["note"]), self._key)
        except NoteBroken as error:
            self._found(size, str(error))
            return None
        if signed.size != size:
            self._found(size, f"it is the checkpoint of size {signed.size}")
            return None
        if self._at is not None and record["at"] < self._at:
            self._found(size, "it is dated before the one before it")
        self._at = record["at"]
        return signed.root

    def _end_unlike(self) -> None:
        if self._unlike:
            last = f", nor are those up to {self._unlike[-1]}" if len(self._unlike) > 1 else ""
            self._found(self._unlike[0], f"its root is not that of the leaves{last}")
            self._unlike = []

    def _found(self, size: int, message: str) -> None:
        self._report.add(Finding("checkpoint", message, checkpoint=size))
