"""A loader: one process of an import. Parts come in on standard input, results go out.

The first frame is the orders, each further one a part; each result is one frame. A frame is four
bytes of length and a msgpack document.
"""

import asyncio
import contextlib
import os
import resource
import sys
from typing import Any

import msgspec
import uvloop

from egide.actor import Actor
from egide.app.records import open_records, spare_the_collector
from egide.errors import Busy, Conflict, EgideError, Unavailable
from egide.record import Item, Loaded, Refusal, Session, part_digest
from egide.seal import KeyRing
from egide.settings import settings

GENTLE = 10
"""How far a loader steps back (nice) beside a server."""

ATTEMPTS = 8
"""How often a part is tried when others write the same resources at the same moment."""
GONE = 3
"""The code a loader leaves with when the database went away, or forgot what was loaded."""


class LoadOrders(msgspec.Struct, frozen=True, array_like=True):
    """What a loader is told. `gentle`: somebody serves, and whoever waits for him goes first."""

    dsn: str
    ring: bytes
    settings: dict[str, str]
    account: int
    session: int
    again: bool
    gentle: bool = False

    def __repr__(self) -> str:
        return "LoadOrders(…)"


class Work(msgspec.Struct, frozen=True, array_like=True):
    """One part to load: `lines`, or a document. `last`: it waits for no other part."""

    number: int
    lines: bool
    data: bytes
    last: bool


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of a part; `refused`: place, issue code, location, words of each finding;
    `waits`: nothing yet, it needs what another part holds."""

    number: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: bool = False
    refused: list[tuple[int, str, str, str]] = []
    waits: bool = False

    @property
    def stored(self) -> bool:
        """Whether anything of the part is in the database, by this or an earlier import."""
        return bool(self.skipped or self.created or self.updated or self.unchanged)


def main() -> None:
    """Load parts until standard input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        uvloop.run(_work())
    except Unavailable:
        sys.exit(GONE)


async def _work() -> None:
    reader = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    orders = msgspec.msgpack.decode(await _frame(reader), type=LoadOrders)
    if orders.gentle:
        os.nice(GENTLE)
    ring = KeyRing.from_bytes(orders.ring)
    key = ring.derive("import-part")
    here = settings(orders.settings)
    actor = Actor(
        orders.account, "egide-import", frozenset({"administrator"}), orders.session, assurance=2
    )
    async with open_records(here, orders.dsn, ring, connections=2) as parts:
        spare_the_collector()
        done: list[bytes] = []
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                work = msgspec.msgpack.decode(await _frame(reader), type=Work)
                async with parts.record.open(actor, "HSYSADMIN") as session:
                    outcome = await _load(session, key, work, orders.again)
                if outcome.stored:
                    done.append(part_digest(key, work.data))
                _answer(outcome)
        await parts.record.finish_load(done)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))


def _answer(outcome: Outcome) -> None:
    document = msgspec.msgpack.encode(outcome)
    sys.stdout.buffer.write(len(document).to_bytes(4, "big") + document)
    sys.stdout.buffer.flush()


async def _load(session: Session, key: bytes, work: Work, again: bool) -> Outcome:
    try:
        items, whole = (_lines(work.data), False) if work.lines else _document(work.data)
    except EgideError as error:
        return Outcome(work.number, refused=_told([Refusal(0, error.issues)]))
    digest = part_digest(key, work.data)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            loaded = await session.load(digest, items, whole=whole, again=again, last=work.last)
        except Unavailable:
            raise
        except (Conflict, Busy) as error:
            if attempt == ATTEMPTS:
                return Outcome(work.number, refused=_told([Refusal(0, error.issues)]))
            await asyncio.sleep(0.02 * attempt)
        except EgideError as error:
            return Outcome(work.number, refused=_told([Refusal(0, error.issues)]))
        else:
            return _outcome(work.number, loaded)
    raise AssertionError("unreachable")


def _outcome(number: int, loaded: Loaded) -> Outcome:
    return Outcome(
        number,
        loaded.created,
        loaded.updated,
        loaded.unchanged,
        loaded.skipped,
        _told(loaded.refused),
        loaded.waits,
    )


def _told(refused: Any) -> list[tuple[int, str, str, str]]:
    return [
        (refusal.place, issue.code, issue.expression, issue.diagnostics)
        for refusal in refused
        for issue in refusal.issues
    ]


def _lines(data: bytes) -> list[Item]:
    return [Item(place, None, line) for place, line in enumerate(data.split(b"\n")) if line.strip()]


_NOTHING = msgspec.Raw()


class _Entry(msgspec.Struct):
    fullUrl: str | None = None  # noqa: N815  (FHIR's name)
    resource: msgspec.Raw = _NOTHING


class _Document(msgspec.Struct):
    resourceType: str  # noqa: N815
    type: str | None = None
    entry: list[_Entry] = []


_LOADED_WHOLE = ("transaction", "batch", "collection", "searchset", "history")


def _document(data: bytes) -> tuple[list[Item], bool]:
    """The resources of a bundle; or the one resource the document is, documents included."""
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        document = msgspec.json.decode(data, type=_Document)
        if document.resourceType == "Bundle" and document.type in _LOADED_WHOLE:
            return [
                Item(place, entry.fullUrl, bytes(entry.resource))
                for place, entry in enumerate(document.entry)
                if entry.resource is not _NOTHING
            ], True
    return [Item(0, None, data)], True
