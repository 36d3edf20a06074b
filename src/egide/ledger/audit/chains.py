"""Following one writer's chain after the fact: MACs, holes, what was settled, how it ended."""

from egide.ledger.audit.report import Finding, Report
from egide.ledger.chain import START, mac
from egide.ledger.entry import Action, Body, Outcome
from egide.ledger.row import Row, entry_number, sequence_of


class ChainAudit:
    """One writer's entries, given in order; `end` then says what is missing between them."""

    def __init__(self, key: bytes, writer: int) -> None:
        self.writer = writer
        self._key = key
        self._sequence = 0
        self._previous: tuple[bytes, ...] = (START,)
        """MACs the next entry may follow; empty: unknown."""
        self._settled = 0
        self._holes: list[tuple[int, int]] = []
        self._closed = False

    def follow(
        self, row: Row, commitment: bytes, body: Body | None, leaf: bytes | None
    ) -> list[str]:
        """What is wrong with the place of `row` in the chain.

        `body` is None if it did not open; `leaf` is the commitment the tree has, if it has one.
        """
        sequence = sequence_of(row.entry)
        wrong = []
        if self._closed:
            wrong.append("it comes after its writer's last entry")
        if sequence != self._sequence + 1:
            self._holes.append((self._sequence + 1, sequence - 1))
            self._previous = ()
        self._sequence = sequence
        if row.outcome == Outcome.void:
            if body is None:
                self._previous = ()
            else:
                commitment = body.facts.get("commitment", b"")
        macs = self._macs(sequence, commitment)
        if macs and row.mac not in macs:
            wrong.append("its MAC does not follow from the entry before it")
            # What was altered here must not put the blame on the next entry.
            macs |= self._macs(sequence, leaf) if leaf else set()
        self._previous = (row.mac, *(macs - {row.mac}))
        if body is not None:
            if body.lag is not None:
                self._settled = max(self._settled, sequence - body.lag)
            if row.action == Action.stop and row.outcome == Outcome.success:
                self._closed = True
        return wrong

    def _macs(self, sequence: int, commitment: bytes) -> set[bytes]:
        return {mac(self._key, self.writer, sequence, commitment, each) for each in self._previous}

    def end(self, report: Report, leaves: dict[int, int], running: bool) -> None:
        """Reports holes and how the writer ended.

        `leaves` are the entries of this writer that have a leaf and no row: a hole there is a
        removed entry, whatever was settled.
        """
        report.writers += 1
        if running and not self._closed:
            report.running.append(self.writer)
        elif not self._closed:
            report.unclosed.append(self.writer)
        for entry in sorted(leaves):
            if sequence_of(entry) > self._sequence:
                self._holes.append((sequence_of(entry), sequence_of(entry)))
        for low, high in self._holes:
            self._hole(report, leaves, low, high)

    def _hole(self, report: Report, leaves: dict[int, int], low: int, high: int) -> None:
        start = low
        removed = sorted(
            sequence_of(entry) for entry in leaves if low <= sequence_of(entry) <= high
        )
        for sequence in (*removed, high + 1):
            if start < sequence:
                self._unseen(report, start, sequence - 1)
            if sequence <= high:
                entry = entry_number(self.writer, sequence)
                report.add(Finding("removed", "it was removed", entry=entry, leaf=leaves[entry]))
            start = sequence + 1

    def _unseen(self, report: Report, low: int, high: int) -> None:
        """A hole the tree knows nothing of: removed if it was settled, else perhaps never there."""
        if low < self._settled:
            last = min(high, self._settled - 1)
            what = "it was removed" if low == last else "they were removed"
            report.add(
                Finding(
                    "removed",
                    f"{what} before the tree had a leaf for it",
                    entry=entry_number(self.writer, low),
                    until=last,
                )
            )
            low = last + 1
        if low <= high:
            report.unsettled.append((self.writer, low, high))
