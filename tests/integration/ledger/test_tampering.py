"""Every way to change the ledger behind its back, really done, found at its place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from egide.db import Database
from egide.ledger import Action, Entry, Finding, Integrator, Ledger, Report, signer, verify
from egide.ledger.checkpoint import Checkpoint
from egide.ledger.row import entry_number
from egide.seal import KeyRing

Read = Callable[..., Entry]

SESSION = 2
SHARED = 3
VOID = 4
WRITTEN = 5
READ = 10
TREE = 600
WAITING = 3
"""Sequence numbers and counts in the ledger below."""


@dataclass
class Kept:
    """A ledger of one writer, 1 … 603, of which 600 have a leaf, and what it takes to verify it."""

    database: Database
    ring: KeyRing
    writer: int
    ledger: Ledger

    def number(self, sequence: int) -> int:
        return entry_number(self.writer, sequence)

    async def leaf(self, sequence: int) -> int:
        async with self.database.connection() as connection:
            found = await connection.fetchval(
                "select leaf + array_position(entries, $1) - 1 from ledger_leaf "
                "where array_position(entries, $1) is not null",
                self.number(sequence),
            )
        return int(found)

    async def change(self, statement: str, *arguments: object) -> None:
        """Runs a statement that must change something."""
        async with self.database.connection() as connection:
            status = await connection.execute(statement, *arguments)
        assert status.rsplit(" ", 1)[-1] not in ("0", ""), statement

    async def verified(self) -> Report:
        return await verify(self.database, self.ring)

    async def findings(self) -> list[Finding]:
        return (await self.verified()).findings


class Failed(Exception):
    """What breaks a transaction in these tests."""


@pytest.fixture
async def kept(
    database: Database, ring: KeyRing, integrator: Integrator, a_read: Read
) -> AsyncIterator[Kept]:
    ledger = Ledger(database, ring)
    await ledger.open()
    await ledger.begin(11, 12, {"client": "synthetic-client"})
    await ledger.append(a_read(patients=(3, 5, 9), action=Action.search))
    try:
        async with database.transaction() as connection:
            receipt = await ledger.insert(connection, a_read(action=Action.update))
            raise Failed
    except Failed:
        ledger.void(receipt)
    async with database.transaction() as connection:
        receipt = await ledger.insert(connection, a_read(action=Action.create))
    ledger.settle(receipt)
    while ledger.unsettled:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await integrator.catch_up()
    for count in (95, 200, 300):
        await asyncio.gather(*(ledger.append(a_read()) for _ in range(count)))
        await integrator.catch_up()
    for _ in range(WAITING):
        await ledger.append(a_read())
    kept = Kept(database, ring, ledger.writer, ledger)
    report = await kept.verified()
    assert report.findings == []
    assert (report.entries, report.leaves, report.waiting) == (603, 600, 3)
    assert (report.checkpoints, report.tiles, report.voids) == (4, 2, 1)
    assert report.running == [ledger.writer]
    yield kept
    await ledger.close()


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "session = session + 1",
        "actor = 3",
        "patient = 8",
        "patient = null",
        "action = 2",
        "outcome = 2",
        "outcome = 4",
        "type = type + 1",
        "type = null",
        "sealed = overlay(sealed placing '\\x00' from 20)",
        "sealed = substring(sealed from 1 for 40)",
        "sealed = ''",
        "mac = overlay(mac placing '\\x0000' from 3)",
    ],
)
async def test_an_altered_entry_is_found(kept: Kept, change: str) -> None:
    await kept.change(f"update ledger_entry set {change} where entry = $1", kept.number(READ))
    (found,) = await kept.findings()
    assert found.kind == "entry"
    assert (found.writer, found.sequence) == (kept.writer, READ)
    assert found.leaf == await kept.leaf(READ)


async def test_an_altered_entry_is_found_before_it_has_a_leaf(kept: Kept) -> None:
    await kept.change("update ledger_entry set actor = 3 where entry = $1", kept.number(602))
    (found,) = await kept.findings()
    assert (found.kind, found.sequence, found.leaf) == ("entry", 602, None)


async def test_an_altered_void_entry_is_found(kept: Kept) -> None:
    await kept.change("update ledger_entry set outcome = 1 where entry = $1", kept.number(VOID))
    (found,) = await kept.findings()
    assert (found.kind, found.sequence) == ("entry", VOID)


async def test_a_removed_entry_is_found(kept: Kept) -> None:
    await kept.change("delete from ledger_entry where entry = $1", kept.number(READ))
    (found,) = await kept.findings()
    assert (found.kind, found.sequence) == ("removed", READ)
    assert found.leaf == await kept.leaf(READ)


async def test_an_entry_removed_before_it_has_a_leaf_is_found(kept: Kept) -> None:
    await kept.change("delete from ledger_entry where entry = $1", kept.number(602))
    (found,) = await kept.findings()
    assert (found.kind, found.sequence, found.until, found.leaf) == ("removed", 602, 602, None)


async def test_a_removed_void_entry_is_found(kept: Kept) -> None:
    await kept.change("delete from ledger_entry where entry = $1", kept.number(VOID))
    (found,) = await kept.findings()
    assert (found.kind, found.sequence) == ("removed", VOID)


async def test_removed_first_and_last_entries_are_found(kept: Kept) -> None:
    await kept.change(
        "delete from ledger_entry where entry = $1 or entry > $2",
        kept.number(1),
        kept.number(598),
    )
    findings = await kept.findings()
    assert [(found.kind, found.sequence) for found in findings] == [
        ("removed", 1),
        ("removed", 599),
        ("removed", 600),
    ]


async def test_a_writer_of_whom_nothing_is_left_is_found(kept: Kept) -> None:
    await kept.change("delete from ledger_entry")
    findings = await kept.findings()
    removed = [found for found in findings if found.kind == "removed"]
    assert [found.sequence for found in removed] == list(range(1, TREE + 1))
    assert {found.kind for found in findings} == {"removed", "patients"}


async def test_two_entries_that_swap_their_bodies_are_found(kept: Kept) -> None:
    await kept.change(
        "update ledger_entry e set sealed = o.sealed from ledger_entry o "
        "where (e.entry, o.entry) in (($1, $2), ($2, $1))",
        kept.number(READ),
        kept.number(20),
    )
    findings = await kept.findings()
    assert [(found.kind, found.sequence) for found in findings] == [("entry", READ), ("entry", 20)]


async def test_two_entries_that_swap_their_places_are_found(kept: Kept) -> None:
    async with kept.database.transaction() as connection:
        for old, new in ((READ, 2**30), (20, READ), (2**30, 20)):
            await connection.execute(
                "update ledger_entry set entry = $2 where entry = $1",
                kept.number(old),
                kept.number(new),
            )
    findings = await kept.findings()
    assert [(found.kind, found.sequence) for found in findings] == [("entry", READ), ("entry", 20)]


async def test_an_entry_moved_to_another_place_is_found_there_and_here(kept: Kept) -> None:
    await kept.change(
        "update ledger_entry set entry = $2 where entry = $1",
        kept.number(READ),
        kept.number(700),
    )
    findings = await kept.findings()
    assert ("removed", READ) in [(found.kind, found.sequence) for found in findings]
    assert ("entry", 700) in [(found.kind, found.sequence) for found in findings]


async def test_an_entry_added_by_copying_another_is_found(kept: Kept) -> None:
    await kept.change(
        "insert into ledger_entry select $2, at, session, actor, patient, action, outcome, type, "
        "mac, sealed from ledger_entry where entry = $1",
        kept.number(READ),
        kept.number(604),
    )
    (found,) = await kept.findings()
    assert (found.kind, found.sequence) == ("entry", 604)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from ledger_patient where patient = 5",
        "update ledger_patient set patient = 6 where patient = 5",
        "insert into ledger_patient (entry, patient) select entry, 4 from ledger_patient limit 1",
        "insert into ledger_patient (entry, patient) select entry, 5 from ledger_patient limit 1",
        "delete from ledger_patient",
    ],
)
async def test_altered_patients_of_an_entry_are_found(kept: Kept, statement: str) -> None:
    await kept.change(statement)
    (found,) = await kept.findings()
    assert (found.kind, found.sequence) == ("patients", SHARED)


async def test_patients_filed_under_another_entry_are_found(kept: Kept) -> None:
    await kept.change(
        "insert into ledger_patient (entry, patient) values ($1, 4), ($2, 4)",
        kept.number(READ),
        kept.number(9999),
    )
    findings = await kept.findings()
    assert [(found.kind, found.sequence) for found in findings] == [
        ("patients", READ),
        ("patients", 9999),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_session set actor = 13",
        "update ledger_session set at = at + interval '1 second'",
        "update ledger_session set sealed = overlay(sealed placing '\\x00' from 20)",
        "delete from ledger_session",
    ],
)
async def test_an_altered_session_is_found(kept: Kept, statement: str) -> None:
    await kept.change(statement)
    (found,) = await kept.findings()
    assert (found.kind, found.session, found.sequence) == ("session", 11, SESSION)


@pytest.mark.parametrize("sequence", [READ, 450, 600])
async def test_an_altered_leaf_is_found(kept: Kept, sequence: int) -> None:
    leaf = await kept.leaf(sequence)
    await kept.change(
        "update ledger_leaf set commitments = overlay(commitments placing '\\x0000' "
        "from 32 * ($1 - leaf)::integer + 5) "
        "where leaf <= $1 and $1 < leaf + cardinality(entries)",
        leaf,
    )
    (found,) = await kept.findings()
    assert (found.kind, found.leaf, found.sequence) == ("leaf", leaf, sequence)


async def test_leaves_that_name_each_other_s_entries_are_found(kept: Kept) -> None:
    first, second = await kept.leaf(READ), await kept.leaf(20)
    await kept.change(
        "update ledger_leaf set entries = array_replace(array_replace(array_replace(entries, "
        "$1, 0), $2, $1), 0, $2) where $1 = any(entries)",
        kept.number(READ),
        kept.number(20),
    )
    findings = await kept.findings()
    assert {found.leaf for found in findings if found.kind == "leaf"} == {first, second}


async def test_removed_leaves_are_found(kept: Kept) -> None:
    await kept.change("delete from ledger_leaf where leaf = 300")
    findings = await kept.findings()
    assert [found.leaf for found in findings if found.kind == "leaf"] == [300]
    passed = [found for found in findings if found.kind == "passed over"]
    assert len(passed) == 212


@pytest.mark.parametrize(
    ("statement", "tile"),
    [
        ("update ledger_tile set hash = sha256(hash) where index = 0", (0, 0)),
        ("update ledger_tile set hash = '' where index = 1", (0, 1)),
        ("delete from ledger_tile where index = 1", (0, 1)),
        ("insert into ledger_tile values (0, 2, sha256(''))", (0, 2)),
        ("insert into ledger_tile values (1, 0, sha256(''))", (1, 0)),
    ],
)
async def test_an_altered_tile_is_found(kept: Kept, statement: str, tile: tuple[int, int]) -> None:
    await kept.change(statement)
    (found,) = await kept.findings()
    assert (found.kind, found.tile) == ("tile", tile)


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_checkpoint set note = replace(note, E'\\n300\\n', E'\\n301\\n')",
        "update ledger_checkpoint set note = regexp_replace(note, '300\\n.', E'300\\n' "
        "|| case when note ~ '300\\nA' then 'B' else 'A' end) where size = 300",
        "update ledger_checkpoint set note = replace(note, ' ', '  ') where size = 300",
        "update ledger_checkpoint set note = 'nothing' where size = 300",
        "update ledger_checkpoint set at = at - interval '1 day' where size = 300",
        "update ledger_checkpoint set note = (select note from ledger_checkpoint where size = 100) "
        "where size = 300",
    ],
)
async def test_an_altered_checkpoint_is_found(kept: Kept, statement: str) -> None:
    await kept.change(statement)
    (found,) = await kept.findings()
    assert (found.kind, found.checkpoint) == ("checkpoint", 300)


async def test_a_checkpoint_at_another_size_is_found(kept: Kept) -> None:
    await kept.change("update ledger_checkpoint set size = 301 where size = 300")
    (found,) = await kept.findings()
    assert (found.kind, found.checkpoint) == ("checkpoint", 301)


async def test_a_removed_last_checkpoint_is_found(kept: Kept) -> None:
    await kept.change("delete from ledger_checkpoint where size = 600")
    (found,) = await kept.findings()
    assert (found.kind, found.leaf) == ("leaf", 300)


async def test_a_checkpoint_of_a_larger_tree_is_found(kept: Kept) -> None:
    note = Checkpoint(signer(kept.ring).verifier.name, 601, bytes(32)).sign(signer(kept.ring))
    await kept.change(
        "insert into ledger_checkpoint values (601, now() + interval '1 second', $1)", str(note)
    )
    (found,) = await kept.findings()
    assert (found.kind, found.checkpoint) == ("checkpoint", 601)


async def test_a_history_rewritten_with_the_key_does_not_fit_the_older_checkpoints(
    kept: Kept,
) -> None:
    """Whoever has the keys can sign anew, and the earlier checkpoints (or witnesses) say so."""
    key = signer(kept.ring)
    for size in (300, 600):
        note = Checkpoint(key.verifier.name, size, bytes([size % 251]) * 32).sign(key)
        await kept.change("update ledger_checkpoint set note = $2 where size = $1", size, str(note))
    (found,) = await kept.findings()
    assert (found.kind, found.checkpoint) == ("checkpoint", 300)
    assert "600" in found.message


async def test_a_broken_month_key_is_found_once(kept: Kept) -> None:
    await kept.change("update ledger_key set wrapped = overlay(wrapped placing '\\x0000' from 9)")
    (found,) = await kept.findings()
    assert (found.kind, found.month is None) == ("key", False)


async def test_a_removed_month_key_is_found_once(kept: Kept) -> None:
    await kept.change("delete from ledger_key")
    (found,) = await kept.findings()
    assert (found.kind, found.sequence) == ("key", 1)


async def test_a_removed_writer_is_found(kept: Kept) -> None:
    await kept.change("delete from ledger_writer")
    findings = await kept.findings()
    assert findings[0].kind == "writer"
    assert [found.sequence for found in findings if found.kind == "passed over"] == [601, 602, 603]


@pytest.mark.parametrize("change", ["missing = '{700, 1099511627775}'", "ended = true"])
async def test_entries_the_integrator_was_made_to_pass_over_are_found(
    kept: Kept, change: str
) -> None:
    await kept.change(f"update ledger_writer set {change}")
    findings = await kept.findings()
    assert [(found.kind, found.sequence) for found in findings] == [
        ("passed over", sequence) for sequence in (601, 602, 603)
    ]


async def test_another_establishments_keys_find_everything_wrong(kept: Kept) -> None:
    report = await verify(kept.database, KeyRing.generate())
    assert not report.sound
    assert {found.kind for found in report.findings} >= {"key", "checkpoint"}


async def test_findings_are_capped_and_counted(kept: Kept) -> None:
    await kept.change(
        "insert into ledger_patient (entry, patient) "
        "select $1::bigint + n, 1 from generate_series(1, 1500) as n",
        kept.number(100_000),
    )
    report = await kept.verified()
    assert len(report.findings) == 1000
    assert report.more == 500


async def test_the_last_entries_removed_before_they_have_a_leaf_look_like_a_crash(
    kept: Kept,
) -> None:
    """The one thing the database alone can hide: what came after the last second's checkpoint."""
    await kept.change("delete from ledger_entry where entry > $1", kept.number(601))
    report = await kept.verified()
    assert report.findings == []
    assert (report.entries, report.waiting) == (601, 1)


async def test_a_finding_says_where_in_one_line(kept: Kept) -> None:
    await kept.change("delete from ledger_entry where entry = $1", kept.number(READ))
    (found,) = await kept.findings()
    assert str(found) == f"entry {kept.writer}:10, leaf {await kept.leaf(READ)}: it was removed"
