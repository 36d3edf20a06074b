"""The population allow-list in force: what the establishment changed, and how far rows follow.

An entry added is `building` until a pass has given every row its terms, then `ready`. One taken
out is `removing` while processes may still narrow by it, `stripping` while a pass takes its terms
away, then `removed` (a standard entry) or forgotten (an added one).

Invariants
- A query narrows by an entry only while every row has its terms
  (tests/integration/record/test_indexing.py).
- No transaction writes by a list that was changed: each reads the generation where it writes, and
  a change waits for all that have read it (test_a_write_by_an_older_list_is_refused).
- A process narrows by what it read at most `LEASE` ago, and terms are taken away only `GRACE`
  after nobody should narrow by them any more.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from egide.db import Connection, Fetched, queries
from egide.errors import Conflict, Incorrect
from egide.fhir.definitions import number, type_name
from egide.fhir.search.allowlist import STANDARD, AllowList

_SQL = queries("egide.store", "sql/population.sql")

LEASE = 20.0
"""Seconds a process goes by what it has read."""

GRACE = timedelta(seconds=60)
"""Between the last query by an entry and the first row without its terms."""

State = Literal["building", "ready", "removing", "stripping", "removed"]


class Entry(NamedTuple):
    """One entry the establishment changed."""

    type: str
    parameter: str
    state: State
    since: datetime


@dataclass(frozen=True, slots=True)
class Lists:
    """The list rows are written by, the one queries are narrowed by, and the changes so far."""

    generation: int
    writing: AllowList
    asking: AllowList


class Pass(NamedTuple):
    """A pass over the rows of `type`: how far it is, of about how many.

    It has come past (`updated`, `pk`) in the order rows were written last.
    """

    type: str
    generation: int
    updated: datetime
    pk: int
    seen: int
    changed: int
    since: datetime
    total: int


class Population:
    """What one process knows of the list. Read again when told to, and every `LEASE`."""

    def __init__(self) -> None:
        self._lists = Lists(0, STANDARD, STANDARD)
        self._until = 0.0

    @property
    def lists(self) -> Lists:
        """As they were read last."""
        return self._lists

    def heard(self, notice: str) -> None:
        """A notice that the list was changed, or that notices may be lost."""
        self._until = 0.0

    async def fresh(self, connection: Connection) -> Lists:
        """As they are, or were at most `LEASE` ago."""
        now = time.monotonic()
        if now > self._until:
            self._lists = await read(connection)
            self._until = now + LEASE
        return self._lists

    def require(self, generation: int | None, written_by: int) -> None:
        """Raises Conflict when `written_by` is not the generation a write has read."""
        if generation != written_by:
            self._until = 0.0
            raise Conflict("the index was changed at this moment; send it again")


async def read(connection: Connection) -> Lists:
    """The lists as this connection sees them."""
    (record,) = await connection.fetch(_SQL["read"])
    return _lists(record["generation"], _entries(record))


async def entries(connection: Connection) -> list[Entry]:
    """Every entry the establishment changed."""
    (record,) = await connection.fetch(_SQL["read"])
    return _entries(record)


async def passes(connection: Connection) -> list[Pass]:
    """Every pass there is still to do, the oldest first."""
    return [_pass(record) for record in await connection.fetch(_SQL["passes"])]


async def pending(connection: Connection) -> bool:
    """Whether there is a pass to do."""
    there: bool = await connection.fetchval(_SQL["pending"])
    return there


async def allow(connection: Connection, type: str, code: str) -> State:
    """Put an entry on the list; its new state. Raises Incorrect, or Busy while writes go on.

    In a transaction of its own: writes wait until it ends.
    """
    state = await _fenced(connection, type, code)
    standard = code in STANDARD.rules(type)
    if state in ("building", "ready") or (state is None and standard):
        raise Incorrect(f"{code} of {type} is indexed already")
    if state is None:
        STANDARD.adding(type, code)
    if state == "removing":
        await _settle(connection, type, code, standard)
        new: State = "ready"
    else:
        await connection.execute(_SQL["put"], number(type), code, "building")
        await _anew(connection, type)
        new = "building"
    await connection.execute(_SQL["tell"])
    return new


async def disallow(connection: Connection, type: str, code: str) -> State:
    """Take an entry off the list; its new state. Raises Incorrect, or Busy while writes go on."""
    state = await _fenced(connection, type, code)
    if state in ("removing", "stripping", "removed") or (
        state is None and code not in STANDARD.rules(type)
    ):
        raise Incorrect(f"{code} of {type} is not indexed")
    new: State = "stripping" if state == "building" else "removing"
    await connection.execute(_SQL["put"], number(type), code, new)
    if new == "stripping":
        await _anew(connection, type)
    else:
        generation = await connection.fetchval(_SQL["generation"])
        await connection.execute(_SQL["wait"], number(type), generation)
    await connection.execute(_SQL["tell"])
    return new


async def strip_due(connection: Connection, type: str, grace: timedelta) -> bool:
    """Let writers forget what no query has used for `grace`; whether there was such an entry.

    In a transaction of its own: writes wait until it ends.
    """
    if not await connection.fetch(_SQL["due"], number(type), grace):
        return False
    await _fence(connection)
    for record in await connection.fetch(_SQL["due"], number(type), grace):
        await connection.execute(_SQL["put"], number(type), record["parameter"], "stripping")
    await _anew(connection, type)
    await connection.execute(_SQL["tell"])
    return True


async def place(connection: Connection, type: str) -> Pass | None:
    """Where the pass over `type` is; None when there is none."""
    record = await connection.fetchrow(_SQL["place"], number(type))
    return None if record is None else _pass(record)


async def has_work(connection: Connection, type: str) -> bool:
    """Whether a pass over `type` would change rows now."""
    states = {record["state"] for record in await connection.fetch(_SQL["states"], number(type))}
    return not states.isdisjoint({"building", "stripping"})


async def advance(connection: Connection, before: Pass, after: Pass) -> bool:
    """Move a pass on, in the transaction that changed its rows; False when it is not there."""
    moved: bool | None = await connection.fetchval(
        _SQL["advance"],
        number(before.type),
        before.generation,
        before.updated,
        before.pk,
        after.updated,
        after.pk,
        after.seen - before.seen,
        after.changed - before.changed,
    )
    return bool(moved)


async def finish(connection: Connection, done: Pass) -> bool:
    """All rows of a type have the terms of the list; whether there is nothing left to do.

    False when the pass was begun anew, or when entries wait for their grace to end.
    """
    record = await connection.fetchrow(_SQL["pass"], number(done.type))
    if record is None or _pass(record).generation != done.generation:
        return False
    states = await connection.fetch(_SQL["states"], number(done.type))
    for code, state in states:
        standard = code in STANDARD.rules(done.type)
        if state == "building":
            await _settle(connection, done.type, code, standard)
        elif state == "stripping" and standard:
            await connection.execute(_SQL["put"], number(done.type), code, "removed")
        elif state == "stripping":
            await connection.execute(_SQL["drop"], number(done.type), code)
    if any(state in ("building", "stripping") for _, state in states):
        await connection.execute(_SQL["tell"])
    if any(state == "removing" for _, state in states):
        return False
    await connection.execute(_SQL["end"], number(done.type))
    return True


async def _fence(connection: Connection) -> None:
    await connection.execute(_SQL["patience"])
    await connection.execute(_SQL["fence"])


async def _fenced(connection: Connection, type: str, code: str) -> State | None:
    """The state of an entry once nobody else changes or writes."""
    await _fence(connection)
    found = await entries(connection)
    states = {(entry.type, entry.parameter): entry.state for entry in found}
    return states.get((type, code))


async def _anew(connection: Connection, type: str) -> None:
    generation = await connection.fetchval(_SQL["bump"])
    await connection.execute(_SQL["begin"], number(type), generation)


async def _settle(connection: Connection, type: str, code: str, standard: bool) -> None:
    """The entry is on the list and every row has its terms."""
    if standard:
        await connection.execute(_SQL["drop"], number(type), code)
    else:
        await connection.execute(_SQL["put"], number(type), code, "ready")


def _lists(generation: int, changed: Iterable[Entry]) -> Lists:
    writing = asking = STANDARD
    for type, code, state, _ in changed:
        standard = code in STANDARD.rules(type)
        if state in ("stripping", "removed"):
            writing = writing.without(type, code) if standard else writing
        elif not standard:
            writing = writing.adding(type, code)
        if state == "ready" and not standard:
            asking = asking.adding(type, code)
        elif state != "ready" and standard:
            asking = asking.without(type, code)
    return Lists(generation, writing, asking)


def _entries(record: Fetched) -> list[Entry]:
    columns = (record["types"], record["parameters"], record["states"], record["since"])
    return [Entry(type_name(type), *rest) for type, *rest in zip(*columns, strict=True)]


def _pass(record: Fetched) -> Pass:
    type, *rest = record.values()
    return Pass(type_name(type), *rest)
