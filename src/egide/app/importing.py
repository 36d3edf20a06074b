"""An import: sources cut into parts, spread over loader processes, counted and reported.

Safe to stop at any moment and to start again: parts that are stored are skipped. A part that needs
what another holds (the context a Binary takes its key from) waits until all others are stored, in
rounds, as long as a round stores some of those that wait.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from egide.app.loader import GONE, LoadOrders, Outcome, Work
from egide.app.place import engine, prepare_at, provider_of
from egide.app.records import open_records
from egide.db.embedded import ServeLock
from egide.errors import EgideError, Fault, Unavailable
from egide.exchange.bulk import Part, Source, parts
from egide.ids import internal_number
from egide.record import IMPORT_ACCOUNT
from egide.settings import Settings, environ

_AHEAD = 4
"""Parts a loader may be given before it has answered for them."""
_SHOWN = 1_000
"""Refusals kept for the report; more are counted."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing that was not stored: where, and why, in FHIR's words."""

    source: str
    place: str
    code: str
    location: str
    words: str


@dataclass(slots=True)
class Tally:
    """How far an import is."""

    parts: int = 0
    skipped: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refusals: int = 0
    bytes_read: int = 0
    refused: list[Refused] = field(default_factory=list)

    @property
    def resources(self) -> int:
        """Resources stored or found stored."""
        return self.created + self.updated + self.unchanged


async def load_sources(
    settings: Settings,
    found: Sequence[Source],
    *,
    loaders: int | None = None,
    again: bool = False,
    progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Load `found`; `again` ignores what the journal says is done. Raises Unavailable, Fault."""
    ring = provider_of(settings).ring()
    tally = Tally()
    async with engine(settings) as dsn:
        await prepare_at(dsn)
        async with open_records(settings, dsn, ring, connections=2):
            pass  # the establishment's own key exists before the loaders need it
        orders = LoadOrders(
            dsn,
            ring.to_bytes(),
            environ(settings),
            IMPORT_ACCOUNT,
            internal_number(),
            again,
            ServeLock.held(settings.data),
        )
        feed = _Feed(found, tally)
        count = loaders or os.cpu_count() or 1
        try:
            while feed.goes_on():
                async with asyncio.TaskGroup() as group:
                    for _ in range(count):
                        group.create_task(_run(orders, feed, progress))
        except* EgideError as errors:
            raise errors.exceptions[0] from None
    return tally


_Spot = tuple[Source, int]
"""Where a part is: its source and the line it starts with."""


class _Feed:
    """Hands out parts one by one, in rounds, and files what came of them."""

    def __init__(self, found: Sequence[Source], tally: Tally) -> None:
        self.tally = tally
        self._found = found
        self._parts: Iterator[Part] | None = None
        self._given: dict[int, Part] = {}
        self._number = 0
        self._waiting: set[_Spot] = set()
        self._waited = 0
        self._last = False

    def goes_on(self) -> bool:
        """Begin a round, if there is one to do: of all parts, then of those that wait; the last
        is the one after a round that helped none of them."""
        if self._parts is None:
            self._parts = self._read(self._found)
            return True
        wanted, self._waiting = self._waiting, set()
        self._last = len(wanted) == self._waited
        self._waited = len(wanted)
        self._parts = self._read_again(wanted)
        return bool(wanted)

    def _read(self, found: Sequence[Source]) -> Iterator[Part]:
        for source in found:
            try:
                yield from parts(source)
            except EgideError as error:
                self._refuse(Refused(source.name, "", error.code, "", error.message))
            self.tally.bytes_read += source.size

    def _read_again(self, wanted: set[_Spot]) -> Iterator[Part]:
        waited_in = {source for source, _ in wanted}
        for source in self._found:
            if source in waited_in:
                yield from (part for part in parts(source) if _spot(part) in wanted)

    def next(self) -> Work | None:
        part = None if self._parts is None else next(self._parts, None)
        if part is None:
            return None
        self._number += 1
        self._given[self._number] = part
        return Work(self._number, part.kind == "lines", part.data, self._last)

    def done(self, outcome: Outcome) -> None:
        part = self._given.pop(outcome.number)
        if outcome.waits:
            self._waiting.add(_spot(part))
            return
        tally = self.tally
        tally.parts += 1
        tally.skipped += outcome.skipped
        tally.created += outcome.created
        tally.updated += outcome.updated
        tally.unchanged += outcome.unchanged
        for place, code, location, words in outcome.refused:
            where = f"line {part.line + place}" if part.kind == "lines" else f"entry {place}"
            self._refuse(Refused(part.source.name, where, code, location, words))

    def _refuse(self, refused: Refused) -> None:
        self.tally.refusals += 1
        if len(self.tally.refused) < _SHOWN:
            self.tally.refused.append(refused)


def _spot(part: Part) -> _Spot:
    return part.source, part.line


async def _run(orders: LoadOrders, feed: _Feed, progress: Callable[[Tally], None]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from egide.app.loader import main; main()",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        _send(process.stdin, orders)
        under_way = 0
        while True:
            while under_way < _AHEAD and (work := feed.next()) is not None:
                _send(process.stdin, work)
                under_way += 1
            if under_way == 0:
                break
            await process.stdin.drain()
            size = int.from_bytes(await process.stdout.readexactly(4), "big")
            outcome = msgspec.msgpack.decode(await process.stdout.readexactly(size), type=Outcome)
            feed.done(outcome)
            under_way -= 1
            progress(feed.tally)
        process.stdin.close()
        code = await process.wait()
    except (asyncio.IncompleteReadError, ConnectionError):
        code = await process.wait() or 1
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
    if code == GONE:
        raise Unavailable("the database went away; start the import again: it goes on where it was")
    if code:
        raise Fault("a loader process ended too early; start the import again")


def _send(stream: asyncio.StreamWriter, message: LoadOrders | Work) -> None:
    document = msgspec.msgpack.encode(message)
    stream.write(len(document).to_bytes(4, "big") + document)
