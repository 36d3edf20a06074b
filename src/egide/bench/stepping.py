"""Microseconds per step of a write: the real functions, timed one by one.

The one module outside the door that knows the store, for the steps are the store's own; what it
writes are the bench's own records, in the bench's own installation.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from egide import fhir
from egide.app.installation import Installation
from egide.bench.figure import Figure, Section
from egide.bench.stand import Stand
from egide.clock import system_clock
from egide.db import Connection
from egide.fhir.definitions import number
from egide.fhir.search.index import Indexer
from egide.ledger import Action, Entry, Outcome
from egide.seal import DataKey, KeyRing
from egide.store import Draft, Keys, Population, Writer
from egide.store.blinding import blinded
from egide.store.row import NO_DAY, NO_END, array_bytes, columns_digest, sealed_row

_ONE_BY_ONE = 200
T = TypeVar("T")


class _Item(NamedTuple):
    url: str
    raw: bytes


class _Entry(msgspec.Struct):
    fullUrl: str  # noqa: N815  (FHIR's name)
    resource: msgspec.Raw


class _Bundle(msgspec.Struct):
    entry: list[_Entry]


class Steps:
    """Seconds by step, and how many resources they were spent on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.resources = 0

    def each(self, step: str, work: Callable[[Any], T], items: Iterable[Any]) -> list[T]:
        """`work` done on every item, timed together."""
        given = list(items)
        started = time.perf_counter()
        done = [work(item) for item in given]
        self.seconds[step] += time.perf_counter() - started
        return done

    def micros(self, step: str) -> float:
        """Microseconds a resource."""
        return self.seconds[step] / max(self.resources, 1) * 1e6


async def stepping(stand: Stand) -> Section:
    """The computing steps by themselves; then whole writes against the database."""
    bundles = _items(stand, 777)
    pure = Steps()
    ring = KeyRing.generate()
    _compute(Steps(), ring, bundles[:2])
    _compute(pure, ring, bundles)
    async with stand.site.opened() as parts:
        together, alone = Steps(), Steps()
        await _write(parts, together, [_drafts(each) for each in bundles])
        singles = [one for each in _items(stand, 778) for one in _one_by_one(each)]
        await _write(parts, Steps(), singles[:20])
        await _write(parts, alone, singles[20 : 20 + _ONE_BY_ONE])
    computed = sum(pure.seconds.values()) / pure.resources * 1e6
    figures = [
        *(Figure(name=name, value=pure.micros(name), unit="µs") for name in pure.seconds),
        Figure(name="all that is computed", value=computed, unit="µs", note="the sum of the above"),
        *_database("of many together", together),
        *_database("alone", alone),
    ]
    return Section(
        "Steps of a write",
        f"Mean over {pure.resources:,} resources, microseconds each, in one process: first what "
        "is computed, step by step; then the writer's two parts and the ledger's entry against "
        f"the database, {together.resources:,} resources in whole bundles and {alone.resources} "
        "each in a transaction of its own, with the waiting for the database.",
        tuple(figures),
    )


def _database(words: str, steps: Steps) -> list[Figure]:
    names = ("prepare", "apply", "ledger entry", "commit")
    notes = {
        "prepare": "encode, parse, index, find or make the keys",
        "apply": "seal, digest, write the rows and edges",
        "commit": "durable, as a PUT is",
    }
    return [
        Figure(
            name=f"{name}, {words}",
            value=steps.micros(name),
            unit="µs",
            note=notes.get(name, ""),
        )
        for name in names
    ]


def _items(stand: Stand, number: int) -> list[list[_Item]]:
    """Whole bundles of the corpus under other identities, about as many resources as planned."""
    chosen: list[list[_Item]] = []
    for raw in stand.corpus.again(number):
        if sum(len(each) for each in chosen) >= stand.plan.steps:
            break
        entries = msgspec.json.decode(raw, type=_Bundle).entry
        chosen.append([_Item(entry.fullUrl, bytes(entry.resource)) for entry in entries])
    return chosen


