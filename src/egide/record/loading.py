"""Loading: one part of an import, stored whole, once, with the ids it came with.

The part's journal row is written in the same transaction as its resources, so that an import that
was stopped, however, goes on where it was.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from egide import fhir
from egide.db import Connection, queries
from egide.errors import EgideError, Issue, Unavailable
from egide.ids import resource_id
from egide.record import writes
from egide.record.interaction import Interaction
from egide.record.parts import Parts
from egide.record.writes import Astray, Done
from egide.store import Draft

_SQL = queries("egide.record", "sql/loading.sql")


IMPORT_ACCOUNT = 1
"""The account imports run under: the installation's own."""


class Item(NamedTuple):
    """One resource of a part: its place there, its fullUrl if it had one, its JSON."""

    place: int
    full_url: str | None
    raw: bytes


class Refusal(NamedTuple):
    """Why the item at a place was not stored."""

    place: int
    issues: tuple[Issue, ...]


class Loaded(NamedTuple):
    """What became of a part; `waits`: nothing yet, it needs what another part holds."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: tuple[Refusal, ...] = ()
    skipped: bool = False
    waits: bool = False


def part_digest(key: bytes, data: bytes) -> bytes:
    """The name the journal knows a part by: 16 bytes, keyed, over its bytes."""
    return blake2b(data, digest_size=16, key=key[:64]).digest()


async def load(
    here: Interaction,
    digest: bytes,
    items: Sequence[Item],
    *,
    whole: bool,
    again: bool,
    last: bool,
) -> Loaded:
    """Store `items` in one transaction, unless the journal has `digest` (and not `again`).

    `whole`: one bad item refuses all (a bundle); else the good ones are stored (NDJSON). A Binary
    whose context is nowhere makes the part wait, with nothing of it stored; when it is `last`,
    that Binary is a bad item.
    """
    drafts, references, refused = _drafts(items)
    if refused and whole:
        return Loaded(refused=tuple(refused))
    parts = here.parts
    made: list[Done] = []
    try:
        async with parts.database.transaction() as connection:
            await connection.execute(_SQL["relax"])
            if await connection.fetchval(_SQL["mark"], digest) is None and not again:
                return Loaded(skipped=True)
            for group in _groups(drafts):
                try:
                    made += await _write(here, connection, group, references)
                except Astray as astray:
                    lost = {_identity(draft) for draft in astray.drafts}
                    refused += [Refusal(group[each][0], astray.issues) for each in lost]
                    refused.sort(key=lambda each: each.place)
                    if whole or not last:
                        raise
                    rest = {each: placed for each, placed in group.items() if each not in lost}
                    made += await _write(here, connection, rest, references)
            await here.log_rows(
                connection, [each.row.mark() for each in made if not each.unchanged]
            )
    except Astray:
        return Loaded(refused=tuple(refused)) if last else Loaded(waits=True)
    here.committed(durable=False)
    created = sum(each.emitted.created for each in made)
    unchanged = sum(each.unchanged for each in made)
    updated = len(made) - created - unchanged
    return Loaded(created, updated, unchanged, tuple(refused))


_Group = dict[tuple[str, str], tuple[int, Draft]]
"""Type and id → a place in the part, and the draft there."""


async def _write(
    here: Interaction, connection: Connection, group: _Group, references: Mapping[str, str]
) -> list[Done]:
    drafts = [draft for _, draft in group.values()]
    return await writes.write_in(here, connection, drafts, references)


def _drafts(
    items: Sequence[Item],
) -> tuple[list[tuple[int, Draft]], Mapping[str, str], list[Refusal]]:
    """Drafts with their places, what fullUrls stand for, and what is not even a draft."""
    drafts: list[tuple[int, Draft]] = []
    references: dict[str, str] = {}
    refused: list[Refusal] = []
    for item in items:
        try:
            resource = fhir.decode(item.raw, conditional=True)
        except EgideError as error:
            refused.append(Refusal(item.place, error.issues))
            continue
        type, given = resource.type, resource.id
        id = given or resource_id()
        drafts.append((item.place, Draft(type, id, resource, fresh=given is None)))
        if item.full_url is not None and item.full_url.startswith("urn:"):
            references[item.full_url] = f"{type}/{id}"
    return drafts, references, refused


def _groups(drafts: Sequence[tuple[int, Draft]]) -> list[_Group]:
    """`drafts` in groups with no identity twice; the first of each identity is in the first."""
    groups: list[_Group] = [{}]
    seen: Counter[tuple[str, str]] = Counter()
    for place, draft in drafts:
        identity = _identity(draft)
        if seen[identity] == len(groups):
            groups.append({})
        groups[seen[identity]][identity] = place, draft
        seen[identity] += 1
    return groups


def _identity(draft: Draft) -> tuple[str, str]:
    return draft.type, draft.id


async def finish(parts: Parts, digests: Collection[bytes]) -> None:
    """Make all that was loaded durable, the parts with these digests among it.

    Raises Unavailable when the journal lacks one: what did not wait for disk is lost in a crash of
    the engine, and whoever loads may have noticed nothing.
    """
    async with parts.database.transaction() as connection:
        await connection.execute(_SQL["settle"])
        kept = await connection.fetchval(_SQL["kept"], list(set(digests)))
    if kept < len(set(digests)):
        raise Unavailable("the database lost parts that had been loaded")
    parts.ledger.settle_deferred()
