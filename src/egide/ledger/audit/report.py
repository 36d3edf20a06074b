"""What a verification found: findings with their place, and what was counted."""

from dataclasses import dataclass, field
from typing import Literal

from egide.ledger.row import sequence_of, writer_of

Kind = Literal[
    "entry",
    "removed",
    "passed over",
    "patients",
    "session",
    "leaf",
    "tile",
    "checkpoint",
    "key",
    "writer",
    "row",
]
"""What is wrong: an entry was altered, or was removed, or was never given a leaf though the
integrator went by; the patients filed under an entry, a session, a leaf, a tile, a checkpoint, a
month's key or a writer's row were altered; a row of the store is not the one last written."""

MOST_FINDINGS = 1000
"""Findings that are listed; beyond, they are only counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written, and where.

    `entry` (with its `writer` and `sequence`), `leaf`, `tile` (level and index), `checkpoint` (its
    size), `session`, `month` and `ident` (of a row of the store, in hex) are set when they apply;
    `until` is the last sequence number when several following entries were removed.
    """

    kind: Kind
    message: str
    entry: int | None = None
    until: int | None = None
    leaf: int | None = None
    tile: tuple[int, int] | None = None
    checkpoint: int | None = None
    session: int | None = None
    month: int | None = None
    ident: str | None = None

    @property
    def writer(self) -> int | None:
        """The writer of the entry."""
        return None if self.entry is None else writer_of(self.entry)

    @property
    def sequence(self) -> int | None:
        """The entry's place among its writer's."""
        return None if self.entry is None else sequence_of(self.entry)

    def __str__(self) -> str:
        places = []
        if self.entry is not None:
            until = f"-{self.until}" if self.until not in (None, self.sequence) else ""
            places.append(f"entry {self.writer}:{self.sequence}{until}")
        if self.leaf is not None:
            places.append(f"leaf {self.leaf}")
        if self.tile is not None:
            places.append(f"tile {self.tile[0]}/{self.tile[1]}")
        if self.checkpoint is not None:
            places.append(f"checkpoint {self.checkpoint}")
        if self.session is not None:
            places.append(f"session {self.session}")
        if self.month is not None:
            places.append(f"month {self.month // 12}-{self.month % 12 + 1:02d}")
        if self.ident is not None:
            places.append(f"row {self.ident}")
        return f"{', '.join(places) or self.kind}: {self.message}"


@dataclass(slots=True)
class Report:
    """The result of one verification.

    `waiting`: entries without a leaf yet. `voids`: void entries. `unclosed`: writers that ended
    without a last entry and whose process is gone (a crash, or the loss of the last second);
    `running`: those whose process is there. `unsettled`: entries such writers may have had in hand
    and that are not there: (writer, first, last sequence).
    """

    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    """Findings that were counted and not listed."""
    entries: int = 0
    leaves: int = 0
    waiting: int = 0
    voids: int = 0
    checkpoints: int = 0
    tiles: int = 0
    sessions: int = 0
    writers: int = 0
    running: list[int] = field(default_factory=list)
    unclosed: list[int] = field(default_factory=list)
    unsettled: list[tuple[int, int, int]] = field(default_factory=list)
    rows: int | None = None
    """Rows of the store that were compared; None: not asked for."""

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, finding: Finding) -> None:
        """Lists a finding, or counts it when there are too many."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
        else:
            self.more += 1