def _compute(steps: Steps, ring: KeyRing, bundles: Sequence[Sequence[_Item]]) -> None:
    key, indexer, now = DataKey(DataKey.generate()), Indexer(), system_clock()
    for items in bundles:
        steps.resources += len(items)
        found = steps.each("decode and validate", _decoded, (item.raw for item in items))
        new = {item.url: f"{each.type}/{each.id}" for item, each in zip(items, found, strict=True)}
        replacements = fhir.Replacements(new)
        bodies = steps.each(
            "encode",
            lambda each: fhir.encode(each, id=each.id or "", version=1, updated=now),
            found,
        )
        bodies = steps.each("resolve references", replacements.apply, bodies)
        parsed = steps.each("parse", fhir.parse, bodies)
        indexed = steps.each(
            "index",
            lambda pair: indexer.index(pair[0].type, pair[1]),
            zip(found, parsed, strict=True),
        )
        terms = steps.each(
            "blind terms",
            lambda pair: blinded(ring.blind, pair[0].type, pair[1].terms),
            zip(found, indexed, strict=True),
        )
        steps.each(
            "blind edges",
            lambda each: [ring.blind.ident(*target.split("/", 1)) for _, target in each.references],
            indexed,
        )
        idents = steps.each(
            "blind id", lambda each: ring.blind.ident(each.type, each.id or ""), found
        )
        columns = steps.each(
            "digest of the columns",
            lambda pair: columns_digest(
                now,
                pair[0].day or NO_DAY,
                pair[0].until or NO_END,
                False,
                pair[1].lead,
                array_bytes(pair[1].others),
            ),
            zip(indexed, terms, strict=True),
        )
        rows = steps.each(
            "compress and seal",
            lambda each: sealed_row(
                key,
                1,
                each[1],
                id=each[2],
                type=number(each[0].type),
                type_name=each[0].type,
                version=1,
                updated=now,
                deleted=False,
                columns=each[3],
            ),
            zip(found, bodies, idents, columns, strict=True),
        )
        steps.each("digest of the row", lambda row: row.mark(), rows)


def _decoded(raw: bytes) -> fhir.Resource:
    return fhir.decode(raw, conditional=True)


def _one_by_one(items: Sequence[_Item]) -> list[tuple[list[Draft], dict[str, str]]]:
    """A transaction for each, its references resolved as in the whole."""
    drafts, references = _drafts(items)
    return [([draft], references) for draft in drafts]


def _drafts(items: Sequence[_Item]) -> tuple[list[Draft], dict[str, str]]:
    resources = [_decoded(item.raw) for item in items]
    drafts = [Draft(each.type, each.id or "", each) for each in resources]
    references = {
        item.url: f"{draft.type}/{draft.id}" for item, draft in zip(items, drafts, strict=True)
    }
    return drafts, references


async def _write(
    parts: Installation,
    steps: Steps,
    transactions: Sequence[tuple[list[Draft], dict[str, str]]],
) -> None:
    keys = Keys(parts.ring)
    writer = Writer(parts.ring, keys, Population())
    async with parts.database.transaction() as connection:
        await keys.open(connection)
    for drafts, references in transactions:
        async with parts.database.transaction() as connection:
            await _one(parts, steps, writer, connection, drafts, references)
            started = time.perf_counter()
        steps.seconds["commit"] += time.perf_counter() - started
        steps.resources += len(drafts)


async def _one(
    parts: Installation,
    steps: Steps,
    writer: Writer,
    connection: Connection,
    drafts: list[Draft],
    references: dict[str, str],
) -> None:
    started = time.perf_counter()
    prepared = await writer.prepare(connection, drafts, now=parts.clock(), references=references)
    done = time.perf_counter()
    steps.seconds["prepare"] += done - started
    await writer.apply(connection, prepared)
    started, done = done, time.perf_counter()
    steps.seconds["apply"] += done - started
    rows = [each.row.mark() for each in prepared if each.row is not None]
    body = {"purpose": "HSYSADMIN", "rows": rows}
    entry = Entry(0, 0, Action.load, Outcome.success, body=body)
    started = time.perf_counter()
    receipt = await parts.ledger.insert(connection, entry)
    steps.seconds["ledger entry"] += time.perf_counter() - started
    parts.ledger.settle(receipt)
