"""Every entry, in order: does its body open, does it follow, is it what the tree has."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from egide.db import Connection, queries
from egide.ledger.audit.chains import ChainAudit
from egide.ledger.audit.report import Finding, Report
from egide.ledger.audit.stream import Follower, pieces
from egide.ledger.entry import Action, Body, Outcome
from egide.ledger.keys import month_of, unwrap
from egide.ledger.locks import LOCKS
from egide.ledger.progress import Progress
from egide.ledger.row import Row, sequence_of, writer_of
from egide.ledger.session import SessionRow
from egide.seal import DataKey, KeyRing, SealBroken

_SQL = queries("egide.ledger", "sql/audit.sql")
_KEYS = queries("egide.ledger", "sql/keys.sql")
_PIECE = 1000


class EntryAudit:
    """Walks entries, their patients and their leaves in step.

    `authentic` gathers the right commitment of leaves that have not that of their sound entry.
    """

    def __init__(self, connection: Connection, ring: KeyRing, report: Report) -> None:
        self.authentic: dict[int, bytes] = {}
        self._connection = connection
        self._ring = ring
        self._secret = ring.derive("ledger-mac")
        self._report = report
        self._keys: dict[int, DataKey | None] = {}
        """None: it is broken or missing, which was reported once."""
        self._chain: ChainAudit | None = None
        self._orphans: dict[int, dict[int, int]] = {}
        self._running: dict[int, bool] = {}
        self._progress: dict[int, Progress] = {}

    async def bodies(self) -> AsyncIterator[list[Body]]:
        """Checks every entry and gives the bodies of those that are sound, piece by piece."""
        await self._load()
        shared = Follower(self._connection, _SQL["shared"])
        leaves = Follower(self._connection, _SQL["leaves_by_entry"])
        async for records in pieces(self._connection, _SQL["entries"], size=_PIECE):
            rows = [Row(*record) for record in records]
            last = rows[-1].entry
            patients = {each[0]: each[1] for each in await shared.up_to(last)}
            leaf_of = self._leaves(await leaves.up_to(last))
            here = {row.entry for row in rows}
            self._strays(patients, leaf_of, here)
            checked = [
                (row, self._check(row, leaf_of.get(row.entry, ()), patients.get(row.entry)))
                for row in rows
            ]
            sound = [(row, body) for row, body in checked if body is not None]
            await self._sessions(sound)
            yield [body for _, body in sound]
        self._strays(
            {each[0]: each[1] for each in await shared.up_to(None)},
            self._leaves(await leaves.up_to(None)),
            set(),
        )
        self._end_chains(None)

    async def _load(self) -> None:
        for record in await self._connection.fetch(_KEYS["all"]):
            try:
                self._keys[record["month"]] = DataKey(unwrap(self._ring, record))
            except SealBroken as error:
                self._keys[record["month"]] = None
                self._report.add(Finding("key", error.message, month=record["month"]))
        for record in await self._connection.fetch(_SQL["writers"], LOCKS):
            self._running[record["writer"]] = record["running"]
            if record["ended"]:
                continue
            try:
                self._progress[record["writer"]] = Progress(record["missing"])
            except ValueError:
                self._report.add(
                    Finding("writer", f"what is missing of writer {record['writer']} is no list")
                )

    def _check(
        self,
        row: Row,
        leaves: Sequence[tuple[int, bytes]],
        patients: Sequence[int] | None,
    ) -> Body | None:
        """The body of `row` when row and body are sound."""
        self._report.entries += 1
        self._report.voids += row.outcome == Outcome.void
        commitment = row.commitment()
        wrong = []
        body = None
        key = self._key_of(row)
        try:
            body = row.open(key) if key else None
        except SealBroken:
            wrong.append("its columns or its body were changed: it does not open")
        wrong += self._chain_of(row.entry).follow(
            row, commitment, body, leaves[0][1] if leaves else None
        )
        leaf = leaves[0][0] if leaves else None
        if leaves and leaves[0][1] != commitment:
            if wrong:
                wrong.append("it is not what the tree has")
            else:
                self.authentic[leaves[0][0]] = commitment
                self._report.add(
                    Finding(
                        "leaf",
                        "the commitment of this leaf is not that of its entry",
                        entry=row.entry,
                        leaf=leaf,
                    )
                )
        for leaf_again, _ in leaves[1:]:
            self._report.add(
                Finding("leaf", "the entry has a leaf already", entry=row.entry, leaf=leaf_again)
            )
        if wrong:
            self._report.add(Finding("entry", "; ".join(wrong), entry=row.entry, leaf=leaf))
        if leaf is None:
            self._unplaced(row)
        if body is not None and not wrong and body.patients != tuple(patients or ()):
            self._report.add(
                Finding(
                    "patients",
                    _difference(body.patients, patients or ()),
                    entry=row.entry,
                    leaf=leaf,
                )
            )
        return None if wrong else body

    def _key_of(self, row: Row) -> DataKey | None:
        month = month_of(row.at)
        if month not in self._keys:
            self._keys[month] = None
            self._report.add(
                Finding("key", "there is no key of this month", month=month, entry=row.entry)
            )
        return self._keys[month]

    def _unplaced(self, row: Row) -> None:
        progress = self._progress.get(writer_of(row.entry))
        if progress is not None and progress.missing(sequence_of(row.entry)):
            self._report.waiting += 1
        else:
            self._report.add(
                Finding("passed over", "it has no leaf and none will be given", entry=row.entry)
            )

    def _chain_of(self, entry: int) -> ChainAudit:
        writer = writer_of(entry)
        if self._chain is None or self._chain.writer != writer:
            self._end_chains(writer)
            self._chain = ChainAudit(self._secret, writer)
            if writer not in self._running:
                self._report.add(
                    Finding("writer", f"the row of writer {writer} was removed", entry=entry)
                )
        return self._chain

    def _end_chains(self, following: int | None) -> None:
        """Ends the chain that was followed, and those of writers none of whose entries are left."""
        if self._chain is not None:
            self._end(self._chain)
        for writer in sorted(self._orphans):
            if following is None or writer < following:
                self._end(ChainAudit(self._secret, writer))
        self._chain = None

    def _end(self, chain: ChainAudit) -> None:
        orphans = self._orphans.pop(chain.writer, {})
        chain.end(self._report, orphans, self._running.get(chain.writer, False))

    def _leaves(self, records: Sequence[Any]) -> dict[int, list[tuple[int, bytes]]]:
        self._report.leaves += len(records)
        found: dict[int, list[tuple[int, bytes]]] = {}
        for entry, leaf, commitment in records:
            found.setdefault(entry, []).append((leaf, commitment))
        return found

    def _strays(
        self,
        patients: Mapping[int, Sequence[int]],
        leaves: Mapping[int, Sequence[tuple[int, bytes]]],
        here: set[int],
    ) -> None:
        """Remembers leaves without an entry, and reports patients filed under none."""
        for entry in leaves.keys() - here:
            self._orphans.setdefault(writer_of(entry), {})[entry] = leaves[entry][0][0]
        for entry in sorted(patients.keys() - here):
            self._report.add(
                Finding("patients", "patients are filed under an entry there is not", entry=entry)
            )

    async def _sessions(self, sound: Sequence[tuple[Row, Body]]) -> None:
        begun = {
            row.session: (row, body.facts["facts"])
            for row, body in sound
            if row.action == Action.login and "facts" in body.facts
        }
        if not begun:
            return
        records = await self._connection.fetch(_SQL["sessions"], list(begun))
        there = {record["session"]: SessionRow(*record) for record in records}
        self._report.sessions += len(begun)
        for session, message in _broken_sessions(begun, there):
            self._report.add(
                Finding("session", message, session=session, entry=begun[session][0].entry)
            )


def _broken_sessions(
    begun: Mapping[int, tuple[Row, bytes]], there: Mapping[int, SessionRow]
) -> Iterator[tuple[int, str]]:
    for session, (_, digest) in begun.items():
        if session not in there:
            yield session, "what was known of the session was removed"
        elif there[session].digest() != digest:
            yield session, "what was known of the session was changed"


def _difference(said: Sequence[int], filed: Sequence[int]) -> str:
    missing = len(set(said) - set(filed))
    added = len(filed) - len(set(said) & set(filed))
    return f"of its {len(said)} patients, {missing} are not filed and {added} others are"
