"""One leader's hold on the tree: what it has, what it misses, and one pass that adds to it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from egide.clock import Clock
from egide.db import Connection, queries
from egide.errors import Fault, NotFound
from egide.ledger import publish, tiles
from egide.ledger.checkpoint import Checkpoint, verified
from egide.ledger.entry import Action
from egide.ledger.locks import LOCKS
from egide.ledger.merkle import Tree, leaf_hash
from egide.ledger.note import NoteBroken, SignerKey, VerifierKey
from egide.ledger.progress import Progress
from egide.ledger.row import columns, commitment, entry_number, sequence_of, writer_of

_SQL = queries("egide.ledger", "sql/integrate.sql")

SURVEY = timedelta(minutes=1)
"""How often we look which writers' processes are gone."""

GIVEN_UP = timedelta(days=1)
"""After how long entries of a process that is gone are looked for no more."""

MOST_WAITING = 1_000_000
"""Up to how many waiting entries are counted."""


class TreeAltered(Fault):
    """The tree that is stored is not the one last signed; nothing more is signed on it."""


class Growth:
    """The tree as it grows on `connection`, which holds the integrator's lock."""

    def __init__(self, connection: Connection, key: SignerKey, clock: Clock, tree: Tree) -> None:
        self.tree = tree
        self.oldest: datetime | None = None
        """When the oldest entry of the last pass was made; None if it took none."""
        self._connection = connection
        self._key = key
        self._clock = clock
        self._progress: dict[int, Progress] = {}
        self._seen: dict[int, datetime] = {}
        self._surveyed = clock()

    async def take(self, chunk: int) -> int:
        """Adds up to `chunk` entries the tree does not have; how many. One transaction."""
        connection = self._connection
        await self._survey()
        for record in await connection.fetch(_SQL["running"]):
            if record["writer"] not in self._progress:
                self._progress[record["writer"]] = Progress(record["missing"])
        found = await connection.fetch(_SQL["found"], *self._intervals(), chunk)
        self.oldest = min((record["at"] for record in found), default=None)
        if not found:
            return 0
        found.sort(key=lambda record: (record["at"], record["entry"]))
        first = self.tree.size
        commitments = [_commitment(record) for record in found]
        for each in commitments:
            self.tree.append(leaf_hash(each))
        full, self.tree.full = self.tree.full, []
        entries = [record["entry"] for record in found]
        now = self._clock()
        note = Checkpoint(self._key.verifier.name, self.tree.size, self.tree.root()).sign(self._key)
        async with connection.transaction():
            await connection.executemany(_SQL["add_leaves"], runs(first, entries, commitments))
            await connection.executemany(_SQL["add_tile"], full)
            await connection.executemany(_SQL["advance"], self._advance(found, now))
            await connection.execute(_SQL["add_checkpoint"], self.tree.size, now, str(note))
        return len(found)

    async def waiting(self) -> int:
        """How many committed entries the tree does not have, up to MOST_WAITING."""
        return int(
            await self._connection.fetchval(_SQL["waiting"], *self._intervals(), MOST_WAITING)
        )

    def _intervals(self) -> tuple[list[int], list[int]]:
        lows: list[int] = []
        highs: list[int] = []
        for writer, progress in self._progress.items():
            for low, high in progress.intervals():
                lows.append(entry_number(writer, low))
                highs.append(entry_number(writer, high))
        return lows, highs

    def _advance(self, found: Sequence[Any], now: datetime) -> list[tuple[int, list[int], bool]]:
        taken: dict[int, list[int]] = {}
        stopped = set()
        for record in found:
            writer = writer_of(record["entry"])
            taken.setdefault(writer, []).append(sequence_of(record["entry"]))
            if record["action"] == Action.stop:
                stopped.add(writer)
        advanced = []
        for writer, sequences in taken.items():
            progress = self._progress[writer]
            progress.take(sorted(sequences))
            self._seen[writer] = now
            ended = writer in stopped and progress.whole
            advanced.append((writer, progress.flat(), ended))
            if ended:
                del self._progress[writer]
        return advanced

    async def _survey(self) -> None:
        """Gives up the writers whose process has long been gone without a last entry."""
        now = self._clock()
        if now - self._surveyed < SURVEY:
            return
        self._surveyed = now
        absent = {
            record["writer"] for record in await self._connection.fetch(_SQL["absent"], LOCKS)
        }
        given_up = []
        for writer in list(self._progress):
            if writer not in absent:
                self._seen[writer] = now
            elif now - self._seen.setdefault(writer, now) > GIVEN_UP:
                given_up.append(writer)
                del self._progress[writer]
        if given_up:
            await self._connection.execute(_SQL["forget"], given_up)


async def stored_tree(connection: Connection, key: VerifierKey) -> Tree:
    """The tree of the last checkpoint, from what is stored. Raises TreeAltered if it is another."""
    try:
        note = await publish.checkpoint(connection)
        if note is None:
            signed = Checkpoint(key.name, 0, Tree().root())
        else:
            signed = verified(note, key)
        size = signed.size
        tree = Tree.restore(
            size,
            [
                await publish.hashes(connection, level, size >> 8 * (level + 1), width)
                if (width := tiles.partial(level, size))
                else []
                for level in range(tiles.levels(size))
            ],
        )
        beyond = await connection.fetch(_SQL["leaves_from"], size)
    except (NoteBroken, NotFound, Fault) as error:
        raise TreeAltered(f"The ledger's tree is not the one last signed: {error}") from None
    if tree.root() != signed.root or beyond:
        raise TreeAltered("The ledger's tree is not the one last signed")
    return tree


def runs(
    first: int, entries: Sequence[int], commitments: Sequence[bytes]
) -> Iterator[tuple[int, list[int], bytes]]:
    """The leaves from index `first` on, cut where tiles end: (leaf, entries, commitments)."""
    at = 0
    while at < len(entries):
        end = min(at + tiles.WIDTH - (first + at) % tiles.WIDTH, len(entries))
        yield first + at, list(entries[at:end]), b"".join(commitments[at:end])
        at = end


def _commitment(record: Any) -> bytes:
    return commitment(
        columns(
            record["entry"],
            record["at"],
            record["session"],
            record["actor"],
            record["patient"],
            record["action"],
            record["outcome"],
            record["type"],
        ),
        record["digest"],
    )
